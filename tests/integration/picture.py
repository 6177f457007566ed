# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads pictures with nothing of the project's own: PNG from its specification, PPM, XXH64 from its specification."""
import struct
import zlib

CHANNELS = 3


class Picture:
    """pixels: RGB rows without padding. texts: the tEXt chunks. compressed: the IDAT chunks' content, joined."""

    def __init__(self, width, height, pixels, texts=None, compressed=b""):
        self.width, self.height, self.pixels = width, height, pixels
        self.texts, self.compressed = texts or {}, compressed

    def crop(self, x, y, width, height):
        rows = (self.pixels[(row * self.width + x) * CHANNELS:][:width * CHANNELS] for row in range(y, y + height))
        return Picture(width, height, b"".join(rows))

    def same(self, other):
        return (self.width, self.height, self.pixels) == (other.width, other.height, other.pixels)

    def ppm(self):
        return b"P6\n%d %d\n255\n" % (self.width, self.height) + self.pixels

    def hash(self):
        return f"xxh64:{xxh64(self.ppm()):016x}"


def crc(pixels):
    """As the kernel's vkms computes it: the CRC-32 without its inversions, over four 16-bit values a pixel (alpha, red,
    green, blue; little-endian), each 8-bit value times 257."""
    wide = bytearray(b"\xff" * (len(pixels) // 3 * 8))
    for channel in range(3):
        wide[2 + 2 * channel::8] = wide[3 + 2 * channel::8] = pixels[channel::3]
    return zlib.crc32(bytes(wide), 0xffffffff) ^ 0xffffffff


def decode_ppm(data):
    magic, width, height, rest = data.split(None, 3)
    largest, pixels = rest[:3], rest[4:]
    if (magic, largest, rest[3:4]) != (b"P6", b"255", b"\n"):
        raise ValueError("not a P6 file of 8 bits")
    if len(pixels) != int(width) * int(height) * CHANNELS:
        raise ValueError(f"{len(pixels)} bytes of pixels for {int(width)}x{int(height)}")
    return Picture(int(width), int(height), pixels)


def chunks(data):
    """(type, content) of each chunk of a PNG, checksums verified, nothing before or behind them."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG signature")
    at = 8
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        content = data[at + 8:at + 8 + size]
        if struct.unpack_from(">I", data, at + 8 + size)[0] != zlib.crc32(kind + content):
            raise ValueError(f"wrong checksum of a {kind} chunk")
        yield kind, content
        at += 12 + size


def decode_png(data):
    """A PNG of RGB with 8 bits, or of a palette, not interlaced."""
    parts = list(chunks(data))
    if parts[0][0] != b"IHDR" or parts[-1] != (b"IEND", b""):
        raise ValueError("the chunks do not begin with IHDR or end with IEND")
    width, height, *kind = struct.unpack(">IIBBBBB", parts[0][1])
    depth, colours, *plain = kind
    if plain != [0, 0, 0] or (colours, depth) not in ((2, 8), (3, 1), (3, 2), (3, 4), (3, 8)):
        raise ValueError(f"neither a plain RGB image of 8 bits nor one with a palette: {kind}")
    texts = dict(content.decode("latin-1").split("\0", 1) for name, content in parts if name == b"tEXt")
    compressed = b"".join(content for name, content in parts if name == b"IDAT")
    inflater = zlib.decompressobj()
    rows = inflater.decompress(compressed)
    if not inflater.eof or inflater.unused_data:
        raise ValueError("the zlib stream ends early or late")
    size, step = (width * CHANNELS, CHANNELS) if colours == 2 else ((width * depth + 7) // 8, 1)
    if len(rows) != height * (1 + size):
        raise ValueError(f"{len(rows)} bytes of rows for {width}x{height}")
    pixels = unfilter(rows, size, step)
    if colours == 3:
        table = colours_of_bytes(next(content for name, content in parts if name == b"PLTE"), depth)
        pixels = [b"".join(map(table.__getitem__, row))[:width * CHANNELS] for row in pixels]
    return Picture(width, height, b"".join(pixels), texts, compressed)


def colours_of_bytes(palette, depth):
    """The pixels that each byte of a row of colours' numbers stands for."""
    mask, shifts = (1 << depth) - 1, range(8 - depth, -1, -depth)
    colour = [palette[at:at + CHANNELS] or b"???" for at in range(0, CHANNELS << depth, CHANNELS)]
    return [b"".join(colour[byte >> shift & mask] for shift in shifts) for byte in range(256)]


def unfilter(rows, size, step):
    pixels, above = [], bytearray(size)
    for at in range(0, len(rows), size + 1):
        above = unfilter_row(rows[at], bytearray(rows[at + 1:at + 1 + size]), above, step)
        pixels.append(bytes(above))
    return pixels


def unfilter_row(kind, row, above, step):
    if kind == 2:
        return bytearray((byte + up) & 255 for byte, up in zip(row, above))
    if kind == 0:
        return row
    for i in range(len(row)):
        left, up_left = (row[i - step], above[i - step]) if i >= step else (0, 0)
        predicted = {1: lambda: left, 3: lambda: (left + above[i]) // 2, 4: lambda: paeth(left, above[i], up_left)}[kind]()
        row[i] = (row[i] + predicted) & 255
    return row


def paeth(left, up, up_left):
    guess = left + up - up_left
    distances = abs(guess - left), abs(guess - up), abs(guess - up_left)
    return (left, up, up_left)[distances.index(min(distances))]


# ---- XXH64, seed 0 ----

PRIMES = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
MASK = (1 << 64) - 1


def rotate(value, bits):
    return (value << bits | value >> 64 - bits) & MASK


def mix(lane, word):
    return rotate((lane + word * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK


def xxh64(data):
    whole = len(data) // 32 * 32
    value = PRIMES[4]
    if whole:
        lanes = [(PRIMES[0] + PRIMES[1]) & MASK, PRIMES[1], 0, -PRIMES[0] & MASK]
        for words in struct.iter_unpack("<4Q", data[:whole]):
            lanes = [mix(lane, word) for lane, word in zip(lanes, words)]
        value = sum(rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes:
            value = ((value ^ mix(0, lane)) * PRIMES[0] + PRIMES[3]) & MASK
    value = (value + len(data)) & MASK
    tail = data[whole:]
    eights = len(tail) // 8 * 8
    for (word,) in struct.iter_unpack("<Q", tail[:eights]):
        value = (rotate(value ^ mix(0, word), 27) * PRIMES[0] + PRIMES[3]) & MASK
    tail = tail[eights:]
    if len(tail) >= 4:
        word = struct.unpack_from("<I", tail)[0]
        value = (rotate(value ^ word * PRIMES[0] & MASK, 23) * PRIMES[1] + PRIMES[2]) & MASK
        tail = tail[4:]
    for byte in tail:
        value = rotate(value ^ byte * PRIMES[4] & MASK, 11) * PRIMES[0] & MASK
    value = (value ^ value >> 33) * PRIMES[1] & MASK
    value = (value ^ value >> 29) * PRIMES[2] & MASK
    return value ^ value >> 32
