#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests that docs/security.md names for its claims: each must be there."""
import os
import re

import lint

DOCUMENT = "docs/security.md"
NAMED = re.compile(r"([\w/]+\.(?:py|c)): ((?:`\w+`(?:, )?)+)")


def missing(text):
    """What is named and not there. A test is a function of that name."""
    named = [(path, name) for path, names in NAMED.findall(text) for name in re.findall(r"`(\w+)`", names)]
    if not named:
        return [f"{DOCUMENT}: names no test"]
    wrong = []
    for path, name in named:
        path = os.path.join("tests", path)
        if not os.path.exists(path):
            wrong.append(f"{DOCUMENT}: there is no {path}")
            continue
        with open(path, encoding="utf-8") as file:
            if not re.search(rf"^(?:def|static void) {name}\(", file.read(), re.M):
                wrong.append(f"{DOCUMENT}: {path} has no test {name}")
    return wrong


def main():
    with open(DOCUMENT, encoding="utf-8") as file:
        return lint.report("claims", missing(file.read()))


if __name__ == "__main__":
    lint.finish(main())
