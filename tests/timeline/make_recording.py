#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the folder of a result, to look at its page.

usage: tests/timeline/make_recording.py FOLDER [PICTURES [LINES]]
"""
import json
import os
import random
import sys

from recording_writer import Recording, Report, Screen

WIDTH, HEIGHT = 1280, 720


def window(screen, x, y, width, height, title=(60, 98, 180)):
    screen.fill(x - 1, y - 1, width + 2, height + 2, (20, 24, 32))
    screen.fill(x, y, width, height, (238, 240, 244))
    screen.fill(x, y, width, 22, title)
    screen.fill(x + width - 18, y + 5, 12, 12, (226, 92, 80))
    return screen


def desktop():
    screen = Screen(WIDTH, HEIGHT, (38, 84, 110))
    for row in range(HEIGHT):
        shade = row * 40 // HEIGHT
        screen.fill(0, row, WIDTH, 1, (28 + shade, 74 + shade, 104 + shade))
    return screen.fill(0, HEIGHT - 36, WIDTH, 36, (24, 28, 36)).fill(8, HEIGHT - 30, 60, 24, (70, 130, 200))


def text_rows(screen, rng, x, y, width, rows):
    for row in range(rows):
        at = x
        while at < x + width - 40:
            word = rng.randrange(8, 48)
            screen.fill(at, y + row * 12, min(word, x + width - at), 6, (70, 76, 90))
            at += word + 6
    return screen


def small(folder):
    rng = random.Random(4)
    recording, report = Recording(os.path.join(folder, "recording")), Report(folder)
    screen = desktop()
    whole = recording.picture(0.05, screen)
    recording.event(0.2, "agent", "started, version 0.1.0")
    report.lines(0.9, "user32:msg start - -")
    screen = window(screen, 120, 90, 460, 300)
    recording.part(1.3, screen, whole, 119, 89, 462, 302)
    report.lines(1.4, "msg.c:212: Test marked todo: expected WM_ACTIVATE", "msg.c:230: Tests skipped: no IME here")
    for step in range(14):
        screen = text_rows(screen.copy(), rng, 136, 128 + step * 16, 420, 1)
        recording.part(1.9 + step * 0.35, screen, whole, 119, 89, 462, 302)
        report.lines(2.0 + step * 0.35, *(f"msg.c:{300 + step * 5 + i}: this is the message {step}.{i}, as expected" for i in range(3)))
    recording.input(7.4, "move=640,360")
    recording.input(7.5, "button=left,click")
    screen = window(screen.copy(), 420, 260, 520, 300, (150, 60, 60))
    before = recording.picture(8.1, screen)
    report.lines(9.1, "msg.c:4711: Test failed: the dialog did not get the focus, got 00000000, expected 00010052",
                 "msg.c:4712: Test failed: message 0x0006 was expected, not 0x0086")
    text_rows(screen, rng, 440, 310, 460, 4).fill(760, 510, 120, 30, (200, 204, 214))
    recording.part(9.4, screen, before, 419, 259, 522, 302)
    recording.event(95, "gpu", "0000:01:00.0 reset pid=1234 name=\"user32_test.exe\": amdgpu: GPU reset begin!")
    recording.fail(95.2, "the X server does not answer: timed out")
    recording.picture(102, desktop())
    report.lines(103, "msg.c:5001: Test failed: the window is not visible <b>at all</b>")
    recording.same(104.5, before)
    for step in range(10):
        screen = window(desktop(), 80 + step * 60, 60 + step * 28, 360, 220)
        recording.picture(105 + step * 0.4, screen)
        report.lines(105.1 + step * 0.4, f"msg.c:{6000 + step}: moved to {80 + step * 60},{60 + step * 28}")
    report.lines(110, "09a4:msg: 3120 tests executed (41 marked as todo, 3 failures), 1 skipped.",
                 "user32:msg:09a4 done (3) in 109s")
    recording.stop(112)
    report.write()
    with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
        json.dump({"host": "vm1:9000", "executable": "user32_test.exe", "dll": "user32", "agent": "Periscope 0.1.0",
                   "verdict": "failed", "started": "2026-09-21T14:13:20.000Z", "units": []}, file)


def large(folder, pictures, lines):
    """Screens of text that scrolls and windows that move, most of them small parts."""
    rng = random.Random(5)
    recording, report = Recording(os.path.join(folder, "recording")), Report(folder)
    number = 0
    for step in range(pictures):
        at = step * 0.5 + (step // 500) * 400
        if step % 100 == 0:
            base = window(desktop(), 60, 40, 1100, 600)
            text_rows(base, rng, 80, 80, 1060, 40)
            whole = recording.picture(at, base)
        else:
            screen = base.copy()
            x, y = 80 + rng.randrange(900), 80 + rng.randrange(480)
            text_rows(screen.fill(x, y, 120, 40, (255, 255, 220)), rng, x + 4, y + 8, 110, 2)
            recording.part(at, screen, whole, x, y, 120, 40)
        count = lines * (step + 1) // pictures - number
        report.lines(at + 0.1, *(f"line.c:{number + i}: " + ("Test failed: got 3" if (number + i) % 5000 == 4999 else
                                                         f"something that a test prints, the line {number + i}")
                                 for i in range(count)))
        number += count
    recording.stop(at + 1)
    report.write()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        large(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    else:
        small(sys.argv[1])
