#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""getfile, sendfile, rm, getcwd and the virtual files."""
import fcntl
import hashlib
import os
import re
import struct
import tempfile
import termios

import harness
import wire
from harness import check, equal, refused, with_agent, need_unix
from picture import chunks
from wire import I, d, s

NOT_FOUND = "No such file or directory"
UNREADABLE = ("unable to open '{}' for reading: " + NOT_FOUND).format


@with_agent()
def contents_are_kept_byte_for_byte(agent):
    client = agent.client()
    for content in (b"", b"\0", b"report\r\n\x1a\xff\0", bytes(range(256)) * 300, harness.random_bytes((5 << 20) + 1)):
        client.put("file", content)
        equal(agent.read("file"), content, "content on the disk")
        equal(client.get("file"), content, "content")


@with_agent()
def modes(agent):
    need_unix("files have no mode")
    client = agent.client()
    for flags, mode in ((0, 0o600), (wire.SEND_EXE, 0o700), (0xFFFFFFFE, 0o600)):
        client.put("file", b"x", flags)
        equal(os.stat(agent.path("file")).st_mode & 0o7777, mode, f"mode with flags {flags}")
    os.chmod(agent.path("file"), 0o444)
    client.put("file", b"replaced")
    equal(agent.read("file"), b"replaced", "content of what was read-only")


@with_agent()
def names(agent):
    need_unix("names can't have * and :")
    client = agent.client()
    os.mkdir(agent.path("sub"))
    for name in ("sub/file", "./file", "sub/../other", agent.path("absolute"), "with space", "é\u4e2d\U0001f600",
                 "x" * 255, "-dash", "*", "file:with:colons"):
        client.put(name, name.encode())
        equal(client.get(name), name.encode(), f"content of {name!r}")
    equal(client.remove("x" * 255, "-dash", "*"), [], "reply to rm")


@with_agent()
def names_are_bytes(agent):
    """Not every name is UTF-8; an answer that tells one still is a text without control characters."""
    need_unix("names are UTF-16")
    client = agent.client()
    client.expect("", wire.SENDFILE, s(b"caf\xe9"), I(0), d(b"latin"))
    equal(client.expect("d", wire.GETFILE, s(b"caf\xe9"))[0].payload, b"latin", "content")
    reply = client.call(wire.GETFILE, s("two\nlines"))
    check(reply[0].kind == "e" and b"\n" not in reply[0].payload, f"no one-line error: {reply}")
    check(client.refusal(wire.GETFILE, s(b"no caf\xe9")).endswith(NOT_FOUND), "no UTF-8 error")


@with_agent()
def getfile_refusals(agent):
    need_unix("it does not tell a file below a file")
    client = agent.client()
    os.mkdir(agent.path("folder"))
    agent.write("file", b"")
    refused(UNREADABLE("none"), client.get, "none")
    refused(UNREADABLE("no/file"), client.get, "no/file")
    refused(UNREADABLE(""), client.get, "")
    refused("unable to open 'file/below' for reading: Not a directory", client.get, "file/below")
    check(client.refusal(wire.GETFILE, s("folder")).startswith("unable to open 'folder' for reading: "), "error text")
    client.ping()


@with_agent()
def sendfile_refusals(agent):
    client = agent.client()
    os.mkdir(agent.path("folder"))
    refused(f"unable to open 'no/file' for writing: {NOT_FOUND}", client.put, "no/file", b"x" * 100000)
    refused(f"unable to open '' for writing: {NOT_FOUND}", client.put, "", b"x")
    for content in (b"", b"x", b"x" * (1 << 20)):
        equal(client.refusal(wire.SENDFILE, s("folder"), I(0), d(content)),
              "unable to open 'folder' for writing: Is a directory", "error text")
        client.ping()
    equal(os.listdir(agent.folder), ["folder"], "what refused puts left")


@with_agent()
def a_growing_file_is_cut_where_it_ended(agent):
    client = agent.client()
    with open(agent.path("log"), "wb") as file:
        file.truncate(64 << 20)
        equal(client.get_begin("log"), 64 << 20, "size")
        file.seek(0, os.SEEK_END)
        file.write(b"more")
        file.flush()
    digest = hashlib.sha256()
    for _ in range(64):
        digest.update(client.receive(1 << 20))
    equal(digest.hexdigest(), hashlib.sha256(bytes(64 << 20)).hexdigest(), "content")
    client.ping()


@with_agent()
def a_shrinking_file_ends_the_connection(agent):
    """What was promised can't be sent, and nothing else may stand in for it."""
    client = agent.client()
    with open(agent.path("log"), "wb") as file:
        file.truncate(256 << 20)
        client.get_begin("log")
        file.truncate(1 << 20)
    try:
        while True:
            client.receive(1 << 20)
    except wire.Closed:
        pass
    agent.ping()


@with_agent()
def replaced_while_it_is_fetched(agent):
    client, other = agent.client(), agent.client()
    agent.write("file", b"old " * (4 << 20))
    size = client.get_begin("file")
    other.put("file", b"new")
    other.remove("file")
    equal(hashlib.sha256(client.receive(size)).hexdigest(), hashlib.sha256(b"old " * (4 << 20)).hexdigest(), "content")


@with_agent()
def rm_forms(agent):
    need_unix("there are no symbolic links")
    client = agent.client()
    os.mkdir(agent.path("adir"))
    agent.write("file", b"")
    os.symlink("adir", agent.path("link"))
    equal(client.remove(), [], "reply for nothing")
    equal(client.remove("file", "none", "file/below", "link", "no/such"), [], "reply when all are gone")
    equal(os.listdir(agent.folder), ["adir"], "what is left")
    agent.write("file", b"")
    reply = client.remove("none", "adir", "file")
    equal([entry.kind for entry in reply], ["u", "s", "u"], "kinds")
    equal((reply[0].payload, reply[2].payload), (b"", b""), "payload of u")
    equal(reply[1].text, "Could not delete 'adir': Is a directory", "text")
    equal(os.listdir(agent.folder), ["adir"], "what is left")


@with_agent()
def getcwd_is_the_working_folder(agent):
    need_unix("the path has another form")
    equal(agent.client().expect("s", wire.GETCWD)[0].text, os.path.realpath(agent.folder), "getcwd")


@harness.test
def workdir_option():
    need_unix("the path has another form")
    with tempfile.TemporaryDirectory(prefix="periscope-") as folder, harness.Agent("--workdir", folder) as agent:
        client = agent.client()
        equal(client.expect("s", wire.GETCWD)[0].text, os.path.realpath(folder), "getcwd")
        client.put("file", b"there")
        equal(os.listdir(folder), ["file"], "its folder")
        equal(client.wait(client.shell("pwd", stdout="place"), 20), 0, "status")
        equal(client.get("place").decode().rstrip("\n"), os.path.realpath(folder), "a child's folder")


# ---- temporary files ----

def half_sent(agent, name):
    """A client that has sent a half of an upload, which the agent has received."""
    client = agent.client()
    client.send(wire.u32(wire.SENDFILE), wire.u32(3), s(name), I(0), wire.header("d", 2 << 20), bytes(1 << 20))
    harness.eventually(lambda: received(client) == 0, "that the agent reads it")
    return client


def received(client):
    """Bytes that the other side has not acknowledged, as the kernel counts them (SIOCOUTQ)."""
    return struct.unpack("i", fcntl.ioctl(client.socket, termios.TIOCOUTQ, bytes(4)))[0]


@with_agent()
def upload_of_a_killed_agent_leaves_nothing(agent):
    agent.write("replaced", b"old")
    os.mkdir(agent.path("sub"))
    for name in ("replaced", "new", "sub/new"):
        half_sent(agent, name)
    agent.process.kill()
    agent.process.wait()
    agent.expect_end = True
    harness.eventually(lambda: sorted(os.listdir(agent.folder)) == ["replaced", "sub"],
                       lambda: f"that nothing is left: {os.listdir(agent.folder)}")
    equal(os.listdir(agent.path("sub")), [], "what is left below it")
    equal(agent.read("replaced"), b"old", "content")


@harness.test
def temporary_files_of_a_killed_agent_are_removed_at_the_next_start():
    """Where the file system keeps no file without a name, or the power has failed."""
    with harness.Agent() as agent:
        gone = [".periscope-0123456789abcdef.tmp", ".periscope-12-3.tmp"]
        kept = [".periscope-x.tmp", ".periscope-1.tmp.txt", "periscope-1.tmp", ".periscope-.tmp", ".periscope-12.old"]
        for name in gone + kept:
            agent.write(name, b"half a file")
        os.mkdir(agent.path(".periscope-2.tmp"))
        agent.process.kill()
        agent.process.wait()
        agent.start()
        left = [name for name in os.listdir(agent.folder) if name != "work"]
        equal(sorted(left), sorted([*kept, ".periscope-2.tmp"]), "what is left")
        check(b"removed 2 temporary files" in agent.client().get(".periscope/log.txt"), "the log does not tell")


@harness.test
def temporary_files_in_use_and_links_are_left_alone():
    need_unix("files in use can't be removed")
    with harness.Agent() as agent:
        agent.write("target", b"x")
        agent.write(".periscope-1.tmp", b"another agent's")
        os.symlink("target", agent.path(".periscope-2.tmp"))
        os.mkfifo(agent.path(".periscope-3.tmp"))
        with open(agent.path(".periscope-1.tmp"), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            agent.process.kill()
            agent.process.wait()
            agent.start()
        equal(sorted(os.listdir(agent.folder)),
              [".periscope-1.tmp", ".periscope-2.tmp", ".periscope-3.tmp", "target"], "what is left")


@with_agent()
def names_that_are_taken_block_no_upload(agent):
    """The names of earlier versions: the agent's number and a count."""
    client = agent.client()
    for count in range(500):
        agent.write(f".periscope-{agent.pid}-{count}.tmp", b"")
    client.put("file", b"there")
    equal(client.get("file"), b"there", "content")


# ---- virtual files ----

FORGED = b"forged"
OWN = "the names in .periscope are the agent's own"
VIRTUAL = ("screenshot.png", "status.txt", "windows.txt", "console.txt", "console-1.txt", "log.txt", "dump-1.dmp",
           "evidence-1.txt")


def spellings(agent):
    """Ways to write the folder's name, each of which the system would take for it too."""
    names = [".periscope", "./.periscope", ".periscope/.", ".//.periscope/", "x/../.periscope", ".periscope/../.periscope"]
    if harness.NATIVE:
        return names + [agent.path(".periscope"), "/." + os.path.realpath(agent.path(".periscope"))]
    return names + [".PERISCOPE", ".\\.periscope"]


def forge(agent):
    os.mkdir(agent.path(".periscope"))
    os.mkdir(agent.path("x"))
    for name in (*VIRTUAL, "other.txt"):
        agent.write(f".periscope/{name}", FORGED)


@with_agent()
def forged_file_never_passes_for_a_virtual_one(agent):
    client = agent.client()
    forge(agent)
    for folder in spellings(agent):
        for name in VIRTUAL if folder == ".periscope" else ("log.txt",):
            reply = client.call(wire.GETFILE, s(f"{folder}/{name}"))
            check(reply[0].payload != FORGED, f"{folder}/{name} is what somebody else has written")
            check(reply[0].kind == "d" or name != "log.txt", f"{folder}/{name}: {reply}")
        refused(UNREADABLE(f"{folder}/other.txt"), client.get, f"{folder}/other.txt")


@with_agent()
def forged_folder_never_passes_for_the_virtual_one(agent):
    """A link to a folder of one's own is as good as that folder."""
    need_unix("links need a right")
    client = agent.client()
    os.mkdir(agent.path("mine"))
    agent.write("mine/log.txt", FORGED)
    os.symlink("mine", agent.path(".periscope"))
    check(client.get(".periscope/log.txt") != FORGED, "the log is what somebody else has written")


@with_agent()
def names_of_virtual_files_are_neither_written_nor_removed(agent):
    client = agent.client()
    forge(agent)
    for folder in spellings(agent):
        for name in ("log.txt", "other.txt", "none.txt"):
            path = f"{folder}/{name}"
            refused(f"unable to open '{path}' for writing: {OWN}", client.put, path, b"x")
            refused(f"unable to open '{path}' for writing: {OWN}", client.run, "/bin/true", stdout=path)
            refused(f"unable to open '{path}' for writing: {OWN}", client.execute, "/bin/true", err=path)
            refused(f"unable to open '{path}' for reading: {OWN}", client.run, "/bin/true", stdin=path)
            equal([entry.text for entry in client.remove(path)], [f"Could not delete '{path}': {OWN}"], "reply to rm")
    for name in (*VIRTUAL, "other.txt"):
        equal(agent.read(f".periscope/{name}"), FORGED, f"content of {name}")
    check(not os.path.exists(agent.path(".periscope/none.txt")), "a file that was refused")


@with_agent()
def names_that_only_look_virtual_are_real(agent):
    client = agent.client()
    for name in ("sub/.periscope/log.txt", ".periscope-log.txt", "log.txt", ".periscope.d/log.txt"):
        os.makedirs(os.path.dirname(agent.path(name)), exist_ok=True)
        client.put(name, b"real")
        equal(client.get(name), b"real", f"content of {name}")
        equal(client.remove(name), [], "reply to rm")


@with_agent()
def other_names_are_not_virtual(agent):
    client = agent.client()
    for name in (".periscope/other.txt", ".periscope/", ".periscope", ".periscope/status.txt/more",
                 "sub/.periscope/status.txt", ".periscope/STATUS.TXT", ".periscope/screenshot.pngx",
                 ".periscopestatus.txt", ".periscope/console-0.txt", ".periscope/console-64.txt",
                 ".periscope/console-1.txt.txt", ".periscope/console-.txt", ".periscope/console-1x.txt"):
        refused(UNREADABLE(name), client.get, name)


@with_agent()
def status_is_name_and_value(agent):
    client = agent.client()
    lines = client.get(".periscope/status.txt").decode().splitlines()
    names = [line.partition("=")[0] for line in lines]
    check(all("=" in line for line in lines), f"not all are name=value: {lines}")
    check("periscope.version" in names and "boot.id" in names, f"names: {names}")


@with_agent()
def log_tells_what_happened(agent):
    client = agent.client()
    client.call(wire.GETFILE, s("no-such-file-as-this"))
    check(client.get(".periscope/log.txt").decode().count("\n") > 0, "an empty log")


@with_agent()
def screenshot_is_a_png_or_a_reason(agent):
    """Which of them depends on the guest; either is whole, and neither harms the connection."""
    client = agent.client()
    reply = client.call(wire.GETFILE, s(".periscope/screenshot.png"))
    equal(len(reply), 1, "entries")
    if reply[0].kind == "d":
        kinds = [kind for kind, _ in chunks(reply[0].payload)]
        equal((kinds[0], kinds[-1]), (b"IHDR", b"IEND"), "chunks of the PNG")
    else:
        check(reply[0].kind == "e" and reply[0].text and "\n" not in reply[0].text, f"no reason: {reply}")
    client.ping()
    windows = client.call(wire.GETFILE, s(".periscope/windows.txt"))
    check(len(windows) == 1 and windows[0].kind in "de", f"windows.txt: {windows}")
    client.ping()


@with_agent()
def console_is_lines_or_a_reason_that_names_it(agent):
    """Which of them depends on the guest: a container has no virtual terminals of its own."""
    client = agent.client()
    name = ".periscope/console-63.txt"
    reply = client.call(wire.GETFILE, s(name))
    if reply[0].kind == "d":
        lines = reply[0].payload.decode().splitlines()
        columns, rows = map(int, re.match(r"vt=63 size=(\d+)x(\d+) cursor=", lines[0]).groups())
        equal(len(lines), 1 + rows, "lines")
        check(all(len(line) <= columns for line in lines[1:]), f"wider than {columns}: {lines}")
    else:
        check(reply[0].text.startswith(f"unable to open '{name}' for reading: ") and
              any(word in reply[0].text for word in ("vcsa63", "console 63", "Windows")), reply[0].text)
    client.ping()


if __name__ == "__main__":
    harness.main()
