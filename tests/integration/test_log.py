#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent's log: nobody waits for who reads it, and it is for people."""
import os
import re
import socket
import subprocess
import tempfile
import time

import harness
import wire
from harness import Agent, check, equal, eventually, need_unix, refused, test, with_agent

SINCE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "


class StuckReader:
    """A pipe for the agent's standard error or both streams, which is read only when a test says so."""

    def __init__(self, redirect):
        need_unix("its standard error is the console's")
        self.folder = tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp")
        path = os.path.join(self.folder.name, "pipe")
        os.mkfifo(path)
        self.out = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.into = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        self.wrapper = ["sh", "-c", redirect.format(pipe=path), "sh"]

    def fill(self):
        for size in (65536, 1):
            try:
                while True:
                    os.write(self.into, b"x" * size)
            except BlockingIOError:
                pass

    def read_some(self):
        try:
            return os.read(self.out, 1 << 20)
        except BlockingIOError:
            return b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.out)
        os.close(self.into)
        self.folder.cleanup()


def all_work(agent):
    """What a test needs of the agent: ping, run, wait2, kill."""
    client = agent.client()
    client.ping()
    equal(client.wait(client.run("true"), 20), 0, "status")
    pid = client.run("sleep", "1000")
    refused(wire.TIMED_OUT, client.wait, pid, 0)
    client.kill(pid)
    equal(client.wait(pid, 20), harness.KILLED, "status of the killed one")
    client.forget(pid)


def numbered(number):
    """A name that is in a line of the log as it is."""
    return f"{number:0900}"


@test
def nobody_waits_for_who_reads_the_log():
    with StuckReader('exec "$@" 2>{pipe}') as reader:
        reader.fill()
        with Agent("--debug", wrapper=reader.wrapper) as agent:
            client = agent.client()
            for number in range(300):  # more than the log keeps, 128 KiB
                name = numbered(number)
                refused(f"unable to open '{name}' for reading: File name too long", client.get, name)
            all_work(agent)
            kept = client.get(".periscope/log.txt").decode()
            check(numbered(299) in kept, "the log itself lacks the last line")
            seen = b""

            def is_up_to_date():
                nonlocal seen
                seen += reader.read_some()
                return numbered(299).encode() in seen and b"exited with status" in seen.rpartition(b"started: sleep")[2]

            eventually(is_up_to_date, "the last lines, once they are read")
            lost = sum(int(count) for count in re.findall(rb"\((\d+) lines were not written here\)\n", seen))
            check(lost > 100, "it is not told how many lines were dropped")
            written = sum(numbered(number).encode() in seen for number in range(300))
            check(300 <= written + lost <= 310, f"{written} lines were written and {lost} dropped, of 300 and a few")


@test
def a_restart_waits_for_no_reader():
    """Neither to write what the last agent has logged, nor to say that the next one is ready."""
    with StuckReader('(head -n 3 {pipe} &); exec "$@" >{pipe} 2>&1') as reader:
        with Agent("--debug", wrapper=reader.wrapper) as agent:
            eventually(lambda: agent.stdout().count("\n") == 3, "the end of who reads the first lines")
            reader.fill()
            for name in ("a", "b"):
                refused(f"unable to open '{name}' for reading: No such file or directory", agent.client().get, name)
            before = agent.client().property("agent.start")
            time.sleep(1.1)  # agent.start is in seconds
            agent.client().expect("", wire.RESTART, *map(wire.s, (harness.COMMAND[-1], "--debug", str(agent.port))))
            eventually(lambda: agent.client().property("agent.start") != before, "the next agent")
            all_work(agent)


@with_agent()
def polling_is_no_line(agent):
    client = agent.client()
    pid = agent.cleanup(client.run("sleep", "1000"))
    for _ in range(441):
        refused(wire.TIMED_OUT, client.wait, pid, 0)
    text = client.get(".periscope/log.txt").decode()
    check(wire.TIMED_OUT not in text, "a host's polling is in the log")
    client.kill(pid)


@with_agent()
def what_repeats_is_one_line_with_its_count(agent):
    client = agent.client()
    start = time.monotonic()
    for _ in range(441):
        for name in ("no-such", "nor-this"):
            refused(f"unable to open '{name}' for reading: No such file or directory", client.get, name)
    took = time.monotonic() - start
    lines = client.get(".periscope/log.txt").decode().splitlines()
    for name in ("no-such", "nor-this"):
        mine = [line for line in lines if f"'{name}'" in line]
        failure = f"127.0.0.1: getfile: unable to open '{name}' for reading: No such file or directory"
        check(re.fullmatch(SINCE + re.escape(failure), mine[0]), mine[0])
        counts = [re.fullmatch(SINCE + re.escape(failure) + r" \(repeated (\d+) times? in \d+\.\d s\)", line)
                  for line in mine[1:]]
        check(all(counts), f"other lines than counts: {mine[1:]}")
        equal(sum(int(count.group(1)) for count in counts), 440, "how often it was repeated")
        check(len(mine) <= 3 + took, f"{len(mine)} lines within {took} s")


@test
def the_service_manager_may_be_stuck():
    """Its socket is full: the agent does not wait for it."""
    need_unix("its service manager has no socket")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        path = os.path.join(folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            manager.bind(path)
            other.setblocking(False)
            try:
                while True:
                    other.sendto(b"x" * 1000, path)
            except BlockingIOError:
                pass
            with Agent("--run-as", "agent", env={"NOTIFY_SOCKET": path}) as agent:
                all_work(agent)


@with_agent("--debug")
def what_was_logged_is_written_before_a_restart(agent):
    need_unix("its standard error is the console's")
    client = agent.client()
    names = [f"file-{number}" for number in range(100)]
    for name in names:
        refused(f"unable to open '{name}' for reading: No such file or directory", client.get, name)
    client.expect("", wire.RESTART, *map(wire.s, (harness.COMMAND[-1], "--debug", str(agent.port))))
    eventually(lambda: agent.stdout().count("READY") == 2, "the next agent")
    text = agent.stderr()
    equal([name for name in names if f"'{name}'" not in text], [], "lines that are missing")
    check(": restart as " in text, "the last line is missing")


@test
def why_it_ends_is_said_after_all_else():
    need_unix("its standard error is the console's")
    with Agent() as agent:
        done = subprocess.run([*harness.COMMAND, "--debug", str(agent.port)], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=harness.PATIENCE, check=False)
        equal(done.returncode, 1, "exit status")
        check(done.stderr.decode().splitlines()[-1].startswith("periscoped: "), f"its last word: {done.stderr}")
    with StuckReader('exec "$@" 2>{pipe}') as reader, Agent() as agent:
        reader.fill()
        done = subprocess.run([*reader.wrapper, *harness.COMMAND, "--debug", str(agent.port)], stdin=subprocess.DEVNULL,
                              timeout=harness.PATIENCE, check=False)
        equal(done.returncode, 1, "exit status of one whose last word nobody reads")


if __name__ == "__main__":
    harness.main()
