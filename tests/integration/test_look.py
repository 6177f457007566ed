#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Failing to look is not seeing nothing: what kill, wait2, the evidence and `periscope test` say of processes that can't be
seen, can't be ended, or only seem to have ended."""
import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

import harness
import wire
from cli import REFUSED, periscope, target
from harness import Agent, check, equal, eventually, need_root, need_unix, refused, stat_fields, test, with_agent
from verb_test import TIME_OUT, Run
from wire import Q, s

OTHER = "nobody"
ENDED = (signal.SIGTERM, signal.SIGKILL)  # by the first, if there was time
AS_OTHER = ["setpriv", "--reuid", OTHER, "--regid", "65534", "--clear-groups"]
# Ends its first thread while another goes on, which no SIGTERM ends.
HEADLESS = """
import ctypes, signal, sys, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
threading.Thread(target=lambda: ctypes.CDLL(None).sleep(1000)).start()
open(sys.argv[1], "w").close()
ctypes.CDLL(None).pthread_exit(None)
"""


def processes(client, pid, name="processes"):
    """The lines of the virtual file, split."""
    return [line.split("\t") for line in client.get(f".periscope/{name}-{pid}.txt").decode().splitlines()]


def text_of(call, *arguments):
    """The text that the agent refuses it with."""
    try:
        result = call(*arguments)
    except wire.Refused as reason:
        return str(reason)
    raise AssertionError(f"{result} instead of an error")


def has_all(text, *parts):
    for part in parts:
        check(part in text, f"{part!r} is not in {text!r}")


def headless(agent, client, script=None):
    """A child whose first thread has ended; or of which the script starts one."""
    python = [sys.executable, "-c", HEADLESS, "headless"]
    pid = client.run(*python) if not script else client.run("/bin/sh", "-c", script, "sh", *python)
    eventually(lambda: os.path.exists(agent.path("headless")), "the program")
    return pid


def threads(pid):
    """Of a process that nobody has waited for yet 1; 0 when it is gone."""
    try:
        return int(stat_fields(pid)[17])
    except OSError:
        return 0


# ---- a process whose first thread has ended ----

@with_agent()
def a_process_whose_first_thread_has_ended_lives(agent):
    need_unix("there a process has no first thread")
    client = agent.client()
    pid = agent.cleanup(headless(agent, client))
    eventually(lambda: stat_fields(pid)[0] == b"Z", "the end of its first thread")
    refused(wire.TIMED_OUT, client.wait, pid, 0)
    for name in ("processes", "evidence"):
        lines = [line for line in processes(client, pid, name) if line[0] == "process"]
        equal([(int(line[1]), line[4]) for line in lines], [(pid, "Z, 1 other thread")], name)
    killed = client.kill(pid, "grace-ms=100")
    equal([number for number, _ in killed], [pid], "ended")
    equal(client.wait(pid, 0), signal.SIGKILL, "status")
    check(not os.path.exists(f"/proc/{pid}"), "it is still there")
    equal(processes(client, pid), [], "what is left")


@with_agent()
def a_descendant_whose_first_thread_has_ended_is_ended_too(agent):
    need_unix("there a process has no first thread")
    client = agent.client()
    pid = headless(agent, client, '"$@" & echo $! > pid; wait $!; sleep 1000')
    child = agent.cleanup(int(eventually(lambda: os.path.exists(agent.path("pid")) and agent.read("pid"), "its pid")))
    eventually(lambda: stat_fields(child)[0] == b"Z", "the end of its first thread")
    check(child in dict(client.kill(pid, "grace-ms=100")), "it is not told as ended")
    check(threads(child) <= 1, "it still runs")


# ---- one that the agent may not end ----

@contextlib.contextmanager
def agent_of_other(prepare=":"):
    """An agent that is not root, and a program that makes who starts it root, as sudo does."""
    need_unix("there is no setuid")
    need_root()
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        become = os.path.join(folder, "become-root")
        shutil.copy(shutil.which("setpriv"), become)
        os.chmod(become, 0o4755)
        if subprocess.run([*AS_OTHER, become, "--reuid", "0", "id", "-u"], capture_output=True,
                          check=False).stdout != b"0\n":
            raise harness.Skip("setuid programs have no effect here")
        wrapper = ["unshare", "--mount", "sh", "-ec", prepare + '; exec "$@"', "sh", *AS_OTHER]
        with Agent(wrapper=wrapper) as agent:
            yield agent, [become, "--reuid", "0"]


def owner(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return next(line.split()[1] for line in file if line.startswith("Uid:"))


def named(pid, name):
    """Whether the process is that program by now."""
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read() == name + "\n"


@test
def who_may_not_be_ended_is_told_by_name_and_reason():
    with agent_of_other() as (agent, become):
        client = agent.client()
        pid = agent.cleanup(client.run(*become, "sleep", "1000"))
        eventually(lambda: owner(pid) == "0" and named(pid, "sleep"), "root's program")
        text = text_of(client.kill, pid, "grace-ms=0")
        has_all(text, f"process {pid} (sleep, S", "can't be ended: Operation not permitted")
        refused(wire.TIMED_OUT, client.wait, pid, 0)
        equal([int(line[1]) for line in processes(client, pid)], [pid], "processes")
        has_all(client.get(".periscope/log.txt").decode(), f"kill: process {pid} (sleep, S")
        call = periscope("kill", target(agent), str(pid), "--grace", "0", code=REFUSED)
        has_all(call.err, f"process {pid} (sleep", "Operation not permitted")
        equal(call.out, b"", "nothing is told as ended")


@test
def a_descendant_that_may_not_be_ended_is_told():
    with agent_of_other() as (agent, become):
        client = agent.client()
        script = '"$@" & echo $! > pid; wait'
        pid = client.run("/bin/sh", "-c", script, "sh", *become, "sleep", "1000")
        child = agent.cleanup(int(eventually(lambda: os.path.exists(agent.path("pid")) and agent.read("pid"), "its pid")))
        eventually(lambda: owner(child) == "0" and named(child, "sleep"), "root's program")
        has_all(text_of(client.kill, pid, "grace-ms=0"), f"process {child} (sleep", "Operation not permitted")
        check(client.wait(pid, 20) in ENDED, "the child itself was not ended")
        equal([int(line[1]) for line in processes(client, pid)], [child], "what is left")


# ---- what can't be seen ----

NO_PROC = "mount -t tmpfs none /proc"
HIDDEN = "mount -t proc -o hidepid=2 proc /proc"


@test
def without_proc_nothing_is_told_as_ended():
    with agent_of_other(NO_PROC) as (agent, _):
        client = agent.client()
        pid = agent.cleanup(client.run("sleep", "1000"))
        why = "could not look at the processes: /proc does not show them"
        for name in ("processes", "evidence"):
            has_all(text_of(client.get, f".periscope/{name}-{pid}.txt"), why)
        has_all(text_of(client.kill, pid, "grace-ms=100"), f"process {pid} has ended, but maybe not all", why)
        check(client.wait(pid, 20) in ENDED, "the child itself is not ended without /proc")
        has_all(text_of(client.kill, pid), why)


@test
def under_hidepid_nothing_is_told_as_ended():
    with agent_of_other(HIDDEN) as (agent, become):
        client = agent.client()
        why = "/proc is mounted with hidepid="
        own = client.run("sleep", "1000")
        equal([line[:2] for line in processes(client, own)][0], ["process", str(own)], "the process that is seen")
        has_all(processes(client, own)[-1][1], why)
        has_all(text_of(client.kill, own, "grace-ms=100"), why)
        check(client.wait(own, 20) in ENDED, "status")

        pid = agent.cleanup(client.run(*become, "sleep", "1000"))
        eventually(lambda: owner(pid) == "0" and named(pid, "sleep"), "root's program")
        has_all(text_of(client.kill, pid, "grace-ms=0"), f"process {pid} runs but can't be seen", why, "not permitted")
        refused(wire.TIMED_OUT, client.wait, pid, 0)
        has_all(text_of(client.get, f".periscope/evidence-{pid}.txt"), why)


@test
def root_sees_all_in_spite_of_hidepid():
    need_unix("there is no hidepid")
    need_root()
    with Agent(wrapper=["unshare", "--mount", "sh", "-ec", HIDDEN + '; exec "$@"', "sh"]) as agent:
        client = agent.client()
        pid = agent.cleanup(client.execute("setpriv", *AS_OTHER[1:], "sleep", "1000"))
        eventually(lambda: named(pid, "sleep"), "the user's program")
        equal(client.kill(pid, "grace-ms=100"), [(pid, "sleep")], "ended")


@with_agent()
def without_descriptors_nothing_is_told_as_ended(agent):
    need_unix("there is no such limit")
    client = agent.client()
    pid = client.shell("trap '' TERM; sleep 1000 & echo $! > pid; wait; wait")
    other = agent.cleanup(int(eventually(lambda: os.path.exists(agent.path("pid")) and agent.read("pid"), "its pid")))
    highest = max(int(number) for number in os.listdir(f"/proc/{agent.pid}/fd"))
    before = resource.prlimit(agent.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, (highest + 1, before[1]))
    fillers = [agent.client(banner=False) for _ in range(8)]
    eventually(lambda: agent.fd_count() == highest + 1, "all descriptors in use")
    why = "Too many open files"
    has_all(text_of(client.get, f".periscope/processes-{pid}.txt"), "could not look at ", why)
    has_all(client.refusal(wire.KILL, Q(pid), s("grace-ms=100")), f"process {pid}", why)
    resource.prlimit(agent.pid, resource.RLIMIT_NOFILE, before)
    for filler in fillers:
        filler.close()
    equal(client.wait(pid, 20), signal.SIGKILL, "the child itself is ended without descriptors too")
    client.kill(pid, "grace-ms=100")
    eventually(lambda: not harness.alive(other), "the end of what it had started")


@test
def a_unit_whose_processes_are_hidden_is_not_told_as_ended():
    with agent_of_other(HIDDEN) as (agent, _):
        options = ("--time-limit", "2", "--screenshot", "never")
        run = Run(agent, "hang", code=TIME_OUT, options=options)
        has_all(" ".join(run.result["warnings"]), "hang could not be ended:", "hidepid=")
        equal(run.units["hang"].get("ended", []), [], "what is told as ended")


if __name__ == "__main__":
    harness.main()
