# SPDX-License-Identifier: LGPL-2.1-or-later
"""A D-Bus with logind on it, as far as the end of a system needs them, written from the D-Bus specification. It is in a
/run of the tests' own: no test may ever ask the machine's real one."""
import contextlib
import os
import socket
import struct
import subprocess
import threading

import machine
from isolation import need_isolation

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE = range(1, 9)


PROPERTIES = "org.freedesktop.DBus.Properties"


def aligned(data, to):
    return data + b"\0" * (-len(data) % to)


def text(value):
    return struct.pack("<I", len(value)) + value.encode() + b"\0"


def message(kind, serial, fields, body=b""):
    packed = b""
    for code, signature, value in fields:
        packed = aligned(packed, 8) + bytes((code, 1)) + signature.encode() + b"\0"
        packed += struct.pack("<I", value) if signature == "u" else \
            bytes((len(value),)) + value.encode() + b"\0" if signature == "g" else text(value)
    head = struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), serial, len(packed))
    return aligned(head + packed, 8) + body


def parse_fields(data):
    """{code: value} of a header's fields."""
    found, at = {}, 0
    while at < len(data):
        at += -at % 8
        code, kind = data[at], chr(data[at + 2])
        at += 4
        if kind == "g":
            size = data[at]
            found[code] = data[at + 1:at + 1 + size].decode()
            at += size + 2
        elif kind == "u":
            found[code] = struct.unpack_from("<I", data, at)[0]
            at += 4
        else:
            size = struct.unpack_from("<I", data, at)[0]
            found[code] = data[at + 4:at + 4 + size].decode()
            at += 4 + size + 1
    return found


class Bus:
    """Notes (member, signature, body) of the calls of logind's manager. refuse: {member: (error name, text)}."""

    def __init__(self, path, refuse=None, on_call=None):
        self.calls, self.failures = [], []
        self.refuse, self.on_call = refuse or {}, on_call
        self.locked, self.asked, self.rules, self.listeners = {}, [], [], []  # the first by the sessions' objects
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.loop, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def loop(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with connection, connection.makefile("rb") as stream:
            try:
                self.serve(connection, stream)
            except ConnectionError:
                return  # who asked has ended meanwhile
            except (OSError, struct.error, ValueError, IndexError) as reason:
                self.failures.append(repr(reason))

    def serve(self, connection, stream):
        auth = stream.readline()
        if auth != b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n":
            raise ValueError(f"authentication: {auth}")
        connection.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
        if stream.readline() != b"BEGIN\r\n":
            return  # who asks for a property in one go is answered elsewhere
        while head := stream.read(16):
            endian, kind, _, version, body_len, serial, fields_len = struct.unpack("<cBBBIII", head)
            if (endian, kind, version) != (b"l", CALL, 1):
                raise ValueError(f"a header {head}")
            fields = parse_fields(stream.read(fields_len))
            stream.read(-fields_len % 8)
            self.answer(connection, fields, serial, stream.read(body_len))

    def answer(self, connection, fields, serial, body):
        member = fields[MEMBER]
        reply = [(REPLY_SERIAL, "u", serial), (SENDER, "s", ":1.1")]
        if member == "AddMatch":
            self.rules.append(body[4:-1].decode())
            self.listeners.append(connection)
        if (member, fields[INTERFACE]) == ("Get", PROPERTIES):
            self.asked.append(fields[PATH])
            self.tell_lock(connection, reply, fields[PATH])
            return
        if fields[DESTINATION] == "org.freedesktop.DBus":
            connection.sendall(message(RETURN, 1, [*reply, (SIGNATURE, "g", "s")], text(":1.2")) +
                               message(SIGNAL, 2, [(PATH, "o", "/org/freedesktop/DBus"), (MEMBER, "s", "NameAcquired"),
                                                   (INTERFACE, "s", "org.freedesktop.DBus"), (SIGNATURE, "g", "s")],
                                       text(":1.2")))
            return
        if (fields[DESTINATION], fields[PATH], fields[INTERFACE]) == \
                ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"):
            self.calls.append((member, fields.get(SIGNATURE, ""), body))
        if member in self.refuse:
            name, why = self.refuse[member]
            connection.sendall(message(ERROR, 3, [*reply, (ERROR_NAME, "s", name), (SIGNATURE, "g", "s")], text(why)))
            return
        connection.sendall(message(RETURN, 3, reply))
        if self.on_call:
            self.on_call(member)


    def tell_lock(self, connection, reply, path):
        if path in self.locked:
            connection.sendall(message(RETURN, 3, [*reply, (SIGNATURE, "g", "v")], b"\1b\0\0" + struct.pack("<I", self.locked[path])))
        else:
            connection.sendall(message(ERROR, 3, [*reply, (ERROR_NAME, "s", "org.freedesktop.DBus.Error.UnknownObject"),
                                                  (SIGNATURE, "g", "s")], text("Unknown object")))

    def set_lock(self, path, locked):
        """Changes LockedHint, and tells so all who listen: PropertiesChanged, with a dictionary of it."""
        self.locked[path] = locked
        pairs = aligned(text("LockedHint") + b"\1b\0", 4) + struct.pack("<I", locked)
        body = aligned(text("org.freedesktop.login1.Session"), 4) + struct.pack("<I", len(pairs))
        body = aligned(aligned(body, 8) + pairs, 4) + struct.pack("<I", 0)
        for listener in self.listeners:
            listener.sendall(message(SIGNAL, 9, [(PATH, "o", path), (MEMBER, "s", "PropertiesChanged"), (INTERFACE, "s", PROPERTIES),
                                                 (SENDER, "s", ":1.1"), (SIGNATURE, "g", "sa{sv}as")], body))


@contextlib.contextmanager
def own_run():
    """A /run without a D-Bus, and with a session at the screen."""
    need_isolation()
    machine.interface_up("lo")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    try:
        for path, lines in (("seats/seat0", "IS_SEAT0=1\nACTIVE=7\nACTIVE_UID=0\n"),
                            ("sessions/7", "UID=0\nTYPE=tty\nCLASS=user\nSTATE=active\n")):
            path = os.path.join("/run/systemd", path)
            os.makedirs(os.path.dirname(path))
            with open(path, "w", encoding="ascii") as file:
                file.write(lines)
        yield
    finally:
        subprocess.run(["umount", "--lazy", "/run"], check=True)


@contextlib.contextmanager
def system_bus(**options):
    with own_run():
        bus = Bus("/run/dbus/system_bus_socket", **options)
        try:
            yield bus
        finally:
            bus.close()
