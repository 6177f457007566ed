#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command periscope in front of a guest that QEMU sees, and of one that it does not: displays, compare, and
screenshot with --qmp."""
import json
import os
import subprocess
import sys

import qemu
import rig
import picture
from rig import check

PERISCOPE = os.path.join(os.path.dirname(qemu.PERISCOPED), "periscope")
DIFFERENT, REFUSED = 118, 122


def periscope(machine, verb, *arguments, code=0):
    """The object that it prints; `code` is what it must exit with."""
    line = [os.path.abspath(PERISCOPE), verb, "--json", *arguments, f"--host=127.0.0.1:{machine.port}"]
    done = subprocess.run(line, capture_output=True, timeout=qemu.PATIENCE, check=False, cwd=machine.folder)
    check(done.returncode == code, f"{verb} exited with {done.returncode}: {done.stdout[-600:]} {done.stderr[-600:]}")
    return json.loads(done.stdout)


def with_qmp(machine):
    """The arguments; QEMU serves one client of its monitor at a time."""
    machine.monitor.socket.close()
    machine.monitor.lines.close()
    return "--qmp", os.path.abspath(os.path.join(machine.folder, "qmp"))


def read_png(machine, name):
    with open(os.path.join(machine.folder, name), "rb") as file:
        return picture.decode_png(file.read())


def what_qemu_sees(machine):
    qmp = with_qmp(machine)
    reply = periscope(machine, "compare", *qmp, "--backend", "drm", "--timeout", "60", "--output", "difference.png")
    rig.note(machine, "periscope compare --qmp", "screendump", reply["equal"])
    check(reply["equal"] and reply["differing"] == 0 and reply["pixels"] > 300000, reply)
    shown = periscope(machine, "displays")["displays"]
    check(len(shown) == 1 and shown[0]["sources"] == ["drm", "qemu"] and shown[0]["class"] == "emulated" and shown[0]["mode"].split("@")[0] ==
          f"{reply['qemu']['width']}x{reply['qemu']['height']}", shown)
    periscope(machine, "screenshot", *qmp, "--source", "agent", "--backend", "drm", "agent.png")
    periscope(machine, "screenshot", *qmp, "--source", "qemu", "qemu.png")
    check(read_png(machine, "agent.png").same(read_png(machine, "qemu.png")), "two pictures")
    machine.shell("echo something else > /dev/tty0")
    check(periscope(machine, "compare", *qmp, "--backend", "drm", "--timeout", "60")["equal"], "not equal after a change")


def what_qemu_does_not_see(machine):
    """It has a card of its own beside the guest's vkms, which shows what the firmware left there."""
    qmp = with_qmp(machine)
    reply = periscope(machine, "compare", *qmp, "--display", "card0-Virtual-1", "--timeout", "60", "--output", "d.png",
                      code=DIFFERENT)
    check(not reply["equal"] and reply["differing"] > 0, reply)
    taken = periscope(machine, "screenshot", *qmp, "-o", "card0-Virtual-1", "taken.png")["facts"]
    check((taken["source"], taken["class"]) == ("agent", "virtual"), taken)
    difference = read_png(machine, "d.png")
    check((difference.width, difference.height) == (max(1024, reply["qemu"]["width"]), max(768, reply["qemu"]["height"])),
          "the picture of the difference")


if __name__ == "__main__":
    sys.exit(rig.main([("compare-bochs", ["-vga", "std"], ["bochs"], [("equal", what_qemu_sees)]),
                       ("compare-vkms", ["-vga", "std"], ["vkms"], [("different", what_qemu_does_not_see)])]))
