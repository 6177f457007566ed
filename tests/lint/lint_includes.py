#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include whom: CONTRIBUTING.md draws the rooms, this checks them."""
import os
import re

import lint

# A room's own headers are always open to it. The longest name that a path begins with is its room.
ROOMS = {
    "base": (),
    "platform": ("base",),
    "linux": ("base", "platform"),
    "win32": ("base", "platform"),
    "protocol": ("base",),
    "picture": ("base", "platform"),
    "capture": ("base", "platform", "picture"),
    "agent": ("base", "platform", "protocol", "picture", "capture"),
    "host": ("base", "platform", "protocol"),
    "host/common": ("base", "platform"),
    "host/timeline": ("base", "platform", "picture", "host"),
    "host/cli": ("base", "platform", "picture", "host/common", "host/timeline"),
    "host/web": ("base", "platform", "picture", "host/common"),
}
LIBRARY_HEADERS = re.compile(r"host/(periscope\w*|embedded)\.h$")  # what host/cli and host/web see of host/
# The agent's folders that may see pixels: everything else there knows pictures as bytes.
SEES_CAPTURE = re.compile(r"agent/(worker/|selftest/screen\.|gpu/)")
BACKEND = re.compile(r"capture/(x11|drm|win32|apart)/")  # an OS's own way to its screens
REGISTRY = re.compile(r"capture/(linux|win32)/(backends|desktop)\.c$")  # sees what each of an OS's backends declares
DECLARED = re.compile(r"capture/\w+/(backend|probe|gdi|dxgi|apart)\.h$")
APART = re.compile(r"capture/(x11|drm)/.* capture/apart/(apart|rights)\.h$")  # they run in processes of their own
STANDARD = set("assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg "
               "stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar "
               "wctype".split())
PORTABLE = {"picture/crc.c": {"zlib.h"}, "picture/png.c": {"zlib.h"},
            "host/timeline/recording.c": {"zlib.h"}, "host/timeline/png_read.c": {"zlib.h"}, "host/timeline/apng.c": {"zlib.h"},
            "host/web/rfb/encode.c": {"zlib.h"}, "host/web/pointer.c": {"zlib.h"},
            "picture/rows.c": {"zlib.h"}, "picture/rows_x86.c": {"immintrin.h"}}  # libraries that are the same on every OS
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
OS_CONDITION = re.compile(r"^\s*#\s*(?:el)?if.*\b(_WIN32|_WIN64|WIN32|__linux__|linux|__unix__|__APPLE__|__FreeBSD__|"
                          r"__MINGW\w*|_MSC_VER)\b", re.M)


def room(path):
    return max((name for name in ROOMS if path.startswith(name + "/")), key=len, default=None)


def own_include(path, name):
    """What is wrong with the project's header `name` in `path`, or None."""
    if not os.path.isfile(os.path.join(lint.ROOT, name)):
        return f'"{name}" is not a file: includes are written from the root, "area/file.h"'
    here, there = room(path), room(name)
    if here is None:
        return None  # tests see everything
    if there is None:
        return f'"{name}" belongs to no room'
    backend = BACKEND.match(name)
    is_listed = REGISTRY.match(path) and DECLARED.match(name)
    if backend and not is_listed and not path.startswith(backend[0]) and not APART.match(f"{path} {name}"):
        return f'"{name}" is for {backend[0]} alone'
    if here == there:
        return None
    if here in ("host/cli", "host/web") and LIBRARY_HEADERS.match(name):
        return None
    if here == "agent" and there in ("picture", "capture") and not SEES_CAPTURE.match(path):
        return f'"{name}": in agent/ only worker/, gpu/ and selftest/screen.c see capture/'
    return None if there in ROOMS[here] else f'{here}/ must not include "{name}"'


def system_include(path, name):
    here = room(path)
    if here in (None, "linux", "win32") or BACKEND.match(path) or name in PORTABLE.get(path, ()):
        return None
    if path.startswith("host/web/lws/") and name == "libwebsockets.h":
        return None
    if name.endswith(".h") and name[:-2] in STANDARD:
        return None
    return f"<{name}> is not a header of C11: what an OS has is reached through platform/"


def findings():
    for path in lint.files(".c", ".h", ".def"):
        text = lint.text(path)
        for match in INCLUDE.finditer(text):
            check = own_include if match[1] == '"' else system_include
            wrong = check(path, match[2]) if path != "tests/demo/shim.c" else None
            if wrong:
                yield f"{path}:{text.count(chr(10), 0, match.start(2)) + 1}: {wrong}"
        if room(path) in (None, "linux", "win32") or BACKEND.match(path):
            continue
        for match in OS_CONDITION.finditer(text):
            line = text.count("\n", 0, match.start(1)) + 1
            yield f"{path}:{line}: asks for {match[1]}: what differs between systems is a file, not an #if"


if __name__ == "__main__":
    lint.finish(lint.report("includes", list(findings())))
