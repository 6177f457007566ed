#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The encoder's files, read by decoders that are not the project's: ImageMagick's convert (libpng), Pillow (filters of its
own over zlib), and gzip's own inflate with the filters of picture.py. The pictures (tests/tools/png_images.c) are drawn at
random, in each size from 1x1, and cut from pictures that are on this machine; it also compares the files of each kind of
vectors, of several numbers of threads and of pixels as screens have them.

PERISCOPE_IMAGES is how many (200).
"""
import contextlib
import glob
import os
import shutil
import struct
import subprocess
import tempfile
import zlib

try:
    import PIL.Image
except ImportError:
    PIL = None

import picture
from harness import PATIENCE, TOP, Skip, check, equal, main, generator, test

COUNT = int(os.environ.get("PERISCOPE_IMAGES") or 200)
AT_ONCE = 500  # of which the files are there at the same time
REAL_COUNT = min(100, COUNT // 50)  # pictures of this machine from which pieces are cut
REAL_SIZES = range(20_000, 3_000_000)  # bytes of such a file
BUILD = os.path.dirname(os.environ.get("PERISCOPED", "").split()[-1]) if os.environ.get("PERISCOPED") else os.path.join(TOP, "build")
WRITER = os.path.join(BUILD, "tests", "tools", "png_images")


def pictures_of_this_machine():
    """Icons, wallpapers, screens in documentation: the same few each time."""
    found = []
    for path in glob.iglob("/usr/share/**/*.*", recursive=True):
        with contextlib.suppress(OSError):
            if path.endswith((".png", ".jpg")) and os.stat(path).st_size in REAL_SIZES:
                found.append(path)
        if len(found) >= 4 * REAL_COUNT:
            break
    return sorted(found)[:REAL_COUNT]


@contextlib.contextmanager
def reals():
    """Those pictures as PPM; none where there is nothing that converts them."""
    convert = shutil.which("convert")
    with tempfile.TemporaryDirectory(prefix="periscope-png-") as folder:
        paths = []
        for number, source in enumerate(pictures_of_this_machine() if convert else []):
            path = os.path.join(folder, f"{number}.ppm")
            done = subprocess.run([convert, source + "[0]", "-background", "white", "-alpha", "remove", "-depth", "8", path],
                                  capture_output=True, timeout=PATIENCE)
            if done.returncode == 0 and os.path.exists(path):
                paths.append(path)
        yield paths


def batches():
    """A folder with pictures, again and again until there were COUNT; what has been done is told."""
    if not os.path.exists(WRITER):
        raise Skip(f"{WRITER} is not built")
    start = generator().randrange(1 << 16) if COUNT < AT_ONCE else 0
    with reals() as files:
        for first in range(0, COUNT, AT_ONCE):
            seed = generator().randrange(1 << 32)
            with tempfile.TemporaryDirectory(prefix="periscope-png-") as folder:
                done = subprocess.run([WRITER, str(seed), str(start + first), str(min(AT_ONCE, COUNT - first)), folder, *files],
                                      capture_output=True, text=True)
                equal((done.returncode, done.stderr), (0, ""), f"png_images {seed}")
                yield seed, folder, sorted(glob.glob(os.path.join(folder, "*.png")))
            if first and first % 10_000 == 0:
                print(f"# {first} pictures", flush=True)


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


def check_by_convert(seed, paths, wanted):
    done = subprocess.run(["convert", *paths, "-depth", "8", "ppm:-"], capture_output=True, timeout=PATIENCE * 4)
    equal((done.returncode, done.stderr), (0, b""), f"convert, seed {seed}")
    for path, got, want in zip(paths, ppms(done.stdout), wanted, strict=True):
        check(got == want, f"seed {seed}, {os.path.basename(path)}: convert reads other pixels")


def check_by_pillow(seed, paths, wanted):
    for path, want in zip(paths, wanted, strict=True):
        with PIL.Image.open(path) as image:
            got = b"P6\n%d %d\n255\n" % image.size + image.convert("RGB").tobytes()
        check(got == want, f"seed {seed}, {os.path.basename(path)}: Pillow reads other pixels")


def check_by_gzip(seed, paths, wanted):
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
    check(pictures == wanted, f"seed {seed}: picture.py reads other pixels")


def decoders():
    """Those that are here; gzip always is."""
    if shutil.which("convert"):
        yield check_by_convert
    else:
        print("# ImageMagick's convert is not installed: nothing is read by libpng")
    if PIL:
        yield check_by_pillow
    else:
        print("# python3-pil is not installed: nothing is read by Pillow")
    yield check_by_gzip


@test
def other_decoders_read_the_pixels_of_pictures_of_every_size():
    used = list(decoders())
    for seed, folder, paths in batches():
        wanted = list(ppms(read(os.path.join(folder, "all.ppm"))))
        for decode in used:
            decode(seed, paths, wanted)


if __name__ == "__main__":
    main()
