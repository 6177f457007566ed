# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures of the cards that QEMU emulates, against QEMU's own screendump of them."""
import sys

import rig
import picture
import wire
from changes import compose
from rig import by_screendump, check, scene, size_of, value, with_client
from worker import Facts


def console(machine):
    by_screendump(machine, "text console")


def gradient(machine):
    with_client(machine, scene(["primary:XR24:{size}:gradient"], size_of(machine)),
                lambda: by_screendump(machine, "primary XR24"))


def other_mode(machine):
    facts, *size, _ = with_client(machine, scene(["primary:XR24:{size}:sea"], (800, 600)),
                                  lambda: by_screendump(machine, "mode of 800x600"))
    check(size == [800, 600], facts)
    by_screendump(machine, "text console, in its mode again")


def cursor(machine):
    """QEMU keeps a cursor plane's picture to itself: without it, the rest is equal, and the agent knows of it. These
    drivers hide the plane from who doesn't tell that it knows of hotspots."""
    def take():
        by_screendump(machine, "primary XR24 under a cursor plane", cursor=0)
        facts, width, _, pixels = machine.picture()
        check(value(facts, "cursor") == "drawn", facts)
        _, _, _, without = machine.picture(cursor=0)
        check(0 < rig.differing(pixels, without) <= 64 * 64, "the cursor makes no difference")
        check(all(pixels[y * width * 3:y * width * 3 + 300] == without[y * width * 3:y * width * 3 + 300]
                  for y in range(200)), "the cursor is drawn elsewhere than it is")
    with_client(machine, scene(["primary:XR24:{size}:blocks", "cursor:AR24:64x64:glass:CRTC_X=100:CRTC_Y=50"],
                               size_of(machine)), take)


def take(machine, *options):
    reply = machine.client.call(wire.SCREENSHOT, *map(wire.s, ("cursor=0", "format=ppm", "delta=1", *options)))
    file = reply[-1].payload if reply[-1].kind == "d" else None
    return Facts(entry.text for entry in reply if entry.kind == "s"), file


def changes(machine):
    """Of two screens in turn, for a second each, a wait ends at each, and what differs over the old one is the new one."""
    def see():
        facts, file = take(machine)
        shot, seen = picture.decode_ppm(file), [facts["hash"]]
        for _ in range(3):
            facts, file = take(machine, f"if-changed={seen[-1]}", "wait-ms=60000")
            check("unchanged" not in facts, facts)
            shot = compose(shot, facts, file) if facts["delta"] != "whole" else picture.decode_ppm(file)
            check(shot.hash() == facts["hash"], "the composed picture is another one")
            seen.append(facts["hash"])
        check(seen[0] == seen[2] != seen[1] == seen[3], f"pictures {seen}")
    screens = [scene([f"primary:XR24:{{size}}:{pattern}"], (320, 240)) for pattern in ("gradient", "negative")]
    with_client(machine, ["every=1000", *screens[0], "--", *screens[1]], see)


TESTS = [("console", console), ("primary-XR24", gradient), ("other-mode", other_mode)]
CURSOR_TESTS = TESTS + [("cursor", cursor)]

if __name__ == "__main__":
    sys.exit(rig.main([
        ("bochs", ["-vga", "std"], ["bochs"], TESTS + [("changes", changes)]),
        ("virtio-gpu", ["-vga", "none", "-device", "virtio-gpu-pci"], ["virtio_pci", "virtio-gpu"], CURSOR_TESTS),
        ("qxl", ["-vga", "qxl"], ["qxl"], CURSOR_TESTS),
        ("vmwgfx", ["-vga", "vmware"], ["vmwgfx"], TESTS),
        ("cirrus", ["-vga", "cirrus"], ["cirrus"], TESTS),
    ]))
