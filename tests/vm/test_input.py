#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys and the pointer by uinput, where no X server shows the screen: what a terminal reads, and what the device tells."""
import struct
import sys
import time

import rig
import wire
from rig import check

AGENT = 'periscoped() { /bin/periscoped --input "$@"; };'
EVENT = struct.Struct("<qqHHi")  # of a kernel of 64 bits
TEXT = "Hello, World! {[(~|\\\"'`^$)]} #1?\n"


def act(client, *actions):
    reply = client.call(wire.INPUT, *map(wire.s, actions))
    client.checked("s" * len(reply), reply)
    return dict(entry.text.split("=", 1) for entry in reply)


def until(probe, what):
    end = time.monotonic() + rig.PATIENCE
    while not (found := probe()):
        check(time.monotonic() < end, f"not within {rig.PATIENCE} s: {what}")
        time.sleep(0.2)
    return found


def devices(machine):
    return machine.shell("cat /proc/bus/input/devices")


def text_is_typed_on_the_console(machine):
    machine.client.shell("exec head -n 1 </dev/tty1 >/tmp/typed", stdout="", stderr="")
    with wire.Client(machine.port) as client:
        facts = act(client, "text=" + TEXT)
        check(facts["by"] == "uinput", facts)
        until(lambda: machine.shell("cat /tmp/typed") == TEXT, "the text that was typed")
        refusal = client.refusal(wire.INPUT, wire.s("text=ä"))
        check("blocked: U+00E4 is on no key" in refusal, refusal)
        check("Periscope keyboard" in devices(machine), "there is a keyboard")
    until(lambda: "Periscope" not in devices(machine), "the devices are gone with the driver")


def pointer_spans_the_screen(machine):
    with wire.Client(machine.port) as client:
        width, height = (int(part) for part in rig.value(machine.picture()[0], "geometry").split("+")[0].split("x"))
        act(client, "move=1,1")
        block = next(part for part in devices(machine).split("\n\n") if "Periscope pointer" in part)
        event = next(word for word in block.split() if word.startswith("event"))
        machine.client.shell(f"exec cat /dev/input/{event} >/tmp/events", stdout="", stderr="")
        until(lambda: machine.shell(f"ls -l /proc/[0-9]*/fd 2>/dev/null | grep input/{event} || true"), "who reads the device")
        act(client, f"move={width - 1},{height - 1}", "button=right,click", "wheel=-1,2")
        got = until(lambda: [e for e in EVENT.iter_unpack(machine.client.get("/tmp/events")) if e[2]][5:] and
                    [e[2:] for e in EVENT.iter_unpack(machine.client.get("/tmp/events")) if e[2]], "events")
        want = [(3, 0, width - 1), (3, 1, height - 1), (1, 0x111, 1), (1, 0x111, 0), (2, 8, -2), (2, 6, -1)]
        check(got[:6] == want, f"{got} instead of {want}")
        refusal = client.refusal(wire.INPUT, wire.s(f"move={width},0"))
        check("is not on the screen" in refusal, refusal)


if __name__ == "__main__":
    sys.exit(rig.main([("input", ["-vga", "std"], ["bochs", "uinput", "evdev"],
                        [("text", text_is_typed_on_the_console), ("pointer", pointer_spans_the_screen)])],
                      environment=AGENT))
