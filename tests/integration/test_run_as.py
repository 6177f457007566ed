#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""As whom the agent runs programs and touches files, and the file that says so."""
import os
import pwd
import socket
import stat
import subprocess
import tempfile

import harness
import wire
from harness import Agent, check, equal, eventually, need_root, need_unix, refused_saying, removed, test

OTHER = "nobody"


def output_of(client, *command):
    pid = client.run(*command, stdout="out.txt")
    equal(client.wait(pid), 0, f"status of {command}")
    return client.get("out.txt").decode()


@test
def programs_have_the_users_rights_and_no_others():
    need_unix("there the user must be logged on")
    need_root()
    account = pwd.getpwnam(OTHER)
    with Agent("--run-as", OTHER) as agent:
        client = agent.client()
        equal(output_of(client, "/bin/sh", "-c", "id -u; id -g; id -G; echo $HOME $USER"),
              f"{account.pw_uid}\n{account.pw_gid}\n{account.pw_gid}\n{account.pw_dir} {OTHER}\n", "who it is")
        status = output_of(client, "/bin/grep", "-E", "^(Cap(Inh|Prm|Eff|Amb)|Uid|Gid):", "/proc/self/status")
        fields = dict(line.split(":") for line in status.splitlines())
        equal({int(n) for n in fields.pop("Uid").split()}, {account.pw_uid}, "Uid")
        equal({int(n) for n in fields.pop("Gid").split()}, {account.pw_gid}, "Gid")
        equal({key: int(value, 16) for key, value in fields.items()},
              dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapAmb"), 0), "capabilities")
        equal(os.stat(agent.path("out.txt")).st_uid, account.pw_uid, "owner of what it wrote")
        check(client.property("run.as") == f"user {OTHER} (uid {account.pw_uid})", "the property run.as")


@test
def programs_open_their_own_streams_by_name():
    need_unix("it has no such names")
    need_root()
    with Agent("--run-as", OTHER) as agent:
        client = agent.client()
        pid = client.execute("sh", "-c", "echo one > /dev/stdout; echo two > /dev/stderr; cat /dev/stdin",
                             stream=["in", "out", "err"])
        client.write(pid, b"three\n", flags=wire.WRITE_CLOSE)
        equal(client.wait(pid, 30), 0, "status")
        eventually(lambda: "end" in client.follow(pid=pid, out=0, err=0)[0], "the end of its outputs")
        equal(client.follow(pid=pid, out=0, err=0)[1:], (b"one\nthree\n", b"two\n"), "outputs")


# Groups that the agent itself is in, as root may be: of no file and no user.
AGENTS_GROUPS = "54321,54322"
IN_GROUPS = ["setpriv", "--groups", AGENTS_GROUPS]


def groups(path):
    with open(path, encoding="ascii", errors="replace") as file:
        return next(line for line in file if line.startswith("Groups:")).split()[1:]


@test
def programs_are_in_none_of_the_agents_groups():
    need_unix("there the user must be logged on")
    need_root()
    account = pwd.getpwnam(OTHER)
    with Agent("--run-as", OTHER, wrapper=IN_GROUPS) as agent:
        equal(groups(f"/proc/{agent.pid}/status"), AGENTS_GROUPS.split(","), "the agent's own groups")
        client = agent.client()
        status = output_of(client, "/bin/grep", "^Groups:", "/proc/self/status")
        equal(status.split()[1:], [str(account.pw_gid)], "groups of a program")
        equal(output_of(client, "/bin/sh", "-c", "id -G").split(), [str(account.pw_gid)], "groups that id tells")


@test
def files_are_touched_with_none_of_the_agents_groups():
    need_unix("there the user must be logged on")
    need_root()
    with Agent("--run-as", OTHER, wrapper=IN_GROUPS) as agent:
        client = agent.client()
        shared = os.path.join(agent.base, "shared")
        os.mkdir(shared)
        os.chown(shared, 0, int(AGENTS_GROUPS.split(",", maxsplit=1)[0]))
        os.chmod(shared, 0o770)
        refused_saying("Permission denied", client.put, f"{shared}/new", b"x")
        equal(os.listdir(shared), [], "what is in the folder")
        client.put("mine", b"text")
        for groups in harness.thread_fields(agent.pid, "Groups").values():  # it has them back when it is done
            equal(groups, AGENTS_GROUPS.split(","), "groups of a thread of the agent")


@test
def files_are_the_users():
    need_unix("there the user must be logged on")
    need_root()
    account = pwd.getpwnam(OTHER)
    with Agent("--run-as", OTHER) as agent:
        client = agent.client()
        secret = os.path.join(agent.base, "secret")
        os.mkdir(secret, 0o700)
        with open(os.path.join(secret, "file"), "wb") as file:
            file.write(b"not for you")
        client.put("mine", b"text")
        equal(os.stat(agent.path("mine")).st_uid, account.pw_uid, "owner of an upload")
        equal(client.get("mine"), b"text", "what was sent")
        client.remove("mine")
        check(not os.path.exists(agent.path("mine")), "rm removes the user's own file")
        refused_saying("Permission denied", client.get, f"{secret}/file")
        refused_saying("Permission denied", client.put, f"{secret}/new", b"x")
        refused_saying("Permission denied", removed, client, f"{secret}/file")
        refused_saying("Permission denied", client.run, "/bin/true", stdout=f"{secret}/out")
        check(sorted(os.listdir(secret)) == ["file"], f"the folder has {os.listdir(secret)}")


@test
def one_clients_user_is_not_the_agents():
    """While a client's upload stalls with the user's rights, the agent's other threads have their own."""
    need_unix("there the user must be logged on")
    need_root()
    with Agent("--run-as", OTHER) as agent:
        stalled = agent.client()
        data = b"x" * 1000
        stalled.send(wire.request(wire.SENDFILE, wire.s("slow"), wire.I(0), wire.header("d", len(data)), count=3), data[:10])
        uid = pwd.getpwnam(OTHER).pw_uid
        harness.eventually(lambda: users(agent.pid) == {(0, 0), (uid, uid)},
                           lambda: f"effective and file system user of the threads: {users(agent.pid)}")
        stalled.send(data[10:])
        equal(stalled.reply_list(), [], "the answer")
        equal(agent.read("slow"), data, "the upload")
        equal(users(agent.pid), {(0, 0)}, "users when it is done")


def users(pid):
    """Effective and file system user of each of its threads."""
    return {(int(words[1]), int(words[3])) for words in harness.thread_fields(pid, "Uid").values()}


@test
def nobody_is_logged_on():
    need_unix("tests/wine/test_service.py has it")
    need_root()
    if os.path.exists("/run/systemd/seats/seat0") or os.path.exists("/sys/class/tty/tty0/active"):
        raise harness.Skip("this machine has a seat, and somebody may be logged on")
    with Agent("--run-as", "session") as agent:
        client = agent.client()
        refused_saying("nobody is logged on", client.run, "/bin/true")
        refused_saying("nobody is logged on", client.put, "x", b"x")
        check(b"run.error=nobody is logged on" in client.get(".periscope/status.txt"), "status.txt says so")
        client.ping()


@test
def a_user_that_does_not_exist():
    need_unix("there a user must be logged on, and test_service.py has it")
    with Agent("--run-as", "no-such-user") as agent:
        refused_saying("there is no user 'no-such-user'", agent.client().run, "/bin/true")


@test
def who_is_not_root_can_be_nobody_else():
    need_unix("there is no root")
    need_root()
    with Agent("--run-as", "root", wrapper=["setpriv", "--reuid", OTHER, "--clear-groups"]) as agent:
        refused_saying("the agent must be root", agent.client().run, "/bin/true")


# ---- the manager of services, and the file ----

@test
def manager_is_told_when_it_listens():
    need_unix("its service manager is asked in tests/wine/test_service.py")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        path = os.path.join(folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(harness.PATIENCE)
            with Agent("--run-as", "agent", env={"NOTIFY_SOCKET": path}) as agent:
                lines = manager.recv(4096).decode().splitlines()
                equal(lines[0], "READY=1", "the first line")
                check(str(agent.port) in lines[1], f"{lines[1]} names the port")
                client = agent.client()
                check("NOTIFY_SOCKET" not in output_of(client, "/usr/bin/env"), "a test sees the manager's socket")


def exits(status, *arguments):
    done = subprocess.run([*harness.COMMAND, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=harness.PATIENCE, check=False)
    equal(done.returncode, status, f"exit status of {arguments} ({done.stdout}{done.stderr})")
    return done.stdout.decode(), done.stderr.decode()


def with_file(text, *arguments):
    with tempfile.NamedTemporaryFile("w", suffix=".conf", prefix="periscope-", dir="/tmp") as file:
        file.write(text)
        file.flush()
        out, err = exits(2, "--config", file.name, *arguments)
        check("READY" not in out, "it must not start")
        return err.replace(file.name, "FILE")


@test
def file_with_mistakes_is_refused_by_line():
    for text, why in (("port = 0\nno-such = 1\n", "FILE:2: unknown option 'no-such'"),
                      ("port = x\n", "FILE:1: 'x' is not a port"),
                      ("# words\n\nport\n", "FILE:3: 'port' is not of the form 'name = value'"),
                      ("port =\n", "FILE:1: 'port' has no value"),
                      ("install = yes\n", "FILE:1: unknown option 'install'"),
                      ("config = other\n", "FILE:1: unknown option 'config'"),
                      ("debug = 1\n", "FILE:1: debug: '1' is neither yes nor no"),
                      ("max-clients = 0\n", "FILE:1: --max-clients: '0' is not a number from 1 to 10000"),
                      ("x\0y\n", "'FILE' has a NUL in it: it is not text"),
                      ("#" * 70000, "'FILE' is too large: the limit is 64 KiB"),
                      ("debug = no\n", "no PORT given")):
        check(why in with_file(text), f"{text[:40]!r}: {with_file(text)}")
    check("could not read '/no/such/file'" in exits(2, "--config", "/no/such/file")[1], "a missing file")


@test
def command_line_goes_before_the_file():
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        path = os.path.join(folder, "agent.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("# the lab\n port = 1 \nprotocol=1.8\r\nallow = 127.0.0.1\nallow = ::1\n")
        os.chmod(folder, stat.S_IRWXU | stat.S_IROTH | stat.S_IXOTH)
        with Agent("--config", path) as agent:
            properties = dict(agent.client().properties())
            equal(properties["protocol.version"], "testagentd 1.8", "what the file says")
            equal(properties["security.mode"], "allow-list", "whom the file lets in")


if __name__ == "__main__":
    harness.main()
