#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent as the first process of a container."""
import os
import signal
import subprocess

import harness
import wire
from harness import Agent, Skip, check, children_of, equal, eventually, need_unix, test

CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
ORPHANS = 20


def container(**options):
    need_unix("Windows has no first process")
    if subprocess.run([*CONTAINER, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise Skip("unshare(1) can't make a container here")
    return Agent(wrapper=CONTAINER, **options)


def first_process(agent):
    pids = list(children_of(agent.pid))
    equal(len(pids), 1, "processes in front of the agent")
    return pids[0]


def end(agent):
    """unshare(1) passes no signal on, so its child gets it, as a container's first process does."""
    agent.expect_end = True
    os.kill(first_process(agent), signal.SIGTERM)
    equal(agent.process.wait(harness.PATIENCE), 128 + signal.SIGTERM, "exit status")


def state_inside(client):
    """The states of all processes, as a program in the container sees them."""
    pid = client.run("sh", "-c", "cat /proc/[0-9]*/stat", stdout="states")
    client.wait(pid, harness.PATIENCE)
    return [line.rpartition(b")")[2].split()[0] for line in client.get("states").splitlines()]


@test
def orphans_are_collected():
    with container() as agent:
        client = agent.client()
        pid = client.shell(f"for i in $(seq {ORPHANS}); do (true & sleep 0.01; true) & done; exit 3")
        equal(client.wait(pid, harness.PATIENCE), 3 << 8, "status of the parent")
        eventually(lambda: b"Z" not in state_inside(client), "no zombie in the container", 10)
        equal(client.wait(client.shell("exit 4"), harness.PATIENCE), 4 << 8, "status of another program")
        end(agent)


@test
def sigterm_ends_it():
    with container() as agent:
        client = agent.client()
        client.run("sleep", "1000")
        end(agent)
        check(client.ended(), "the connection goes on")


@test
def upgrade_there_keeps_children_and_duties():
    with container(copy=True) as agent:
        client = agent.client()
        running = client.shell("until [ -e go ]; do sleep 0.01; done; exit 5")
        client.expect("", wire.UPGRADE, wire.d(agent.read(harness.PROGRAM)))
        client = agent.client()
        client.put("go", b"")
        equal(client.wait(running, harness.PATIENCE), 5 << 8, "status of a child of the agent before")
        end(agent)


if __name__ == "__main__":
    harness.main()
