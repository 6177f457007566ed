#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""upgrade and restart: the new agent answers on the same port, and no child is forgotten."""
import os
import shutil
import socket
import stat
import struct
import time

import harness
import wire
from harness import PROGRAM, Agent, check, equal, eventually, need_unix, refused, test, with_agent
from wire import d, s

ANOTHER_PROCESS = "it becomes another process then, which tests/wine/test_upgrade.py follows"


def executable():
    with open(harness.COMMAND[-1], "rb") as file:
        return file.read()


def client_of_new_agent(agent, client):
    """As a host does: once the old connection has ended, connect to the same port."""
    check(client.ended(), "the connection to the old agent goes on")
    return eventually(lambda: try_client(agent), "an answer on the same port")


def try_client(agent):
    try:
        client = agent.client(timeout=5)
        client.ping()
    except (wire.Closed, OSError):
        return None
    return client


@with_agent("--no-upgrade")
def no_upgrade_says_yes_and_stays(agent):
    client = agent.client()
    start = client.property("agent.start")
    client.expect("", wire.UPGRADE, d(harness.random_bytes(3 << 20)))
    client.ping()
    equal(agent.client().property("agent.start"), start, "agent.start")
    equal(os.listdir(agent.folder), [], "files")


@with_agent(copy=True)
def upgrade_to_itself_and_back(agent):
    """Twice, so that what the first one left behind is not in the way. The process is the same one."""
    need_unix(ANOTHER_PROCESS)
    new = executable() + b"\0 one that differs"
    for content in (new, executable()):
        client = agent.client()
        start = client.property("agent.start")
        time.sleep(1.1)  # agent.start may count in seconds
        client.expect("", wire.UPGRADE, d(content))
        client = client_of_new_agent(agent, client)
        check(client.property("agent.start") != start, "agent.start is that of the old agent")
        equal(agent.read(PROGRAM), content, "the executable")
        check(os.stat(agent.path(PROGRAM)).st_mode & stat.S_IXUSR, "not executable")


@with_agent(copy=True)
def upgrade_goes_on_with_the_events(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    facts, events = client.events()
    for _ in range(2):
        client.expect("", wire.UPGRADE, d(executable()))
        client = client_of_new_agent(agent, client)
        after, more = client.events("since=" + facts["last"], "id=" + facts["id"], "wait-ms=30000")
        equal(after["id"], facts["id"], "the id")
        equal([(event[0], event[2]) for event in more], [(int(facts["last"]) + 1, "agent")], "what came after it")
        equal(client.events()[1], events + more, "all of them")
        facts, events = after, events + more


@with_agent(copy=True)
def upgrade_keeps_the_children(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    exited, forgotten = client.shell("exit 3"), client.run("true")
    running = client.shell("until [ -e go ]; do sleep 0.05; done; exit 5")
    killed = client.run("sleep", "1000")
    equal(client.wait(exited, 20), 3 << 8, "status before")
    equal(client.wait(forgotten, 20), 0, "status before")
    client.forget(forgotten)
    client.expect("", wire.UPGRADE, d(executable()))
    client = client_of_new_agent(agent, client)
    equal(client.wait(exited, 0), 3 << 8, "status known before")
    refused(wire.TIMED_OUT, client.wait, running, 0)
    refused(f"the {forgotten} process does not exist or is not a child process", client.wait, forgotten, 0)
    harness.end_process(killed)
    client.put("go", b"")
    equal(client.wait(running, 20), 5 << 8, "status of a child that ran on")
    equal(client.wait(killed, 20), 9, "status of a child that was killed")
    equal(client.wait(client.shell("exit 6"), 20), 6 << 8, "status of a new child")


def ping_of(connection):
    """What a connection gets that is only now looked at: the banner, and the answer to a ping."""
    connection.settimeout(harness.PATIENCE)
    connection.sendall(bytes(8))
    with connection, connection.makefile("rb") as stream:
        return stream.read(24 + 4)


@with_agent(copy=True)
def who_connects_after_the_answer_is_served_by_the_next_agent(agent):
    """The answer means that the old one accepts nobody any more: no look for a second connection here."""
    need_unix(ANOTHER_PROCESS)
    content = executable()
    for _ in range(60):
        with agent.client() as client:
            client.expect("", wire.UPGRADE, d(content))
            connections = [socket.create_connection(("127.0.0.1", agent.port)) for _ in range(8)]
        for connection in connections:
            equal(ping_of(connection), s("testagentd 1.7") + bytes(4), "what the next connection gets")


@with_agent("--show-restarts", copy=True)
def upgrade_is_no_restart(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    equal(client.property("start.count"), "1", "start.count")
    client.expect("", wire.UPGRADE, d(executable()))
    equal(client_of_new_agent(agent, client).property("start.count"), "1", "start.count after an upgrade")


@with_agent("--protocol", "1.8", "--max-clients", "7", copy=True)
def upgrade_keeps_the_command_line(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    before = [pair for pair in client.properties() if pair[0].startswith("server.argv")]
    client.expect("", wire.UPGRADE, d(executable()))
    client = client_of_new_agent(agent, client)
    equal(client.banner, "testagentd 1.8", "banner")
    after = [pair for pair in client.properties() if pair[0].startswith("server.argv")]
    equal(after[1:], before[1:], "arguments")


@with_agent(copy=True)
def upgrade_to_what_is_no_agent(agent):
    """The host would lose the guest for good: nothing of it may stay, and the agent goes on."""
    client = agent.client()
    start = client.property("agent.start")
    old = agent.read(PROGRAM)
    for content in (b"", b"no program at all", b"#!/bin/sh\nexit 0\n", b"\x7fELF" + bytes(1000), executable()[:20000],
                    b"MZ" + bytes(5000)):
        check(client.refusal(wire.UPGRADE, d(content)), "an empty error text")
        client.ping()
    equal(agent.read(PROGRAM), old, "the executable")
    equal(os.listdir(agent.folder), [PROGRAM], "files")
    equal(agent.client().property("agent.start"), start, "agent.start")


@with_agent(copy=True)
def upgrade_that_breaks_off(agent):
    client = agent.client()
    old = agent.read(PROGRAM)
    client.send(wire.u32(wire.UPGRADE), wire.u32(1), wire.header("d", len(old)), old[:len(old) // 2])
    client.close()
    eventually(lambda: os.listdir(agent.folder) == [PROGRAM], "no temporary file")
    equal(agent.read(PROGRAM), old, "the executable")
    agent.ping()


@with_agent("--protocol", "1.8", "--no-upgrade", copy=True)
def no_upgrade_refuses_a_restart(agent):
    """It would be the same as an upgrade, by another name."""
    client = agent.client()
    start = client.property("agent.start")
    equal(client.refusal(wire.RESTART, *map(s, (agent.path(PROGRAM), str(agent.port)))),
          f"restart as '{agent.path(PROGRAM)}' is not allowed (--no-upgrade)", "error text")
    equal(agent.client().property("agent.start"), start, "agent.start")


def slow_agent(agent):
    """A program that an agent may become, once there is a file `go`."""
    agent.write("slow", f'#!/bin/sh\ntouch asked\nuntil [ -e go ]; do sleep 0.05; done\nexec {agent.path(PROGRAM)} "$@"\n'.encode())
    os.chmod(agent.path("slow"), 0o755)
    return wire.request(wire.RESTART, *map(s, ("./slow", str(agent.port))))


@with_agent("--protocol", "1.8", copy=True)
def one_upgrade_at_a_time(agent):
    """Else the second would move the first one's executable aside in place of the one that runs."""
    need_unix("the programs are scripts")
    first, second = agent.client(), agent.client()
    under_way = "another upgrade is under way"
    first.send(slow_agent(agent))
    eventually(lambda: os.path.exists(agent.path("asked")), "the check of the first one")
    equal(second.refusal(wire.UPGRADE, d(b"x")), under_way, "an upgrade's answer")
    equal(second.refusal(wire.RESTART, s(PROGRAM)), under_way, "a restart's answer")
    agent.write("go", b"")
    equal(first.reply_list(), [], "the first one's answer")
    client_of_new_agent(agent, first)


@with_agent(copy=True)
def an_upload_that_never_ends_blocks_no_upgrade(agent):
    need_unix(ANOTHER_PROCESS)
    endless = [agent.client() for _ in range(3)]
    for client in endless:
        client.send(wire.u32(wire.UPGRADE), wire.u32(1), wire.header("d", 1000), b"MZ")
    endless[2].send(wire.u32(0))
    uploader = agent.client()
    uploader.send(wire.u32(wire.SENDFILE), wire.u32(3), s("upload"), wire.I(0), wire.header("d", 1 << 30), b"x")
    client = agent.client()
    client.expect("", wire.UPGRADE, d(executable()))
    client_of_new_agent(agent, client)
    check(uploader.ended(), "the upload goes on")


@with_agent("--protocol", "1.8", copy=True)
def restart_whose_client_has_left(agent):
    """The answer can't be sent; the agent must not be left between the two."""
    need_unix("the programs are scripts")
    client = agent.client()
    client.send(slow_agent(agent))
    eventually(lambda: os.path.exists(agent.path("asked")), "the check")
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    agent.write("go", b"")
    client = agent.client()
    check(client.ended(), "the connection to the old agent goes on")
    eventually(lambda: try_client(agent), "an answer on the same port").expect("", wire.UPGRADE, d(executable()))


def restart_as(agent, path):
    """The error text, or None once the agent has become that."""
    client = agent.client()
    reply = client.call(wire.RESTART, *map(s, (path, "--run-as", "nobody", "--protocol", "1.8", str(agent.port))))
    if reply:
        return reply[0].text
    client_of_new_agent(agent, client)
    return None


@with_agent("--run-as", "nobody", "--protocol", "1.8")
def restart_takes_no_file_that_a_test_can_write(agent):
    """Else each test has the agent's rights. What is refused is not even run for the check."""
    need_unix("there access lists say who can write")
    harness.need_root()
    client, folder = agent.client(), harness.trusted_folder()
    try:
        client.put("mine", b"#!/bin/sh\ntouch /tmp/ran\n".replace(b"/tmp/ran", agent.path("ran").encode()), wire.SEND_EXE)
        check("'/tmp' can be written by others than root" in restart_as(agent, "mine"), "a file of the test's")
        good, link = os.path.join(folder, "periscoped"), agent.path("link")
        shutil.copy(harness.COMMAND[-1], good)
        os.chmod(folder, 0o755)
        for what, how, back, told in (
                (good, lambda: os.chmod(good, 0o775), lambda: os.chmod(good, 0o755), f"'{good}' can be written by others"),
                (good, lambda: os.chown(good, 65534, 0), lambda: os.chown(good, 0, 0), f"'{good}' belongs to the user"),
                (folder, lambda: os.chmod(folder, 0o1777), lambda: os.chmod(folder, 0o755), f"'{folder}' can be written"),
                (folder, lambda: os.chown(folder, 65534, 0), lambda: os.chown(folder, 0, 0), f"'{folder}' belongs to")):
            how()
            check(told in (restart_as(agent, good) or ""), f"{told}: not refused")
            back()
        check(not os.path.exists(agent.path("ran")), "what was refused was run")
        os.symlink(good, link)
        equal(restart_as(agent, link), None, "what only root can write, by a link that anybody could make")
        equal(os.readlink(f"/proc/{agent.pid}/exe"), good, "what runs")
    finally:
        shutil.rmtree(folder)


@with_agent("--run-as", "nobody", copy=True)
def upgrade_needs_a_folder_that_only_root_can_write(agent):
    need_unix("there access lists say who can write")
    harness.need_root()
    told = agent.client().refusal(wire.UPGRADE, d(executable()))
    check("'/tmp' can be written by others than root" in told, told)
    equal(os.listdir(agent.folder), [PROGRAM], "files")


@test
def upgrade_in_a_folder_of_roots():
    """All may execute it then, whatever the agent's umask is."""
    need_unix("there access lists say who can write")
    harness.need_root()
    folder = harness.trusted_folder()
    try:
        os.chmod(folder, 0o755)
        good = os.path.join(folder, PROGRAM)
        shutil.copy(harness.COMMAND[-1], good)
        with Agent("--run-as", "nobody", wrapper=["sh", "-c", f'umask 077; shift; exec {good} "$@"', "sh"]) as agent:
            client = agent.client()
            client.expect("", wire.UPGRADE, d(executable()))
            client_of_new_agent(agent, client)
            info = os.stat(good)
            equal((info.st_uid, stat.S_IMODE(info.st_mode)), (0, 0o755), "owner and mode of the executable")
    finally:
        shutil.rmtree(folder)


@with_agent("--protocol", "1.8", copy=True)
def restart_with_other_arguments(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    running = client.shell("until [ -e go ]; do sleep 0.05; done; exit 5")
    client.expect("", wire.RESTART, *map(s, (agent.path(PROGRAM), "--protocol", "1.7", str(agent.port))))
    client = client_of_new_agent(agent, client)
    equal(client.banner, "testagentd 1.7", "banner")
    client.put("go", b"")
    equal(client.wait(running, 20), 5 << 8, "status of a child that ran on")


@with_agent("--protocol", "1.8", "--show-restarts", copy=True)
def restart_counts(agent):
    need_unix(ANOTHER_PROCESS)
    client = agent.client()
    client.expect("", wire.RESTART, *map(s, (PROGRAM, "--protocol", "1.8", "--show-restarts", str(agent.port))))
    equal(client_of_new_agent(agent, client).property("start.count"), "2", "start.count after a restart")


@with_agent("--protocol", "1.8", copy=True)
def restart_refusals(agent):
    client = agent.client()
    start = client.property("agent.start")
    equal(client.refusal(wire.RESTART), "expected 1 argument or more (got 0)", "error text")
    equal(client.refusal(wire.RESTART, s("none"), s("0")),
          "could not stat 'none': No such file or directory", "error text")
    client.put("text", b"no program")
    for name in ("text", "."):
        check(client.refusal(wire.RESTART, s(name), s("0")), "an empty error text")
    client.ping()
    equal(agent.client().property("agent.start"), start, "agent.start")


if __name__ == "__main__":
    harness.main()
