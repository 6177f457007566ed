#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fast encoder's files of pictures at random, read by decoders that are not the project's: ImageMagick's convert
(libpng and zlib), and gzip's own inflate with the filters of picture.py. The files of each kind of vectors and number of
threads are compared by the program that writes them (tests/tools/png_images.c).

PERISCOPE_IMAGES is how many (200).
"""
import glob
import os
import shutil
import struct
import subprocess
import tempfile
import zlib

import picture
from harness import PATIENCE, TOP, Skip, check, equal, main, generator, test

COUNT = int(os.environ.get("PERISCOPE_IMAGES") or 200)
AT_ONCE = 500  # of which the files are there at the same time
BUILD = os.path.dirname(os.environ.get("PERISCOPED", "").split()[-1]) if os.environ.get("PERISCOPED") else os.path.join(TOP, "build")
WRITER = os.path.join(BUILD, "tests", "tools", "png_images")


def batches():
    """A folder with pictures, and their list, again and again until there were COUNT."""
    if not os.path.exists(WRITER):
        raise Skip(f"{WRITER} is not built")
    for first in range(0, COUNT, AT_ONCE):
        seed = generator().randrange(1 << 32)
        with tempfile.TemporaryDirectory(prefix="periscope-png-") as folder:
            done = subprocess.run([WRITER, str(seed), str(min(AT_ONCE, COUNT - first)), folder], capture_output=True, text=True)
            equal((done.returncode, done.stderr), (0, ""), f"png_images {seed}")
            yield seed, folder, sorted(glob.glob(os.path.join(folder, "*.png")))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def ppms(data):
    """The pictures of PPM files in a row."""
    while data:
        _, width, height, rest = data.split(None, 3)
        end = len(data) - len(rest) + 4 + int(width) * int(height) * 3
        yield data[:end]
        data = data[end:]


@test
def convert_reads_the_pixels_of_pictures_at_random():
    convert = shutil.which("convert")
    if not convert:
        raise Skip("ImageMagick's convert is not installed")
    for seed, folder, paths in batches():
        done = subprocess.run([convert, *paths, "-depth", "8", "ppm:-"], capture_output=True, timeout=PATIENCE * 4)
        equal((done.returncode, done.stderr), (0, b""), f"convert, seed {seed}")
        for path, got, want in zip(paths, ppms(done.stdout), ppms(read(os.path.join(folder, "all.ppm"))), strict=True):
            check(got == want, f"seed {seed}, {os.path.basename(path)}: convert reads other pixels")


@test
def gzip_inflates_pictures_at_random():
    for seed, folder, paths in batches():
        members, lengths, pictures = [], [], []
        for path in paths:
            shot = picture.decode_png(read(path))
            rows = zlib.decompress(shot.compressed)
            members.append(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + shot.compressed[2:-4] +
                           struct.pack("<II", zlib.crc32(rows), len(rows)))
            lengths.append(rows)
            pictures.append(shot.ppm())
        done = subprocess.run(["gzip", "-dc"], input=b"".join(members), capture_output=True, timeout=PATIENCE * 4)
        equal((done.returncode, done.stderr), (0, b""), f"gzip, seed {seed}")
        check(done.stdout == b"".join(lengths), f"seed {seed}: gzip inflates other bytes than zlib")
        check(b"".join(pictures) == read(os.path.join(folder, "all.ppm")), f"seed {seed}: picture.py reads other pixels")


if __name__ == "__main__":
    main()
