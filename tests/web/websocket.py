# SPDX-License-Identifier: LGPL-2.1-or-later
"""A WebSocket client (RFC 6455) for tests: strict with what it gets, and able to send what it must not."""
import base64
import hashlib
import json
import os
import socket
import struct

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Closed(Exception):
    """The server ended it; `code` is that of its close frame, or None."""

    def __init__(self, code=None):
        super().__init__(f"closed ({code})")
        self.code = code


def frame(opcode, payload, fin=True, mask=True, length=None):
    """A frame's bytes. length: another one than the payload's."""
    size = len(payload) if length is None else length
    head = bytes([fin << 7 | opcode])
    bit = 128 if mask else 0
    head += bytes([bit | size]) if size < 126 else bytes([bit | 126]) + struct.pack(">H", size) if size < 65536 \
        else bytes([bit | 127]) + struct.pack(">Q", size)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


class WebSocket:
    def __init__(self, port, path="/ws", host=None, headers=(), protocol="periscope.1", timeout=20, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
        self.socket.sendall("\r\n".join([*lines, *headers, "", ""]).encode())
        self.pending = b""
        head = self._until(b"\r\n\r\n")
        self.status = int(head.split()[1])
        if self.status != 101:
            raise Closed(self.status)
        wanted = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest())
        assert b"sec-websocket-accept: " + wanted.lower() in head.lower(), head

    def _fill(self):
        try:
            got = self.socket.recv(65536)
        except ConnectionError as error:
            raise Closed() from error
        if not got:
            raise Closed()
        self.pending += got

    def _until(self, end):
        while end not in self.pending:
            self._fill()
        head, self.pending = self.pending.split(end, 1)
        return head

    def _take(self, size):
        while len(self.pending) < size:
            self._fill()
        part, self.pending = self.pending[:size], self.pending[size:]
        return part

    def send(self, message):
        self.send_raw(frame(1, json.dumps(message).encode()))

    def send_raw(self, data):
        self.socket.sendall(data)

    def _frame(self):
        first, second = self._take(2)
        size = second & 127
        assert not second & 128, "a server's frame is never masked"
        if size == 126:
            size, = struct.unpack(">H", self._take(2))
        elif size == 127:
            size, = struct.unpack(">Q", self._take(8))
        return first >> 7, first & 15, self._take(size)

    def receive(self):
        """The next message: a dict for JSON, bytes for a binary one. Answers pings."""
        whole, kind = b"", None
        while True:
            fin, opcode, payload = self._frame()
            if opcode == 8:
                raise Closed(struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else None)
            if opcode == 9:
                self.send_raw(frame(10, payload))
            elif opcode < 3:
                kind = opcode or kind
                whole += payload
                if fin:
                    return json.loads(whole.decode()) if kind == 1 else whole

    def until(self, wanted):
        """The first message for which wanted(message) is true."""
        while True:
            message = self.receive()
            if wanted(message):
                return message

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Binary:
    """A binary message: docs/gateway.md."""

    def __init__(self, data):
        self.kind, self.last, name_len, self.frame, self.x, self.y, self.width, self.height, size = \
            struct.unpack(">BBHIHHHHI", data[:20])
        self.name = data[20:20 + name_len].decode()
        self.png = data[20 + name_len:]
        assert len(self.png) == size, (len(self.png), size)
