#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""streamer.py ACTION...: a program that writes and reads as a test says. tests/wine/tools/streamer.c is the same.

out:TEXT and err:TEXT write a line, fill:N so many bytes (the numbers from 0 on, eight bytes each), cat:N passes on so
many bytes, cat all; sleep:MS; leave:MS leaves a process behind that holds the outputs, and writes "late" at its end;
exit:CODE.
"""
import os
import struct
import sys
import time

CHUNK = 65536


def put(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]


def numbers(start, length):
    """What fill writes at that place; start is a multiple of eight."""
    first, count = start // 8, (length + 7) // 8
    return struct.pack(f">{count}Q", *range(first, first + count))[:length]


def fill(length):
    for start in range(0, length, CHUNK):
        put(1, numbers(start, min(CHUNK, length - start)))


def cat(length):
    while length:
        data = os.read(0, min(length, CHUNK))
        if not data:
            break
        put(1, data)
        length -= len(data)


def act(name, value):
    if name in ("out", "err"):
        put(1 if name == "out" else 2, value.encode() + b"\n")
    elif name == "fill":
        fill(int(value))
    elif name == "cat":
        cat(int(value or 1 << 62))
    elif name == "sleep":
        time.sleep(int(value) / 1000)
    elif name == "leave":
        if os.fork() == 0:
            os.setsid()
            time.sleep(int(value) / 1000)
            put(1, b"late\n")
            os._exit(0)
    else:
        os._exit(int(value))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        act(*argument.partition(":")[::2])
