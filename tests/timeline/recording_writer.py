# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes folders of recordings and results as docs/recording.md specifies them, with nothing of the project's own: what
`periscope timeline` reads in its tests."""
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
from picture import Picture, xxh64  # noqa: E402

WALL = 1_790_000_000_000_000  # 2026-09-21T14:13:20Z, in microseconds
BOOT = 5_000_000_000  # the guest's clock then


def chunk(kind, content):
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, pixels, level=6):
    """A PNG of RGB with 8 bits; each row with the filter Up, which suits drawn screens."""
    size = 3 * width
    rows = bytearray()
    above = bytes(size)
    for y in range(height):
        row = pixels[y * size:(y + 1) * size]
        if row == above:
            rows += b"\2" + bytes(size)
        else:
            rows += b"\0" + row
        above = row
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows), level)) + chunk(b"IEND", b"")


class Screen:
    """RGB pixels to draw on."""

    def __init__(self, width, height, colour=(30, 60, 90)):
        self.width, self.height = width, height
        self.pixels = bytearray(bytes(colour) * (width * height))

    def fill(self, x, y, width, height, colour):
        for row in range(y, y + height):
            at = (row * self.width + x) * 3
            self.pixels[at:at + width * 3] = bytes(colour) * width
        return self

    def crop(self, x, y, width, height):
        return b"".join(self.pixels[((y + row) * self.width + x) * 3:][:width * 3] for row in range(height))

    def copy(self):
        other = Screen(1, 1)
        other.width, other.height, other.pixels = self.width, self.height, bytearray(self.pixels)
        return other

    def hash(self):
        picture = Picture(self.width, self.height, bytes(self.pixels))
        return f"xxh64:{xxh64(picture.ppm()):016x}" if self.width * self.height <= 64 * 64 else "xxh64:0000000000000000"


class Recording:
    """folder: of the recording, made if it is missing. Times are seconds since the start."""

    def __init__(self, folder, boot="4f0c2a5e-0d6f-4b0a-9c6e-7d2f1a3b5c8d", agent="0.1.0", start=True):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.count, self.events = folder, 0, 0
        self.index = open(os.path.join(folder, "index.txt"), "wb")
        if start:
            self.line(0, f"start version=1 boot={boot} agent={agent} settle-ms=50 max-ms=300 rate=10 output=DP-1")

    def line(self, at, rest, mono=None, wall=None):
        mono = BOOT + round(at * 1e6) if mono is None else mono
        wall = WALL + round(at * 1e6) if wall is None else wall
        text = f"{mono} {wall} ".encode() + (rest if isinstance(rest, bytes) else rest.encode())
        self.index.write(b"%08x %s\n" % (zlib.crc32(text), text))
        self.index.flush()

    def add_file(self, data):
        self.count += 1
        name = f"{self.count:06}.png"
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(data)
        return name

    def picture(self, at, screen, data=None, more=""):
        name = self.add_file(data or png(screen.width, screen.height, bytes(screen.pixels)))
        self.line(at, f"picture {self.count} {screen.hash()} {screen.width}x{screen.height} {name}{more}")
        return self.count

    def part(self, at, screen, base, x, y, width, height):
        name = self.add_file(png(width, height, screen.crop(x, y, width, height)))
        self.line(at, f"part {self.count} {screen.hash()} {screen.width}x{screen.height} {name} base={base} "
                      f"at={width}x{height}+{x}+{y}")
        return self.count

    def same(self, at, number):
        self.line(at, f"same {number}")

    def event(self, at, kind, text):
        self.events += 1
        self.line(at, f"event {self.events} {kind} {text}")

    def input(self, at, text):
        self.line(at, f"input {text}")

    def fail(self, at, reason):
        self.line(at, f"fail {reason}")

    def stop(self, at, reason="asked by the host"):
        self.line(at, f"stop {reason}")
        self.index.close()


class Report:
    """report.txt and output.times of a result's folder."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.text, self.times = folder, b"", b""

    def lines(self, at, *lines):
        self.text += b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
        self.times += b"%d %d %d\n" % (len(self.text), BOOT + round(at * 1e6), WALL + round(at * 1e6))

    def write(self, timed=True):
        with open(os.path.join(self.folder, "report.txt"), "wb") as file:
            file.write(self.text)
        if timed:
            with open(os.path.join(self.folder, "output.times"), "wb") as file:
                file.write(self.times)
