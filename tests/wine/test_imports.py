#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which Windows the executables can start on, told from the files alone, for both processors."""
import os
import re
import subprocess

import wine
from wine import check, equal

ALLOWED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "imports.txt")
OBJDUMP = "x86_64-w64-mingw32-objdump"
SIZE_MAX = 600 * 1000  # bytes
LATEST = (6, 1)        # Windows 7


def executables():
    return {name: os.path.join(wine.TOP, "build", name, "periscoped.exe") for name in ("win32", "win64")}


def headers(path):
    return subprocess.run([OBJDUMP, "-p", path], stdout=subprocess.PIPE, check=True, timeout=wine.PATIENCE,
                          encoding="utf-8").stdout


def imports(path):
    """{(DLL in lower case, function)}"""
    found, library = set(), None
    for line in headers(path).splitlines():
        if "DLL Name:" in line:
            library = line.split()[-1].lower()
        elif re.match(r"\t[0-9a-f]+(\t *\d+| +<none> +[0-9a-f]+) +\S+$", line):  # binutils before 2.41, and since
            found.add((library, line.split()[-1]))
    return found


def imports_are_allowed():
    with open(ALLOWED, encoding="ascii") as file:
        lines = [tuple(line.split()) for line in file if not line.startswith("#")]
    for name, path in executables().items():
        found = imports(path)
        allowed = {(library, function) for library, function, *only in lines if not only or name in only}
        check(len(found) > 100, f"{name}: only {len(found)} imports were read")
        equal(sorted(found - allowed), [], f"{name}: imports that are not in {os.path.basename(ALLOWED)}")


def executables_are_small():
    for name, path in executables().items():
        size = os.path.getsize(path)
        check(size < SIZE_MAX, f"{name}: {size} bytes, not below {SIZE_MAX}")


def subsystem_is_not_newer_than_windows_7():
    for name, path in executables().items():
        text = headers(path)
        version = tuple(int(re.search(rf"^{part}SubsystemVersion\s+(\d+)$", text, re.M).group(1))
                        for part in ("Major", "Minor"))
        check(version <= LATEST, f"{name}: it asks for Windows {version}")
        check("(Windows CUI)" in text, f"{name}: it is no console program")


def addresses_are_random():
    for name, path in executables().items():
        characteristics = re.search(r"^DllCharacteristics\s+([0-9a-f]+)", headers(path), re.M)
        equal(int(characteristics.group(1), 16) & 0x140, 0x140, f"{name}: DYNAMIC_BASE and NX_COMPAT")


wine.main([imports_are_allowed, executables_are_small, subsystem_is_not_newer_than_windows_7, addresses_are_random])
