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
NM = "x86_64-w64-mingw32-nm"
SIZE_MAX = 720 * 1000  # bytes
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
        want = 0x160 if name == "win64" else 0x140
        equal(int(characteristics.group(1), 16) & want, want, f"{name}: DYNAMIC_BASE, NX_COMPAT and with 64 bits HIGH_ENTROPY_VA")


def stacks_are_protected():
    """By the compiler's own library, which is linked in: no import tells of it, the names before strip do."""
    for name, path in executables().items():
        names = subprocess.run([NM, path + ".full"], stdout=subprocess.PIPE, check=True, timeout=wine.PATIENCE,
                               encoding="utf-8").stdout
        check("__stack_chk_fail" in names, f"{name}: no stack protector")


wine.main([imports_are_allowed, executables_are_small, subsystem_is_not_newer_than_windows_7, addresses_are_random,
           stacks_are_protected])
