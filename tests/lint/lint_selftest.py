#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks of this folder find what they are for."""
import lint
import lint_circles
import lint_includes
import lint_shape

INCLUDES = [  # (file, header, is it refused?)
    ("base/error.c", "base/error.h", False),
    ("base/error.c", "platform/clock.h", True),
    ("platform/transfer.c", "platform/clock.h", False),
    ("platform/transfer.c", "linux/waker.h", True),
    ("picture/png.c", "protocol/wire.h", True),
    ("agent/serve.c", "host/periscope.h", True),
    ("agent/serve.c", "capture/capture.h", True),
    ("agent/worker/pool.c", "capture/capture.h", False),
    ("host/cli/verbs/guest/ping.c", "host/periscope.h", False),
    ("host/cli/verbs/guest/ping.c", "protocol/wire.h", True),
    ("host/ping.c", "agent/log.h", True),
    ("tests/unit/test_x.c", "agent/log.h", False),
    ("base/error.c", "base/no_such_header.h", True),
    ("capture/linux/backends.c", "capture/x11/backend.h", False),
    ("capture/linux/backends.c", "capture/x11/server/find.h", True),
    ("capture/capture.c", "capture/x11/backend.h", True),
]
SYSTEM = [
    ("agent/serve.c", "unistd.h", True),
    ("agent/serve.c", "stdint.h", False),
    ("linux/net/socket.c", "sys/socket.h", False),
    ("platform/transfer.c", "sys/socket.h", True),
    ("platform/transfer.c", "limits.h", False),
    ("capture/x11/server/find.c", "X11/Xlib.h", False),
    ("picture/png.c", "zlib.h", False),
    ("picture/hash.c", "zlib.h", True),
]
CIRCLES = [  # (what includes what, how many circles of modules, of rooms)
    ({"a/x.c": {"a/x.h", "a/y.h"}, "a/y.c": {"a/y.h"}, "a/x.h": set(), "a/y.h": set()}, 0, 0),
    ({"a/x.c": {"a/x.h", "a/y.h"}, "a/y.c": {"a/y.h", "a/x.h"}, "a/x.h": set(), "a/y.h": set()}, 1, 0),
    ({"a/x.c": {"a/private.h"}, "a/private.h": {"a/x.h"}, "a/x.h": set()}, 0, 0),
    ({"a/x.c": {"b/y.h"}, "b/z.c": {"c/w.h"}, "c/v.c": {"a/u.h"}}, 0, 1),
    ({"a/x.c": {"a/b/y.h"}, "a/b/z.c": {"a/u.h"}}, 0, 0),
]
WORDS = [  # (file, line, is it refused?)
    ("base/error.c", "/* TO" + "DO: the rest */", True),
    ("base/error.c", "/* see issue 12 */", True),
    ("base/error.c", "/* see no-such-paper." + "md */", True),
    ("docs/develop.md", "see ../../elsewhere/file", True),
    ("tests/run", "fetch https" + "://example.org/x", True),
    ("base/error.c", "return error_set(err, ERR_INVALID, \"#%u\", index);", False),
]


def wrong_cases():
    for check, cases in ((lint_includes.own_include, INCLUDES), (lint_includes.system_include, SYSTEM)):
        for path, header, refused in cases:
            if bool(check(path, header)) != refused:
                yield f"{path} including {header} is {'allowed' if refused else 'refused'}"
    for includes, *expected in CIRCLES:
        found = [len(list(lint_circles.circles(lint_circles.graph(includes, place))))
                 for place in (lint_circles.module, lint_circles.room)]
        if found != expected:
            yield f"{includes} has {found} circles of modules and of rooms"
    for path, line, refused in WORDS:
        if bool(list(lint_shape.wrong_words(path, line))) != refused:
            yield f"'{line}' in {path} is {'allowed' if refused else 'refused'}"
    for ending in ("#if defined(_WIN32)", "#ifdef __linux__", "#ifdef __MINGW_PRINTF_FORMAT"):
        if not lint_includes.OS_CONDITION.search(ending):
            yield f"'{ending}' is allowed"


lint.finish(lint.report("selftest", list(wrong_cases())))
