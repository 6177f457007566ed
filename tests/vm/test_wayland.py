# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest with two cards that are on, and a Wayland compositor on the one that comes last by its class: the picture is the
compositor's, by what the card's own hardware tells."""
import os
import sys
import time

import initramfs
import rig
import wire
from rig import by_crc, by_screendump, check, value

WESTON = "/usr/lib/x86_64-linux-gnu/"
FILES = ["/usr/bin/weston", WESTON + "libweston-10/drm-backend.so", WESTON + "weston/desktop-shell.so",
         WESTON + "weston-desktop-shell"]
# A still picture, of one color with a step in it that no console has.
CONFIG = """[core]
require-input=false
idle-time=0
[shell]
panel-position=none
background-color=0xff336699
locking=false
client=/usr/lib/x86_64-linux-gnu/weston-desktop-shell
[output]
name=Virtual-2
mode=1024x768
"""
START = """mkdir -p -m 700 /tmp/run /usr/share/X11/xkb /usr/share/fonts
export XDG_RUNTIME_DIR=/tmp/run
exec /usr/bin/weston --backend=drm-backend.so --drm-device=card1 --use-pixman --tty=2 --config=/tmp/weston.ini \\
    --continue-without-input --log=/tmp/weston.log"""


def lacking():
    return next((f"no {path}" for path in FILES if not os.path.exists(path)), "") or initramfs.lacking(["vkms"])


def console_before(machine):
    """Of two cards that are on, the emulated one with the console."""
    facts, *_ = by_screendump(machine, "the console on bochs", backend=None)
    check(value(facts, "chosen").startswith("card0 (bochs-drm, "), facts)


def wait_until(done, what):
    end = time.monotonic() + rig.PATIENCE
    while not done():
        check(time.monotonic() < end, f"not within {rig.PATIENCE} s: {what}")
        time.sleep(0.3)


def shows_weston(machine):
    """Whether vkms shows weston's background, whichever card is thought to be in front."""
    try:
        _, _, _, pixels = machine.picture(output="card1-Virtual-2")
    except wire.Refused:
        return False
    return pixels.count(bytes.fromhex("336699")) > 1000


def weston_is_seen(machine):
    """Before the mend: the console of bochs, black behind a terminal in graphics mode, since its class comes first."""
    machine.client.put("/tmp/weston.ini", CONFIG.encode())
    weston = machine.client.shell(START, stdout="/tmp/weston.out", stderr="/tmp/weston.out")
    try:
        wait_until(lambda: shows_weston(machine), "weston's background")
    except AssertionError as reason:
        raise AssertionError(f"{reason}: {machine.shell('tail -n 20 /tmp/weston.out /tmp/weston.log 2>&1')}") from reason
    facts, *_ = by_crc(machine, "weston on vkms, beside bochs", card=1, backend=None)
    chosen = value(facts, "chosen")
    check(chosen.startswith("card1 (vkms) is virtual") and "and weston (process" in chosen, chosen)
    machine.shell("chvt 1")
    facts, *_ = by_screendump(machine, "the console on bochs, on another terminal", backend=None)
    machine.shell("chvt 2")
    wait_until(lambda: shows_weston(machine), "weston's background again")
    by_crc(machine, "weston again", card=1, backend=None)
    machine.end(weston)


def main():
    lacks = lacking()
    if lacks:
        print(f"SKIP vm-wayland: {lacks}", flush=True)
        return 0
    rig.in_guest("wayland", ["-vga", "none", "-device", "bochs-display"], ["bochs", "vkms"],
                 [("console", console_before), ("weston", weston_is_seen)], more=FILES)
    return 1 if rig.failed else 0


if __name__ == "__main__":
    sys.exit(main())
