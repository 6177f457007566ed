#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest's own kernel tells of its cards and of itself: real records, a driver that is unbound, and a card that is taken
off its bus. The dump of a card's state can't be had here: no driver of an emulated card makes one."""
import sys

import rig
import wire
from rig import check

EATER = "dd if=/dev/zero of=/dev/null bs=150M count=1000000 2>/dev/null"
BUS = "/sys/bus/pci"


def properties(machine):
    return {name: value for name, value in machine.client.properties() if name.startswith("gpu.")}


def await_event(machine, kind, text, since):
    """The first event of that kind with the text behind `since`, told while it is waited for."""
    number, told = since, []
    while True:
        facts, events = machine.client.events("since=" + number, f"wait-ms={rig.PATIENCE * 1000}")
        for event in events:
            if event[2] == kind and text in event[3]:
                return event
        told += events
        check(events, f"no {kind} event {text!r} within {rig.PATIENCE} s, only {told}")
        number = facts["last"]


def last_event(machine):
    return machine.client.events()[0]["last"]


def cards_are_told_from_files(machine):
    told = properties(machine)
    check(told["gpu.count"] == "2" and "gpu.error" not in told, told)
    for number in "01":
        check((told[f"gpu.{number}.ids"], told[f"gpu.{number}.driver"], told[f"gpu.{number}.class"]) ==
              ("1234:1111", "bochs-drm", "emulated"), told)
        check((told[f"gpu.{number}.state"], told[f"gpu.{number}.resets"], told[f"gpu.{number}.display"]) ==
              ("ok", "0", "yes"), told)


def users_records_are_none(machine):
    """What a user writes to /dev/kmsg is no fault; the next record of the kernel's own, behind it, is told."""
    address, since = properties(machine)["gpu.0.pci"], last_event(machine)
    machine.shell(f"echo '<3>NVRM: Xid (PCI:{address}): 79, GPU has fallen off the bus.' > /dev/kmsg;"
                  f"echo '<0>xe {address}: [drm] Tile0: GT0: reset failed (-110)' > /dev/kmsg")
    check("reset failed" in machine.shell("dmesg"), "the kernel has not taken them")
    eater = machine.client.run("sh", "-c", EATER)
    machine.shell(f"until grep -q dd /proc/{eater}/comm || pidof dd; do sleep 0.1; done; sleep 1; echo f > /proc/sysrq-trigger")
    event = await_event(machine, "kernel", "Out of memory: Killed process", since)
    check("(dd)" in event[3], event)
    machine.client.kill(eater)
    told = machine.client.events("since=" + since)[1]
    check(not [event for event in told if event[2] == "gpu"], told)
    check(properties(machine)["gpu.0.state"] == "ok", properties(machine))


def driver_that_is_unbound_is_none(machine):
    address = properties(machine)["gpu.1.pci"]
    machine.shell(f"echo {address} > {BUS}/drivers/bochs-drm/unbind")
    told = properties(machine)
    check((told["gpu.1.state"], "gpu.1.driver" in told) == ("no driver", False), told)
    check(told["gpu.1.display"].startswith("no: "), told)
    machine.shell(f"echo {address} > {BUS}/drivers/bochs-drm/bind")
    told = properties(machine)
    check((told["gpu.1.state"], told["gpu.1.driver"], told["gpu.1.display"]) == ("ok", "bochs-drm", "yes"), told)


def card_off_its_bus_is_lost(machine):
    second, since = properties(machine)["gpu.1.pci"], last_event(machine)
    machine.shell(f"echo 1 > {BUS}/devices/{second}/remove")
    event = await_event(machine, "gpu", f"{second} lost: ", since)
    told = properties(machine)
    check((told["gpu.count"], told["gpu.1.pci"], told["gpu.1.state"]) == ("2", second, "lost"), (event, told))
    check(told["gpu.0.state"] == "ok", told)
    with wire.Client(machine.port) as client:
        client.ping()


if __name__ == "__main__":
    print("SKIP vm-gpu-dump: no driver of an emulated card makes a dump", flush=True)
    sys.exit(rig.main([
        ("gpu", ["-vga", "none", "-device", "bochs-display,id=first", "-device", "bochs-display,id=second"], ["bochs"],
         [("cards-are-told-from-files", cards_are_told_from_files), ("users-records-are-none", users_records_are_none),
          ("driver-that-is-unbound-is-none", driver_that_is_unbound_is_none),
          ("card-off-its-bus-is-lost", card_off_its_bus_is_lost)]),
    ]))
