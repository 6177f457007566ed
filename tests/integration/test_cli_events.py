#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs events and gpu-state, with agents whose cards are a test's."""
import os
import subprocess

import cli
import harness
from cli import USAGE, one_line, periscope, target
from harness import Agent, check, equal, test
from gpu_system import H100, System

SUSPECT = 117
UUID = "GPU-34d7319c-5b19-1e75-186d-c187099e4fe5"


@test
def events_are_lines_and_json():
    with System() as system:
        system.say('NVRM: Xid (PCI:0000:00:06): 31, pid=591, name=fault, channel 0x0000000a')
        system.await_event("program-fault")
        lines = periscope("events", target(system.agent)).text.splitlines()
        check(any(" gpu      " + H100 + ' program-fault pid=591 name="fault": Xid 31' in line for line in lines), lines)
        lines = periscope("events", "--kind", "gpu", target(system.agent)).text.splitlines()
        equal(len(lines), 1, "lines of that kind")
        reply = periscope("events", "--json", "--kind", "gpu", target(system.agent)).json
        equal([sorted(event) for event in reply["events"]], [["kind", "number", "text", "time"]], "events")
    one_line(periscope("events", "--json", "--follow", "127.0.0.1:1", code=USAGE), "exclude each other")


@test
def events_are_followed_as_they_happen_and_over_a_restart():
    with System() as system, subprocess.Popen([*cli.COMMAND, "events", "--follow", target(system.agent)],
                                              stdout=subprocess.PIPE, text=True) as process:
        def await_line(text):
            while text not in (line := process.stdout.readline()):
                check(line, f"the command ended before {text!r}")
        try:
            await_line("listens on port")
            system.say("NVRM: Xid (PCI:0000:00:06): 31, pid=1, name=first")
            await_line('name="first"')
            system.agent.process.kill()
            system.agent.process.wait()
            system.agent.command[-1] = str(system.agent.port)
            system.agent.start()
            await_line("listens on port")
        finally:
            process.kill()


def gpu_state(system, path, *options, code=0):
    return periscope("gpu-state", "--json", *options, target(system.agent), path, code=code).json["cards"]


@test
def gpu_state_is_kept_across_guests():
    with System() as first:
        path = first.path("/cards")
        equal([(card["card"], card["state"]) for card in gpu_state(first, path)], [(UUID, "good")], "a new card")
        first.say("NVRM: Xid (PCI:0000:00:06): 119, pid=7, name=x, Timeout after 6s of waiting for RPC response from GPU0")
        first.await_event("hang")
        cards = gpu_state(first, path, code=SUSPECT)
        equal((cards[0]["state"], cards[0]["guest"]), ("suspect", target(first.agent)), "a hung card")
        check("Xid 119" in cards[0]["why"], cards)
        with System() as second:
            second.say("NVRM: Xid (PCI:0000:00:06): 119, pid=7, name=x, Timeout after 6s of waiting for RPC response")
            second.await_event("hang")
            equal(gpu_state(second, path, code=SUSPECT)[0]["state"], "needs-reboot", "hung in another guest too")
        with System() as third:
            cards = gpu_state(third, path, code=SUSPECT)
            equal(cards[0]["state"], "suspect", "it works without a reboot")
            equal(gpu_state(third, path)[0]["state"], "good", "it works again")
            third.say("NVRM: Xid (PCI:0000:00:06): 79, GPU has fallen off the bus.")
            third.await_event("lost")
            equal(gpu_state(third, path, code=SUSPECT)[0]["state"], "needs-reboot", "off its bus")
            equal(gpu_state(third, path, "--clear")[0]["state"], "good", "cleared by hand")
            equal(gpu_state(third, path, "--card", "0000:41:00.0", code=SUSPECT)[0]["card"], "0000:41:00.0", "its name")
        with open(path, encoding="utf-8") as file:
            equal(len(file.readlines()), 3, "lines: what they are, and two cards")


@test
def gpu_state_refuses_a_file_that_is_none():
    with System() as system:
        path = system.path("/cards")
        with open(path, "w", encoding="utf-8") as file:
            file.write("GPU-1\tbroken\n")
        one_line(periscope("gpu-state", target(system.agent), path, code=1), "line 1: not a card")
        with open(path, encoding="utf-8") as file:
            equal(file.read(), "GPU-1\tbroken\n", "the file")
    with Agent() as agent:
        one_line(periscope("gpu-state", target(agent), os.path.join(agent.folder, "new"), code=1), "no passed-through card")


if __name__ == "__main__":
    harness.main()
