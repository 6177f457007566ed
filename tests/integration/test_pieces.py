#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures whose file leaves the guest while it is encoded: the same file, with its last facts behind it; and what breaks
off in the middle says why, on a connection that goes on."""
import contextlib
import os
import signal

import harness
import picture
import wire
from harness import Agent, check, children_of, command_line, equal, eventually, need_plain_build, need_unix, test, with_agent
from wire import s
from worker import Facts

NOISE = {"PERISCOPE_PATTERN": "1500x1000,noise"}
LARGE = {"PERISCOPE_PATTERN": "6000x4000,noise"}  # 72 MB, which take some time
LATE = ["hash", "time-encode-us"]
TURNS = 5
STOPPED_MS = 8000  # deadline of a picture whose worker is stopped


def ask(*options):
    return wire.request(wire.SCREENSHOT, s("backend=pattern"), *map(s, options))


def shape(reply):
    """The types, with what is repeated written once."""
    kinds = "".join(entry.kind for entry in reply)
    return "".join(kind for i, kind in enumerate(kinds) if i == 0 or kinds[i - 1] != kind)


def file_of(reply):
    return b"".join(entry.payload for entry in reply if entry.kind == "d")


def facts_of(reply):
    return Facts([entry.text for entry in reply if entry.kind == "s"])


@with_agent(env=NOISE)
def pieces_are_the_file_and_the_last_facts_follow(agent):
    with agent.client() as client:
        whole = client.call(wire.SCREENSHOT, s("backend=pattern"))
        client.send(ask("pieces=1"))
        reply = client.reply_list()
        equal((shape(whole), shape(reply)), ("sd", "sdsu"), "the entries")
        check(sum(entry.kind == "d" for entry in reply) >= 5, "it did not come in pieces")
        last = max(i for i, entry in enumerate(reply) if entry.kind == "d")
        equal([entry.text.partition("=")[0] for entry in reply[last + 1:] if entry.kind == "s"], LATE, "facts behind the file")
        one, other = picture.decode_png(file_of(whole)), picture.decode_png(file_of(reply))
        check(one.same(other), "other pixels")
        equal(len(file_of(whole)), len(file_of(reply)), "sizes")
        equal(facts_of(reply)["hash"], other.hash(), "hash")
        equal({key for key, _ in facts_of(reply).pairs}, {key for key, _ in facts_of(whole).pairs}, "the facts")
        client.ping()


@with_agent(env={"PERISCOPE_PATTERN": "64x48"})
def a_small_picture_is_one_piece(agent):
    with agent.client() as client:
        client.send(ask("pieces=1"))
        reply = client.reply_list()
        equal((shape(reply), sum(entry.kind == "d" for entry in reply)), ("sdsu", 1), "the entries")
        check(picture.decode_png(file_of(reply)).same(picture.decode_png(file_of(client.call(wire.SCREENSHOT, s("backend=pattern"))))),
              "other pixels")


@with_agent(env={"PERISCOPE_PATTERN": "640x480"})
def what_is_known_only_at_the_end_comes_as_ever(agent):
    with agent.client() as client:
        digest = facts_of(client.call(wire.SCREENSHOT, s("backend=pattern")))["hash"]
        other = digest[:-1] + ("0" if digest[-1] != "0" else "1")
        for options, want in ((["format=ppm"], "sd"), ([f"if-changed={digest}"], "su"), ([f"if-changed={other}"], "sd"),
                              (["delta=1"], "sd"), ([f"if-changed={digest}", "wait-ms=50"], "su"), (["pieces=0"], None)):
            client.send(ask(*options, *(["pieces=1"] if want else [])))
            equal(shape(client.reply_list()), want or "sd", f"the entries with {options}")
        for options, reason in ((["pieces=2"], "the option pieces='2' is not 0 or 1"),
                                (["pieces=1", "pieces=1"], "the option pieces is given twice"),
                                (["pieces=1", "pieces=0"], "the option pieces is given twice")):
            client.send(ask(*options))
            reply = client.reply_list()
            equal([(entry.kind, entry.text) for entry in reply], [("e", reason)], f"the answer to {options}")
        client.send(wire.request(wire.CRC, s("pieces=1")))
        equal(client.reply_list()[0].text, "unknown option 'pieces=1'", "the answer of crc")


def workers_of(agent):
    return [pid for pid in children_of(agent.pid) if b"--capture-worker" in command_line(pid)]


def begun(client, deadline_ms=60000):
    """Asks, and reads until the first piece is there; returns the number of entries that are still to come."""
    client.send(ask("pieces=1", f"deadline-ms={deadline_ms}"))
    count = int.from_bytes(client.receive(4), "big")
    while True:
        count -= 1
        entry = client.entry()
        if entry.kind == "d":
            return count


def break_off(agent, how):
    """The entries behind the first piece of a picture, once its worker has got the signal then."""
    for _ in range(TURNS):
        with agent.client(timeout=120) as client:
            left = begun(client, *([STOPPED_MS] if how == signal.SIGSTOP else []))
            stopped = workers_of(agent)
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
            rest = [client.entry() for _ in range(left)]
            client.ping()
            eventually(lambda: not set(stopped) & set(workers_of(agent)), "the worker is gone")
            if any(entry.kind == "e" for entry in rest):
                return rest
    raise AssertionError("each picture was done before its worker could be stopped")


def check_broken_off(rest, reason):
    at = next(i for i, entry in enumerate(rest) if entry.kind == "e")
    check(all(entry.kind == "d" for entry in rest[:at]), f"what came before: {rest[:at][-3:]}")
    check(all(entry.kind == "u" for entry in rest[at + 1:]), f"what came behind: {rest[at + 1:][:3]}")
    check(reason in rest[at].text, rest[at].text)


@with_agent(env=LARGE)
def a_worker_that_dies_in_the_middle_is_told_of(agent):
    need_unix("a worker of Wine's is no child of the agent's for this test")
    need_plain_build()
    check_broken_off(break_off(agent, signal.SIGKILL), "the capture worker ended before it answered")
    with agent.client() as client:
        check("screenshot: the capture worker ended" in client.get(".periscope/log.txt").decode(), "the log does not tell of it")


@with_agent(env=LARGE)
def a_worker_that_stands_still_in_the_middle_ends_at_the_deadline(agent):
    need_unix("a worker of Wine's is no child of the agent's for this test")
    need_plain_build()
    check_broken_off(break_off(agent, signal.SIGSTOP), f"the capture did not end within {STOPPED_MS} ms")


@test
def who_does_not_read_holds_up_nobody():
    need_plain_build()
    with Agent(env=LARGE) as agent, agent.client(timeout=120) as client:
        client.send(ask("pieces=1", "deadline-ms=60000"))
        client.receive(4)
        with agent.client(timeout=60) as other:
            other.ping()
            other.send(ask("region=64x48+0+0"))
            equal(shape(other.reply_list()), "sd", "the other's picture")
        with agent.client(timeout=120) as equal_one:  # shares no capture that began before it asked
            equal_one.send(ask("pieces=1", "deadline-ms=60000"))
            check(len(file_of(equal_one.reply_list())) > 60 << 20, "its picture")


@with_agent(env=LARGE)
def who_leaves_in_the_middle_is_forgotten(agent):
    with agent.client(timeout=120) as client:
        begun(client)
    with agent.client(timeout=120) as client:
        client.send(ask("region=64x48+0+0", "deadline-ms=60000"))
        equal(shape(client.reply_list()), "sd", "the next picture")


if __name__ == "__main__":
    harness.main()
