#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings of what the kernel scans out: a client shows fifty screens in a minute (VM_SHORT: 12), or a few in turn. Each is
a picture once, as vkms' CRC tells or as QEMU sees it, and the order is the client's."""
import os
import sys
import tempfile

import rig
import picture
import recording
import wire
from harness import eventually
from rig import check, scene
from wire import s

SIZE = (320, 240)
SCREENS = 12 if os.environ.get("VM_SHORT") else 50
PLACES = [["primary:XR24:{size}:blocks", f"overlay:XR24:64x48:gradient:CRTC_X={5 * place}:CRTC_Y={3 * place}"]
          for place in range(SCREENS)]
COLOURS = [[f"primary:XR24:{{size}}:{pattern}"] for pattern in ("gradient", "blocks", "negative", "sea")]
EVERY_MS = 1200
MORE = 2  # screens after a whole turn, which are known


def facts_of(reply):
    return dict(entry.text.split("=", 1) for entry in reply)


def shown(machine, folder):
    lines, _ = recording.read_index(machine.client.get(f"{folder}/index.txt"))
    return recording.numbers_shown(lines)


def each_screen_once(machine, screens, crcs=None):
    """Records a turn of them, and a little more."""
    arguments = [word for planes in screens for word in ("--", *scene(planes, SIZE))][1:]

    def take():
        facts = facts_of(machine.client.call(wire.RECORDSTART, s("rate=20"), s("cursor=1")))
        eventually(lambda: len(shown(machine, facts["folder"])) >= len(screens) + MORE, "all screens, and some again",
                   rig.PATIENCE)
        if crcs is not None:
            crcs.update(rig.hardware_crcs(machine, 1))
        told = facts_of(machine.client.call(wire.RECORDSTOP, s(facts["id"])))
        numbers = shown(machine, facts["folder"])
        with tempfile.TemporaryDirectory() as folder:
            rig.fetch(machine, facts["folder"], folder)
            lines, pictures = recording.check_folder(folder)
            whole = {picture.crc(recording.compose(folder, pictures, number).pixels) for number in pictures}
        machine.shell(f"rm -r {facts['folder']}")
        check(len(pictures) == len(screens), f"{len(pictures)} pictures of {len(screens)} screens: {numbers}")
        check(all(later == number % len(screens) + 1 for number, later in zip(numbers, numbers[1:])), numbers)
        print(f"# {len(screens)} screens, shown as {numbers}; {told['bytes']} bytes")
        rig.note(machine, f"recording of {len(screens)} screens", "CRC" if crcs else "order", not crcs or crcs <= whole)
        check(not crcs or crcs <= whole, f"the hardware's {crcs} is none of {whole}")
    rig.with_client(machine, [f"every={EVERY_MS}", *arguments], take)


GUESTS = [
    ("vkms-record", ["-vga", "none"], ["vkms"],
     [("each-screen-once", lambda machine: each_screen_once(machine, PLACES, set()))]),
    ("bochs-record", ["-device", "bochs-display"], ["bochs"],
     [("each-screen-once", lambda machine: each_screen_once(machine, COLOURS))]),
]

if __name__ == "__main__":
    sys.exit(rig.main(GUESTS))
