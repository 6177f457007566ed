#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the PNG encoder alone, on one core: times and sizes on five drawn screens and their tiles, in turns with zlib's
level 1 and a peer, and the instructions that callgrind counts, beside those of tests/bench/encoder.txt.

usage: tests/bench/bench_encoder.py [--build DIR] [--turns N] [--write]

PNG_PEER is a program that reads a PPM and writes a PNG: "PEER IN.ppm OUT.png". Where it prints a number and "ms", that is
its time, and PNG_PEER may have options; else its whole run counts, which reads and writes files too.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

SCREENS = ("photo", "terminal", "flat", "game", "4k")
WAYS = {"fast": [], "fast, sse4": ["-k", "sse4"], "fast, plain C": ["-k", "plain"], "small": ["-l", "small"],
        "zlib 1": ["-l", "zlib"]}
COUNTED = ("fast", "fast, plain C", "small")
TILE = 64  # pixels a side, as the live view and delta cut them
COMMITTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "encoder.txt")
PEER = shlex.split(os.environ.get("PNG_PEER", ""))


def encode(program, way, screen, times, *options):
    """(ms, bytes), or None where this processor has no such vectors."""
    done = subprocess.run([program, "-t", "1", "-n", str(times), *WAYS[way], *options, screen], stdout=subprocess.PIPE, text=True)
    if done.returncode == 3:
        return None
    found = re.search(r"([\d.]+) ms, .* (\d+) bytes", done.stdout)
    return float(found[1]), int(found[2])


def encode_by_peer(screen, out):
    start = time.monotonic()
    done = subprocess.run([*PEER, screen, out], stdout=subprocess.PIPE, text=True, check=True)
    taken = (time.monotonic() - start) * 1e3
    found = re.search(r"([\d.]+) ms", done.stdout)
    return float(found[1]) if found else taken, os.path.getsize(out)


def best_of(turns, program, screen, out):
    """The best time of each way. They take turns, so that what else the machine does meets all alike."""
    best = {}
    for _ in range(turns):
        for way in [*WAYS, *(["peer"] if PEER else [])]:
            slow = way in ("small", "zlib 1")
            result = encode_by_peer(screen, out) if way == "peer" else encode(program, way, screen, 2 if slow else 10)
            if result:
                best[way] = min(best.get(way, result), result)
    return best


def ratio(one, other):
    return f"{one / other:>11.3f}"


def show_times(program, turns, folder):
    against = "peer" if PEER else "zlib 1"
    print(f"{'':<10}{'':<16}{'ms':>9}{'of zlib 1':>11}{'of peer':>11}{'bytes':>11}{'of zlib 1':>11}{'of peer':>11}")
    for name in SCREENS:
        best = best_of(turns, program, os.path.join(folder, name + ".ppm"), os.path.join(folder, "peer.png"))
        plain, peer = best["zlib 1"], best[against]
        for way, (ms, size) in best.items():
            print(f"{name:<10}{way:<16}{ms:>9.2f}{ratio(ms, plain[0])}{ratio(ms, peer[0]) if PEER else '-':>11}"
                  f"{size:>11}{ratio(size, plain[1])}{ratio(size, peer[1]) if PEER else '-':>11}", flush=True)


def show_tiles(program, folder):
    """What a tile takes that is a file of its own: the mean of all tiles of a screen."""
    print(f"\n{f'{TILE}x{TILE} tiles':<26}{'us':>9}{'bytes':>11}{'of zlib 1':>11}")
    for name in SCREENS[:4]:
        screen, tiles = os.path.join(folder, name + ".ppm"), (1920 // TILE) * (1080 // TILE)
        plain = None
        for way in ("zlib 1", "fast", "small"):
            ms, size = encode(program, way, screen, 5, "-s", str(TILE))
            plain = plain or size
            print(f"{name:<10}{way:<16}{ms * 1e3 / tiles:>9.1f}{size / tiles:>11.0f}{ratio(size, plain)}", flush=True)


def instructions(program, way, screen, folder):
    """How many callgrind counts in png_encode() and below it."""
    done = subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=png_encode",
                           f"--callgrind-out-file={folder}/callgrind", program, "-t", "1", "-n", "1", *WAYS[way], screen],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    return int(found[1]) if found else None


def committed():
    try:
        with open(COMMITTED, encoding="ascii") as file:
            return {tuple(line.split("\t")[:2]): int(line.split("\t")[2]) for line in file if not line.startswith("#")}
    except FileNotFoundError:
        return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", metavar="DIR", help="where the programs are (build)")
    parser.add_argument("--turns", type=int, default=5, metavar="N", help="of each encoder on each screen (5)")
    parser.add_argument("--write", action="store_true", help="write the instructions to tests/bench/encoder.txt")
    options = parser.parse_args()
    program, draw = (os.path.join(options.build, "tests", "bench", name) for name in ("bench_png", "bench_screens"))
    counts, before = {}, committed()
    with tempfile.TemporaryDirectory(prefix="periscope-bench-") as folder:
        subprocess.run([draw, folder], check=True)
        show_times(program, options.turns, folder)
        show_tiles(program, folder)
        print(f"\n{'million instructions':<26}{'now':>9}{'committed':>11}")
        for name in SCREENS:
            for way in COUNTED:
                count = instructions(program, way, os.path.join(folder, name + ".ppm"), folder)
                if count is None:
                    sys.exit("valgrind could not count: is it installed?")
                counts[name, way] = count
                past = before.get((name, way))
                print(f"{name:<10}{way:<16}{count / 1e6:>9.1f}{past / 1e6 if past else 0:>11.1f}", flush=True)
    if options.write:
        with open(COMMITTED, "w", encoding="ascii") as file:
            file.write("# what callgrind counted: screen, way, instructions\n")
            file.writelines(f"{name}\t{way}\t{count}\n" for (name, way), count in counts.items())


if __name__ == "__main__":
    main()
