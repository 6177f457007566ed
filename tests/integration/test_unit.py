#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The unit of the Debian package, and what the agent does for the service manager and against it."""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import harness
import wire
from harness import TOP, Agent, Skip, check, equal, eventually, need_root, need_unix, test
from xserver import need_program

UNIT = os.path.join(TOP, "packaging", "debian", "periscoped.service")
EXPOSURE_MAX = 6.0
MOUNTS = "PERISCOPED_PROGRAM_MOUNTS"


def analyze(*arguments):
    """systemd-analyze's words on a copy: a file below its own name, and with nothing beside it."""
    need_unix("the unit is for Linux")
    need_program("systemd-analyze")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        path = shutil.copy(UNIT, folder)
        done = subprocess.run(["systemd-analyze", *arguments, path], capture_output=True, text=True, check=False,
                              timeout=harness.PATIENCE)
    if "unrecognized option" in done.stderr or "Unknown command" in done.stderr:
        raise Skip("this systemd-analyze reads no file of a unit")
    return done.stdout + done.stderr


@test
def unit_is_exposed_no_more_than_it_says():
    said = analyze("security", "--offline=yes", "--no-pager")
    rating = re.search(r"Overall exposure level for periscoped.service: ([\d.]+)", said)
    check(rating, said[-400:])
    check(float(rating[1]) <= EXPOSURE_MAX, f"it is rated {rating[1]}:\n{said}")


@test
def unit_has_no_line_that_systemd_does_not_know():
    said = analyze("verify", "--man=no")
    wrong = [line for line in said.splitlines() if "Unknown" in line or "Failed to parse" in line or "ignoring" in line]
    equal(wrong, [], "what systemd finds")


def output_of(client, *argv):
    equal(client.wait(client.run(*argv, stdout="out", stderr="out"), harness.PATIENCE), 0, f"status of {argv}")
    return client.get("out").decode()


def root_of_own_mounts():
    """The number of the folder that is the root of this mount namespace: of a chroot it is another than here."""
    told = subprocess.run(["nsenter", f"--mount=/proc/{os.getpid()}/ns/mnt", "stat", "--format", "%i", "/"],
                          stdout=subprocess.PIPE, check=True)
    return int(told.stdout)


@test
def programs_leave_the_agents_mounts():
    """And start in its working directory all the same. The agent stays where the manager has put it."""
    need_unix("it has no mount namespaces")
    need_root()
    if root_of_own_mounts() != os.stat("/").st_ino:
        raise Skip("who enters a mount namespace leaves the folder that is the root here")
    ours = os.readlink("/proc/self/ns/mnt")
    for env, outside in (({MOUNTS: f"/proc/{os.getpid()}/ns/mnt"}, True), ({}, False)):
        with Agent("--run-as", "agent", wrapper=["unshare", "--mount"], env=env) as agent:
            client = agent.client()
            agents = os.readlink(f"/proc/{agent.pid}/ns/mnt")
            check(agents != ours, "unshare(1) has made no namespace")
            equal(output_of(client, "readlink", "/proc/self/ns/mnt").strip(), ours if outside else agents)
            equal(output_of(client, "pwd").strip(), agent.folder, "where a program starts")
            check(MOUNTS not in output_of(client, "env"), "a program sees the variable")


@test
def agent_that_may_not_leave_says_so():
    """Its programs then have its mounts, and its log the reason."""
    need_unix("it has no mount namespaces")
    with Agent(env={MOUNTS: "/nonexistent"}) as agent:
        client = agent.client()
        output_of(client, "true")
        check("programs are confined as the agent is: could not open the programs' mount namespace: No such file" in
              client.get(".periscope/log.txt").decode(), "nothing in the log")


@test
def programs_have_none_of_the_agents_protection():
    need_unix("it has no such killer")
    need_program("choom")
    if subprocess.run(["choom", "-n", "-500", "--", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skip("nobody may be protected here when memory runs out")
    with Agent(wrapper=["choom", "-n", "-500", "--"]) as agent:
        equal(output_of(agent.client(), "cat", f"/proc/{agent.pid}/oom_score_adj", "/proc/self/oom_score_adj"), "-500\n0\n")


@test
def programs_have_no_priority_of_the_agents():
    """Nor is one lowered that is below the usual."""
    need_unix("its service has none")
    need_program("nice")
    at_priority = [sys.executable, "-c", "import os, sys\n"
                   "os.setpriority(os.PRIO_PROCESS, 0, int(sys.argv[1]))\n"  # nice(1) adds to what the tests have
                   "os.execvp(sys.argv[2], sys.argv[2:])"]
    if subprocess.run([*at_priority, "-5", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skip("nobody may have priority here")
    for given, got in (("-5", "0\n"), ("5", "5\n")):
        with Agent(wrapper=[*at_priority, given]) as agent:
            equal(output_of(agent.client(), "nice"), got, f"priority of a program, with the agent's {given}")
            equal(os.getpriority(os.PRIO_PROCESS, agent.pid), int(given), "priority of the agent")


@test
def programs_keep_a_score_that_is_no_protection():
    """Raised by who started the agent, for all that is in it."""
    need_unix("it has no such killer")
    need_program("choom")
    with Agent(wrapper=["choom", "-n", "300", "--"]) as agent:
        equal(output_of(agent.client(), "cat", f"/proc/{agent.pid}/oom_score_adj", "/proc/self/oom_score_adj"), "300\n300\n")


@test
def manager_gets_signs_of_life():
    """Also while clients come one after the other, and while nobody does; programs know nothing of it."""
    need_unix("its service manager waits for none")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = os.path.join(folder, "notify")
        manager.bind(path)
        manager.settimeout(harness.PATIENCE)
        with Agent("--run-as", "agent", env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}) as agent:
            check(manager.recv(4096).startswith(b"READY=1"), "the first word is another")
            for _ in range(3):
                equal(manager.recv(4096), b"WATCHDOG=1\n", "a sign, while nobody comes")
            manager.setblocking(False)
            eventually(lambda: sign_behind_a_client(agent, manager), "a sign between clients")
            check("WATCHDOG" not in output_of(agent.client(), "env"), "a program sees what the manager waits for")


def sign_behind_a_client(agent, manager):
    agent.ping()
    try:
        return manager.recv(4096) == b"WATCHDOG=1\n"
    except BlockingIOError:
        return False


@test
def nobody_gets_signs_who_waits_for_none():
    """A variable that is another process's, or no number, asks for nothing."""
    need_unix("its service manager waits for none")
    for env in ({"WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "-1"}):
        with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            path = os.path.join(folder, "notify")
            manager.bind(path)
            manager.settimeout(1)
            with Agent("--run-as", "agent", env={"NOTIFY_SOCKET": path, **env}):
                check(manager.recv(4096).startswith(b"READY=1"), "the first word is another")
                try:
                    check(False, f"after it: {manager.recv(4096)} with {env}")
                except TimeoutError:
                    pass


# ---- the kernel's log ----

LOG = "/dev/kmsg"
GENERATOR = os.path.join(TOP, "packaging", "debian", "periscoped-kernel-log")
WITH_LOG = ("sh", "-c", f'exec "$@" <{LOG}', "sh")


def need_log():
    need_unix("its kernel's log is another")
    try:
        os.close(os.open(LOG, os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error:
        raise Skip(f"{LOG} can't be read here: {error.strerror}") from error


def check_log_is_the_agents_alone(agent, when):
    folder = f"/proc/{agent.pid}/fd"
    links = {}
    for number in os.listdir(folder):
        with contextlib.suppress(OSError):
            links[int(number)] = os.readlink(f"{folder}/{number}")
    equal(links[0], "/dev/null", f"the agent's input {when}")
    logs = [number for number, link in links.items() if link == LOG]
    check(logs and min(logs) > 2, f"the log has these numbers {when}: {logs}")
    client = agent.client()
    check("gpu.error" not in dict(client.properties()), f"the log is not read {when}")
    told = output_of(client, "sh", "-c", "readlink /proc/self/fd/0; ls -l /proc/self/fd")
    check(told.startswith("/dev/null\n") and LOG not in told, f"a program {when} has {told}")


@test
def log_that_is_the_input_is_read_and_no_program_has_it():
    """Nor after the agent has become another executable, or could not."""
    need_log()
    with Agent("--run-as", "agent", wrapper=WITH_LOG, copy=True) as agent:
        check_log_is_the_agents_alone(agent, "at first")
        agent.write("gone", f'#!/bin/sh\nrm -f gone\nexec {agent.path(harness.PROGRAM)} "$@"\n'.encode())
        os.chmod(agent.path("gone"), 0o755)
        for name, when in ((harness.PROGRAM, "after a restart"), ("gone", "after one that failed"),
                           (harness.PROGRAM, "after another one")):
            client = agent.client()
            client.expect("", wire.RESTART, *map(wire.s, (f"./{name}", "--run-as", "agent", str(agent.port))))
            check(client.ended(), "the old connection goes on")
            check_log_is_the_agents_alone(agent, when)


@test
def log_is_the_input_only_where_it_can_be_opened():
    """A unit whose input can't be opened does not start."""
    need_log()
    need_root()
    dropped = "[Service]\nStandardInput=file:/dev/kmsg\n"
    empty = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev && "$@"', "sh")
    for without, expected in (((), [dropped]), (empty, [])):
        with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
            subprocess.run([*without, GENERATOR, folder, folder, folder], check=True)
            told = []
            for at, _, names in os.walk(folder):
                told += [open(os.path.join(at, name), encoding="ascii").read() for name in names]
            equal(told, expected, "what the unit gets")


if __name__ == "__main__":
    harness.main()
