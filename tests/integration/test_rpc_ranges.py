#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""getrange and putrange: files in parts, continued on another connection."""
import hashlib
import os
import socket

import harness
import wire
from harness import NATIVE, check, equal, eventually, need_unix, refused, with_agent
from wire import d, s

CONTENT = bytes(range(251)) * 4000


def sha(data):
    return hashlib.sha256(data).hexdigest()


def facts_of(entries):
    return dict(entry.text.split("=", 1) for entry in entries)


def get_range(client, path, *options):
    """(facts, content)"""
    entries = client.call(wire.GETRANGE, s(path), *map(s, options))
    client.checked("s" * (len(entries) - 1) + "d", entries)
    return facts_of(entries[:-1]), entries[-1].payload


def put_range(client, path, data, *options):
    return facts_of(client.expect("ss", wire.PUTRANGE, s(path), *map(s, options), d(data)))


def break_in(agent, path, data, cut, *options):
    """Sends a request, and ends the connection after so many bytes of the data."""
    client = agent.client()
    whole = wire.request(wire.PUTRANGE, s(path), *map(s, options), d(data))
    client.send(whole[:len(whole) - len(data) + cut])
    client.socket.shutdown(socket.SHUT_WR)
    check(client.ended(), "the agent answers what is not whole")


@with_agent()
def every_range_of_a_file(agent):
    client = agent.client()
    agent.write("file", CONTENT)
    for offset, length in ((0, None), (0, 0), (5, 1), (70000, 300000), (len(CONTENT), None), (len(CONTENT) - 1, 9)):
        options = [f"offset={offset}"] + ([] if length is None else [f"length={length}"])
        facts, content = get_range(client, "file", *options)
        equal(content, CONTENT[offset:None if length is None else offset + length], f"content of {options}")
        equal(facts["size"], str(len(CONTENT)), "size")
        check("sha256" not in facts, "a sum that nobody wanted")
    equal(get_range(client, "file", "length=0", "sha256=1")[0]["sha256"], sha(CONTENT), "sum of the whole file")


@with_agent()
def facts_are_the_file_s(agent):
    client = agent.client()
    agent.write("file", b"x")
    os.utime(agent.path("file"), ns=(0, 1234567890_123456700))
    os.chmod(agent.path("file"), 0o640)
    facts, _ = get_range(client, "file")
    equal(facts["mtime"], "1234567890.123456700", "mtime")
    if NATIVE:
        equal(facts["mode"], "0640", "mode")
        os.utime(agent.path("file"), ns=(0, -1_500000000))
        equal(get_range(client, "file")[0]["mtime"], "-2.500000000", "a time before 1970, in timespec's way")


@with_agent()
def wrong_ranges_are_named(agent):
    client = agent.client()
    agent.write("file", b"four")
    for option, why in (("offset=5", "offset=5 is beyond the 4 bytes of 'file'"),
                        ("offset=-1", "offset='-1' is not a number"),
                        ("offset=9223372036854775808", "offset='9223372036854775808' is not a number"),
                        ("length=", "length='' is not a number"), ("sha256=2", "sha256='2' is not 0 or 1"),
                        ("colour=blue", "unknown option 'colour=blue'"), ("offset", "unknown option 'offset'")):
        refused(f"getrange: {why}", get_range, client, "file", option)
    refused("unable to open 'none' for reading: No such file or directory", get_range, client, "none")
    refused("unable to open '.periscope/log.txt' for reading: the names in .periscope are the agent's own", get_range,
            client, ".periscope/log.txt")
    equal(get_range(client, "file", "length=9223372036854775807")[1], b"four", "the largest length")


@with_agent()
def what_reports_size_0_is_read(agent):
    need_unix("there is no /proc")
    client = agent.client()
    whole = open("/proc/version", "rb").read()
    equal(get_range(client, "/proc/version", "offset=3", "length=7")[1], whole[3:10], "a part of it")
    agent.write("empty", b"")
    equal(get_range(client, "empty", "sha256=1")[0]["sha256"], sha(b""), "the sum of nothing")


@with_agent()
def file_is_stored_with_all_that_is_told(agent):
    client = agent.client()
    reply = put_range(client, "file", CONTENT, "mode=0640", "mtime=1234567890.123456700", "sha256=" + sha(CONTENT),
                      f"size={len(CONTENT)}")
    equal(reply, {"have": str(len(CONTENT)), "done": "1"}, "reply")
    equal(agent.read("file"), CONTENT, "content")
    equal(os.stat(agent.path("file")).st_mtime_ns, 1234567890_123456700, "mtime")
    if NATIVE:
        equal(os.stat(agent.path("file")).st_mode & 0o7777, 0o640, "mode")


@with_agent()
def broken_upload_is_continued(agent):
    at = 0
    options = ("token=t1", f"size={len(CONTENT)}", "sha256=" + sha(CONTENT))
    for cut in (20000, 70000, 300001):
        break_in(agent, "file", CONTENT[at:], cut, *options, *([f"offset={at}"] if at else []))
        client = agent.client()
        at += cut
        equal(put_range(client, "file", b"", "token=t1", "query=1")["have"], str(at), "what came")
        equal(os.listdir(agent.folder), [], "names before it is whole") if NATIVE else None
    equal(put_range(client, "file", CONTENT[at:], f"offset={at}", *options)["done"], "1", "done")
    equal(agent.read("file"), CONTENT, "content")
    equal(put_range(client, "file", b"", "token=t1", "query=1"), {"have": str(len(CONTENT)), "done": "1"},
          "what is known of a complete one")


@with_agent()
def silent_connection_loses_its_upload(agent):
    """The host has a new connection, while the agent does not know yet that the old one is dead."""
    silent = agent.client()
    whole = wire.request(wire.PUTRANGE, s("file"), s("token=t"), d(CONTENT))
    silent.send(whole[:-1000])
    client = agent.client()
    have = eventually(lambda: int(put_range(client, "file", b"", "token=t", "query=1")["have"]), "some bytes")
    put_range(client, "file", CONTENT[have:], "token=t", f"offset={have}")
    equal(agent.read("file"), CONTENT, "content")


@with_agent()
def wrong_parts_are_named(agent):
    client = agent.client()
    agent.write("old", b"old")
    put_range(client, "old", b"1234", "token=t", "part=1")
    for options, data, why in (
            (["token=t", "offset=5"], b"5", "putrange: offset=5 is not where the 4 bytes of 'old' end"),
            (["token=u", "offset=4"], b"5",
             "putrange: 'old' can't be continued: there is no such transfer to be continued"),
            (["offset=4"], b"5", "putrange: offset, part and query need a token"),
            (["token=" + "x" * 65], b"", "putrange: the token has 65 bytes, and may have 64"),
            (["token=t", "query=1"], b"x", "putrange: query=1 takes no data, and 1 bytes came"),
            (["mode=1777"], b"", "putrange: mode='1777' is not an octal mode up to 777"),
            (["mode=8"], b"", "putrange: mode='8' is not an octal mode up to 777"),
            (["mtime=1.5"], b"", "putrange: mtime='1.5' is not a time"),
            (["sha256=ABC"], b"", "putrange: sha256='ABC' is not 64 lower-case digits"),
            (["size=3"], b"1234", "'old' was not stored: 4 bytes came instead of 3"),
            (["sha256=" + sha(b"x")], b"y", f"'old' was not stored: the SHA-256 of what came is {sha(b'y')} and not "
                                            f"{sha(b'x')}")):
        refused(why, put_range, client, "old", data, *options)
    refused("unable to open '.periscope/x' for writing: the names in .periscope are the agent's own", put_range, client,
            ".periscope/x", b"")
    refused("unable to open 'no/file' for writing: No such file or directory", put_range, client, "no/file", b"")
    equal(agent.read("old"), b"old", "content")
    put_range(client, "old", b"5", "token=t", "offset=4")
    equal(agent.read("old"), b"12345", "content of what went on all the same")


@with_agent()
def what_waits_is_bounded(agent):
    client = agent.client()
    for i in range(40):
        put_range(client, f"file{i}", b"x", f"token=t{i}", "part=1")
    have = [put_range(client, f"file{i}", b"", f"token=t{i}", "query=1")["have"] for i in range(40)]
    equal(have, ["0"] * 24 + ["1"] * 16, "what of each is kept")
    if NATIVE:
        check(agent.fd_count() <= agent.fds + 18, f"{agent.fd_count()} descriptors, and {agent.fds} at the start")
    agent.fds += 16


if __name__ == "__main__":
    harness.main()
