# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk with a cache of its own that is lost with the power: an NBD server, from NBD's public protocol, for QEMU. What was
written is kept as the guest reads it; only what it has flushed then is sure. At a cut each write since, and each sector of
one that was under way, is there or not at random, as on a disk that writes in any order."""
import os
import random
import socket
import struct
import threading

SECTOR = 512
OPTION, REPLY, REQUEST = 0x49484156454F5054, 0x3E889045565A9, 0x25609513
EXPORT_NAME, ABORT, INFO, GO = 1, 2, 6, 7
ACK, ERROR_UNSUPPORTED, INFO_EXPORT = 1, 0x80000001, 0
FLAGS = 1 | 4 | 8  # has flags; takes flushes; takes writes that are flushed by themselves (FUA)
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
FUA = 1


class Gone(Exception):
    pass


class Disk:
    """Serves the file; size in bytes. Used in a with block: power is on in it."""

    def __init__(self, path):
        self.path, self.socket_path = path, path + ".nbd"
        self.random = random.Random(os.environ.get("PERISCOPE_SEED"))
        self.lost = self.kept = self.flushes = 0  # writes at cuts; flushes in all

    def __enter__(self):
        with open(self.path, "rb") as file:
            self.sure = bytearray(file.read())
        self.seen, self.unflushed = bytearray(self.sure), []
        if os.path.exists(self.socket_path):
            os.remove(self.socket_path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket_path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        """The machine is off: its last writes may have come, or not."""
        self.listener.shutdown(socket.SHUT_RDWR)  # a close would leave the thread in its accept
        self.listener.close()
        self.thread.join(60)
        share = self.random.choice((0, 0.5, 0.9))
        for offset, data in self.unflushed:
            self.maybe(offset, data, share)
        with open(self.path, "wb") as file:
            file.write(self.sure)

    def maybe(self, offset, data, share):
        if self.random.random() < 0.1:  # torn
            for at in range(0, len(data), SECTOR):
                if self.random.random() < share:
                    self.sure[offset + at:offset + at + SECTOR] = data[at:at + SECTOR]
        elif self.random.random() < share:
            self.sure[offset:offset + len(data)] = data
            self.kept += 1
            return
        self.lost += 1

    # ---- the protocol ----

    def serve(self):
        try:
            while True:
                connection = self.listener.accept()[0]
                with connection:
                    try:
                        self.stream = connection.makefile("rwb")
                        self.greet()
                        while self.take():
                            pass
                    except (Gone, OSError):
                        pass
        except OSError:
            pass  # closed

    def read(self, size):
        data = self.stream.read(size)
        if len(data) < size:
            raise Gone
        return data

    def send(self, *parts):
        for part in parts:
            self.stream.write(part)
        self.stream.flush()

    def greet(self):
        self.send(b"NBDMAGIC", struct.pack(">QH", OPTION, 1 | 2))  # fixed newstyle, no zeroes
        self.read(4)
        while True:
            _, option, size = struct.unpack(">QII", self.read(16))
            self.read(size)
            export = struct.pack(">QH", len(self.seen), FLAGS)
            if option == EXPORT_NAME:
                self.send(export)
                return
            if option == GO or option == INFO:
                self.answer(option, 3, struct.pack(">H", INFO_EXPORT) + export)
                self.answer(option, ACK)
            elif option == ABORT:
                raise Gone
            else:
                self.answer(option, ERROR_UNSUPPORTED)
            if option == GO:
                return

    def answer(self, option, kind, data=b""):
        self.send(struct.pack(">QIII", REPLY, option, kind, len(data)), data)

    def take(self):
        magic, flags, kind, handle, offset, size = struct.unpack(">IHHQQI", self.read(28))
        if magic != REQUEST or kind == DISCONNECT:
            return False
        data = b""
        if kind == READ:
            data = bytes(self.seen[offset:offset + size])
        elif kind == WRITE:
            written = self.read(size)
            self.seen[offset:offset + size] = written
            self.unflushed.append((offset, written))
        if kind == FLUSH or flags & FUA:
            self.flush()
        self.send(struct.pack(">IIQ", 0x67446698, 0 if kind in (READ, WRITE, FLUSH) else 22, handle), data)
        return True

    def flush(self):
        """A write that is flushed by itself takes those before it along, which a disk may do."""
        for offset, data in self.unflushed:
            self.sure[offset:offset + len(data)] = data
        self.unflushed = []
        self.flushes += 1
