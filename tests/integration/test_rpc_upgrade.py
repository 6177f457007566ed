#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""upgrade and restart: the new agent answers on the same port, and no child is forgotten."""
import os
import stat
import time

import harness
import wire
from harness import PROGRAM, check, equal, eventually, need_unix, refused, with_agent
from wire import d, s

ANOTHER_PROCESS = "it becomes another process then, which tests/wine/test_upgrade.py follows"


def executable():
    with open(harness.COMMAND[-1], "rb") as file:
        return file.read()


def client_of_new_agent(agent, client):
    """As a host does: once the old connection has ended, connect to the same port."""
    check(client.ended(), "the connection to the old agent goes on")
    return eventually(lambda: try_client(agent), "an answer on the same port")


def try_client(agent):
    try:
        client = agent.client(timeout=5)
        client.ping()
    except (wire.Closed, OSError):
        return None
    return client


@with_agent("--no-upgrade")
def no_upgrade_says_yes_and_stays(agent):
    client = agent.client()
    start = client.property("agent.start")
    client.expect("", wire.UPGRADE, d(harness.random_bytes(3 << 20)))
    client.ping()
    equal(agent.client().property("agent.start"), start, "agent.start")
    equal(os.listdir(agent.folder), [], "files")


@with_agent(copy=True)
def upgrade_to_itself_and_back(agent):
    """Twice, so that what the first one left behind is not in the way. The process is the same one."""
    need_unix(ANOTHER_PROCESS)
    new = executable() + b"\0 one that differs"
    for content in (new, executable()):
        client = agent.client()
        start = client.property("agent.start")
        time.sleep(1.1)  # agent.start may count in seconds
        client.expect("", wire.UPGRADE, d(content))
        client = client_of_new_agent(agent, client)
        check(client.property("agent.start") != start, "agent.start is that of the old agent")
        equal(agent.read(PROGRAM), content, "the executable")
        check(os.stat(agent.path(PROGRAM)).st_mode & stat.S_IXUSR, "not executable")


@with_agent(copy=True)
def upgrade_keeps_the_children(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    exited, forgotten = client.shell("exit 3"), client.run("true")
    running = client.shell("until [ -e go ]; do sleep 0.05; done; exit 5")
    killed = client.run("sleep", "1000")
    equal(client.wait(exited, 20), 3 << 8, "status before")
    equal(client.wait(forgotten, 20), 0, "status before")
    client.forget(forgotten)
    client.expect("", wire.UPGRADE, d(executable()))
    client = client_of_new_agent(agent, client)
    equal(client.wait(exited, 0), 3 << 8, "status known before")
    refused(wire.TIMED_OUT, client.wait, running, 0)
    refused(f"the {forgotten} process does not exist or is not a child process", client.wait, forgotten, 0)
    harness.end_process(killed)
    client.put("go", b"")
    equal(client.wait(running, 20), 5 << 8, "status of a child that ran on")
    equal(client.wait(killed, 20), 9, "status of a child that was killed")
    equal(client.wait(client.shell("exit 6"), 20), 6 << 8, "status of a new child")


@with_agent("--show-restarts", copy=True)
def upgrade_is_no_restart(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    equal(client.property("start.count"), "1", "start.count")
    client.expect("", wire.UPGRADE, d(executable()))
    equal(client_of_new_agent(agent, client).property("start.count"), "1", "start.count after an upgrade")


@with_agent("--protocol", "1.8", "--max-clients", "7", copy=True)
def upgrade_keeps_the_command_line(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    before = [pair for pair in client.properties() if pair[0].startswith("server.argv")]
    client.expect("", wire.UPGRADE, d(executable()))
    client = client_of_new_agent(agent, client)
    equal(client.banner, "testagentd 1.8", "banner")
    after = [pair for pair in client.properties() if pair[0].startswith("server.argv")]
    equal(after[1:], before[1:], "arguments")


@with_agent(copy=True)
def upgrade_to_what_is_no_agent(agent):
    """The host would lose the guest for good: nothing of it may stay, and the agent goes on."""
    client = agent.client()
    start = client.property("agent.start")
    old = agent.read(PROGRAM)
    for content in (b"", b"no program at all", b"#!/bin/sh\nexit 0\n", b"\x7fELF" + bytes(1000), executable()[:20000],
                    b"MZ" + bytes(5000)):
        check(client.refusal(wire.UPGRADE, d(content)), "an empty error text")
        client.ping()
    equal(agent.read(PROGRAM), old, "the executable")
    equal(os.listdir(agent.folder), [PROGRAM], "files")
    equal(agent.client().property("agent.start"), start, "agent.start")


@with_agent(copy=True)
def upgrade_that_breaks_off(agent):
    client = agent.client()
    old = agent.read(PROGRAM)
    client.send(wire.u32(wire.UPGRADE), wire.u32(1), wire.header("d", len(old)), old[:len(old) // 2])
    client.close()
    eventually(lambda: os.listdir(agent.folder) == [PROGRAM], "no temporary file")
    equal(agent.read(PROGRAM), old, "the executable")
    agent.ping()


@with_agent(copy=True)
def one_upgrade_at_a_time(agent):
    """Else the second would move the first one's executable aside in place of the one that runs."""
    first, second = agent.client(), agent.client()
    under_way = "another upgrade is under way"
    first.send(wire.u32(wire.UPGRADE), wire.u32(1), wire.header("d", 1000), b"MZ")
    eventually(lambda: harness.half_files(agent.pid, agent.folder), "the file that the first one is received into")
    equal(second.refusal(wire.UPGRADE, d(b"x")), under_way, "the second one's answer")
    first.send(bytes(998))
    equal([entry.kind for entry in first.reply_list()], ["e"], "the first one's answer")
    check(second.refusal(wire.UPGRADE, d(b"x")) != under_way, "the first one has ended and is still under way")


@with_agent("--protocol", "1.8", copy=True)
def restart_with_other_arguments(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    running = client.shell("until [ -e go ]; do sleep 0.05; done; exit 5")
    client.expect("", wire.RESTART, *map(s, (agent.path(PROGRAM), "--protocol", "1.7", str(agent.port))))
    client = client_of_new_agent(agent, client)
    equal(client.banner, "testagentd 1.7", "banner")
    client.put("go", b"")
    equal(client.wait(running, 20), 5 << 8, "status of a child that ran on")


@with_agent("--protocol", "1.8", "--show-restarts", copy=True)
def restart_counts(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    client.expect("", wire.RESTART, *map(s, (PROGRAM, "--protocol", "1.8", "--show-restarts", str(agent.port))))
    equal(client_of_new_agent(agent, client).property("start.count"), "2", "start.count after a restart")


@with_agent("--protocol", "1.8", copy=True)
def restart_refusals(agent):
    client = agent.client()
    start = client.property("agent.start")
    equal(client.refusal(wire.RESTART), "expected 1 argument or more (got 0)", "error text")
    equal(client.refusal(wire.RESTART, s("none"), s("0")),
          "could not stat 'none': No such file or directory", "error text")
    client.put("text", b"no program")
    for name in ("text", "."):
        check(client.refusal(wire.RESTART, s(name), s("0")), "an empty error text")
    client.ping()
    equal(agent.client().property("agent.start"), start, "agent.start")


if __name__ == "__main__":
    harness.main()
