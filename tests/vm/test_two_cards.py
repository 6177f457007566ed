# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests with two cards at once: each by its name gives its own picture, by what its own hardware or QEMU tells."""
import sys

import rig
from rig import by_crc, by_screendump, check, scene, value, with_client

FIRST, SECOND = "card0-Virtual-1", "card1-Virtual-2"  # the kernel numbers connectors over all cards
SECOND_SIZE = (800, 600)


def with_both(machine, take, first_size=rig.SIZE):
    """Shows another scene on each card."""
    return with_client(machine, scene(["primary:XR24:{size}:sea"], first_size),
                       lambda: with_client(machine, scene(["primary:XR24:{size}:gradient"], SECOND_SIZE), take, card=1))


def check_names(machine):
    properties = dict(machine.client.properties())
    names = {properties[key] for key in properties if key.startswith("display.") and key.endswith(".name")}
    check(names == {FIRST, SECOND}, names)
    return properties


def vkms_and_bochs_by_name(machine):
    def take():
        facts, *_ = by_crc(machine, "vkms by its name", output=FIRST)
        check(value(facts, "drm.driver") == "vkms", facts)
        facts, *_ = by_screendump(machine, "bochs by its name", "second", output=SECOND)
        check(value(facts, "drm.driver") == "bochs-drm", facts)
        check_names(machine)
    with_both(machine, take)


def both_emulated_by_name(machine):
    def take():
        facts, *_ = by_screendump(machine, "virtio-gpu by its name", "first", output=FIRST)
        check(value(facts, "drm.driver") == "virtio_gpu", facts)
        facts, *_ = by_screendump(machine, "qxl by its name", "second", output=SECOND)
        check(value(facts, "drm.driver") == "qxl", facts)
        check_names(machine)
    with_both(machine, take, (1280, 800))


def auto_takes_the_passed_through(machine):
    """Nothing is passed through to this guest: each card stands for it in turn, by the operator's word."""
    def take():
        facts, *_ = by_crc(machine, "auto, vkms stands for a passed-through card",
                           **{"backend": None, "card-class": "vkms=passed-through"})
        check(value(facts, "chosen").startswith("card0 (vkms) is passed-through"), facts)
        facts, *_ = by_screendump(machine, "auto, bochs stands for a passed-through card", "second",
                                  **{"backend": None, "card-class": "bochs-drm=passed-through"})
        chosen = value(facts, "chosen")
        check(chosen.startswith("card1 (bochs-drm, ") and " is passed-through " in chosen, facts)
    with_both(machine, take)


def rule_of_no_card_is_told(machine):
    """With the cards' drivers by the names that DRM tells of opened cards, for which a rule can be."""
    def take():
        properties = check_names(machine)
        drivers = {properties[f"display.{i}.name"]: properties[f"display.{i}.driver"] for i in (0, 1)}
        for driver, refused in (("no-driver", f"card-class: 'no-driver=virtual' is of no card here: card0 is {drivers[FIRST]}, "
                                              f"card1 is {drivers[SECOND]}"), (drivers[FIRST], None), (drivers[SECOND], None)):
            facts, *_ = machine.picture(**{"backend": None, "card-class": f"{driver}=virtual"})
            check(value(facts, "refused") == refused, (driver, facts))
    with_both(machine, take)


def all_side_by_side(machine):
    """In one picture: the rows of both, in the order in which the displays are told."""
    def take():
        properties = check_names(machine)
        pictures = [machine.picture(output=properties[f"display.{i}.name"])[1:] for i in (0, 1)]
        _, width, height, pixels = machine.picture(output="all")
        check((width, height) == (pictures[0][0] + pictures[1][0], max(pictures[0][1], pictures[1][1])), (width, height))
        left = 0
        for part_width, part_height, part in pictures:
            rows = [pixels[(y * width + left) * 3:(y * width + left + part_width) * 3] for y in range(part_height)]
            check(b"".join(rows) == part, f"the part at {left} is another picture")
            left += part_width
    with_both(machine, take)


if __name__ == "__main__":
    sys.exit(rig.main([
        ("vkms+bochs", ["-vga", "none", "-device", "bochs-display,id=second"], ["vkms", "bochs"],
         [("by-name", vkms_and_bochs_by_name), ("auto", auto_takes_the_passed_through),
          ("rule", rule_of_no_card_is_told), ("side-by-side", all_side_by_side)]),
        ("virtio-gpu+qxl", ["-vga", "none", "-device", "virtio-gpu-pci,id=first", "-device", "qxl,id=second"],
         ["virtio_pci", "virtio-gpu", "qxl"],
         [("by-name", both_emulated_by_name), ("rule", rule_of_no_card_is_told), ("side-by-side", all_side_by_side)]),
    ]))
