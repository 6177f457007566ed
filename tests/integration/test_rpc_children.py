#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""run, wait, wait2, rmchildproc: what a TestBot host relies on."""
import os
import sys

import guest
import harness
import wire
from harness import Agent, check, equal, eventually, refused, with_agent, need_unix
from wire import I, Q

NO_CHILD = "the {} process does not exist or is not a child process".format


@with_agent()
def status_words(agent):
    """The raw wait(2) word."""
    client = agent.client()
    for script, status in (("exit 0", 0), ("exit 3", 768), ("exit 255", 255 << 8), ("kill -KILL $$", 9),
                           ("kill -TERM $$", 15)):
        equal(client.wait(client.shell(script), 20), status, f"status of {script!r}")
    if harness.NATIVE:  # else they are errors at once
        equal(client.wait(client.run("no such program"), 20), 256, "status of what can't be executed")
        equal(client.wait(client.run(agent.folder), 20), 256, "status of a folder")


@with_agent()
def wait_polls(agent):
    client = agent.client()
    pid = agent.cleanup(client.run("sleep", "1000"))
    refused(wire.TIMED_OUT, client.wait, pid, 0)
    refused(wire.TIMED_OUT, client.wait, pid, 1)
    refused(wire.TIMED_OUT, client.wait, pid, 0)
    harness.end_process(pid)
    equal(client.wait(pid), 9, "status")
    equal(client.wait(pid, 0), 9, "status of a poll after the end")


@with_agent()
def wait_is_idempotent(agent):
    client = agent.client()
    pid = client.shell("exit 5")
    for seconds in (wire.FOREVER, 0, 20, wire.FOREVER - 1, 1 << 31):
        equal(client.wait(pid, seconds), 5 << 8, f"status with a limit of {seconds} s")
    equal(guest.status_word(client.expect("I", wire.WAIT, Q(pid))[0].number), 5 << 8, "status by the RPC wait")
    equal(agent.client().wait(pid, 0), 5 << 8, "status for another client")


@with_agent()
def legacy_wait_has_no_limit(agent):
    client = agent.client()
    pid = client.shell("until [ -e go ]; do sleep 0.05; done; exit 4")
    client.send(wire.request(wire.WAIT, Q(pid)))
    agent.client().put("go", b"")
    equal(guest.status_word(client.checked("I", client.reply_list())[0].number), 4 << 8, "status")


@with_agent()
def wait_for_what_is_no_child(agent):
    client = agent.client()
    for pid in (0, 1, agent.pid, 1 << 32, (1 << 64) - 1):
        equal(client.refusal(wire.WAIT2, Q(pid), I(0)), NO_CHILD(pid), "error text")
        equal(client.refusal(wire.WAIT, Q(pid)), NO_CHILD(pid), "error text")
        equal(client.refusal(wire.RMCHILDPROC, Q(pid)), NO_CHILD(pid), "error text")


@with_agent()
def untracked_child(agent):
    client = agent.client()
    pid = client.shell("echo done > made; exit 3", flags=wire.RUN_DNT)
    refused(NO_CHILD(pid), client.wait, pid, 0)
    eventually(lambda: os.path.exists(agent.path("made")), "the child's work")


@with_agent()
def forgotten_child(agent):
    client = agent.client()
    done, running = client.run("true"), agent.cleanup(client.run("sleep", "1000"))
    equal(client.wait(done, 20), 0, "status")
    client.forget(done)
    client.forget(running)
    for pid in (done, running):
        refused(NO_CHILD(pid), client.wait, pid, 0)
        refused(NO_CHILD(pid), client.forget, pid)
    if harness.NATIVE:
        check(harness.alive(running), "a forgotten child was ended")


@with_agent()
def client_that_leaves_while_it_waits(agent):
    """The connection is dropped at once; child and record are kept."""
    client, leaving = agent.client(), agent.client()
    pid = client.shell("until [ -e go ]; do sleep 0.05; done; exit 6")
    before = agent.fd_count()
    leaving.send(wire.request(wire.WAIT2, Q(pid), I(wire.FOREVER)))
    leaving.close()
    if harness.NATIVE:
        eventually(lambda: agent.fd_count() < before, "the connection to be given up")
    client.put("go", b"")
    equal(client.wait(pid, 20), 6 << 8, "status")


@with_agent()
def clients_share_the_children(agent):
    with agent.client() as first:
        pid = first.shell("exit 9")
    equal(agent.client().wait(pid, 20), 9 << 8, "status for the next client")


@with_agent()
def both_redirections_to_one_file(agent):
    client = agent.client()
    pid = client.shell("for i in 1 2 3; do echo out $i; echo err $i >&2; done", stdout="log", stderr="log")
    equal(client.wait(pid, 20), 0, "status")
    equal(client.get("log"), b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n", "content")


@with_agent()
def redirections_truncate_unless_told(agent):
    client = agent.client()
    for flags, out, err in ((0, b"new\n", b"new\n"), (wire.RUN_DNTRUNC_OUT, b"old\nnew\n", b"new\n"),
                            (wire.RUN_DNTRUNC_ERR, b"new\n", b"old\nnew\n"),
                            (wire.RUN_DNTRUNC_OUT | wire.RUN_DNTRUNC_ERR, b"old\nnew\n", b"old\nnew\n")):
        agent.write("out", b"old\n")
        agent.write("err", b"old\n")
        pid = client.shell("echo new; echo new >&2", flags=flags, stdout="out", stderr="err")
        equal(client.wait(pid, 20), 0, "status")
        equal((client.get("out"), client.get("err")), (out, err), f"content with flags {flags}")


@with_agent()
def input_comes_from_a_file(agent):
    client = agent.client()
    client.put("in", b"line one\nline two\n")
    equal(client.wait(client.run("cat", stdin="in", stdout="out"), 20), 0, "status")
    equal(client.get("out"), b"line one\nline two\n", "content")
    reason = "No such file or directory" if harness.NATIVE else "2"  # as testagentd has it on each system
    refused(f"unable to open 'none' for reading: {reason}", client.run, "cat", stdin="none")


@with_agent()
def output_can_be_fetched_while_the_child_runs(agent):
    client = agent.client()
    pid = client.shell("echo begun; until [ -e go ]; do sleep 0.05; done; echo done", stdout="out")
    eventually(lambda: client.get("out") == b"begun\n", "the first line")
    refused(wire.TIMED_OUT, client.wait, pid, 0)
    client.put("go", b"")
    equal(client.wait(pid, 20), 0, "status")
    equal(client.get("out"), b"begun\ndone\n", "content")


@with_agent(env={"COLOUR": "blue"})
def children_inherit_what_the_agent_has(agent):
    """Folder, environment and standard handles; signals as a program expects them."""
    client = agent.client()
    pid = client.shell("pwd > place; echo $COLOUR > colour; echo from the child; echo complaint >&2")
    equal(client.wait(pid, 20), 0, "status")
    equal(client.get("place").decode().rstrip("\n"), os.path.realpath(agent.folder), "folder")
    equal(client.get("colour"), b"blue\n", "environment")
    check("from the child\n" in agent.stdout(), "nothing on the agent's standard output")
    check("complaint\n" in agent.stderr(), "nothing on the agent's standard error")
    if harness.NATIVE:
        equal(client.wait(client.run("grep", "^Sig[BI]", "/proc/self/status", stdout="signals"), 20), 0, "status")
        check_signals(agent.read("signals").decode(), "the child")


def check_signals(status, whose):
    """The kernel's own words: none is blocked, none ignored."""
    lines = dict(line.split() for line in status.splitlines() if line.startswith(("SigBlk:", "SigIgn:")))
    equal(lines, {"SigBlk:": "0" * 16, "SigIgn:": "0" * 16}, f"signals of {whose}")


NOHUP = """
import os, signal, sys
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD, signal.SIGRTMAX))
os.execvp(sys.argv[1], sys.argv[1:])
"""


@harness.test
def ignored_and_blocked_signals_stay_with_the_agent():
    """Whatever it was started with, what it starts has the signals that a login gives."""
    need_unix("Windows has no signals")
    with Agent(wrapper=(sys.executable, "-c", NOHUP)) as agent:
        agent.expect_end = True  # by SIGKILL: it ignores SIGTERM
        try:
            check_signals_of_what_it_starts(agent)
        finally:
            agent.process.kill()
            agent.process.wait()


def check_signals_of_what_it_starts(agent):
    with open(f"/proc/{agent.pid}/status", encoding="ascii", errors="replace") as file:
        ignored = next(int(line.split()[1], 16) for line in file if line.startswith("SigIgn:"))
    equal(ignored & 0x4007, 0x4007, "what the agent ignores of SIGHUP, SIGINT, SIGQUIT and SIGTERM")
    client = agent.client()
    equal(client.wait(client.run("cat", "/proc/self/status", stdout="child"), 20), 0, "status")
    check_signals(agent.read("child").decode(errors="replace"), "a child")
    client.call(wire.SCREENSHOT, wire.s("backend=pattern"))
    workers = list(harness.children_of(agent.pid))
    equal(len(workers), 1, "capture workers")
    with open(f"/proc/{workers[0]}/status", encoding="ascii", errors="replace") as file:
        check_signals(file.read(), "the capture worker")
    script = f"#!/bin/sh\nexec cat /proc/self/status > {agent.path('checked')}\n".encode()
    check("is not a periscoped" in client.refusal(wire.UPGRADE, wire.d(script)), "the script was taken")
    check_signals(agent.read("checked").decode(errors="replace"), "the next executable's check")


@with_agent()
def arguments_arrive_as_they_are(agent):
    need_unix("a command line has 32767 characters at most")
    client = agent.client()
    arguments = ["", " ", "two words", '"quoted"', "back\\slash\\", "$HOME `id` ;&|<>*", "line\nbreak",
                 "é\u4e2d\U0001f600", "x" * 100000]
    pid = client.run("printf", "%s\\0", *arguments, stdout="out")
    equal(client.wait(pid, 20), 0, "status")
    equal(client.get("out"), b"".join(argument.encode() + b"\0" for argument in arguments), "arguments")


@with_agent()
def many_arguments(agent):
    need_unix("a command line has 32767 characters at most")
    client = agent.client()
    arguments = [str(number) for number in range(20000)]
    equal(client.wait(client.run("printf", "%s\\n", *arguments, stdout="out"), 20), 0, "status")
    equal(client.get("out").decode().split(), arguments, "arguments")


@with_agent()
def script_without_an_interpreter_takes_many_arguments(agent):
    """The shell runs it, with one argument more; the child's small stack must not matter."""
    need_unix("a command line has 32767 characters at most")
    client = agent.client()
    client.put("script", b"echo $# $1 ${32000}\n", wire.SEND_EXE)
    arguments = [str(number) for number in range(32000)]
    for start in (lambda: client.run("./script", *arguments, stdout="out"),
                  lambda: client.execute("./script", *arguments, out="out")):
        equal(client.wait(start(), 20), 0, "status")
        equal(client.get("out"), b"32000 0 31999\n", "what it was given")
    large = ["x" * 100000] * 40
    equal(client.wait(client.run("./script", *large), 20), 1 << 8, "status of a command line that the system refuses")
    refused("could not run './script': Argument list too long", client.execute, "./script", *large)


@with_agent()
def script_put_and_run_in_the_folder(agent):
    """The TestBot's task: put a script as an executable, run it by a relative name."""
    need_unix("a script.bat is for cmd.exe there")
    client = agent.client()
    client.put("script.bat", b"#!/bin/sh\necho report\nexit 2\n", wire.SEND_EXE)
    equal(client.wait(client.run("./script.bat", stdout="report"), 20), 2 << 8, "status")
    equal(client.get("report"), b"report\n", "report")


@with_agent()
def unknown_flags_are_ignored(agent):
    client = agent.client()
    equal(client.wait(client.shell("exit 1", flags=0xFFFFFFF8), 20), 256, "status")


@with_agent()
def grandchildren_are_reaped(agent):
    """What a child leaves behind must not become a zombie of the agent; the harness counts them at the end."""
    need_unix("there are no zombies")
    client = agent.client()
    for _ in range(20):
        equal(client.wait(client.shell("(sleep 0.1; exit 3) & (sleep 0.2) &"), 20), 0, "status")
    eventually(lambda: "Z" not in harness.children_of(agent.pid).values(), "no zombies")


if __name__ == "__main__":
    harness.main()
