#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command periscope over connections that break: transfers are done again, programs are not started twice, and what
fails leaves the old file."""
import os
import signal
import socket
import subprocess
import tempfile

import cli
import harness
from broken import Gate, Proxy, cut_from_agent, cut_from_host
from cli import NO_AGENT, one_line, periscope, start, target
from harness import check, equal, eventually, main, random_bytes, with_agent

CONTENT = random_bytes(3_000_000)

@with_agent()
def get_begins_anew(agent):
    agent.write("remote", CONTENT)
    with tempfile.TemporaryDirectory() as folder, \
            Proxy(agent, cut_from_agent(2_000_000), cut_from_agent(100), cut_from_agent(len(CONTENT) * 2)) as proxy:
        reply = periscope("get", proxy.address, "remote", "local", "--json", cwd=folder).json
        equal((reply["bytes"], proxy.accepted), (len(CONTENT), 3))
        with open(os.path.join(folder, "local"), "rb") as file:
            check(file.read() == CONTENT, "the content differs")
        equal(os.listdir(folder), ["local"])
    with Proxy(agent, cut_from_agent(2_000_000)) as proxy:
        check(periscope("get", proxy.address, "remote", "-").out == CONTENT, "the content on standard output differs")
        equal(proxy.accepted, 2)


@with_agent()
def get_that_is_given_up_leaves_the_old_file(agent):
    agent.write("remote", CONTENT)
    with tempfile.TemporaryDirectory() as folder, Proxy(agent, cut_from_agent(2_999_000), *[cut_from_agent(100)] * 4) as proxy:
        with open(os.path.join(folder, "local"), "wb") as file:
            file.write(b"old")
        one_line(periscope("get", proxy.address, "remote", "local", code=NO_AGENT, cwd=folder),
                 "the connection was closed while waiting for the reply to getrange")
        equal(proxy.accepted, 5)
        with open(os.path.join(folder, "local"), "rb") as file:
            equal(file.read(), b"old")
        equal(os.listdir(folder), ["local"])
    with Proxy(agent, *[cut_from_agent(30)] * 3) as proxy:
        equal(periscope("get", proxy.address, "remote", "-", code=NO_AGENT).out, b"")


@with_agent()
def put_begins_anew(agent):
    agent.write("remote", b"old")
    with Proxy(agent, cut_from_host(2_000_000), cut_from_host(10)) as proxy:
        periscope("put", proxy.address, "-", "remote", data=CONTENT)
        equal(proxy.accepted, 3)
    check(agent.read("remote") == CONTENT, "the content differs")
    with tempfile.NamedTemporaryFile() as local, Proxy(agent, cut_from_host(len(CONTENT))) as proxy:
        local.write(CONTENT[::-1])
        local.flush()
        periscope("put", proxy.address, local.name, "remote")
        equal(proxy.accepted, 2)
    check(agent.read("remote") == CONTENT[::-1], "the second content differs")
    eventually(lambda: os.listdir(agent.folder) == ["remote"], "no temporary file at the agent's")


@with_agent()
def put_that_is_given_up_leaves_the_old_file(agent):
    agent.write("remote", b"old")
    with Proxy(agent, cut_from_host(2_000_000), *[cut_from_host(10)] * 4) as proxy:
        periscope("put", proxy.address, "-", "remote", data=CONTENT, code=NO_AGENT)
        equal(proxy.accepted, 5)
    equal(agent.read("remote"), b"old")


@with_agent()
def put_whose_answer_is_lost_is_done_again(agent):
    """The banner is 24 bytes: not one of the answer comes through."""
    with Proxy(agent, cut_from_agent(24)) as proxy:
        periscope("put", proxy.address, "-", "remote", data=b"x")
        equal((agent.read("remote"), proxy.accepted), (b"x", 2))


@with_agent()
def program_is_not_started_twice(agent):
    with Proxy(agent, cut_from_agent(24)) as proxy:
        result = periscope("run", proxy.address, "sh", "-c", "echo started >> log", code=NO_AGENT)
        one_line(result, "the connection was closed while waiting for the reply to exec")
        equal(proxy.accepted, 1)
    eventually(lambda: os.path.exists(agent.path("log")) and agent.read("log"), "the program has run")
    periscope("ping", target(agent))
    equal(agent.read("log"), b"started\n")


@with_agent()
def wait_goes_on_over_a_new_connection(agent):
    """The first connection breaks when the wait's answer is due: banner, pid and folder are what came before it."""
    before = 24 + 21 + 13 + len(agent.folder) + 1
    with Proxy(agent, cut_from_agent(before)) as proxy:
        process = start("run", "-q", "--no-stdin", "--no-stream", proxy.address, "sh", "-c", "while ! test -e go; do sleep 0.05; done; exit 42")
        eventually(lambda: proxy.accepted == 1, "a connection")
        agent.write("go", b"")
        result = cli.finish(process)
        equal((result.code, result.err, proxy.accepted), (42, "", 2))


def line_about(process, text):
    """The next line on the command's standard error, which has that text."""
    line = process.stderr.readline().decode()
    check(text in line, f"{line!r} does not say {text!r}")


@with_agent()
def outputs_and_input_are_whole_after_the_guest_was_away(agent):
    """For more than three attempts: until a line tells of it."""
    first, second = random_bytes(30_000), random_bytes(300_000)
    with Gate(agent) as gate:
        process = subprocess.Popen([*cli.COMMAND, "run", gate.address, "sh", "-c", "cat; exit 42"], env=cli.environment(),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write(first)
        process.stdin.flush()
        check(process.stdout.read(len(first)) == first, "other bytes at first")
        gate.away.set()
        process.stdin.write(second[:1000])
        process.stdin.flush()
        line_about(process, f"{gate.address} does not answer: it is waited for, 180 s at most")
        check(gate.refused > 3, f"{gate.refused} attempts")
        gate.away.clear()
        out, err = process.communicate(second[1000:], timeout=harness.PATIENCE)
        equal((process.returncode, err), (42, b""), "the end")
        check(out == second, "other bytes")


@with_agent()
def status_is_had_after_the_guest_was_away(agent):
    with Gate(agent) as gate:
        process = start("run", "--json", "--no-stdin", gate.address, "sh", "-c", "while ! test -e go; do sleep 0.05; done; exit 42")
        eventually(lambda: agent.client().property("children.running") == "1", "the program")
        gate.away.set()
        line_about(process, "does not answer: it is waited for")
        agent.write("go", b"")
        gate.away.clear()
        equal(cli.finish(process).code, 42)


@with_agent()
def guest_is_given_up_when_it_was_away_for_long(agent):
    with Gate(agent) as gate:
        process = start("run", "--no-stdin", "--away-limit", "0.2", gate.address, "sleep", "1000")
        eventually(lambda: agent.client().property("children.running") == "1", "the program")
        gate.away.set()
        result = cli.finish(process)
        equal(result.code, NO_AGENT)
        one_line(result, "the guest did not answer for 0.2 s: ")
    periscope("run", "--away-limit", "x", target(agent), "true", code=cli.USAGE)


@with_agent()
def small_calls_are_made_again(agent):
    for arguments in (["ping"], ["info"], ["rm", "none"], ["settime", "-l", "4294967295"]):
        with Proxy(agent, cut_from_agent(24), cut_from_agent(24)) as proxy:
            periscope(arguments[0], proxy.address, *arguments[1:])
            equal(proxy.accepted, 3, arguments[0])


@with_agent()
def interrupted_get_leaves_nothing(agent):
    """Ctrl-C in the middle of a transfer that has stopped."""
    agent.write("remote", CONTENT)

    def stall(host, _):
        with socket.create_connection(("127.0.0.1", agent.port)) as there:
            host.sendall(there.recv(24, socket.MSG_WAITALL))
            there.sendall(host.recv(1000))
            host.sendall(there.recv(1_000_000, socket.MSG_WAITALL))
            host.recv(1)

    with tempfile.TemporaryDirectory() as folder, cli.Server(stall) as server:
        process = start("get", f"127.0.0.1:{server.port}", "remote", "local", cwd=folder)
        eventually(lambda: harness.half_files(process.pid, folder), "the beginnings of a file")
        process.send_signal(signal.SIGINT)
        result = cli.finish(process)
        equal(result.code, cli.INTERRUPTED, result.err)
        one_line(result, "interrupted while receiving a file")
        equal(os.listdir(folder), [])


if __name__ == "__main__":
    main()
