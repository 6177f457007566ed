#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest's own kernel tells of its cards and of itself: real records, and a card that is taken off its bus."""
import sys

import rig
import wire
from rig import check

EATER = "dd if=/dev/zero of=/dev/null bs=100M count=1000000 2>/dev/null"


def properties(machine):
    return {name: value for name, value in machine.client.properties() if name.startswith("gpu.")}


def await_event(machine, kind, text, since="0"):
    """The first event of that kind with the text, told while it is waited for."""
    number = since
    while True:
        facts, events = machine.client.events("since=" + number, f"wait-ms={rig.PATIENCE * 1000}")
        for event in events:
            if event[2] == kind and text in event[3]:
                return event
        check(events, f"no event {text!r} within {rig.PATIENCE} s")
        number = facts["last"]


def cards_are_told_from_files(machine):
    told = properties(machine)
    check(told["gpu.count"] == "2" and "gpu.error" not in told, told)
    for number in "01":
        check((told[f"gpu.{number}.ids"], told[f"gpu.{number}.driver"], told[f"gpu.{number}.class"]) ==
              ("1234:1111", "bochs-drm", "emulated"), told)
        check((told[f"gpu.{number}.state"], told[f"gpu.{number}.resets"], told[f"gpu.{number}.display"]) ==
              ("ok", "0", "yes"), told)


def users_records_are_none(machine):
    """The next record of the kernel's own is told, and no fault before it."""
    address = properties(machine)["gpu.0.pci"]
    last = machine.client.events()[0]["last"]
    machine.shell(f"echo '<3>NVRM: Xid (PCI:{address}): 79, GPU has fallen off the bus.' > /dev/kmsg")
    machine.shell(f"echo '<0>xe {address}: [drm] Tile0: GT0: reset failed (-110)' > /dev/kmsg")
    eater = machine.client.run("sh", "-c", EATER)
    machine.shell("sleep 1; echo f > /proc/sysrq-trigger")
    event = await_event(machine, "kernel", "Out of memory: Killed process", last)
    check("(dd)" in event[3], event)
    machine.client.kill(eater)
    check(not [event for event in machine.client.events()[1] if event[2] == "gpu"], machine.client.events()[1])
    check(properties(machine)["gpu.0.state"] == "ok", properties(machine))


def card_off_its_bus_is_lost(machine):
    second = properties(machine)["gpu.1.pci"]
    machine.monitor.call("device_del", id="second")
    event = await_event(machine, "gpu", f"{second} lost: ")
    told = properties(machine)
    check((told["gpu.count"], told["gpu.1.pci"], told["gpu.1.state"]) == ("2", second, "lost"), (event, told))
    check(told["gpu.0.state"] == "ok", told)


def agent_answers(machine):
    with wire.Client(machine.port) as client:
        client.ping()


if __name__ == "__main__":
    sys.exit(rig.main([
        ("gpu", ["-vga", "none", "-device", "bochs-display,id=first", "-device", "bochs-display,id=second"], ["bochs"],
         [("cards-are-told-from-files", cards_are_told_from_files), ("users-records-are-none", users_records_are_none),
          ("card-off-its-bus-is-lost", card_off_its_bus_is_lost), ("agent-answers", agent_answers)]),
    ]))
