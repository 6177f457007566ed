#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests that documents name for their claims: each must be there."""
import os
import re

import lint

DOCUMENTS = ("docs/security.md", "docs/field.md")
NAMED = re.compile(r"([\w/]+\.(?:py|c)): ((?:`\w+`(?:, )?)+)")


def missing(document):
    """What it names and is not there. A test is a function of that name."""
    with open(document, encoding="utf-8") as file:
        text = file.read()
    named = [(path, name) for path, names in NAMED.findall(text) for name in re.findall(r"`(\w+)`", names)]
    if not named:
        return [f"{document}: names no test"]
    wrong = []
    for path, name in named:
        path = os.path.join("tests", path)
        if not os.path.exists(path):
            wrong.append(f"{document}: there is no {path}")
            continue
        with open(path, encoding="utf-8") as file:
            if not re.search(rf"^(?:def|static void) {name}\(", file.read(), re.M):
                wrong.append(f"{document}: {path} has no test {name}")
    return wrong


def main():
    return lint.report("claims", [wrong for document in DOCUMENTS for wrong in missing(document)])


if __name__ == "__main__":
    lint.finish(main())
