#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""list, stat, mkdir, df, gettree, puttree and rmtree on the wire."""
import contextlib
import fcntl
import hashlib
import io
import os
import socket
import struct
import tarfile
import termios
import time

import harness
import wire
from harness import NATIVE, check, equal, need_unix, refused, refused_saying, with_agent
from wire import d, s

NOT_FOUND = "No such file or directory"


def facts_of(entries):
    """{name: value}, and the notes as a list."""
    facts = {"notes": []}
    for entry in entries:
        name, _, value = entry.payload[:-1].decode("utf-8", "surrogateescape").partition("=")
        if name == "note":
            facts["notes"].append(value)
        else:
            facts[name] = value
    return facts


def ask(client, rpc, path, *options):
    entries = client.call(rpc, s(path), *map(s, options))
    return client.checked("s" * len(entries), entries)


def listed(client, path, *options):
    """{name: (type, size)}"""
    lines = [entry.payload[:-1].split(b" ", 4) for entry in ask(client, wire.LIST, path, *options)]
    return {line[4]: (line[0].decode(), int(line[1])) for line in lines}


def get_window(client, path, offset, *options, token="t"):
    entries = client.call(wire.GETTREE, s(path), s(f"token={token}"), s(f"offset={offset}"), *map(s, options))
    client.checked("s" * (len(entries) - 1) + "d", entries)
    return facts_of(entries[:-1]), entries[-1].payload


def get_tree(client, path, *options):
    """(the last facts, the stream)"""
    stream, facts = b"", {"end": "0"}
    while facts["end"] == "0":
        facts, part = get_window(client, path, len(stream), *options)
        stream += part
    return facts, stream


def put_tree(client, path, stream, *options, token="t"):
    entries = client.call(wire.PUTTREE, s(path), s(f"token={token}"), *map(s, options), d(stream))
    return facts_of(client.checked("s" * len(entries), entries))


def stream_of(*entries):
    """entries: (name, type, link, content)."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name, kind, link, content in entries:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(content)
            tar.addfile(info, io.BytesIO(content))
    return whole.getvalue()


FILE, LINK = tarfile.REGTYPE, tarfile.SYMTYPE


def some_tree(agent):
    os.makedirs(agent.path("tree/sub/deep"))
    agent.write("tree/a", b"a" * 5000)
    agent.write("tree/sub/b", b"")
    agent.write("tree/sub/deep/c", harness.random_bytes(300_000))


@with_agent()
def stat_tells_what_is_there(agent):
    client = agent.client()
    agent.write("file", b"content")
    os.utime(agent.path("file"), ns=(0, 1234567890_123456700))
    facts = facts_of(ask(client, wire.STAT, "file", "sha256=1"))
    equal((facts["type"], facts["size"], facts["mtime"], facts["names"]), ("file", "7", "1234567890.123456700", "1"))
    equal(facts["sha256"], hashlib.sha256(b"content").hexdigest(), "sha256")
    equal(facts_of(ask(client, wire.STAT, "."))["type"], "folder", "type of a folder")
    refused(f"unable to look at 'none': {NOT_FOUND}", ask, client, wire.STAT, "none")
    refused("stat: follow='2' is not 0 or 1", ask, client, wire.STAT, "file", "follow=2")
    if NATIVE:
        os.symlink("file", agent.path("link"))
        os.mkfifo(agent.path("fifo"))
        equal([facts_of(ask(client, wire.STAT, *one))["type"] for one in (("link",), ("link", "follow=0"), ("fifo",))],
              ["file", "link", "fifo"])
        refused("unable to look at 'fifo': Not a regular file", ask, client, wire.STAT, "fifo", "sha256=1")


@with_agent()
def list_tells_names_as_they_are(agent):
    client = agent.client()
    some_tree(agent)
    equal(listed(client, "tree"), {b"a": ("file", 5000), b"sub": ("folder", 0)}, "a folder")
    equal(listed(client, "tree", "recursive=1"),
          {b"a": ("file", 5000), b"sub": ("folder", 0), b"sub/b": ("file", 0), b"sub/deep": ("folder", 0),
           b"sub/deep/c": ("file", 300_000)}, "a tree")
    refused(f"unable to list 'none': {NOT_FOUND}", ask, client, wire.LIST, "none")
    refused_saying("unable to list 'tree/a': ", ask, client, wire.LIST, "tree/a")
    refused_saying("the names in .periscope are the agent's own", ask, client, wire.LIST, ".periscope/x")
    if NATIVE:
        odd = [b"new\nline", b"caf\xe9", b"with space", b"x" * 255]
        for name in odd:
            agent.write(b"tree/sub/deep/".decode() + os.fsdecode(name), b"x")
        equal(sorted(listed(client, "tree/sub/deep")), sorted(odd + [b"c"]), "odd names")


@with_agent()
def mkdir_and_df(agent):
    client = agent.client()
    for _ in range(2):
        client.expect("", wire.MKDIR, s("one/two/three"))
    check(os.path.isdir(agent.path("one/two/three")), "no folder")
    agent.write("file", b"")
    refused_saying("unable to make the folder 'file/x': ", client.expect, "", wire.MKDIR, s("file/x"))
    refused_saying("the names in .periscope are the agent's own", client.expect, "", wire.MKDIR, s(".periscope/x"))
    facts = facts_of(ask(client, wire.DF, "one"))
    space = os.statvfs(agent.folder)
    equal(int(facts["total"]), space.f_blocks * space.f_frsize, "total")
    check(0 <= int(facts["available"]) <= int(facts["free"]) <= int(facts["total"]), f"{facts}")
    refused(f"unable to find the free space of 'none': {NOT_FOUND}", ask, client, wire.DF, "none") if NATIVE else None


@with_agent()
def tree_comes_in_windows_and_goes_back(agent):
    client = agent.client()
    some_tree(agent)
    whole = get_tree(client, "tree")[1]
    facts, stream = get_tree(client, "tree", "window=10000")
    equal(stream, whole, "the stream in windows of another size")
    equal((facts["left-out"], facts["notes"]), ("0", []), "what was left out")
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        equal({member.name: member.size for member in tar},
              {"a": 5000, "sub/b": 0, "sub/deep/c": 300_000, "sub/deep": 0, "sub": 0, ".": 0}, "members")
    half = len(stream) // 2
    equal(put_tree(client, "new/tree", stream[:half])["have"], str(half), "have")
    facts = put_tree(client, "new/tree", stream[half:], f"offset={half}", "end=1")
    equal((facts["done"], facts["files"], facts["left-out"]), ("1", "6", "0"), "facts")
    equal(agent.read("new/tree/sub/deep/c"), agent.read("tree/sub/deep/c"), "content")
    equal(put_tree(client, "new/tree", b"", "query=1")["done"], "1", "what is known of a complete one")


@with_agent()
def lost_window_is_given_again(agent):
    some_tree(agent)
    first = get_window(agent.client(), "tree", 0, "window=1000")
    second = get_window(agent.client(), "tree", 1000, "window=1000")
    equal(get_window(agent.client(), "tree", 1000, "window=1000"), second, "the second window, again")
    check(first != second, "the same window twice")
    client = agent.client()
    refused("gettree of 'tree': offset=1 is not where the 2000 bytes end", get_window, client, "tree", 1)
    client.call(wire.GETTREE, s("tree"), s("token=t"), s("finish=1"))
    refused("gettree of 'tree': there is no such transfer to be continued", get_window, client, "tree", 2000)


def unread(connection):
    return struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, bytes(4)))[0]


def await_full(connection):
    """Waits until nothing more has come for a second: the other side can send no more."""
    since, last = time.monotonic(), unread(connection)
    while time.monotonic() - since < 1:
        time.sleep(0.05)
        now = unread(connection)
        if now != last:
            since, last = time.monotonic(), now


@with_agent()
def tree_whose_client_reads_nothing_goes_on_with_another(agent):
    """Twelve windows fill what the system keeps for a client that has stopped reading: the agent is still sending one."""
    os.mkdir(agent.path("tree"))
    agent.write("tree/f", harness.generator().randbytes(16 << 20))
    client, stuck = agent.client(), agent.client()
    _, first = get_window(client, "tree", 0, token="other")
    stuck.send(b"".join(wire.request(wire.GETTREE, s("tree"), s("token=t"), s(f"offset={i << 20}")) for i in range(12)))
    stuck.receive(4)  # the first reply has begun
    await_full(stuck.socket)
    equal(get_window(client, "tree", 0)[1], first, "the first window, for who has taken the tree over")
    stuck.socket.settimeout(30)
    with contextlib.suppress(ConnectionError):
        while stuck.socket.recv(1 << 20):
            pass


@with_agent()
def broken_tree_is_continued(agent):
    stream = stream_of(*[(f"f{i}", FILE, "", bytes([i]) * 70_000) for i in range(20)])
    at = 0
    client = agent.client()
    for cut in (1, 100_000, 700_001):
        breaking = agent.client()
        request = wire.request(wire.PUTTREE, s("tree"), s("token=t"), s(f"offset={at}"), s("end=1"), d(stream[at:]))
        breaking.send(request[:len(request) - len(stream) + at + cut])
        breaking.socket.shutdown(socket.SHUT_WR)
        check(breaking.ended(), "the agent answers what is not whole")
        at += cut
        equal(put_tree(client, "tree", b"", "query=1")["have"], str(at), "what came")
    equal(put_tree(client, "tree", stream[at:], f"offset={at}", "end=1")["files"], "20", "files")
    for i in range(20):
        equal(agent.read(f"tree/f{i}"), bytes([i]) * 70_000, f"content of f{i}")


@with_agent()
def known_files_are_not_sent(agent):
    client = agent.client()
    some_tree(agent)
    for name in ("a", "sub/b"):
        os.utime(agent.path("tree/" + name), ns=(0, 10**9))
    stream = get_tree(client, "tree", "known=5000 1.000000000 a", "known=1 1.000000000 sub/b")[1]
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        equal(sorted(member.name for member in tar if member.isfile()), ["sub/b", "sub/deep/c"], "files")


@with_agent()
def wrong_trees_are_named(agent):
    client = agent.client()
    some_tree(agent)
    for options, why in ((["token="], "gettree: token='' is not a text"), (["window=0"], "gettree: window=0 is not from 1 to 1048576"),
                         (["window=9223372036854775808"], "gettree: window='9223372036854775808' is not a number"),
                         (["window=9223372036854775807"], "gettree: window=9223372036854775807 is not from 1 to 1048576"),
                         (["colour=red"], "gettree: unknown option 'colour=red'")):
        refused(why, get_window, client, "tree", 0, *options)
    refused("gettree: a token of 1 to 64 bytes is needed", ask, client, wire.GETTREE, "tree")
    refused(f"gettree of 'none': {NOT_FOUND}", get_window, client, "none", 0)
    refused("gettree of 'tree': there is no such transfer to be continued", get_window, client, "tree", 1, token="other")
    for stream, why in ((b"x" * 512, "not a tar stream: the checksum of a header is wrong"),
                        (b"", "the tar stream is not whole"),
                        (stream_of(("../out", FILE, "", b"x")), "'../out' leads out of the tree"),
                        (stream_of(("/tmp/out", FILE, "", b"x")), "'/tmp/out' leads out of the tree")):
        refused(f"puttree of 'new': {why}", put_tree, client, "new", stream, "end=1")
    equal(os.listdir(agent.path("new")), [], "what was made of them")
    refused_saying("the names in .periscope are the agent's own", put_tree, client, ".periscope/x", b"", "end=1")
    # The same token and path are another transfer to another RPC.
    put_tree(client, "tree", stream_of(("x", FILE, "", b"x"))[:512])
    refused("gettree of 'tree': there is no such transfer to be continued", get_window, client, "tree", 512)


@with_agent()
def links_are_not_followed_by_trees(agent):
    need_unix("links need a right that few users have")
    client = agent.client()
    os.makedirs(agent.path("outside"))
    agent.write("outside/secret", b"secret")
    os.makedirs(agent.path("tree"))
    os.symlink(agent.path("outside"), agent.path("tree/link"))
    stream = get_tree(client, "tree")[1]
    check(b"secret" not in stream, "what a link leads to was packed")
    put_tree(client, "tree", stream_of(("link/x", FILE, "", b"x")), "end=1")
    facts = facts_of(ask(client, wire.RMTREE, "tree"))
    equal((facts["removed"], facts["left-out"]), ("2", "0"), "what was removed")
    equal(os.listdir(agent.path("outside")), ["secret"], "what is behind the link")


@with_agent()
def rmtree_removes_a_tree_and_nothing_else(agent):
    client = agent.client()
    some_tree(agent)
    agent.write("beside", b"x")
    equal(facts_of(ask(client, wire.RMTREE, "tree"))["removed"], "6", "files and folders")
    equal(os.listdir(agent.folder), ["beside"], "what is left")
    equal(facts_of(ask(client, wire.RMTREE, "none"))["removed"], "0", "of what is not there")
    equal(facts_of(ask(client, wire.RMTREE, "beside"))["removed"], "1", "of a file")
    for path in (".", "..", "./", "x/..", "/"):
        refused(f"unable to remove '{path}': it does not end in a name", ask, client, wire.RMTREE, path)
    refused_saying("the names in .periscope are the agent's own", ask, client, wire.RMTREE, ".periscope/x")


@with_agent()
def pipe_in_the_way_holds_nobody(agent):
    need_unix("there are no pipes in folders")
    client = agent.client()
    some_tree(agent)
    os.mkfifo(agent.path("tree/pipe"))
    facts, _ = get_tree(client, "tree")
    equal((facts["left-out"], facts["notes"]), ("1", ["pipe: fifo"]), "what was left out")
    os.mkfifo(agent.path("tree/sub/p2"))
    facts = put_tree(client, "tree", stream_of(("pipe/x", FILE, "", b"x"), ("sub/p2", FILE, "", b"y")), "end=1")
    equal(facts["notes"], ["pipe/x: File exists"], "notes")
    equal(agent.read("tree/sub/p2"), b"y", "what replaced a pipe")


if __name__ == "__main__":
    harness.main()
