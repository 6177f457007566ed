#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings by the Windows agent of a desktop of its own: each of a sequence of screens once, and the last one as xwd reads
it.

PERISCOPE_RECORD_SCREENS is how many; with it they are shown over 60 s, without it each as soon as the one before was seen."""
import os
import tempfile
import time

import wine
from wine import Agent, check, equal, eventually

import recording  # noqa: E402  (wine sets the path to it)

WIDTH, HEIGHT = 640, 480  # the pointer is on it: of several desktops, Wine 10 has the input on that below the pointer
SCREENS = int(os.environ.get("PERISCOPE_RECORD_SCREENS") or 6)
PAUSE = 60 / SCREENS if "PERISCOPE_RECORD_SCREENS" in os.environ else 0


def as_xwd_reads_it():
    return wine.read_screen().crop(0, 0, WIDTH, HEIGHT)


def looks(agent):
    """How often the screen was written down."""
    words = agent.periscope("record", before=("--list",)).out.decode().split()
    facts = dict(word.split("=", 1) for word in words if "=" in word)
    return int(facts["pictures"]) + int(facts["same"])


def show(agent, number):
    before = looks(agent)
    agent.write("number", str(number).encode())
    if PAUSE:
        time.sleep(PAUSE)
    else:
        eventually(lambda: looks(agent) > before, f"a picture of screen {number}")


def begin(agent):
    """Records a window that shows screens by their number."""
    agent.write("number", b"0")
    agent.start_program(wine.exe("tools/screens.exe"))
    eventually(lambda: "Screens" in agent.periscope("get", ".periscope/windows.txt", "-").out.decode(), "the window")
    eventually(lambda: as_xwd_reads_it().crop(60, 40, 1, 1).pixels == bytes(3), "the window on the screen")
    name = agent.periscope("record", before=("--detach",)).out.decode().strip()
    eventually(lambda: looks(agent) == 1, "the first picture")
    return name


def each_of_a_sequence_of_screens_is_a_picture_once():
    with Agent("--journal", "journal", desktop=f"{WIDTH}x{HEIGHT}") as agent, tempfile.TemporaryDirectory() as folder:
        name = begin(agent)
        equal(os.listdir(agent.path("journal/recordings")), [name], "where it is")
        for number in range(1, SCREENS):
            show(agent, number)
        show(agent, 1)
        want = as_xwd_reads_it()
        agent.periscope("record", before=("--stop", name, "--out", f"{folder}/film"))
        equal(os.listdir(agent.path("journal/recordings")), [], "what is left of it in the guest")
        lines, pictures = recording.check_folder(f"{folder}/film")
        equal(recording.numbers_shown(lines), [*range(1, SCREENS + 1), 2], "what the screen showed")
        equal(pictures[2].fields[1], want.hash(), "the picture that was shown last")
        check("part" in {line.kind for line in pictures.values()}, "no part among them")
        os.remove(agent.path("number"))


def an_upgrade_goes_on_with_the_recording():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent, tempfile.TemporaryDirectory() as folder:
        name = begin(agent)
        show(agent, 1)
        agent.periscope("upgrade", wine.exe("periscoped.exe"))
        eventually(lambda: looks(agent) == 3, "a look of the new agent")
        for number in (2, 0):
            show(agent, number)
        agent.periscope("record", before=("--stop", name, "--out", f"{folder}/film"))
        lines, _ = recording.check_folder(f"{folder}/film")
        equal(recording.numbers_shown(lines), [1, 2, 2, 3, 1], "what the screen showed")
        equal([" ".join(line.fields) for line in lines if line.kind == "fail"], ["the agent becomes another executable"],
              "what was not seen")
        os.remove(agent.path("number"))


wine.main([each_of_a_sequence_of_screens_is_a_picture_once, an_upgrade_goes_on_with_the_recording])
