#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests that no honest host sends: consumed whole and answered with one error, or the connection is closed."""
import socket
import time

import harness
import wire
from harness import check, equal, scaled, with_agent
from wire import I, Q, d, s


def answered_or_closed(agent, data, then_ping=True):
    """Sends the bytes of one whole request. One of two things must come of it: one error and a connection that goes on,
    or the end of the connection."""
    client = agent.client()
    try:
        client.send(data)
        reply = client.reply_list()
        equal([entry.kind for entry in reply], ["e"], "the answer")
        check(reply[0].text and "\n" not in reply[0].text, f"no one-line text: {reply}")
        if then_ping:
            client.ping()
    except (wire.Closed, ConnectionError):
        pass
    finally:
        client.close()
    agent.ping()


LONG_REQUEST = wire.request(wire.SENDFILE, s("a-file-name"), I(1), d(b"content " * 4))


@with_agent()
def eof_at_every_byte(agent):
    """By a close, by a half-close, and by a reset."""
    for length in range(len(LONG_REQUEST)):
        for how in ("close", "half", "reset")[length % 3:length % 3 + 2]:
            client = agent.client()
            client.send(LONG_REQUEST[:length])
            if how == "half":
                client.socket.shutdown(socket.SHUT_WR)
                check(client.ended(), f"no end after {length} bytes")
            elif how == "reset":
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
    agent.ping()
    client = agent.client()
    equal([entry.text for entry in client.call(wire.GETFILE, s("a-file-name"))],
          ["unable to open 'a-file-name' for reading: No such file or directory"], "what cut requests left")
    client.send(LONG_REQUEST)
    equal(client.reply_list(), [], "reply to the whole request")


@with_agent()
def eof_at_every_byte_of_others(agent):
    for request in (wire.request(wire.RUN, I(0), s(""), s(""), s(""), s("true")),
                    wire.request(wire.WAIT2, Q(1), I(0)), wire.request(wire.EXEC, s("arg=true"), s("out=x"))):
        for length in range(1, len(request), 3):
            with agent.client() as client:
                client.send(request[:length])
    agent.ping()


@with_agent()
def replies_that_nobody_reads(agent):
    """The client is gone before the answer comes."""
    for request in (wire.request(wire.GETPROPERTIES), wire.request(wire.RUN, I(0), s(""), s(""), s(""), s("true")),
                    LONG_REQUEST, wire.request(wire.GETFILE, s("/proc/self/maps")), wire.request(99)):
        for _ in range(10):
            with agent.client() as client:
                client.send(request * 3)
    agent.ping()


@with_agent()
def one_byte_at_a_time(agent):
    client = agent.client()
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in LONG_REQUEST + wire.request(wire.GETFILE, s("a-file-name")):
        client.send(bytes([byte]))
        time.sleep(0.01)
    equal(client.reply_list(), [], "reply to the put")
    equal(client.checked("d", client.reply_list())[0].payload, b"content " * 4, "content")


@with_agent("--io-timeout", "1")
def stalled_requests_are_dropped(agent):
    stalled = []
    for length in (1, 4, 6, 8, 12, 20, len(LONG_REQUEST) - 1):
        client = agent.client()
        client.send(LONG_REQUEST[:length])
        stalled.append(client)
    idle = agent.client()
    for client in stalled:
        check(client.ended(), "an answer to half a request")
    time.sleep(1.5)
    idle.ping()


@with_agent("--io-timeout", "1")
def waiting_is_no_stall(agent):
    """The deadline is for bytes that should come, not for a child or between requests."""
    client = agent.client()
    pid = client.shell("sleep 2.5; exit 3")
    equal(client.wait(pid, 20), 768, "status")
    client.ping()


@with_agent()
def unknown_rpcs(agent):
    client = agent.client()
    for rpc in (14, 15, 255, 0x50530000, 0x5053FFFF, 0x80000000, 0xFFFFFFFF):
        for entries in ((), (s("text"), I(1), Q(2), d(b"x" * 100000)), (wire.raw("?", b"odd"),)):
            equal(client.refusal(rpc, *entries), f"unknown RPC {rpc}", "error text")
            client.ping()


@with_agent()
def counts_out_of_bounds(agent):
    for count in (wire.COUNT_FATAL, wire.COUNT_FATAL + 1, 1 << 31, (1 << 32) - 1):
        for rpc in (wire.PING, wire.RM, 99):
            client = agent.client()
            client.send(wire.u32(rpc), wire.u32(count))
            check(client.ended(), f"a list of {count} entries is answered")
    entry = s("x")
    answered_or_closed(agent, wire.request(wire.RM, *[entry] * (wire.COUNT_MAX + 1)))
    answered_or_closed(agent, wire.request(99, *[entry] * (wire.COUNT_FATAL - 1)))
    equal(agent.client().call(wire.RM, *[entry] * wire.COUNT_MAX), [], "reply to the longest list")


@with_agent()
def wrong_counts(agent):
    client = agent.client()
    number = "Invalid number of parameters ({} instead of {})".format
    for rpc, right in ((wire.PING, 0), (wire.GETFILE, 1), (wire.WAIT, 1), (wire.WAIT2, 2), (wire.SETTIME, 2),
                       (wire.GETPROPERTIES, 0), (wire.UPGRADE, 1), (wire.RMCHILDPROC, 1), (wire.GETCWD, 0),
                       (wire.SETPROPERTY, 2)):
        for wrong in {0, 1, 2, 3, 1000} - {right}:
            equal(client.refusal(rpc, *[s("x")] * wrong), number(wrong, right), f"error text of RPC {rpc}")
    for wrong in range(5):
        equal(client.refusal(wire.RUN, *[I(0), s(""), s(""), s("")][:wrong]), "expected 5 or more parameters", "text")
    client.ping()


@with_agent()
def sizes_out_of_bounds(agent):
    answered_or_closed(agent, wire.request(wire.GETFILE, s("x" * wire.STRING_MAX)))
    answered_or_closed(agent, wire.request(wire.RM, *[s("x" * (wire.STRING_MAX - 1))] * 17))
    answered_or_closed(agent, wire.request(wire.RM, s("x" * (40 << 20))))
    answered_or_closed(agent, wire.request(wire.GETFILE, d(bytes(40 << 20))))
    answered_or_closed(agent, wire.request(wire.PING, d(bytes(40 << 20))))
    answered_or_closed(agent, wire.request(wire.EXEC, *[s("arg=" + "x" * 100000)] * 160))


@with_agent()
def odd_entries(agent):
    for entry in (wire.raw("I", b""), wire.raw("I", b"12345"), wire.raw("Q", b"1234"), wire.raw("u", b""),
                  wire.raw("e", b"error\0"), wire.raw("\0", b"text\0"), wire.raw("\x7f", b"text\0"),
                  b"\xff" + wire.u64(3) + b"v1\0", wire.raw("s", b""), wire.raw("s", b"v1"), wire.raw("s", b"v\0v\0"),
                  wire.raw("S", b"v1\0"), wire.raw("\n", b"v1\0")):
        for rpc in (wire.GETFILE, wire.RMCHILDPROC, wire.RM, wire.UPGRADE, wire.RESTART, wire.EXEC):
            answered_or_closed(agent, wire.request(rpc, entry))


@with_agent()
def claims_that_end_early(agent):
    """Gigabytes are claimed and a little comes: the end of the stream ends it."""
    for rpc in (wire.GETFILE, wire.SENDFILE, wire.UPGRADE, wire.EXEC, 99):
        for kind in "sdIQu":
            client = agent.client()
            client.send(wire.u32(rpc), wire.u32(3), wire.header(kind, 3 << 30), b"x" * 5000)
            client.socket.shutdown(socket.SHUT_WR)
            check(client.ended(), "an answer to half a request")
            client.close()
    agent.ping()


@with_agent()
def requests_out_of_order(agent):
    """Nothing depends on a request before it, and many may be sent before an answer is read."""
    client = agent.client()
    count = 2000
    client.send(wire.request(wire.GETCWD) * count, wire.request(wire.WAIT2, Q(1), I(0)), wire.request(wire.PING))
    for _ in range(count):
        equal([entry.kind for entry in client.reply_list()], ["s"], "reply")
    equal([entry.kind for entry in client.reply_list()], ["e"], "reply to the wait")
    equal(client.reply_list(), [], "reply to the ping")


@with_agent()
def other_protocols(agent):
    for greeting in (b"GET / HTTP/1.1\r\nHost: guest\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n",
                     b"\x16\x03\x01\x02\x00\x01" * 50, b"\r\n" * 100, b"\xff" * 1000, b"\0" * 7):
        client = agent.client()
        try:
            client.send(greeting)
            client.socket.shutdown(socket.SHUT_WR)
            while client.socket.recv(4096):
                pass
        except ConnectionError:
            pass
    agent.ping()


@with_agent("--io-timeout", "2")
def noise(agent):
    """Golden-like requests with bytes changed by a generator whose seed is printed."""
    generator = harness.generator()
    # No id that runs, ends or replaces something comes out of one changed byte.
    base = [wire.request(wire.GETFILE, s("v1")), wire.request(wire.WAIT2, Q(1), I(0)),
            wire.request(wire.SETPROPERTY, s("start.count"), s("1")), wire.request(wire.GETPROPERTIES)]
    for _ in range(scaled(300, 50)):
        data = bytearray(b"".join(generator.choices(base, k=3)))
        for _ in range(generator.randrange(1, 4)):
            data[generator.randrange(4, len(data))] = generator.randrange(256)
        client = agent.client()
        try:
            client.send(bytes(data))
            client.socket.shutdown(socket.SHUT_WR)
            while client.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        client.close()
    agent.ping()


if __name__ == "__main__":
    harness.main()
