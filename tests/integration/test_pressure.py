#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An agent in a guest without descriptors, processes, memory, disk, /proc, or with a file system that is stuck."""
import os
import resource
import subprocess

import frozen
import harness
import pressure
import wire
from harness import Agent, check, equal, eventually, need_plain_build, need_root, need_unix, test
from pressure import Other, State
from xserver import need_program

PATTERN = {"env": {"PERISCOPE_PATTERN": "64x48"}}
NO_MORE = "the agent can serve no more clients: "
UNAVAILABLE = "Resource temporarily unavailable"


def other_of(agent):
    return Other(agent.client(), "backend=pattern", "deadline-ms=10000")


def turned_away(agent):
    """What a client is told instead of the banner."""
    with wire.Client(agent.port, banner=False) as client:
        entry = client.entry()
        equal(entry.kind, "e", "the type of what comes instead of a banner")
        check(client.ended(), "more comes than the refusal")
        return entry.text


# ---- descriptors ----

@test
def clients_leave_descriptors_to_each_other():
    """Of 64. As many as are let in wait for a child, which takes two for each."""
    need_unix("it has no such limit")
    need_program("prlimit")
    with Agent(wrapper=["prlimit", "--nofile=64:64"], **PATTERN) as agent:
        state, other = State(agent), other_of(agent)
        waiting = [agent.client() for _ in range(11)]
        for client in waiting:
            client.send(wire.request(wire.WAIT2, wire.Q(other.waited), wire.I(wire.FOREVER)))
        equal(turned_away(agent), "too many clients from one address: it has 12 of 16 connections (64 files may be open)")
        other.asks()
        for client in waiting:
            client.close()
        eventually(lambda: can_connect(agent), "a place")
        other.leave()
        state.check_again()


def can_connect(agent):
    with wire.Client(agent.port) as client:
        return client.banner.startswith("testagentd")


@test
def client_without_a_descriptor_is_told_why():
    """Those who are connected are served; and all is well once there are some."""
    need_unix("it has no such limit")
    with Agent(**PATTERN) as agent:
        client = agent.client()
        highest = max(int(name) for name in os.listdir(f"/proc/{agent.pid}/fd"))
        before = resource.prlimit(agent.pid, resource.RLIMIT_NOFILE)
        for _ in range(3):
            resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, (highest + 1, before[1]))
            while agent.client().banner.startswith("testagentd"):
                pass  # until the numbers between are taken too
            check(turned_away(agent).startswith((NO_MORE + "Too many open files", "too many clients")), turned_away(agent))
            client.ping()
            resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, before)
            agent.ping()


# ---- processes ----

@test
def clients_are_served_when_no_thread_can_be_made():
    """By four threads in reserve; the next one is told why not, and a program is not started."""
    need_unix("its threads are not this system's")
    with pressure.control_group("pids") as group, Agent(wrapper=pressure.inside(group), **PATTERN) as agent:
        state, other = State(agent), other_of(agent)
        other.picture()  # a worker waits for the next one
        pressure.set_limit(group, "pids", 1)
        late = [agent.client() for _ in range(4)]
        for client in late:
            client.ping()
        equal(turned_away(agent), f"{NO_MORE}could not start a thread: {UNAVAILABLE}")
        harness.refused(f"could not fork: {UNAVAILABLE}", late[0].run, "true")
        other.asks()
        late.pop().close()
        eventually(lambda: can_connect(agent), "a thread in reserve again")
        pressure.set_limit(group, "pids", "max")
        for client in late:
            client.close()
        agent.ping()
        other.leave()
        eventually(lambda: pressure.members(group) == [agent.pid], "the end of the worker")
        state.check_again()


@test
def fork_bomb_stops_nobody_else():
    need_unix("its programs are not this system's")
    need_program("perl")
    with pressure.control_group("pids", 150) as group, Agent(wrapper=pressure.inside(group), **PATTERN) as agent:
        state, other = State(agent), other_of(agent)
        other.picture()
        with wire.Client(agent.port) as client:
            bomb = client.run("perl", "-e", "fork while 1")
        eventually(lambda: len(pressure.members(group)) > 120, "a bomb that goes off")
        refusals = other.asks(may_refuse=("picture",))
        check(all(UNAVAILABLE in text or "worker" in text for text in refusals.values()), refusals)
        with wire.Client(agent.port) as late:
            late.ping()
            pressure.set_limit(group, "pids", 1)
            eventually(lambda: end_all_but(group, agent.pid, other.waited), "the end of the bomb")
            late.wait(bomb, 30)
            late.forget(bomb)
        pressure.set_limit(group, "pids", "max")
        other.leave()
        state.check_again()


def end_all_but(group, *pids):
    pressure.end_members(group, pids)
    return set(pressure.members(group)) <= set(pids)


# ---- memory ----

@test
def memory_runs_out_in_a_program_and_ends_that():
    """Under a limit for all of them together. The agent has the protection that the unit gives, and the program none."""
    need_unix("its programs are not this system's")
    need_plain_build()
    need_program("choom", "perl")
    if subprocess.run(["choom", "-n", "-900", "--", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise harness.Skip("nobody may be protected here when memory runs out")
    with pressure.control_group("memory", 192 << 20) as group, \
            Agent(wrapper=[*pressure.inside(group), "choom", "-n", "-900", "--"], **PATTERN) as agent:
        state, other = State(agent), other_of(agent)
        client = agent.client()
        eaters = [client.run("perl", "-e", "push @all, 1 x 1e7 while 1") for _ in range(4)]
        refusals = other.asks(may_refuse=("picture",))
        check(all("worker" in text for text in refusals.values()), refusals)
        for pid in eaters:
            equal(client.wait(pid, harness.PATIENCE), 9, "status of a program that takes all memory")
            client.forget(pid)
        agent.ping()
        client.close()
        other.leave()
        state.check_again()


# ---- the disk, /proc, and a file system that does not answer ----

@test
def full_disk_is_told_and_stops_nobody():
    need_unix("its file systems are not this system's")
    need_root()
    small = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=256k none "$PWD" && cd "$PWD" && exec "$@"', "sh"]
    with Agent(wrapper=small, **PATTERN) as agent:
        other, client = other_of(agent), agent.client()
        client.wait(client.shell("head -c 1M /dev/zero >full"))
        names = client_listing(agent)
        check("No space left on device" in refusal(client.put, "sent", bytes(300_000)), "an upload fits on a full disk")
        equal(client_listing(agent), names, "files after the upload")
        client.wait(client.run("echo", "x", stdout="output"))
        other.asks()
        client.remove("full", "output")
        client.put("sent", b"x")
        equal(client.get("sent"), b"x", "what was sent when there was room again")
        other.leave()


def refusal(call, *arguments):
    try:
        call(*arguments)
    except wire.Refused as reason:
        return str(reason)
    raise AssertionError("not refused")


def client_listing(agent):
    """In the agent's mount namespace."""
    return sorted(os.listdir(f"/proc/{agent.pid}/cwd/"))


@test
def without_proc_everything_is_answered():
    """What needs it is refused; a program is started, waited for and told to have ended when it has."""
    need_unix("it has no /proc")
    need_root()
    bare = ["unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$@"', "sh"]
    with Agent(wrapper=bare, **PATTERN) as agent:
        other = other_of(agent)
        refusals = other.asks(may_refuse=("picture", "kill"))
        check("/proc" in refusals.get("kill", "/proc"), refusals)
        client = agent.client()
        equal(client.wait(client.shell("exit 3"), harness.PATIENCE), 3 << 8, "a status")
        for pid in (other.waited, other.ended):
            agent.cleanup(pid)


@test
def frozen_file_system_stops_nobody_else():
    """A program of the user hangs in a page fault that nobody serves, and a client in a file; others read files and end
    programs meanwhile."""
    need_unix("its file systems are not this system's")
    with frozen.FileSystem() as stuck, Agent(**PATTERN) as agent:
        state, other, client = State(agent), other_of(agent), agent.client()
        pid = client.run("python3", frozen.__file__, stuck.path, "mapped")
        eventually(lambda: os.path.exists(agent.path("mapped")) and waits(pid), "a program that is stuck")
        reader = agent.client()
        reader.send(wire.request(wire.GETFILE, wire.s(stuck.path)))
        agent.write("file", b"x")
        equal(client.get("file"), b"x", "a file")
        equal(client.wait(client.run("true"), harness.PATIENCE), 0, "a status")
        other.asks()
        subprocess.run(["kill", "-9", str(pid)], check=True)
        stuck.thaw()
        client.wait(pid, harness.PATIENCE)
        reader.close()
        client.close()
        other.leave()
        os.remove(agent.path("mapped"))
        os.remove(agent.path("file"))
        state.check_again()


def waits(pid):
    with open(f"/proc/{pid}/wchan", encoding="ascii") as file:
        return "pause" in (text := file.read()) or text == "request_wait_answer"


if __name__ == "__main__":
    harness.main()
