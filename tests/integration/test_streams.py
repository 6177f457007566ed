#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The streams of programs: exec's stream=, follow, write. What comes is compared with what the program was to write."""
import os
import sys
import threading
import time

import guest
import streamer
import wire
from harness import (NATIVE, PATIENCE, check, equal, eventually, generator, main, need_unix, random_bytes, reconnected, refused,
                     refused_saying, with_agent)

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = ([os.path.dirname(guest.UNIX) + "/streamer.exe"] if guest.UNIX
           else [sys.executable, os.path.join(HERE, "streamer.py")])
HEAD, TAIL, BLOCK = 1 << 20, 16 << 20, 128 << 10  # what is kept of an output nobody follows
MUCH = 40 << 20
NEWLINE = b"\n"


def start(client, *actions, stream=("out", "err"), **options):
    return client.execute(*PROGRAM, *actions, stream=list(stream), **options)


def follow_to_end(client, pid, name="out", offset=0, **options):
    """(what was written from there on, the last facts)"""
    data = bytearray()
    while True:
        facts, piece = client.follow(pid=pid, **{name: offset + len(data)}, **options)
        check(f"{name}.dropped" not in facts, f"bytes are lost: {facts}")
        data += piece
        if "end" in facts:
            return bytes(data), facts


def wrong_at(data, start):
    """The first place where it is not what `fill` writes from there on; None: nowhere."""
    aligned = start - start % 8
    want = streamer.numbers(aligned, start - aligned + len(data))[start - aligned:]
    return None if data == want else next(i for i, pair in enumerate(zip(data, want)) if pair[0] != pair[1])


# ---- what comes, and its end ----


@with_agent()
def outputs_come_apart_and_their_end_is_told(agent):
    client = agent.client()
    pid = start(client, "out:one", "err:two", "exit:3")
    data, facts = follow_to_end(client, pid)
    equal((data, facts["end"], facts["out.closed"]), (b"one\n", "closed", "1"))
    equal(follow_to_end(client, pid, "err")[0], b"two\n")
    equal(client.wait(pid, PATIENCE), 3 << 8, "status")
    facts, out, err = client.follow(pid=pid, out=0, err=1)
    equal((out, err, facts["end"], facts["out.end"], facts["err.start"]), (b"one\n", b"wo\n", "closed", "4", "1"))
    client.forget(pid)
    refused(f"the {pid} process does not exist or is not a child process", client.follow, pid=pid, out=0)


@with_agent()
def merged_outputs_keep_their_order(agent):
    client = agent.client()
    pid = start(client, "out:one", "err:two", "out:three", stream=["merged"])
    equal(follow_to_end(client, pid)[0], b"one\ntwo\nthree\n")
    refused_saying("its stream err was not asked for", client.follow, pid=pid, err=0)


@with_agent()
def bytes_come_while_the_program_runs(agent):
    client = agent.client()
    pid = start(client, "out:first", "cat:1", "out:second", stream=["in", "out"])
    facts, data = client.follow(pid=pid, out=0, wait_ms=60000)
    equal((data, "end" in facts, "exited" in facts), (b"first\n", False, False))
    facts, data = client.follow(pid=pid, out=6, wait_ms=50)
    equal((data, facts["out.end"]), (b"", "6"), "nothing more")
    client.write(pid, b".")
    equal(follow_to_end(client, pid, offset=6)[0], b".second\n")


@with_agent()
def grandchild_that_holds_an_output_is_told(agent):
    client = agent.client()
    pid = start(client, "out:before", "leave:1500", stream=["out"])
    data, facts = follow_to_end(client, pid, held_ms=100)
    equal((data, facts["end"], facts["exited"]), (b"before\n", "held", "1"))
    data, facts = follow_to_end(client, pid, offset=len(data), held_ms=60000)
    equal((data, facts["end"]), (b"late\n", "closed"))


@with_agent()
def grandchild_is_left_its_output_when_the_program_is_forgotten(agent):
    need_unix("there is no signal that could end it")
    client = agent.client()
    pid = client.execute("sh", "-c", "(sleep 0.3; echo late; echo done > done) & exit 0", stream="out")
    client.wait(pid, PATIENCE)
    client.forget(pid)
    equal(eventually(lambda: os.path.exists(agent.path("done")) and agent.read("done"), "what follows the write"), b"done\n")


# ---- the input ----


@with_agent()
def input_is_passed_on_once_whatever_is_repeated(agent):
    client = agent.client()
    pid = start(client, "cat", stream=["in", "out"])
    text = random_bytes(300000)
    equal(client.write(pid, text[:1000]), 1000, "taken")
    equal(client.write(pid, text[:200000]), 200000, "taken, of which some were before")
    equal(client.write(pid, text[100:50000], offset=100), 200000, "taken, of which all were before")
    refused_saying("beyond what its input has taken, 200000", client.write, pid, b"x", offset=200001)
    equal(client.write(pid, text[200000:], offset=200000, flags=wire.WRITE_CLOSE), len(text), "taken")
    check(follow_to_end(client, pid)[0] == text, "another text")
    equal(client.write(pid, text, flags=wire.WRITE_CLOSE), len(text), "the end, once more")
    refused_saying("its input has ended", client.write, pid, b"x", offset=len(text))
    refused_saying("the flags 2 are not 0 or 1", client.write, pid, b"", flags=2)


@with_agent()
def input_that_nobody_reads_is_refused(agent):
    client = agent.client()
    pid = start(client, "exit:0", stream=["in"])
    client.wait(pid, PATIENCE)
    refused_saying("its input has ended", client.write, pid, b"x" * 1000000)
    pid = start(client, "exit:0", stream=["out"])
    refused_saying("its stream in was not asked for", client.write, pid, b"x")


@with_agent()
def writer_that_leaves_lets_the_next_one_write(agent):
    client, other = agent.client(), agent.client()
    pid = start(client, "sleep:300", "cat", stream=["in", "out"])
    data = random_bytes(2 << 20)
    other.send(wire.request(wire.WRITE, wire.Q(pid), wire.Q(0), wire.I(0), wire.header("d", len(data))), data[:1 << 16])
    other.close()
    done = []
    writer = threading.Thread(target=lambda: done.append(client.write(pid, data, flags=wire.WRITE_CLOSE)))
    writer.start()
    check(follow_to_end(agent.client(), pid, pace=1)[0] == data, "another text")
    writer.join()
    equal(done, [len(data)], "taken")


# ---- what is kept ----


@with_agent()
def program_that_nobody_follows_is_not_blocked_and_what_is_dropped_is_counted(agent):
    client = agent.client()
    pid = start(client, f"fill:{MUCH}", stream=["out"])
    equal(client.wait(pid, PATIENCE), 0, "status")
    eventually(lambda: client.follow(pid=pid, out=0, window=0)[0].get("out.closed"), "its end")
    kept, at = [], 0
    while True:
        facts, data = client.follow(pid=pid, out=at)
        begin = int(facts["out.start"])
        equal(begin - at, int(facts.get("out.dropped", 0)), "what is told to be dropped")
        equal(wrong_at(data, begin), None, f"place of a wrong byte behind {begin}")
        kept.append((begin, len(data)))
        at = begin + len(data)
        if "end" in facts:
            break
    equal(at, MUCH, "bytes in all")
    lost = sum(begin for begin, _ in kept) - sum(begin + length for begin, length in kept[:-1])
    equal(sum(length for begin, length in kept if begin < HEAD), HEAD, "the beginning")
    check(TAIL - 2 * BLOCK <= MUCH - HEAD - lost <= TAIL, f"{MUCH - HEAD - lost} bytes of the end")


@with_agent()
def program_waits_for_who_paces_it(agent):
    """It is far faster than this client, which is slow between two requests, and what is kept is less than it writes."""
    client = agent.client()
    pid = start(client, f"fill:{MUCH}", stream=["out"])
    client.follow(pid=pid, out=0, pace=1, window=1)
    time.sleep(4)  # longer than one that is gone is waited for
    at = 0
    while True:
        facts, data = client.follow(pid=pid, out=at, pace=1, window=2**63)
        check("out.dropped" not in facts, f"{facts} at {at}")
        equal(wrong_at(data, at), None, f"place of a wrong byte behind {at}")
        at += len(data)
        if "end" in facts:
            break
    equal(at, MUCH, "bytes in all")


@with_agent()
def program_goes_on_without_who_paced_it(agent):
    client = agent.client()
    pid = start(client, f"fill:{MUCH}", stream=["out"])
    with wire.Client(agent.port) as gone:
        gone.follow(pid=pid, out=0, pace=1)
    refused(wire.TIMED_OUT, client.wait, pid, 1)
    equal(client.wait(pid, PATIENCE), 0, "status")


@with_agent("--io-timeout", "1")
def program_goes_on_without_who_asks_for_no_more(agent):
    client, idle = agent.client(), agent.client()
    pid = start(client, f"fill:{MUCH}", stream=["out"])
    idle.follow(pid=pid, out=0, pace=1, window=1)
    equal(client.wait(pid, PATIENCE), 0, "status")
    idle.ping()


@with_agent()
def program_waits_for_each_who_paces_it(agent):
    """The faster one takes what comes until the program waits for the slower one, which takes a part then."""
    client, slow, fast = agent.client(), agent.client(), agent.client()
    pid = start(client, f"fill:{MUCH}", stream=["out"])
    slow.follow(pid=pid, out=0, pace=1, window=1)
    at, waits = {slow: 0, fast: 0}, 0
    while min(at.values()) < MUCH:
        for reader in (fast, slow):
            data = None
            while data is None or (data and reader is fast):
                facts, data = reader.follow(**{"pid": pid, "out": at[reader], "pace": 1, "window": 2**63, "wait-ms": 100})
                check("out.dropped" not in facts, f"{facts} at {at}")
                equal(wrong_at(data, at[reader]), None, f"place of a wrong byte behind {at[reader]}")
                at[reader] += len(data)
        waits += at[slow] < MUCH
    check(waits > 1, "it never waited for the slow one")


@with_agent("--io-timeout", "1")
def reader_is_not_starved_by_one_that_takes_nothing(agent):
    client, stuck = agent.client(), agent.client()
    pid = start(client, f"fill:{MUCH}", stream=["out"])
    stuck.send(wire.request(wire.FOLLOW, *map(wire.s, (f"pid={pid}", "out=0", "pace=1", "window=8388608"))))
    data, _ = follow_to_end(client, pid, pace=1, window=8 << 20)
    equal((len(data), wrong_at(data, 0)), (MUCH, None), "bytes in all")


@with_agent()
def client_that_takes_nothing_holds_up_no_other_programs(agent):
    client, stuck = agent.client(), agent.client()
    slow = start(client, f"fill:{MUCH}", stream=["out"])
    stuck.send(wire.request(wire.FOLLOW, *map(wire.s, (f"pid={slow}", "out=0", "pace=1", "window=8388608"))))
    pid = start(client, f"fill:{MUCH}", stream=["out"])
    equal(client.wait(pid, PATIENCE), 0, "status")
    client.kill(slow)


@with_agent()
def stream_is_whole_after_a_hundred_breaks(agent):
    total, at, breaks, random = 30 << 20, 0, 0, generator()
    pid = start(agent.client(), f"fill:{total}", stream=["out"])
    while at < total:
        with wire.Client(agent.port) as client:
            client.send(wire.request(wire.FOLLOW, *map(wire.s, (f"pid={pid}", f"out={at}", "pace=1"))))
            count = int.from_bytes(client.receive(4), "big")
            facts = dict(client.entry().text.split("=", 1) for _ in range(count - 1))
            equal(int(facts["out.start"]), at, "where it goes on")
            _, size = client.entry_header()
            some = size if breaks >= 100 else min(size, random.randrange(450000))
            data = client.receive(some)
            equal(wrong_at(data, at), None, f"place of a wrong byte behind {at}")
            at += some
            breaks += 1
    check(breaks >= 100, f"{breaks} breaks")


@with_agent("--max-clients", "100")
def many_programs_at_once(agent):
    client = agent.client()
    pids = [start(client, "out:x", f"fill:{8 * (1000 + i)}", "err:y", "cat:1", stream=["in", "out", "err"]) for i in range(30)]
    for i, pid in enumerate(pids):
        client.write(pid, b".")
        data, facts = follow_to_end(client, pid)
        equal((data, facts["end"]), (b"x\n" + streamer.numbers(0, 8 * (1000 + i)) + b".", "closed"))
    unused = agent.fd_count() if NATIVE else 0
    for pid in pids:
        client.wait(pid, PATIENCE)
    check(not NATIVE or unused <= agent.fds + 3 + len(pids) + agent.FD_SLACK, f"{unused} descriptors")


def spools(agent):
    """What the agent has open and nobody can: (link, mode)."""
    found = []
    for name in os.listdir(f"/proc/{agent.pid}/fd"):
        try:
            link = os.readlink(f"/proc/{agent.pid}/fd/{name}")
            if "(deleted)" in link and not link.startswith("/memfd"):
                found.append(os.stat(f"/proc/{agent.pid}/fd/{name}"))
        except OSError:
            continue
    return found


@with_agent()
def spool_is_of_the_agent_alone_and_is_given_back(agent):
    need_unix("its files are Wine's")
    client = agent.client()
    pid = start(client, f"fill:{MUCH}", stream=["out"])
    client.wait(pid, PATIENCE)
    spool, = spools(agent)
    equal((spool.st_mode & 0o777, spool.st_nlink, spool.st_uid), (0o600, 0, os.geteuid()), "mode, names, owner")
    check(spool.st_size <= HEAD + TAIL + BLOCK, f"{spool.st_size} bytes")
    client.forget(pid)
    eventually(lambda: spools(agent)[0].st_size == 0, "an empty spool")


def short_files():
    return ["prlimit", "--fsize=3000000", "--"]


@with_agent(wrapper=short_files() if NATIVE else ())
def spool_without_room_is_told_and_blocks_nobody(agent):
    need_unix("its limits are Wine's")
    client = agent.client()
    pid = start(client, f"fill:{MUCH}", stream=["out"])
    equal(client.wait(pid, PATIENCE), 0, "status")
    facts, data = client.follow(pid=pid, out=1 << 20)
    equal((facts["out.why"], facts["out.end"]), ("File too large", str(MUCH)))
    facts, data = client.follow(pid=pid, out=1000)
    equal(wrong_at(data, 1000), None, "place of a wrong byte")
    pid = start(client, f"fill:{MUCH}", stream=["out"])  # who paces it loses nothing even so
    check(wrong_at(follow_to_end(client, pid, pace=1)[0], 0) is None, "a wrong byte")


# ---- an upgrade ----


def rest_of(client, pid, got, count):
    while len(got[pid]) < count:
        facts, data = client.follow(pid=pid, out=len(got[pid]), pace=1)
        check("out.dropped" not in facts, f"{facts}")
        got[pid] += data


@with_agent(copy=True)
def streams_go_on_after_an_upgrade(agent):
    client = agent.client()
    size = 12 << 20  # all of it can be kept, however long the upgrade takes
    pids = [start(client, f"fill:{size}", "cat", stream=["in", "out"]) for _ in range(4)]
    quiet = start(client, "out:before", "cat", "out:after", stream=["in", "out"])
    equal(client.follow(pid=quiet, out=0)[1], b"before\n")
    client.write(quiet, b"one ")
    got = {pid: bytearray() for pid in pids}
    for pid in pids:
        rest_of(client, pid, got, 100000)
    becomes_another(agent, client)
    client = eventually(lambda: reconnected(agent), "the next agent")
    for pid in pids:
        client.write(pid, b"end", flags=wire.WRITE_CLOSE)
        rest_of(client, pid, got, size + 3)
        equal((bytes(got[pid][size:]), wrong_at(bytes(got[pid][:size]), 0)), (b"end", None))
        equal(client.wait(pid, PATIENCE), 0, "status")
    equal(client.write(quiet, b"one two\n", flags=wire.WRITE_CLOSE), 8, "taken in all")
    data, facts = follow_to_end(client, quiet)
    equal((data, facts["end"]), (b"before\none two\nafter\n", "closed"))


def becomes_another(agent, client):
    agent.expect_end = not NATIVE  # there the next agent is another process
    client.expect("", wire.RESTART, wire.s(agent.path(os.path.basename(agent.command[-2]))), wire.s(str(agent.port)))
    check(client.ended(), "the session has not ended")


def follow_over_losses(agent, pid, got, read):
    """Until the end of its output, with another connection whenever one is lost. read: is set once something came."""
    client, facts = agent.client(), {}
    while "end" not in facts:
        try:
            facts, data = client.follow(pid=pid, out=len(got), pace=1, window=20000, wait_ms=60000)
            check("out.dropped" not in facts, facts)
            got += data
            read.set()
        except (OSError, wire.Closed):
            client = eventually(lambda: reconnected(agent), "an agent")
    client.close()


@with_agent(copy=True)
def a_hundred_children_with_open_streams_survive_an_upgrade(agent):
    client, size, share = agent.client(), 96 << 10, 5
    agent.write("numbers", streamer.numbers(0, size))

    def begin(code):
        if NATIVE:
            return client.execute("/bin/sh", "-c", f"cat numbers; cat; exit {code}", stream=["in", "out"])
        return start(client, f"fill:{size}", "cat", f"exit:{code}", stream=["in", "out"])

    codes = {agent.cleanup(begin(number)): number for number in range(100)}
    got, read = {pid: bytearray() for pid in codes}, {pid: threading.Event() for pid in codes}
    pids = list(codes)
    followers = [threading.Thread(target=lambda mine: [follow_over_losses(agent, pid, got[pid], read[pid]) for pid in mine],
                                  args=(pids[at:at + share],)) for at in range(0, len(pids), share)]
    for follower in followers:
        follower.start()
    for pid in pids[::share]:
        check(read[pid].wait(PATIENCE), "nothing comes")
    becomes_another(agent, client)
    client = eventually(lambda: reconnected(agent), "the next agent")
    equal(client.property("children.running"), "100", "children that run")
    for pid in pids:
        equal(client.write(pid, b"end", flags=wire.WRITE_CLOSE), 3, "what its input has taken")
    for follower in followers:
        follower.join(2 * PATIENCE)
    for pid, code in codes.items():
        equal((len(got[pid]), bytes(got[pid][size:]), wrong_at(bytes(got[pid][:size]), 0)), (size + 3, b"end", None))
        equal(client.wait(pid, PATIENCE), code << 8, "status")


# ---- files ----


@with_agent()
def file_is_followed_as_it_grows(agent):
    client = agent.client()
    agent.write("log", b"one\n")
    facts, data = client.follow(file="log")
    equal((data, facts["file.end"]), (b"one\n", "4"))
    timer = threading.Timer(0.2, lambda: open(agent.path("log"), "ab").write(b"two\n"))
    timer.start()
    facts, data = client.follow(file="log", offset=4, wait_ms=30000)
    equal((data, facts["file.end"]), (b"two\n", "8"))
    timer.join()
    equal(client.follow(file="log", offset=8, wait_ms=0)[1], b"", "nothing more")
    equal(client.follow(file="log", offset=2, window=3)[1], b"e\nt", "a window")
    equal(client.follow(file="log", window=0)[1], b"", "no window")


@with_agent()
def files_that_can_not_be_followed(agent):
    client = agent.client()
    agent.write("log", b"one\n")
    os.mkdir(agent.path("folder"))
    refused("unable to follow 'none': No such file or directory", client.follow, file="none")
    refused_saying("offset=5 is beyond its end, 4", client.follow, file="log", offset=5)
    refused_saying("offset=18446744073709551615 is beyond its end, 4", client.follow, file="log", offset=2**64 - 1)
    refused("unable to follow 'folder': Is a directory", client.follow, file="folder")
    refused_saying("the agent's own", client.follow, file=".periscope/log.txt")
    if NATIVE:
        os.mkfifo(agent.path("fifo"))
        refused("unable to follow 'fifo': Not a regular file", client.follow, file="fifo")


# ---- bad input ----


@with_agent()
def wrong_requests_are_refused_by_name(agent):
    client = agent.client()
    pid = start(client, "out:x", stream=["out"])
    plain = client.execute(*PROGRAM, "exit:0")
    follow_to_end(client, pid)
    for options, text in (({"pid": 1, "out": 0}, "the 1 process does not exist or is not a child process"),
                          ({"pid": 2**64 - 1, "out": 0}, "the 18446744073709551615 process does not exist"),
                          ({"pid": plain, "out": 0}, f"the {plain} process was started without streams"),
                          ({"pid": pid, "err": 0}, f"the {pid} process: follow: its stream err was not asked for"),
                          ({"pid": pid, "out": 3}, "out=3 is beyond the end of what it has written, 2"),
                          ({"pid": pid, "out": 2**64 - 1}, "out=18446744073709551615 is beyond the end"),
                          ({"pid": pid, "out": 2**64}, "'out=18446744073709551616' is not a number from 0 to"),
                          ({"pid": pid, "out": -1}, "'out=-1' is not a number"),
                          ({"pid": pid, "out": 0, "window": "1k"}, "'window=1k' is not a number"),
                          ({"pid": pid, "out": 0, "wait_ms": 60001}, "is not a number from 0 to 60000"),
                          ({"pid": pid, "out": 0, "pace": 2}, "'pace=2' is not a number from 0 to 1"),
                          ({"pid": pid, "out": 0, "colour": 1}, "follow: unknown option 'colour=1'"),
                          ({"pid": pid, "out": 0, "offset": 1}, "offset= is of file="),
                          ({"pid": pid, "file": "x"}, "either pid= with out= or err=, or file= is needed"),
                          ({"pid": pid}, "is needed"), ({"out": 0}, "is needed"), ({}, "is needed")):
        refused_saying(text, client.follow, **options)
    for options, text in (({"stream": "both"}, "exec: stream='both' is not in, out, err or merged"),
                          ({"stream": ["out", "merged"]}, "stream=merged is both outputs"),
                          ({"stream": "out", "out": "file"}, "can't be a file too"),
                          ({"stream": "merged", "err": "file"}, "can't be a file too"),
                          ({"stream": "out", "untracked": "1"}, "could not be found again")):
        refused_saying(text, client.execute, *PROGRAM, "exit:0", **options)
    equal(client.follow(pid=pid, out=0, window=0)[1], b"", "a window of 0")
    equal(client.follow(pid=pid, out=0, window=2**63)[1], b"x\n", "a window of 2^63")
    check(not os.path.exists(agent.path("file")), "a refused program has made its file")


@with_agent()
def who_follows_nothing_and_leaves_ends_no_agent(agent):
    """No program had streams yet."""
    agent.ping()
    before = agent.fd_count()
    with agent.client() as client:
        refused_saying("the 999999 process does not exist", client.follow, pid=999999, out=0, pace=1)
    eventually(lambda: agent.fd_count() <= before, "the connection is closed")
    agent.ping()


if __name__ == "__main__":
    main()
