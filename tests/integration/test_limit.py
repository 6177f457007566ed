#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Time limits, which the guest keeps: exec's limit-ms and what is done when it is over."""
import os
import shutil
import signal
import tempfile
import time

import harness
import wire
from cli import periscope, target
from harness import Agent, alive, check, equal, eventually, need_unix, refused, test, with_agent
from machine import NO_CLOCK, FakeClock
from wire import I, Q, d
from xserver import Server

STUBBORN = "trap '' TERM; sleep 1000 & echo $! > child; wait; sleep 1000"


def limit_of(client, pid):
    return client.ps(f"pid={pid}")[0].get("limit")


@with_agent()
def limit_ends_the_tree_without_any_client(agent):
    need_unix("the child's child is no process of Windows there")
    client = agent.client()
    pid = agent.cleanup(client.execute("/bin/sh", "-c", STUBBORN, **limit(300)))
    client.close()
    child = agent.cleanup(int(eventually(lambda: os.path.exists(agent.path("child")) and agent.read("child"), "a child")))
    eventually(lambda: not alive(pid) and not alive(child), "the end of both")
    client = agent.client()
    check(client.wait(pid, 20) in (signal.SIGTERM, signal.SIGKILL), "status")
    equal(limit_of(client, pid), "reached", "limit")
    events = [event[3] for event in client.events()[1] if event[2] == "limit"]
    equal(events, [f"pid={pid}: its time limit of 0.300 s is over"], "events")


@with_agent()
def limit_of_one_that_ends_in_time_is_not_reached(agent):
    client = agent.client()
    pid = client.execute("/bin/sh", "-c", "exit 3", **limit(60000))
    other = agent.cleanup(client.execute("sleep", "1000", **limit(3600000)))
    equal(client.wait(pid, 20), 3 << 8, "status")
    equal(limit_of(client, pid), None, "limit")
    line = client.ps(f"pid={other}")[0]
    equal(line["limit-ms"], "3600000", "limit")
    check(3500000 < int(line["limit-left-ms"]) <= 3600000, line["limit-left-ms"])
    equal([event for event in client.events()[1] if event[2] == "limit"], [], "events")


def limit(ms, **more):
    return {"limit-ms": ms, **{key.replace("_", "-"): value for key, value in more.items()}}


@with_agent()
def limits_are_kept_in_their_order(agent):
    client = agent.client()
    late = agent.cleanup(client.execute("sleep", "1000", **limit(3600000)))
    soon = agent.cleanup(client.execute("sleep", "1000", **limit(200)))
    check(client.wait(soon, 20) != 0, "status")
    refused(wire.TIMED_OUT, client.wait, late, 0)
    client.forget(late)


@with_agent()
def limit_holds_for_a_child_that_was_forgotten(agent):
    need_unix("its process ids are not this system's")
    client = agent.client()
    pid = agent.cleanup(client.execute("sleep", "1000", **limit(300)))
    untracked = agent.cleanup(client.execute("sleep", "1000", untracked=1, **limit(300)))
    client.forget(pid)
    eventually(lambda: not alive(pid) and not alive(untracked), "the end of both")


@with_agent()
def wrong_limits_are_named(agent):
    client = agent.client()
    for value in ("", "0", "x", "-1", "2592000001", "99999999999999999999"):
        refused(f"exec: limit-ms='{value}' is not a number from 1 to 2592000000", client.execute, "true", **limit(value))
    for value in ("", "kill,", ",kill", "picture,x", "KILL"):
        refused(f"exec: at-limit='{value}' is no list of picture, windows, stacks and kill", client.execute, "true",
                **limit(5, at_limit=value))
    refused("exec: at-limit: without an output's file limit-files= is needed", client.execute, "true",
            **limit(5, at_limit="picture,kill"))
    refused("exec: at-limit and limit-files are of a limit-ms", client.execute, "true", **{"at-limit": "kill"})
    refused("exec: limit-files '.periscope/x': the names in .periscope are the agent's own", client.execute, "true",
            **limit(5, at_limit="stacks", limit_files=".periscope/x"))
    equal(client.ps(), [], "no child was started")


@test
def what_is_seen_at_the_limit_is_written_beside_the_output():
    need_unix("there is no X server of a test's")
    with Server() as server, Agent(env={"DISPLAY": server.display}) as agent:
        client = agent.client()
        pid = agent.cleanup(client.execute("sleep", "1000", out="log.txt",
                                           **limit(200, at_limit="picture,windows,stacks,kill")))
        check(client.wait(pid, 25) in (signal.SIGTERM, signal.SIGKILL), "status")
        check(agent.read("log.txt.limit.png").startswith(b"\x89PNG"), "no picture")
        for name in ("windows", "stacks"):
            lines = agent.read(f"log.txt.limit-{name}.txt").decode().splitlines()
            equal([line.split("\t")[:2] for line in lines if line.startswith("process")], [["process", str(pid)]], name)


@with_agent()
def without_kill_the_program_goes_on(agent):
    client = agent.client()
    pid = agent.cleanup(client.execute("sleep", "1000", **limit(100, at_limit="stacks", limit_files="seen")))
    eventually(lambda: os.path.exists(agent.path("seen.limit-stacks.txt")), "the file")
    eventually(lambda: limit_of(client, pid) == "reached", "the limit")
    refused(wire.TIMED_OUT, client.wait, pid, 0)
    client.kill(pid, "grace-ms=100")


@with_agent()
def files_that_can_not_be_written_keep_nobody_alive(agent):
    need_unix("there are no FIFOs")
    client = agent.client()
    os.mkdir(agent.path("seen.limit-stacks.txt"))
    os.mkfifo(agent.path("fifo.limit-stacks.txt"))
    for files in ("seen", "fifo", "no/such/folder"):
        pid = agent.cleanup(client.execute("sleep", "1000", **limit(100, at_limit="stacks,kill", limit_files=files)))
        check(client.wait(pid, 25) in (signal.SIGTERM, signal.SIGKILL), f"status with {files}")
    log = client.get(".periscope/log.txt").decode()
    check("time limit: no 'no/such/folder.limit-stacks.txt': No such file or directory" in log, log[-500:])


@test
def limit_is_not_moved_by_settime():
    need_unix("Wine lets nobody set the clock")
    with FakeClock() as clock, Agent(wrapper=NO_CLOCK, env=clock.env) as agent:
        clock.verify(agent)
        client = agent.client()
        soon = agent.cleanup(client.execute("sleep", "1000", **limit(1000)))
        late = agent.cleanup(client.execute("sleep", "1000", **limit(3600000)))
        client.expect("", wire.SETTIME, Q(int(time.time()) - 864000), I(30))
        check(client.wait(soon, 20) in (signal.SIGTERM, signal.SIGKILL), "status of the one whose limit is over")
        client.expect("", wire.SETTIME, Q(int(time.time()) + 864000), I(30))
        refused(wire.TIMED_OUT, client.wait, late, 1)


@with_agent(copy=True)
def limit_carries_over_an_upgrade(agent):
    agent.expect_end = not harness.NATIVE  # there the next one is another process
    client = agent.client()
    pid = agent.cleanup(client.execute("sleep", "1000", out="log", **limit(1500, at_limit="stacks,kill")))
    late = agent.cleanup(client.execute("sleep", "1000", **limit(3600000)))
    done = client.execute("/bin/sh", "-c", "sleep 1000", **limit(50))
    client.wait(done, 20)
    with open(harness.COMMAND[-1], "rb") as file:
        client.expect("", wire.UPGRADE, d(file.read()))
    client = eventually(lambda: harness.reconnected(agent), "the next agent")
    equal(limit_of(client, done), "reached", "limit of one that had exited")
    check(3000000 < int(client.ps(f"pid={late}")[0]["limit-left-ms"]) <= 3600000, "what is left")
    check(client.wait(pid, 20) != 0, "status")
    check(agent.read("log.limit-stacks.txt").startswith(b"process\t"), "the file")


@test
def limit_survives_the_agents_crash():
    need_unix("Wine's processes end with the agent that is killed")
    folder = tempfile.mkdtemp(prefix="periscope-test-", dir="/root" if os.geteuid() == 0 else "/tmp")
    try:
        with Agent("--journal", os.path.join(folder, "journal")) as agent:
            client = agent.client()
            soon = agent.cleanup(client.execute("sleep", "1000", **limit(1000)))
            late = agent.cleanup(client.execute("sleep", "1000", **limit(3600000)))
            agent.process.kill()
            agent.process.wait()
            agent.start()
            client = agent.client()
            check(3000000 < int(client.ps(f"pid={late}")[0]["limit-left-ms"]) <= 3600000, "what is left")
            eventually(lambda: not alive(soon), "the end of the one whose limit is over")
            equal(limit_of(client, soon), "reached", "limit")
    finally:
        shutil.rmtree(folder)


@with_agent()
def run_and_wait_tell_of_the_limit(agent):
    need_unix("the command is the same with any guest")
    told = "the program ran longer than its time limit of 0.200 s"
    run = periscope("run", "--limit", "0.2", target(agent), "sleep", "1000", code=128 + 15)
    check(told in run.err, run.err)
    pid = periscope("run", "--limit", "0.2", "--no-wait", target(agent), "sleep", "1000").text.strip()
    wait = periscope("wait", "--json", target(agent), pid, code=128 + 15)
    check(wait.json["limit"] is True and told in wait.err, wait.err)
    run = periscope("run", "--limit", "60", target(agent), "true")
    check("limit" not in run.err, run.err)


if __name__ == "__main__":
    harness.main()
