#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the compiler and the linker made of the flags that harden, as readelf sees it in a folder that was built.

usage: tests/lint/binaries.py FOLDER NAME
"""
import os
import platform
import re
import subprocess
import sys

import lint

PROGRAMS = ("periscoped", "periscope")
LIBRARY = "libperiscope.so"
FORTIFIED = re.compile(r"\b__(?!stack_chk)\w+_chk\b")


def readelf(*arguments):
    return subprocess.run(["readelf", "--wide", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          encoding="utf-8", check=True).stdout


def weaknesses(path):
    """What the file lacks, or has too much of."""
    segments, dynamic, symbols = readelf("-l", path), readelf("-d", path), readelf("--dyn-syms", path)
    load = re.findall(r"^  (LOAD|GNU_STACK) .* ([R ][W ][E ]) 0x\w+$", segments, re.M)
    wrong = {"its addresses are fixed (no PIE)": not path.endswith(".so") and not re.search(r"FLAGS_1\).*\bPIE\b", dynamic),
             "what is relocated stays writable (no RELRO)": "GNU_RELRO" not in segments,
             "it binds lazily": "BIND_NOW" not in dynamic and not re.search(r"FLAGS_1\).*\bNOW\b", dynamic),
             "its code is relocated": "TEXTREL" in dynamic,
             "its stack is not told to hold no code": ("GNU_STACK", "RW ") not in load,
             "some memory can be written and run": any("W" in flags and "E" in flags for _, flags in load),
             "no stack protector": "__stack_chk_fail" not in symbols,
             "no call is fortified": not FORTIFIED.search(symbols)}
    return [f"{path}: {what}" for what, is_so in wrong.items() if is_so]


def objects_without_cet(folder):
    """The linker marks a program only where each part is; libdrm and the C library are others' parts."""
    if platform.machine() != "x86_64":
        return []
    paths = sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(".o"))
    marked = re.findall(r"^File: (.*)$|(IBT, SHSTK)", readelf("--notes", *paths), re.M)
    good = {path for (path, _), (_, mark) in zip(marked, marked[1:]) if path and mark}
    return [f"{path}: neither IBT nor SHSTK" for path in paths if path not in good]


def main():
    folder, name = sys.argv[1:]
    found = []
    for program in (*PROGRAMS, LIBRARY):
        found += weaknesses(os.path.join(folder, program))
    return lint.report(name, found + objects_without_cet(os.path.join(folder, "obj")))


if __name__ == "__main__":
    try:
        lint.finish(main())
    except FileNotFoundError:
        print(f"SKIP lint-{sys.argv[2]}: there is no readelf here")
