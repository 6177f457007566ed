#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that are none, disks that are full, and clients that leave in the middle of an upload."""
import os
import socket
import stat
import time

import harness
import wire
from harness import Agent, Skip, check, equal, eventually, refused, with_agent, need_unix
from machine import outside, small_disk
from wire import I, s


def device(agent, name, minor):
    """A character device of the agent's own folder: what /dev/null (3) or /dev/zero (5) is."""
    harness.need_root()
    try:
        os.mknod(agent.path(name), 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        with open(agent.path(name), "rb"):
            pass
    except OSError as reason:
        raise Skip(f"no device nodes in {agent.folder}: {reason}") from reason


def check_not_a_file(agent, name):
    """Neither get nor put blocks, follows it into endlessness or replaces it."""
    client = agent.client()
    before = os.lstat(agent.path(name))
    check(client.refusal(wire.GETFILE, s(name)).startswith(f"unable to open '{name}' for reading: "), "error text")
    client.ping()
    reply = client.call(wire.SENDFILE, s(name), I(0), wire.d(b"content"))
    check(reply == [] or reply[0].kind == "e", f"reply to the put: {reply}")
    client.ping()
    after = os.lstat(agent.path(name))
    equal((after.st_mode, after.st_rdev, after.st_ino), (before.st_mode, before.st_rdev, before.st_ino), "what it is")
    equal(os.listdir(agent.folder), [name], "the folder")


@with_agent()
def folder(agent):
    os.mkdir(agent.path("folder"))
    check_not_a_file(agent, "folder")


@with_agent()
def endless_device(agent):
    device(agent, "zero", 5)
    check_not_a_file(agent, "zero")


@with_agent()
def null_device(agent):
    device(agent, "null", 3)
    check_not_a_file(agent, "null")
    client = agent.client()
    equal(client.wait(client.shell("cat; echo out; echo err >&2", stdin="null", stdout="null", stderr="null"), 20), 0,
          "status of a child redirected to it")
    check(stat.S_ISCHR(os.lstat(agent.path("null")).st_mode), "a redirection replaced it")


@with_agent()
def fifo(agent):
    os.mkfifo(agent.path("fifo"))
    check_not_a_file(agent, "fifo")


@with_agent()
def unix_socket(agent):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(agent.path("socket"))
        check_not_a_file(agent, "socket")


@with_agent()
def redirection_to_a_fifo_delays_nobody(agent):
    """Whoever asks for it may have to wait for the other end; nobody else has to."""
    client, other = agent.client(), agent.client()
    os.mkfifo(agent.path("fifo"))
    client.send(wire.request(wire.RUN, I(0), s("fifo"), s(""), s(""), s("cat")))
    time.sleep(0.2)
    other.socket.settimeout(10)
    equal(other.wait(other.run("true"), 8), 0, "status of another client's child")
    other_end = os.open(agent.path("fifo"), os.O_RDWR | os.O_NONBLOCK)
    try:
        reply = client.reply_list()
    finally:
        os.close(other_end)
    check(reply[0].kind in "Qe", f"reply: {reply}")
    if reply[0].kind == "Q":
        equal(client.wait(reply[0].number, 20), 0, "status")


@with_agent()
def links(agent):
    client = agent.client()
    agent.write("target", b"old")
    os.symlink("target", agent.path("link"))
    os.symlink("nowhere", agent.path("dangling"))
    os.symlink("circle", agent.path("circle"))
    equal(client.get("link"), b"old", "content through a link")
    refused("unable to open 'dangling' for reading: No such file or directory", client.get, "dangling")
    refused("unable to open 'circle' for reading: Too many levels of symbolic links", client.get, "circle")
    client.put("link", b"new")
    equal(client.get("link"), b"new", "content after a put to the link")


@with_agent()
def names_that_are_too_long(agent):
    need_unix("names have other limits")
    client = agent.client()
    for name in ("x" * 256, "x/" * 3000 + "x", "x" * 100000):
        for rpc, *entries in ((wire.GETFILE, s(name)), (wire.SENDFILE, s(name), I(0), wire.d(b"x"))):
            text = client.refusal(rpc, *entries)
            check(text.startswith("unable to open '"), f"error text: {text[:100]}")
            check(any(reason in text for reason in ("too long", "No such file", "cut")), f"reason: {text[-100:]}")
        reply = client.remove(name)
        check(reply == [] or reply[0].text.startswith("Could not delete"), "reply to rm")
    # As long as a name may be: there is no room for a suffix in the same folder.
    client.put("y" * 255, b"content")
    equal(client.get("y" * 255), b"content", "content")


@with_agent(wrapper=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
            if os.geteuid() == 0 and harness.NATIVE else ())
def paths_that_are_not_permitted(agent):
    need_unix("modes are not its permissions")
    client = agent.client()
    secret = agent.path("secret")
    os.mkdir(secret)
    agent.write("secret/file", b"content")
    agent.write("unreadable", b"content")
    os.chmod(agent.path("unreadable"), 0o000 if os.geteuid() else 0o600)
    os.chmod(secret, 0o000 if os.geteuid() else 0o755)
    try:
        refused("unable to open 'unreadable' for reading: Permission denied", client.get, "unreadable")
        refused("unable to open 'secret/new' for writing: Permission denied", client.put, "secret/new", b"x" * 100000)
        reply = client.remove("secret/file")
        equal([entry.text for entry in reply], ["Could not delete 'secret/file': Permission denied"], "reply to rm")
    finally:
        os.chmod(secret, 0o755)
    equal(client.get("/etc/passwd")[:4], b"root", "content of what may be read")


# ---- uploads that fail ----

@harness.test
def full_disk():
    with Agent(wrapper=small_disk(256 << 10)) as agent:
        fill(agent)


def fill(agent):
    client = agent.client()
    client.put("small/file", b"old")
    for size in (300 << 10, 20 << 20):
        refused("an error occurred while writing to 'small/file': No space left on device",
                client.put, "small/file", bytes(size))
        equal(client.get("small/file"), b"old", "content")
        equal(os.listdir(outside(agent, "small")), ["file"], "files on the full disk")
        client.ping()
    client.put("small/file", bytes(200 << 10))
    equal(len(client.get("small/file")), 200 << 10, "size of what fits")


@with_agent(wrapper=("prlimit", "--fsize=200000:200000"))
def file_size_limit(agent):
    """The limit comes with a signal that ends who does not expect it."""
    need_unix("its files are Wine's server's, which has no such limit")
    client = agent.client()
    client.put("file", b"old")
    refused("an error occurred while writing to 'file': File too large", client.put, "file", bytes(300000))
    equal((client.get("file"), os.listdir(agent.folder)), (b"old", ["file"]), "content and folder")


@with_agent("--io-timeout", "2")
def uploads_that_break_off(agent):
    """Closed, reset or silent, at its beginning, in its middle and a byte before its end."""
    agent.write("file", b"old")
    size = 300000
    for sent in (0, 1, 100000, size - 1):
        for how in ("close", "reset", "silence"):
            client = agent.client()
            client.send(wire.u32(wire.SENDFILE), wire.u32(3), s("file"), I(0), wire.header("d", size), b"x" * sent)
            if how == "reset":
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            if how != "silence":
                client.close()
    eventually(lambda: os.listdir(agent.folder) == ["file"], "no temporary files")
    equal(agent.read("file"), b"old", "content")
    agent.ping()


@with_agent()
def two_uploads_to_one_name(agent):
    """Each is whole; the last one to end stays."""
    first, second = agent.client(), agent.client()
    head = wire.u32(wire.SENDFILE) + wire.u32(3) + s("file") + I(0) + wire.header("d", 200000)
    first.send(head, b"1" * 100000)
    second.send(head, b"2" * 200000)
    equal(second.reply_list(), [], "reply to the second")
    equal(agent.read("file"), b"2" * 200000, "content")
    first.send(b"1" * 100000)
    equal(first.reply_list(), [], "reply to the first")
    equal(agent.read("file"), b"1" * 200000, "content")
    equal(os.listdir(agent.folder), ["file"], "files")


@harness.test
def folder_that_allows_no_new_file():
    """An agent that may write a file but nothing beside it still can put it, the old way."""
    need_unix("modes are not its permissions")
    harness.need_root()
    with Agent(wrapper=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")) as agent:
        os.mkdir(agent.path("sub"))
        agent.write("sub/file", b"old")
        os.chmod(agent.path("sub/file"), 0o666)
        os.chmod(agent.path("sub"), 0o755)
        client = agent.client()
        reply = client.call(wire.SENDFILE, s("sub/file"), I(0), wire.d(b"new"))
        if reply:
            equal(reply[0].text, "unable to open 'sub/file' for writing: Permission denied", "error text")
            equal(agent.read("sub/file"), b"old", "content")
        else:
            equal(agent.read("sub/file"), b"new", "content")
        equal(os.listdir(agent.path("sub")), ["file"], "files")


if __name__ == "__main__":
    harness.main()
