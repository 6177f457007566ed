#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CRCs that the agent tells (RPC crc) in a guest with vkms: of its own picture, and of the hardware by debugfs. Both
are held against what is read here with a shell, and computed here from the picture."""
import sys

import initramfs
import rig
import picture
import wire
from rig import check

OUTPUT = "card0-Virtual-1"
CRC = "/sys/kernel/debug/dri/0/crtc-0/crc"


def crcs(machine, *options):
    """({source: value}, the reasons of those that can't be had)."""
    reply = machine.client.call(wire.CRC, *map(wire.s, ("deadline-ms=30000", *options)))
    if [entry.kind for entry in reply] == ["e"]:
        raise wire.Refused(reply[0].text)
    facts = [entry.text.split("=", 1) for entry in reply]
    found = dict(value.split(" ", 1) for key, value in facts if key == "crc")
    check(all(value.split(" ")[1:] == [OUTPUT] for value in found.values()), facts)
    return ({source: value.split(" ")[0] for source, value in found.items()},
            [value for key, value in facts if key == "refused"])


def shell_crc(machine):
    return machine.shell(f"head -n 2 {CRC}/data").split()[-1]


def both_are_what_the_hardware_has(machine):
    _, _, _, pixels = machine.picture()
    told, refused = crcs(machine)
    check(told == {"software": f"0x{picture.crc(pixels):08x}", "debugfs": shell_crc(machine)}, (told, refused))
    check(told["software"] == told["debugfs"], told)


SOFT = [("soft cursor", ["primary:XR24:{size}:gradient", "cursor:AR24:64x64:glass:CRTC_X=100:CRTC_Y=50"]),
        ("soft overlay and cursor", ["primary:XR48:{size}:gradient", "overlay:AR24:300x200:glass:CRTC_X=401:CRTC_Y=303",
                                     "cursor:AR24:64x64:glass:CRTC_X=390:CRTC_Y=290"]),
        ("overlay AR48", ["primary:XR24:{size}:negative", "overlay:AR48:300x200:glass:CRTC_X=11:CRTC_Y=33"])]


def what_is_mixed_in_16_bits(machine):
    """The picture's 8 bits no longer have the hardware's CRC, but what the agent composed has."""
    def take(what):
        _, _, _, pixels = machine.picture()
        told, refused = crcs(machine)
        rig.note(machine, f"{what}, CRC by the agent", f"CRC {told['debugfs']}", told["software"] == told["debugfs"])
        check(told["software"] == told["debugfs"] == shell_crc(machine), (what, told, refused))
        check(told["software"] != f"0x{picture.crc(pixels):08x}", f"{what} is exact in 8 bits, and shows nothing")
    for what, planes in SOFT:
        rig.with_client(machine, rig.scene(planes), lambda: take(what))  # noqa: B023


def colours_after_the_gamma_table(machine):
    """The hardware's CRC is of what it has tinted. vkms reckons with 32 bits behind the point, so the steps of these tables
    are whole ones of 16 bits."""
    def take():
        facts, *_ = machine.picture()
        check(any(key == "warning" and "tints the picture" in text for key, text in facts), facts)
        before, _ = crcs(machine)
        after, refused = crcs(machine, "color=applied")
        rig.note(machine, "gamma table, CRC by the agent", f"CRC {after['debugfs']}", after["software"] == after["debugfs"])
        check(after["software"] == after["debugfs"], (after, refused))
        check(before["software"] != before["debugfs"], "the table changes nothing")
    planes = rig.scene(SOFT[0][1])
    rig.with_client(machine, [planes[0], "gamma=100,-100,0", *planes[1:]], take)


def a_part_of_what_is_mixed(machine):
    """Of a region that is all it is the whole's, and where the 8 bits are exact it is theirs."""
    def take():
        whole, _ = crcs(machine)
        all_of_it, _ = crcs(machine, f"region={rig.SIZE[0]}x{rig.SIZE[1]}+0+0")
        plain, _ = crcs(machine, "region=100x7+3+11")  # where the gradient alone is
        _, _, _, pixels = machine.picture(region="100x7+3+11")
        check(all_of_it == whole, (all_of_it, whole))
        check(plain["software"] == f"0x{picture.crc(pixels):08x}", plain)
    rig.with_client(machine, rig.scene(SOFT[0][1]), take)


def a_change_is_seen_by_both(machine):
    before, _ = crcs(machine)
    machine.shell("echo a change > /dev/tty0")
    after, _ = crcs(machine)
    check(set(before.items()).isdisjoint(after.items()), (before, after))
    check(after["software"] == after["debugfs"], after)


def hardware_without_pixels(machine):
    told, refused = crcs(machine, "region=1x1+9999+0")
    check(list(told) == ["debugfs"] and told["debugfs"] == shell_crc(machine), told)
    check(any(reason.startswith("software: ") for reason in refused), refused)


def one_that_is_read_already(machine):
    machine.shell(f"(exec 3< {CRC}/data; echo > /tmp/open; while [ ! -e /tmp/close ]; do sleep 0.1; done) & "
                  "while [ ! -e /tmp/open ]; do sleep 0.1; done")
    try:
        told, refused = crcs(machine)
        check(list(told) == ["software"], told)
        check(any("another program reads it" in reason for reason in refused), refused)
    finally:
        machine.shell("touch /tmp/close; sleep 0.5")
    check(set(crcs(machine)[0]) == {"software", "debugfs"}, "it does not come back")


def nothing_is_changed(machine):
    before = machine.shell(f"cat {CRC}/control; ls /proc/self/fd | wc -l")
    for _ in range(20):
        crcs(machine)
    check(machine.shell(f"cat {CRC}/control; ls /proc/self/fd | wc -l") == before, "the source is another one")
    holders = machine.shell("ls -l /proc/[0-9]*/fd 2>/dev/null | grep crc/data || true")
    check(not holders, f"somebody has it open still: {holders}")


def without_debugfs(machine):
    machine.shell("umount /sys/kernel/debug")
    try:
        told, refused = crcs(machine)
        check(list(told) == ["software"], told)
        check(any(reason.startswith("debugfs: ") and "debugfs is not mounted" in reason for reason in refused), refused)
    finally:
        machine.shell("mount -t debugfs debug /sys/kernel/debug")


TESTS = [both_are_what_the_hardware_has, what_is_mixed_in_16_bits, a_part_of_what_is_mixed, a_change_is_seen_by_both, hardware_without_pixels, one_that_is_read_already,
         nothing_is_changed, without_debugfs]

if [int(part) for part in initramfs.kernel_version().split(".")[:2]] >= [6, 7]:  # vkms has tables since then
    TESTS.append(colours_after_the_gamma_table)
else:
    print("SKIP vm-crc-colours-after-the-gamma-table: vkms has no gamma table before Linux 6.7")

if __name__ == "__main__":
    sys.exit(rig.main([("crc", ["-vga", "none"], ["vkms"],
                        [(test.__name__.replace("_", "-"), test) for test in TESTS])]))
