#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes pictures of a page in Chromium.

usage: tests/web/take.py ADDRESS PICTURE [ADDRESS PICTURE]... [--until FILE]

With --until, again and again until the file is there; what is kept is the picture on whose screen there is most to see, by
the size of that as PNG.
"""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import webdriver  # noqa: E402

EVERY_S = 2
SCREEN = ".view, [data-screen]:not([hidden])"
DRAWN = "return [...document.querySelectorAll('.tile canvas, [data-screen]:not([hidden]) canvas')].length > 0"


def take(page, path, best):
    """Keeps the picture if its screen has more than the best one had."""
    size = len(page.picture(SCREEN))
    if size <= best.get(path, 0):
        return
    best[path] = size
    data = page.picture()
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)


def main():
    words = sys.argv[1:]
    until = words.pop() if len(words) > 1 and words[-2] == "--until" else None
    words = words[:-1] if until else words
    if not words or len(words) % 2:
        sys.exit(__doc__.split("\n\n")[1])
    with webdriver.Driver() as driver:
        pages = [(driver.page(address), path) for address, path in zip(words[::2], words[1::2])]
        for page, _ in pages:
            page.wait(DRAWN, "a picture on the page")
            page.settle(1.5)  # the screen stands still by then
        best = {}
        while True:
            for page, path in pages:
                take(page, path, best)
            if not until or os.path.exists(until):
                return
            time.sleep(EVERY_S)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # with the browsers that it has started
    try:
        main()
    except webdriver.Skip as why:
        sys.exit(f"take.py: {why}")
