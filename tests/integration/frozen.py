# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file system that answers until a file's bytes are asked for, as a network's does when its server is gone; and, as a
program, a process whose own memory lies in it, and which hangs in a page fault that nobody serves.

usage: frozen.py FILE DONE
"""
import ctypes
import os
import struct
import sys
import tempfile
import threading

FUSE_LOOKUP, FUSE_GETATTR, FUSE_OPEN, FUSE_READ, FUSE_STATFS, FUSE_INIT = 1, 3, 14, 15, 17, 26
NOT_SUPPORTED = 38  # ENOSYS
FILE_INODE, FILE_SIZE = 2, 1 << 16
PAGE = 4096
PROT_RW, MAP_PRIVATE_FIXED = 3, 0x12
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]


def attributes(inode):
    mode, size = (0o100666, FILE_SIZE) if inode == FILE_INODE else (0o40777, 0)
    return struct.pack("<6Q10I", inode, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, PAGE, 0)


class FileSystem:
    """Mounted on a folder of its own, with one file, for `with`."""

    def __init__(self):
        from harness import Skip, need_root
        need_root()
        self.folder = tempfile.mkdtemp(prefix="periscope-frozen-", dir="/tmp")
        self.path = os.path.join(self.folder, "file")
        self.thawed = threading.Event()
        try:
            self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        except OSError as reason:
            os.rmdir(self.folder)
            raise Skip(f"no FUSE here: {reason}") from reason
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if libc.mount(b"periscope-test", self.folder.encode(), b"fuse", 6, options):
            self.close()
            raise Skip(f"FUSE can't be mounted here: {os.strerror(ctypes.get_errno())}")
        threading.Thread(target=self.serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.thaw()
        libc.umount2(self.folder.encode(), 2)  # MNT_DETACH
        os.rmdir(self.folder)

    def thaw(self):
        """As when the connection to a server is given up: all that wait get an error."""
        if not self.thawed.is_set():
            self.thawed.set()
            os.close(self.device)

    def serve(self):
        while not self.thawed.is_set():
            try:
                request = os.read(self.device, 1 << 17 | PAGE)
            except OSError:
                return
            _, operation, unique, inode = struct.unpack_from("<IIQQ", request)
            if operation != FUSE_READ:
                self.answer(unique, operation, inode)

    def answer(self, unique, operation, inode):
        body = {FUSE_INIT: struct.pack("<5I", 7, 31, 0, 0, 0) + struct.pack("<2HIIHHI7I", 12, 9, 1 << 16, 1, 0, 0, *[0] * 8)[:44],
                FUSE_LOOKUP: struct.pack("<4Q2I", FILE_INODE, 0, 3600, 3600, 0, 0) + attributes(FILE_INODE),
                FUSE_GETATTR: struct.pack("<Q2I", 3600, 0, 0) + attributes(inode),
                FUSE_OPEN: struct.pack("<QII", 1, 0, 0),
                FUSE_STATFS: bytes(80)}.get(operation)
        error = 0 if body is not None else -NOT_SUPPORTED
        reply = struct.pack("<IiQ", 16 + len(body or b""), error, unique) + (body or b"")
        try:
            os.write(self.device, reply)
        except OSError:
            pass


def freeze_own_memory(path):
    """Maps the file over the end of this process's stack."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    start, end = int(fields[47]), int(fields[48])
    first, last = start // PAGE * PAGE, (end + PAGE - 1) // PAGE * PAGE
    descriptor = os.open(path, os.O_RDWR)
    if libc.mmap(first, last - first, PROT_RW, MAP_PRIVATE_FIXED, descriptor, 0) != first:
        sys.exit(f"mmap: {os.strerror(ctypes.get_errno())}")


def main():
    path, done = sys.argv[1:]
    with open(done, "w", encoding="ascii"):
        pass
    freeze_own_memory(path)
    while True:
        libc.pause()


if __name__ == "__main__":
    main()
