#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a user may not do is not done for that user's host either, although the agent is root: files, and programs' folders
and output."""
import contextlib
import fcntl
import os
import pwd
import signal
import subprocess
import tempfile
import textwrap

import harness
import wire
from harness import Agent, check, equal, eventually, need_root, need_unix, refused_saying, removed, test
from wire import d, s

OTHER = "nobody"
SYSCTL = "/proc/sys/kernel/cad_pid"  # of root alone, who is known by the effective user


def need_user():
    need_unix("tests/wine/test_service.py has what can be had there")
    need_root()
    return pwd.getpwnam(OTHER)


def field(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return next(line for line in file if line.startswith(name + ":")).split()[1:]


@contextlib.contextmanager
def process_in(folder):
    """A process of root's that works in the folder."""
    with subprocess.Popen(["sleep", "600"], cwd=folder, stdin=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@contextlib.contextmanager
def secret_folder():
    """A folder for everybody below one of root's alone, with a file for everybody in it, and a process in the folder."""
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as base:
        folder = os.path.join(base, "open")
        os.mkdir(folder)
        os.chmod(folder, 0o777)
        with open(os.path.join(folder, "file"), "wb") as file:
            file.write(b"not for you")
        os.chmod(os.path.join(folder, "file"), 0o777)
        with process_in(folder) as pid:
            yield folder, f"/proc/{pid}/cwd"


@test
def kernel_s_word_on_root_s_processes_is_not_told():
    need_user()
    with process_in("/") as pid, Agent("--run-as", OTHER) as agent:
        client = agent.client()
        # Each thread has a folder there too, though no list shows it. Some end meanwhile.
        threads = [f"/proc/{thread}/maps" for thread in os.listdir(f"/proc/{agent.pid}/task")]
        for path in (*threads, f"/proc/{pid}/maps", f"/proc/{pid}/environ",
                     f"/proc/{agent.pid}/maps", f"/proc/{agent.pid}/environ", "/proc/self/maps", "/proc/thread-self/maps",
                     "/proc/thread-self/environ", f"/proc/{agent.pid}/task/{agent.pid}/smaps", SYSCTL):
            if path in threads and not os.path.exists(path):
                continue
            with open(path.replace("thread-self", "self"), "rb") as file:
                check(file.read(1), f"{path} is empty even for root")
            refused_saying("Permission denied", client.get, path)
            refused_saying("Permission denied", client.run, "/bin/cat", stdin=path)
        refused_saying("Permission denied", client.run, "/bin/true", stdout=SYSCTL)
        refused_saying("Permission denied", client.run, "/bin/true", stdout="/proc/thread-self/mem")
        # What all may open tells root more: here where the code is, and the others 1.
        check(harness.stat_fields(pid)[23] != b"1", "root is not told where the code is")
        equal(client.get(f"/proc/{pid}/stat").rpartition(b")")[2].split()[23:25], [b"1", b"1"], "where the code is")
        check(b"Linux version" in client.get("/proc/version"), "what everybody may read is read")


@test
def folder_of_another_is_not_entered_through_its_process():
    need_user()
    with secret_folder() as (folder, cwd), Agent("--run-as", OTHER) as agent:
        client = agent.client()
        refused_saying("", client.get, f"{cwd}/file")
        refused_saying("", client.put, f"{cwd}/new", b"x")
        refused_saying("", client.put, f"{cwd}/file", b"x")
        refused_saying("Permission denied", removed, client, f"{cwd}/file")
        refused_saying("", client.run, "/bin/cat", stdin=f"{cwd}/file")
        refused_saying("", client.run, "/bin/true", stdout=f"{cwd}/file")
        refused_saying("", client.run, "/bin/true", stderr=f"{cwd}/new")
        refused_saying("", client.execute, "/bin/true", cwd=cwd)
        refused_saying("", client.execute, "/bin/true", out=f"{cwd}/new")
        refused_saying("", client.execute, f"{cwd}/file")
        equal(os.listdir(folder), ["file"], "what is in the folder")
        with open(os.path.join(folder, "file"), "rb") as file:
            equal(file.read(), b"not for you", "the file")


@test
def folders_and_trees_are_looked_at_and_changed_as_the_user():
    need_user()
    with secret_folder() as (folder, cwd), Agent("--run-as", OTHER) as agent:
        client = agent.client()
        for place in (folder, cwd):
            for rpc, path, *more in ((wire.LIST, place), (wire.STAT, f"{place}/file", s("sha256=1")), (wire.MKDIR, f"{place}/new"),
                                     (wire.GETRANGE, f"{place}/file"), (wire.PUTRANGE, f"{place}/new", d(b"x")),
                                     (wire.PUTRANGE, f"{place}/file", d(b"x")), (wire.GETTREE, place, s("token=t")),
                                     (wire.PUTTREE, f"{place}/new", s("token=t"), s("end=1"), d(bytes(1024))),
                                     (wire.RMTREE, f"{place}/file"), (wire.RMTREE, f"{place}/new/x")):
                check(client.refusal(rpc, s(path), *more), f"{rpc:#x} of {path}")
        for path in (f"/proc/{agent.pid}", f"/proc/{agent.pid}/fd", f"/proc/{agent.pid}/task"):
            check("Permission denied" in client.refusal(wire.GETTREE, s(path), s("token=t")), f"a tree of {path}")
        equal(os.listdir(folder), ["file"], "what is in the folder")
        with open(os.path.join(folder, "file"), "rb") as file:
            equal(file.read(), b"not for you", "the file")


@test
def what_the_agent_has_open_is_not_opened_again():
    """The agent's output goes to a file in a folder of root's alone, as a log may: the kernel lets every thread of the
    agent follow the links to it."""
    need_user()
    with secret_folder() as (folder, _):
        path = os.path.join(folder, "file")
        with Agent("--run-as", OTHER, wrapper=["sh", "-c", f'exec 9>>{path}; exec "$@"', "sh"]) as agent:
            equal(os.readlink(f"/proc/{agent.pid}/fd/9"), path, "what the agent has open")
            client = agent.client()
            links = ["/proc/self/fd/9", f"/proc/{agent.pid}/fd/9", "/dev/fd/9"]
            os.symlink(links[0], agent.path("link"))
            for link in [*links, "link"]:
                try:
                    check(client.get(link) is None, f"{link} was read")
                except wire.Refused as reason:
                    check("symbolic links" in str(reason) or "Permission denied" in str(reason), str(reason))
                refused_saying("", client.run, "/bin/true", stdout=link)
            with open(path, "rb") as file:
                equal(file.read(), b"not for you", "the file")


@test
def thread_with_the_users_rights_is_out_of_the_users_reach():
    account = need_user()
    with Agent("--run-as", OTHER) as agent:
        stalled = agent.client()
        data = b"x" * 1000
        stalled.send(wire.request(wire.SENDFILE, wire.s("slow"), wire.I(0), wire.header("d", len(data)), count=3), data[:10])
        uid = str(account.pw_uid)
        thread = eventually(lambda: next((thread for thread, users in harness.thread_fields(agent.pid, "Uid").items()
                                          if users[1] == uid), None), "a thread with the user's rights")
        equal(field(thread, "Uid"), ["0", uid, "0", uid], "real, effective, saved and file system user")
        gid = str(account.pw_gid)
        equal(field(thread, "Gid"), ["0", gid, "0", gid], "groups")
        equal(int(field(thread, "CapEff")[0], 16), 0, "its capabilities")
        equal(set(field(agent.pid, "Uid")), {"0"}, "user of another thread")
        check(int(field(agent.pid, "CapEff")[0], 16) != 0, "another thread has lost its capabilities")
        script = textwrap.dedent(f"""\
            import ctypes, os, signal
            def tried(what, call):
                try:
                    call()
                    print(what)
                except PermissionError:
                    pass
            libc = ctypes.CDLL(None, use_errno=True)
            def trace():
                if libc.ptrace(16, {thread}, 0, 0) < 0: raise OSError(ctypes.get_errno(), "")
            tried("signal", lambda: os.kill({thread}, 0))
            tried("trace", trace)
            for name in ("maps", "environ", "mem", "fd/0"):
                for place in ("/proc/{agent.pid}/task/{thread}", "/proc/{agent.pid}"):
                    tried(place + "/" + name, lambda: open(place + "/" + name, "rb").read(1))
            print("done")
            """)
        done = subprocess.run(["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "python3", "-c", script],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=harness.PATIENCE, check=False)
        equal(done.stdout.decode(), "done\n", f"what the user could do ({done.stderr.decode()})")
        stalled.send(data[10:])
        equal(stalled.reply_list(), [], "the answer")
        equal(agent.read("slow"), data, "the upload")
        equal(set(field(thread, "Uid")), {"0"}, "user of the thread when it is done")
        equal(field(thread, "CapEff"), field(agent.pid, "CapEff"), "its capabilities when it is done")


@test
def rights_that_would_stay_are_an_error():
    """Where the system does not take the capabilities with the user, the agent does."""
    need_user()
    with Agent("--run-as", OTHER, wrapper=["setpriv", "--securebits", "+no_setuid_fixup"]) as agent:
        client = agent.client()
        secret = os.path.join(agent.base, "secret")
        with open(secret, "wb") as file:
            file.write(b"x")
        os.chmod(secret, 0o600)
        refused_saying("Permission denied", client.get, secret)
        client.put("mine", b"text")
        equal(client.get("mine"), b"text", "the user's own file")
        pid = client.run("/bin/grep", "-E", "^Cap(Inh|Prm|Eff|Amb):", "/proc/self/status", stdout="out")
        equal(client.wait(pid), 0, "grep")
        equal({int(line.split()[1], 16) for line in client.get("out").splitlines()}, {0}, "capabilities of a program")
        equal(field(agent.pid, "CapEff"), field(agent.pid, "CapPrm"), "capabilities of the agent")


@contextlib.contextmanager
def watched(path):
    """A list that gets an item when somebody opens the file: whoever has a lease is told."""
    opened = []
    previous = signal.signal(signal.SIGIO, lambda *_: opened.append(path))
    with open(path, "rb+") as file:
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as reason:
            raise harness.Skip(f"no lease on {path}: {reason}") from reason
        try:
            yield opened
        finally:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            signal.signal(signal.SIGIO, previous)


@test
def output_is_flushed_as_the_user_alone():
    """A child puts something else in place of its output: nobody waits for it, and a file of root's is not even opened."""
    need_user()
    with secret_folder() as (folder, cwd), Agent("--run-as", OTHER) as agent:
        client = agent.client()
        secret = os.path.join(folder, "file")
        for target in (secret, f"{cwd}/file", "fifo", "/dev/tty", folder):
            script = f"rm -f out fifo; mkfifo fifo; ln -s {target} out"
            with watched(secret) as opened:
                pid = client.run("/bin/sh", "-c", script, stdout="out")
                equal(client.wait(pid), 0, "status")
                equal(opened, [], f"files of root's that were opened for the output {target}")
            equal(os.readlink(agent.path("out")), target, "what the child left")
            os.unlink(agent.path("out"))
        with watched(secret) as opened:
            with contextlib.suppress(BlockingIOError):
                os.close(os.open(secret, os.O_RDONLY | os.O_NONBLOCK))
            eventually(lambda: opened, "the test's own notice of it")
        pid = client.run("/bin/echo", "text", stdout="plain")
        equal(client.wait(pid), 0, "status")
        equal(client.get("plain"), b"text\n", "a plain file")


@test
def session_s_variables_are_those_of_the_users_processes():
    account = need_user()
    with Agent("--run-as", OTHER) as agent:
        client = agent.client()

        def display():
            child = client.run("/bin/sh", "-c", "echo $DISPLAY $WAYLAND_DISPLAY $SECRET", stdout="out")
            equal(client.wait(child), 0, "status")
            return client.get("out").decode().strip()

        before = display()
        if before:
            raise harness.Skip(f"a process of {OTHER} has a display already: {before}")
        with subprocess.Popen(["setpriv", "--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--clear-groups", "sleep", "600"],
                              env={"DISPLAY": ":77", "SECRET": "x", "PATH": harness.PATH}) as session:
            try:
                eventually(lambda: display() == ":77", "the display that came later")
            finally:
                session.send_signal(signal.SIGKILL)
        eventually(lambda: display() == "", "no display any more")


if __name__ == "__main__":
    harness.main()
