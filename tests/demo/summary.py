#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sums up the runs of an agent, below a folder, from their result.json.

usage: tests/demo/summary.py NAME DIR
"""
import glob
import json
import os
import sys


def main():
    units = []
    for path in sorted(glob.glob(os.path.join(sys.argv[2], "*", "result.json"))):
        with open(path, encoding="utf-8") as file:
            run = json.load(file)
        units += [(run["dll"], unit) for unit in run["units"]]
    verdicts = {}
    for _, unit in units:
        verdicts[unit["verdict"]] = verdicts.get(unit["verdict"], 0) + 1
    print("\n{}: {} units of {} DLLs ran: {}; {} tests, {} failures".format(
        sys.argv[1], len(units), len({dll for dll, _ in units}),
        ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items()),
        sum(unit["tests"] for _, unit in units), sum(unit["failures"] for _, unit in units)))
    return 0 if units else 1


if __name__ == "__main__":
    sys.exit(main())
