# SPDX-License-Identifier: LGPL-2.1-or-later
"""What screenshot answers with delta=1."""
import re
import struct

import picture
from harness import equal


def compose(shot, facts, file):
    """The old picture with the rectangles of an answer over it."""
    pixels = bytearray(shot.pixels)
    for text in facts.all("rect"):
        width, height, x, y = map(int, re.fullmatch(r"(\d+)x(\d+)\+(\d+)\+(\d+)", text).groups())
        size, = struct.unpack_from(">I", file)
        part, file = picture.decode_ppm(file[4:4 + size]), file[4 + size:]
        equal((part.width, part.height), (width, height), "the size of a rectangle's picture")
        for line in range(height):
            at = ((y + line) * shot.width + x) * 3
            pixels[at:at + 3 * width] = part.pixels[3 * width * line:][:3 * width]
    equal(file, b"", "what is behind the last rectangle")
    return picture.Picture(shot.width, shot.height, bytes(pixels))
