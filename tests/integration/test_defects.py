#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was wrong with testagentd, one test for each defect; the rest is in test_defects_io.py.

The number is the defect's in the list of docs/protocol.md. Each test is made so that the ancestor fails it.
"""
import os
import signal
import socket
import time

import harness
import wire
from harness import KILLED, Agent, check, eventually, equal, scaled, with_agent, need_unix
from machine import NO_CLOCK, FakeClock, tcp_timer
from wire import I, Q, d, s


@with_agent()
def defect_01_eof_while_skipping(agent):
    """An end of file in the middle of what is skipped ends the connection; it is no reason to spin."""
    skipped = (wire.u32(wire.PING) + wire.u32(1) + wire.header("s", 3 << 30),
               wire.u32(99) + wire.u32(2) + wire.header("d", 3 << 30),
               wire.u32(wire.WAIT2) + wire.u32(2) + wire.header("s", 3 << 30))
    for beginning in skipped:
        client = agent.client()
        client.send(beginning, b"x" * 1000)
        client.socket.shutdown(socket.SHUT_WR)
        check(client.ended(), "the connection goes on after its end")
    agent.check_idle()
    agent.ping()


@with_agent("--io-timeout", "1")
def defect_02_one_client_at_a_time(agent):
    idle, half_open, later = agent.client(), agent.client(), agent.client()
    half_open.send(wire.u32(wire.GETFILE), wire.u32(1), b"s")
    later.ping()
    check(half_open.ended(), "a request that never goes on is kept")
    idle.ping()
    if harness.NATIVE:
        equal(eventually(lambda: tcp_timer(agent.port, idle.socket), "a timer on an idle connection"), 2, "keep-alive timer")


@with_agent()
def defect_03_signals_that_coalesce(agent):
    """20 children end while the agent is stopped, so it gets one SIGCHLD for all of them."""
    need_unix("there are no signals that could")
    client = agent.client()
    pids = [client.run("sleep", "1000") for _ in range(20)]
    os.kill(agent.pid, signal.SIGSTOP)
    try:
        for number, pid in enumerate(pids):
            os.kill(pid, signal.SIGKILL if number % 2 else signal.SIGTERM)
        eventually(lambda: not any(map(harness.alive, pids)), "the children to end")
    finally:
        os.kill(agent.pid, signal.SIGCONT)
    equal([client.wait(pid, 20) for pid in pids], [15, 9] * 10, "statuses")


@with_agent()
def defect_04_child_that_exits_before_it_is_listed(agent):
    client = agent.client()
    for _ in range(scaled(1500, 200)):
        equal(client.wait(client.run("false"), 20), 256, "status")


@with_agent()
def defect_05_exit_between_test_and_sleep(agent):
    """A wait that begins as the child exits must not miss it: the time limit is longer than the test's patience."""
    client = agent.client()
    for number in range(scaled(300, 60)):
        pid = client.shell(f"sleep 0.00{number % 10}; exit 7")
        time.sleep(number % 7 / 1000)
        equal(client.wait(pid, 120), 7 << 8, "status")


@with_agent()
def defect_05_one_exit_wakes_every_waiter(agent):
    client = agent.client()
    pid = client.run("sleep", "1000")
    waiting = [agent.client() for _ in range(10)]
    for one in waiting:
        one.send(wire.request(wire.WAIT2, Q(pid), I(120)))
    other = client.run("true")
    equal(client.wait(other, 20), 0, "status of another child")
    client.kill(pid)
    for one in waiting:
        equal(one.checked("I", one.reply_list())[0].number, KILLED, "status")


@with_agent()
def defect_06_redirections_stay_empty(agent):
    client = agent.client()
    pid = client.shell("echo to out; echo to err >&2", stdout="out", stderr="err")
    equal(client.wait(pid, 20), 0, "status")
    equal((client.get("out"), client.get("err")), (b"to out\n", b"to err\n"), "content")


@harness.test
def defect_07_settime_inverted():
    with FakeClock() as clock, Agent(wrapper=NO_CLOCK, env=clock.env) as agent:
        clock.verify(agent)
        agent.client().expect("", wire.SETTIME, Q(int(time.time()) + 864000), I(30))
        check(abs(clock.ahead - 864000) <= 5, f"the clock is {clock.ahead} s ahead instead of 864000 s")
    with Agent(wrapper=NO_CLOCK) as agent:
        equal(agent.client().refusal(wire.SETTIME, Q(int(time.time()) + 864000), I(30)),
              "failed to set the time: Operation not permitted", "error text")


def check_all_refused(client, requests):
    """Each is answered with its text, and what follows it is read from where it begins."""
    for text, rpc, *entries in requests:
        equal(client.refusal(rpc, *entries), text, f"error text of {rpc}{entries}")
        client.ping()


@with_agent()
def defect_08_wrong_type_or_size_in_a_list(agent):
    got = "Expected a parameter of type {} but got {} instead".format
    size = "Expected a parameter of size {} but got {} instead".format
    check_all_refused(agent.client(), [
        (got("s", "I"), wire.GETFILE, I(1)),
        (got("s", "Q"), wire.SENDFILE, Q(1), I(0), d(b"data")),
        (got("I", "s"), wire.SENDFILE, s("v1"), s("0"), d(b"data")),
        (got("d", "s"), wire.SENDFILE, s("v1"), I(0), s("data")),
        (got("I", "s"), wire.RUN, s("0"), s(""), s(""), s(""), s("true"), s("more")),
        (got("s", "I"), wire.RUN, I(0), s(""), s(""), s(""), s("true"), I(1), s("more")),
        (got("Q", "s"), wire.WAIT, s("1")),
        (got("s", "d"), wire.RM, s("one"), d(b"two"), s("three")),
        (got("Q", "s"), wire.WAIT2, s("1"), I(0)),
        (got("I", "Q"), wire.WAIT2, Q(1), Q(0)),
        (size(4, 5), wire.WAIT2, Q(1), wire.raw("I", b"12345")),
        (size(8, 4), wire.WAIT2, wire.raw("Q", b"1234"), I(0)),
        (size(8, 0), wire.RMCHILDPROC, wire.raw("Q", b"")),
        (got("Q", "I"), wire.SETTIME, I(1), I(30)),
        (got("d", "s"), wire.UPGRADE, s("agent")),
        (got("s", "Q"), wire.SETPROPERTY, s("start.count"), Q(1)),
        ("unknown RPC 1224736768", 1224736768, s("any"), I(1)),
    ])
    equal(os.listdir(agent.folder), [], "files made by refused requests")


@with_agent("--set-time-only")
def defect_08_refused_rpc_is_consumed(agent):
    text = "the {} RPC is not allowed".format
    client = agent.client()
    check_all_refused(client, [
        (text("getfile"), wire.GETFILE, s("v1")),
        (text("sendfile"), wire.SENDFILE, s("v1"), I(0), d(b"x" * 100000)),
        (text("run"), wire.RUN, I(0), s(""), s(""), s(""), s("true")),
        (text("rm"), wire.RM, s("one"), s("two")),
        (text("getproperties"), wire.GETPROPERTIES),
        (text("upgrade"), wire.UPGRADE, d(b"x" * 100000)),
        (text("restart"), wire.RESTART, s("agent")),
        (text("exec"), wire.EXEC, s("arg=true")),
        (text("kill"), wire.KILL, Q(1), s("grace-ms=0")),
        (text("screenshot"), wire.SCREENSHOT),
    ])
    client.expect("", wire.SETTIME, Q(int(time.time())), I(1 << 31))
    equal(os.listdir(agent.folder), [], "files made by refused requests")


@with_agent(env={"MALLOC_PERTURB_": "165"})
def defect_09_sendfile_with_a_wrong_count(agent):
    client = agent.client()
    entries = [s("v1"), I(0), d(b"data"), s("more"), d(b"more")]
    for count in (0, 1, 2, 4, 5):
        equal(client.refusal(wire.SENDFILE, *entries[:count]),
              f"Invalid number of parameters ({count} instead of 3)", "error text")
        client.ping()


@with_agent("--protocol", "1.8", copy=True)
def defect_10_one_reply_to_a_failed_upgrade(agent):
    client = agent.client()
    for rpc, entry in ((wire.UPGRADE, d(b"no program")), (wire.RESTART, s("no such file"))):
        check(client.refusal(rpc, entry), "an empty error text")
        client.ping()
        check(client.property("protocol.version"), "no properties after it")


@with_agent()
def defect_11_sizes_that_are_believed(agent):
    """What is claimed costs no memory, and whoever claims it delays nobody."""
    for size in (3 << 30, 8 << 30, 1 << 32, (1 << 32) + 3, 1 << 62, (1 << 63) - 1, (1 << 64) - 1):
        for kind in "sdIQ":
            client = agent.client()
            try:
                client.send(wire.u32(wire.GETFILE), wire.u32(1), wire.header(kind, size), b"v1\0" * 10000)
            except ConnectionError:
                pass  # it may have closed the connection already
        agent.ping()
    if not harness.SANITIZED:
        check(agent.memory("VmHWM") < 64 << 10, f"{agent.memory('VmHWM')} kB were used")
    if harness.NATIVE and not harness.SANITIZED:
        check(agent.memory("VmPeak") < 8 << 20, f"{agent.memory('VmPeak')} kB were reserved")


@with_agent()
def defect_11_strings_have_a_limit(agent):
    client = agent.client()
    longest = wire.STRING_MAX - 1
    check(client.refusal(wire.GETFILE, s("x" * longest)).startswith("unable to open 'xxx"), "the file is not named")
    equal([entry.kind for entry in client.remove("x" * longest)], ["s"], "reply to rm")
    check("1048577" in client.refusal(wire.RM, s("x" * (longest + 1))), "the size is not named")
    client.ping()


@with_agent()
def defect_12_strings_without_an_end(agent):
    agent.write("v1", b"hi")
    client = agent.client()
    for payload in (b"", b"v1", b"v", b"v1\0\0", b"v1\0more\0", b"v1\0more"):
        check(client.refusal(wire.GETFILE, wire.raw("s", payload)), "an empty error text")
        check(client.refusal(wire.RUN, I(0), wire.raw("s", payload), s(""), s(""), s("true")), "an empty error text")
        check(client.refusal(wire.SENDFILE, wire.raw("s", payload), I(0), d(b"no")), "an empty error text")
        check(client.refusal(wire.RM, s("other"), wire.raw("s", payload)), "an empty error text")
        client.ping()
    equal((os.listdir(agent.folder), agent.read("v1")), (["v1"], b"hi"), "the folder after refused requests")


if __name__ == "__main__":
    harness.main()
