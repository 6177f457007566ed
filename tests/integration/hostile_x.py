#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An X server that can't be trusted, run as `Xvfb :N SERVER SEED MODE`: a proxy before the real display :SERVER. By MODE it
corrupts what the server answers ("corrupt"), answers nothing after the connection's setup ("silent") or nothing at all
("mute"), or ends within an answer ("cut"); "any" chooses for each connection. It prints "ready" when it listens."""
import os
import random
import selectors
import socket
import sys

INTERESTING = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\1\0\0\0", b"\x66")


class Connection:
    """One client and its connection to the real server."""

    def __init__(self, client, server, rng, mode):
        self.client, self.rng = client, rng
        self.server = socket.socket(socket.AF_UNIX)
        self.server.connect(server)
        self.mode = mode if mode != "any" else rng.choice(["corrupt"] * 7 + ["silent", "mute", "cut"])
        self.spared = rng.choice([0, 0, 8, 40, 400, 2000, 20000])  # bytes of the answers that are passed on as they are
        self.rate = rng.choice([0.0002, 0.002, 0.02, 0.2])  # of the four-byte words that are changed
        self.passed = 0

    def corrupted(self, data):
        data = bytearray(data)
        for at in range(max(0, self.spared - self.passed) & ~3, len(data), 4):
            if self.rng.random() < self.rate:
                word = self.rng.choice(INTERESTING) if self.rng.random() < 0.6 else self.rng.randbytes(self.rng.randint(1, 4))
                at += self.rng.choice([0, 0, 1, 2])
                data[at:at + len(word)] = word[:max(0, len(data) - at)]
        return bytes(data)

    def answer(self, data):
        """Passes on what the server says; False when the connection is to end."""
        if self.mode == "mute" or (self.mode == "silent" and self.passed > self.spared):
            return True
        out = self.corrupted(data) if self.mode == "corrupt" else data
        if self.mode == "cut" and self.passed + len(out) > self.spared:
            self.client.sendall(out[:len(out) // 2])
            return False
        self.client.sendall(out)
        self.passed += len(out)
        return True

    def forward(self, source):
        """Moves what has come; False when the connection is to end."""
        try:
            data = source.recv(1 << 16)
            if not data:
                return False
            if source is self.client:
                self.server.sendall(data)
                return True
            return self.answer(data)
        except OSError:
            return False

    def close(self):
        self.client.close()
        self.server.close()


def main():
    number, server, seed, mode = sys.argv[1:5]
    rng = random.Random(int(seed))
    path = "/tmp/.X11-unix/X" + number[1:]
    if os.path.exists(path):
        os.remove(path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o777)
    listener.listen(16)
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is listener:
                one = Connection(listener.accept()[0], "/tmp/.X11-unix/X" + server, rng, mode)
                waiting.register(one.client, selectors.EVENT_READ, one)
                waiting.register(one.server, selectors.EVENT_READ, one)
            elif key.data.client.fileno() >= 0 and not key.data.forward(key.fileobj):
                waiting.unregister(key.data.client)
                waiting.unregister(key.data.server)
                key.data.close()


if __name__ == "__main__":
    main()
