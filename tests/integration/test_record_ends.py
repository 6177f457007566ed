#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings of the screen: how they end, what is refused, and what a full disk does."""
import contextlib
import os
import shutil

import harness
import recording
import wire
from gpu_system import H100, System
from harness import check, equal, eventually, need_root, need_unix, refused_saying, test
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


UPGRADED = "the agent becomes another executable"


def become(scene, script):
    """Asks the agent to restart as a script."""
    scene.agent.write("other", b"#!/bin/sh\n" + script.encode())
    os.chmod(scene.agent.path("other"), 0o755)
    scene.client.expect("", wire.RESTART, wire.s("./other"), wire.s(str(scene.agent.port)))


def come_back(scene):
    eventually(scene.answers, "the new agent")
    scene.client = scene.agent.client(timeout=60)


def awaits(scene, facts, wanted):
    """Waits until so many pictures were written down."""
    eventually(lambda: scene.looks(facts) >= wanted, lambda: f"{wanted} looks, not {listed(scene.client)}")


@test
def an_upgrade_goes_on_with_numbers_and_known_pictures():
    with Scene(copy=True) as scene:
        odd = ["folder= of\ntwo lines\1"] if harness.NATIVE else []
        facts = begin(scene.client, "bytes=3000000", "mask=3x3+0+0", *odd)
        for seed in (1, 2):
            scene.shows(facts, "noise", seed)
        before = listed(scene.client)[facts["id"]]
        for round_ in (1, 2):
            scene.client.expect("", wire.UPGRADE, wire.d(scene.agent.read(harness.PROGRAM)))
            come_back(scene)
            awaits(scene, facts, 3 + round_)
        equal({key: listed(scene.client)[facts["id"]][key] for key in ("folder", "state", "pictures", "same")},
              {"folder": before["folder"], "state": "recording", "pictures": "3", "same": "2"}, "what is listed")
        for seed in (1, 3):
            scene.shows(facts, "noise", seed)
        ended = end(scene.client, facts)
        lines, pictures = scene.read(facts)
        equal(recording.numbers_shown(lines), [1, 2, 3, 3, 3, 2, 4], "pictures that were shown")
        equal([" ".join(line.fields) for line in lines if line.kind == "fail"], [UPGRADED] * 2, "what was not seen")
        equal([line.kind for line in lines].count("start"), 1, "lines start")
        equal(" ".join(lines[-1].fields), "a host has stopped it", "the end")
        equal(ended["files"], str(len(os.listdir(scene.agent.path(facts["folder"])))), "files")
        equal(len(pictures), 4, "pictures")


@test
def an_upgrade_keeps_what_is_known_of_those_that_have_stopped():
    with Scene(copy=True) as scene:
        first, runs = begin(scene.client), begin(scene.client)
        scene.shows(first, "noise", 1)
        end(scene.client, first, "reason=two\nlines")
        last = begin(scene.client)
        end(scene.client, last)
        before = listed(scene.client)
        scene.client.expect("", wire.UPGRADE, wire.d(scene.agent.read(harness.PROGRAM)))
        come_back(scene)
        after = listed(scene.client)
        equal(list(after), list(before), "what is listed, the first that was begun first")
        equal(after[last["id"]], before[last["id"]], "the one that was stopped last")
        equal(after[first["id"]], {**before[first["id"]], "reason": "two lines"}, "the other one")
        equal(after[runs["id"]]["state"], "recording", "the one that goes on")
        end(scene.client, runs)
        for _ in range(2):
            end(scene.client, begin(scene.client))
        equal([id_ in listed(scene.client) for id_ in (first["id"], runs["id"], last["id"])], [False, True, True],
              "what is known once five have run: all but the first")


@test
def an_upgrade_that_fails_leaves_it_running():
    need_unix("the program is a script")
    with Scene("--protocol", "1.8", copy=True) as scene:
        facts = begin(scene.client)
        scene.shows(facts, "noise", 1)
        become(scene, f'rm other; exec {scene.agent.path(harness.PROGRAM)} "$@"\n')
        come_back(scene)
        check(eventually(lambda: scene.client.property("upgrade.error"), "the reason"), "no reason")
        awaits(scene, facts, 3)
        scene.shows(facts, "noise", 2)
        end(scene.client, facts)
        lines, _ = scene.read(facts)
        equal(recording.numbers_shown(lines), [1, 2, 2, 3], "pictures that were shown")


@test
def an_index_that_was_cut_during_an_upgrade_is_left_alone():
    need_unix("the program is a script")
    with Scene("--protocol", "1.8", copy=True) as scene:
        facts = begin(scene.client)
        program = f'exec {scene.agent.path(harness.PROGRAM)} "$@"'
        become(scene, f'case $* in *--check*) {program};; esac\ntouch asked; until [ -e go ]; do sleep 0.05; done\n{program}\n')
        eventually(lambda: os.path.exists(scene.agent.path("asked")), "the new executable")
        index = os.path.join(scene.agent.path(facts["folder"]), "index.txt")
        os.truncate(index, 5)
        scene.agent.write("go", b"")
        come_back(scene)
        eventually(lambda: "shorter" in listed(scene.client)[facts["id"]].get("failure", ""), "its failure")
        equal(os.stat(index).st_size, 5, "the index")
        end(scene.client, facts)


@test
def an_upgrade_goes_on_with_the_same_user_s_rights():
    """Also when the next executable runs programs as somebody else."""
    need_root()
    with contextlib.ExitStack() as stack:
        secret, good = harness.trusted_folder(), harness.trusted_folder()
        for folder in (secret, good):
            stack.callback(shutil.rmtree, folder)
            os.chmod(folder, 0o755)
        shutil.copy(harness.COMMAND[-1], f"{good}/periscoped")
        with open(f"{secret}/index.txt", "wb") as file:
            file.write(b"of root\n" * 1000)
        scene = stack.enter_context(Scene("--protocol", "1.8", "--run-as", "nobody"))
        kept, film = (begin(scene.client, f"folder={name}") for name in ("kept", "film"))
        os.rename(scene.agent.path("film"), scene.agent.path("moved"))
        os.symlink(secret, scene.agent.path("film"))
        scene.client.expect("", wire.RESTART, *map(wire.s, (f"{good}/periscoped", str(scene.agent.port))))
        come_back(scene)
        scene.screen.do("noise", 7)
        eventually(lambda: "Permission denied" in listed(scene.client)[film["id"]].get("failure", ""), "the failure")
        eventually(lambda: listed(scene.client)[kept["id"]]["pictures"] == "2", "another picture")
        for facts in (film, kept):
            end(scene.client, facts)
        equal(os.listdir(secret), ["index.txt"], "what was written through the link")
        equal(os.stat(f"{secret}/index.txt").st_size, 8000, "the file that the link leads to")
        check(os.stat(scene.agent.path("kept/000002.png")).st_uid != 0, "the pictures are root's")
        recording.check_folder(scene.agent.path("kept"))


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
