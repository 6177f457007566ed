# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures of the cards that QEMU emulates, against QEMU's own screendump of them."""
import sys

import rig
from rig import by_screendump, check, scene, size_of, value, with_client


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


TESTS = [("console", console), ("primary-XR24", gradient), ("other-mode", other_mode)]
CURSOR_TESTS = TESTS + [("cursor", cursor)]

if __name__ == "__main__":
    sys.exit(rig.main([
        ("bochs", ["-vga", "std"], ["bochs"], TESTS),
        ("virtio-gpu", ["-vga", "none", "-device", "virtio-gpu-pci"], ["virtio_pci", "virtio-gpu"], CURSOR_TESTS),
        ("qxl", ["-vga", "qxl"], ["qxl"], CURSOR_TESTS),
        ("vmwgfx", ["-vga", "vmware"], ["vmwgfx"], TESTS),
        ("cirrus", ["-vga", "cirrus"], ["cirrus"], TESTS),
    ]))
