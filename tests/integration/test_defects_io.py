#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was wrong with testagentd from the 13th defect on: descriptors, streams, time and the disk."""
import hashlib
import os
import time

import harness
import wire
from harness import KILLED, Agent, check, equal, eventually, need_unix, refused, test, with_agent
from machine import NO_CLOCK, FakeClock, data_segments_received, private_network, tcp_state
from wire import I, Q, s

MEBIBYTE = 1 << 20
ESTABLISHED = 1  # as /proc/net/tcp has it


def descriptors(pid):
    return sorted(int(name) for name in os.listdir(f"/proc/{pid}/fd"))


def runs(pid, name):
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read() == name + "\n"


@with_agent()
def defect_13_children_inherit_connections(agent):
    """On Windows tests/wine/test_run.py looks at a child's handles."""
    client, other = agent.client(), agent.client()
    agent.write("in", b"")
    pids = [agent.cleanup(client.run("sleep", "1000")),
            agent.cleanup(client.run("sleep", "1000", stdin="in", stdout="out", stderr="out")),
            agent.cleanup(client.execute("sleep", "1000", out="out"))]
    for pid in pids if harness.NATIVE else ():
        eventually(lambda pid=pid: runs(pid, "sleep"), "the child to be executed")
        # While it starts it has its libraries open for a moment.
        eventually(lambda pid=pid: descriptors(pid) == [0, 1, 2], "a child with no other descriptors than 0, 1, 2")
    other.send(wire.u32(wire.PING), wire.u32(wire.COUNT_FATAL))
    check(other.ended(), "the agent's end of a connection stays open while a child lives")


@with_agent()
def defect_14_signals_break_a_transfer(agent):
    """Children end while a get is blocked because its client reads slowly."""
    block = harness.random_bytes(MEBIBYTE)
    agent.write("big", block * 48)
    slow, busy = agent.client(), agent.client()
    digest, size = hashlib.sha256(), slow.get_begin("big")
    equal(size, 48 * MEBIBYTE, "size")
    for _ in range(size // MEBIBYTE):
        for _ in range(3):
            equal(busy.wait(busy.run("true"), 20), 0, "status")
        digest.update(slow.receive(MEBIBYTE))
    equal(digest.hexdigest(), hashlib.sha256(block * 48).hexdigest(), "content")
    slow.ping()


@with_agent()
def defect_15_pipelined_request_while_waiting(agent):
    client = agent.client()
    pid = client.run("sleep", "1000")
    client.send(wire.request(wire.WAIT2, Q(pid), I(120)), wire.request(wire.PING))
    time.sleep(0.3)  # what comes now is found unread in the socket
    client.send(wire.request(wire.GETCWD))
    agent.check_idle(1.5)
    agent.client().kill(pid)
    equal(client.checked("I", client.reply_list())[0].number, KILLED, "status")
    equal(client.reply_list(), [], "reply to the ping behind it")
    equal(client.reply_list()[0].kind, "s", "reply to the last one")


@with_agent()
def defect_16_a_reply_is_one_segment(agent):
    client = agent.client()
    agent.write("small", b"x" * 1000)
    pid = client.run("true")
    requests = [(wire.PING,), (wire.GETPROPERTIES,), (wire.GETCWD,), (wire.GETFILE, s("small")),
                (wire.GETFILE, s("no")), (wire.WAIT2, Q(pid), I(20)), (wire.RM, s("one"), s("two"), s(".")),
                (99, s("skipped"))]
    for rpc, *entries in requests:
        before = data_segments_received(client.socket)
        client.call(rpc, *entries)
        equal(data_segments_received(client.socket) - before, 1, f"segments of the reply to RPC {rpc}")


def ping_in_pieces(client):
    """As the Perl client writes: each field by itself, so that Nagle's algorithm waits for the agent's ACK."""
    client.send(wire.u32(wire.PING))
    client.send(wire.u32(0))
    equal(client.receive(4), wire.u32(0), "reply to a ping")


@with_agent()
def defect_16_acknowledgements_are_delayed(agent):
    """A delayed ACK costs 40 ms whatever the machine, 100 of them 4 s. One round within 2 s shows that they are not,
    however slow the others were."""
    need_unix("Wine can't ask for acknowledgements at once")
    client = agent.client()
    rounds = []
    while len(rounds) < 5 and not any(seconds < 2 for seconds in rounds):
        start = time.monotonic()
        for _ in range(100):
            ping_in_pieces(client)
        rounds.append(time.monotonic() - start)
    check(min(rounds) < 2, f"seconds for 100 pings in pieces: {rounds}")


@harness.test
def defect_17_wall_clock_deadlines():
    """The clock jumps by days while a wait of 2 s is on: it must end neither now nor in days."""
    for jump in (864000, -864000):
        with FakeClock() as clock, Agent(wrapper=NO_CLOCK, env=clock.env) as agent:
            clock.verify(agent)
            client, setter = agent.client(), agent.client()
            pid = agent.cleanup(client.run("sleep", "1000"))
            client.send(wire.request(wire.WAIT2, Q(pid), I(2)))
            time.sleep(0.5)  # by now its deadline is fixed
            setter.expect("", wire.SETTIME, Q(int(time.time()) + jump), I(30))
            check(abs(clock.ahead - jump) < 10, f"the clock did not jump: it is {clock.ahead} s ahead")
            client.socket.settimeout(0.5)
            try:
                early = client.reply_list()
            except TimeoutError:
                early = None
            equal(early, None, "what came before the time was over")
            client.socket.settimeout(harness.PATIENCE)
            equal(client.reply_list()[0].text, wire.TIMED_OUT, "the answer")


@with_agent()
def defect_18_failed_redirections_leak(agent):
    need_unix("its handles are not seen from here")
    client = agent.client()
    client.ping()
    standard = [os.readlink(f"/proc/{agent.pid}/fd/{fd}") for fd in range(3)]
    before = agent.fd_count()
    agent.write("in", b"")
    for _ in range(50):
        refused("unable to open 'none' for reading: No such file or directory",
                client.run, "true", stdin="none", stdout="out", stderr="err")
        refused("unable to open 'no/out' for writing: No such file or directory",
                client.run, "true", stdin="in", stdout="no/out", stderr="err")
        refused("unable to open 'no/err' for writing: No such file or directory",
                client.run, "true", stdin="in", stdout="out", stderr="no/err")
        refused("could not run 'no program': No such file or directory", client.execute, "no program", out="out")
    equal(agent.fd_count(), before, "open descriptors")
    equal([os.readlink(f"/proc/{agent.pid}/fd/{fd}") for fd in range(3)], standard, "standard handles")


@with_agent("--debug")
def defect_19_failed_exec_runs_the_agents_exit(agent):
    """A child that can't be executed exits with 1 and writes nothing of what the agent had buffered."""
    need_unix("what can't be run is an error at once")
    client = agent.client()
    for _ in range(20):
        equal(client.wait(client.run("no such program"), 20), 256, "status")
    equal(agent.stdout().count("READY"), 1, "READY lines")


@test
def defect_20_accept_failure_spins():
    """Its Linux form: no descriptor is left for the next client."""
    need_unix("Wine needs more descriptors to start")
    with Agent(wrapper=("prlimit", "--nofile=24:24")) as agent:
        crowd = [agent.client(banner=False) for _ in range(40)]
        agent.check_idle(1.5)
        for client in crowd:
            client.close()
        eventually(lambda: answers(agent), "an answer once the crowd has gone")


def answers(agent):
    try:
        agent.ping()
    except (wire.Closed, ConnectionError, wire.Refused, wire.ProtocolError):
        return False
    return True


@with_agent("--io-timeout", "1")
def defect_21_client_that_stops_reading(agent):
    with open(agent.path("big"), "wb") as file:
        file.truncate(1 << 30)
    stuck = agent.client()
    stuck.get_begin("big")
    equal(tcp_state(agent.port, stuck.socket), ESTABLISHED, "state of the connection at first")
    agent.ping()
    # Really: a system keeps what was not taken, behind a closed connection, for minutes.
    eventually(lambda: tcp_state(agent.port, stuck.socket) is None, "the stuck connection to be gone")
    eventually(lambda: agent.fd_count() <= agent.fds, "its descriptor to be closed")
    try:
        while stuck.socket.recv(1 << 16):
            pass
    except ConnectionResetError:
        pass
    else:
        raise AssertionError("what was cut off looks like the end")
    agent.ping()


@with_agent()
def defect_22_extensions(agent):
    """They are there and can be found: old agents answer "unknown RPC"."""
    client = agent.client()
    properties = dict(client.properties())
    for name in ("periscope.version", "periscope.rpcs", "boot.id", "agent.start", "security.mode"):
        check(properties.get(name), f"no property {name}")
    for name in ("screenshot", "exec", "kill"):
        check(name in properties["periscope.rpcs"], f"no {name} in periscope.rpcs={properties['periscope.rpcs']}")
    check(not client.refusal(wire.EXEC).startswith("unknown RPC"), "exec is unknown")
    check(not client.refusal(wire.KILL, Q(1)).startswith("unknown RPC"), "kill is unknown")


@with_agent()
def defect_23_failed_put_loses_the_old_file(agent):
    client = agent.client()
    client.put("v1", b"old")
    vanishing = agent.client()
    vanishing.send(wire.u32(wire.SENDFILE), wire.u32(3), s("v1"), I(0), wire.header("d", 1000), b"x" * 500)
    time.sleep(0.2)
    equal(client.get("v1"), b"old", "content while a put is on its way")
    vanishing.close()
    eventually(lambda: os.listdir(agent.folder) == ["v1"], "no temporary file")
    equal(client.get("v1"), b"old", "content after the put broke off")


@harness.test
def defect_24_open_to_anyone():
    """With nobody named, a peer from the internet is turned away without a byte; one from the bridge is not."""
    public, private = ("93.184.216.34", "2001:4860::1"), ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1",
                                                         "169.254.1.1", "::1", "fd00::1")
    with private_network(*public, *(address for address in private if address not in ("127.0.0.1", "::1"))):
        with Agent() as agent:
            for address in private:
                agent.client(host=address, source=address).ping()
            for address in public:
                client = agent.client(host=address, source=address, banner=False)
                check(client.ended(), f"{address} gets an answer")
            check(agent.client().property("security.mode"), "no security.mode")


if __name__ == "__main__":
    harness.main()
