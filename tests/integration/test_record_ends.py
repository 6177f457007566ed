#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings of the screen: how they end, what is refused, and what a full disk does."""
import os

import harness
import recording
import wire
from gpu_system import H100, System
from harness import check, equal, eventually, need_root, refused_saying, test
from machine import NO_CLOCK, FakeClock
from recording import Scene, begin, end, facts_of, listed


@test
def it_goes_on_without_a_host_and_ends_with_the_agent():
    with Scene() as scene:
        facts = begin(scene.client)
        scene.client.close()
        scene.screen.do("noise", 5)
        index = os.path.join(scene.agent.path(facts["folder"]), "index.txt")

        def kinds():
            with open(index, "rb") as file:
                return [line.kind for line in recording.read_index(file.read())[0]]
        eventually(lambda: kinds()[1:] == ["picture", "picture"], lambda: f"two pictures, not {kinds()}")
        scene.agent.expect_end = True
        scene.agent.process.terminate()
        scene.agent.process.wait(timeout=harness.PATIENCE)
        lines, _ = scene.read(facts)
        equal((lines[-1].kind, " ".join(lines[-1].fields)), ("stop", "the agent was stopped"), "the last line")


@test
def an_upgrade_stops_it_and_says_so():
    with Scene(copy=True) as scene:
        facts = begin(scene.client)
        scene.client.expect("", wire.UPGRADE, wire.d(scene.agent.read(harness.PROGRAM)))
        eventually(scene.answers, "the new agent")
        lines, _ = scene.read(facts)
        equal((lines[-1].kind, " ".join(lines[-1].fields)), ("stop", "the agent becomes another executable"), "its end")
        with scene.agent.client() as client:
            equal(listed(client), {}, "recordings of the new agent")


@test
def events_of_the_guest_are_noted():
    with System() as system, system.agent.client(timeout=60) as client:
        facts = begin(client, "backend=pattern")
        system.say("NVRM: Xid (PCI:0000:00:06): 48, pid=1, name=x, An uncorrectable double bit error")
        system.await_event("Xid 48, pid=1")
        end(client, facts)
        lines, _ = recording.check_folder(system.agent.path(facts["folder"]))
        noted = [line.fields for line in lines if line.kind == "event"]
        equal([fields[1:4] for fields in noted], [["gpu", H100, "fault"]], "events")


@test
def input_of_hosts_is_noted_and_not_what_was_typed():
    with Scene("--input") as scene:
        facts = begin(scene.client)
        for text in ("move=5,5", "key=KeyA,press", "text=secret", "wheel=0,1"):
            facts_of(scene.client.call(wire.INPUT, wire.s(text)))
        end(scene.client, facts)
        lines, _ = scene.read(facts)
        equal([" ".join(line.fields) for line in lines if line.kind == "input"], ["key", "text", "wheel=0,1"], "lines")
        with open(os.path.join(scene.agent.path(facts["folder"]), "index.txt"), "rb") as index:
            check(b"secret" not in index.read(), "what was typed is in the index")


@test
def clocks_that_jump_reorder_nothing():
    with FakeClock() as clock, Scene(wrapper=NO_CLOCK, env=clock.env) as scene:
        clock.verify(scene.agent)
        facts = begin(scene.client, "rate=20")
        for number, clock.ahead in enumerate((-3600, 86400)):
            scene.shows(facts, "noise", number)
        end(scene.client, facts)
        lines, _ = scene.read(facts)  # in order by the time since the boot
        jumps = [round((later.wall - line.wall) / 3.6e9) for line, later in zip(lines, lines[1:])]
        equal(jumps, [0, -1, 25, 0], "hours between the lines by the wall clock")


@test
def wrong_requests_are_named_and_four_run_at_once():
    with Scene() as scene:
        client = scene.client
        for option, text in (("rate=0", "rate=0"), ("rate=x", "rate='x'"), ("files=1", "files=1"), ("bytes=5", "bytes=5"),
                             ("mask=1x1", "mask=1x1"), ("settle-ms=0", "settle-ms=0"), ("max-ms=99999", "max-ms=99999"),
                             ("shown=xxh64:0000000000000000", "unknown option"), ("wait-ms=5", "unknown option"),
                             ("speed=9", "unknown option 'speed=9'"), ("cursor=2", "cursor"), ("folder=", "folder=''"),
                             ("folder=.periscope/film", "the agent's own"), ("folder=.", "it is there already")):
            refused_saying(text, begin, client, option)
        refused_saying("there is no recording", end, client, {"id": "0123456789abcdef"})
        refused_saying("there is no recording ''", end, client, {"id": ""})
        refused_saying("more than 16 masks", begin, client, *["mask=1x1+0+0"] * 17)
        running = [begin(client) for _ in range(4)]
        refused_saying("4 recordings run already", begin, client)
        equal(sorted(listed(client)), sorted(facts["id"] for facts in running), "the recordings")
        for facts in running:
            end(client, facts)
            end(client, facts)  # again: it is still known
        equal(begin(client)["state"], "recording", "after the others have stopped")
        scene.agent.ping()
        for facts in listed(client).values():
            if facts["state"] == "recording":
                end(client, facts)


@test
def a_full_disk_is_said_and_the_index_stays_whole():
    need_root()
    small = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=256k none "$PWD" && cd "$PWD" && exec "$@"', "sh"]
    with Scene(wrapper=small) as scene:
        facts = begin(scene.client)
        folder = f"/proc/{scene.agent.pid}/cwd/{facts['folder']}"
        seeds = iter(range(100_000))

        def is_full():
            scene.screen.do("noise", next(seeds))
            return "No space" in listed(scene.client)[facts["id"]].get("failure", "")
        eventually(is_full, "the full disk is said")
        recording.check_folder(folder)
        with open(f"{folder}/index.txt", "rb") as file:
            equal(recording.read_index(file.read())[1], 0, "bytes behind the last good line")
        scene.screen.do("clear")  # fits again
        eventually(lambda: "failure" not in listed(scene.client)[facts["id"]], "it goes on with what has room")
        scene.agent.ping()
        end(scene.client, facts)
        lines, _ = recording.check_folder(folder)
        check([line for line in lines if line.kind == "fail" and "No space" in " ".join(line.fields)], lines)


if __name__ == "__main__":
    harness.main()
