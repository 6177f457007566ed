#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent's command line: what it refuses, where it listens and whom it lets in."""
import os
import re
import socket
import subprocess
import tempfile

import harness
import wire
from harness import Agent, check, equal, eventually, with_agent, need_unix
from machine import private_network
from names import Hosts


def run_agent(*arguments):
    """(exit status, standard output, standard error) of an agent that is not to stay."""
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        done = subprocess.run([*harness.COMMAND, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=harness.PATIENCE, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()


def exits(status, *arguments):
    got, out, err = run_agent(*arguments)
    equal(got, status, f"exit status of {arguments} ({out}{err})")
    return out, err


@harness.test
def usage_errors_exit_with_2():
    for arguments in ((), ("--no-such-option", "0"), ("port",), ("-1",), ("65536",), ("99999999999999999999",), ("1x",),
                      ("",), ("0", "localhost", "more"), ("0", "--bind"), ("--protocol", "2.0", "0"),
                      ("--protocol", "1.9", "0"), ("--allow", "10.0.0.0/33", "0"), ("--allow", "10.0.0.0/x", "0"),
                      ("--allow", "::/129", "0"), ("--max-clients", "0", "0"), ("--max-clients", "many", "0"),
                      ("--io-timeout", "-1", "0")):
        out, err = exits(2, *arguments)
        check(err.strip() and "READY" not in out, f"{arguments}: no reason on standard error")


@harness.test
def failures_to_listen_exit_with_1():
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        _, err = exits(1, port)
        check(port in err, f"the port is not named in {err!r}")
    exits(1, "--bind", "192.0.2.1", "0")
    exits(1, "--workdir", "/no/such/folder", "0")


@harness.test
def help_and_version_exit_with_0():
    out, _ = exits(0, "--help")
    for option in ("--debug", "--detach", "--show-restarts", "--set-time-only", "--bind", "--allow", "--protocol",
                   "--no-upgrade", "--workdir", "--version", "SRCHOST"):
        check(option in out, f"{option} is not in --help")
    out, _ = exits(0, "--version")
    check(re.search(r"\d+\.\d+", out) and out.count("\n") == 1, f"--version prints {out!r}")


@harness.test
def what_is_for_windows_says_so():
    need_unix("it is on Windows")
    for command, status in (("--audit", 1), ("--install", 1), ("--status", 3)):
        _, err = exits(status, command)
        check("Windows" in err, f"{command}: {err}")


@harness.test
def selftest_tells_and_reports():
    need_unix("tests/wine/test_selftest.py has it")
    with tempfile.TemporaryDirectory(prefix="periscope-test-", dir="/tmp") as folder:
        path = os.path.join(folder, "report")
        done = subprocess.run([*harness.COMMAND, "--selftest", path, "--workdir", folder], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=4 * harness.PATIENCE, check=False, encoding="utf-8")
        verdicts = {name: verdict for verdict, name, _ in (line.split(" ", 2) for line in done.stdout.splitlines()[:-1])}
        for name in ("system", "connection", "files", "run", "kill", "worker"):
            equal(verdicts[name + ":"], "pass", f"{name} in {done.stdout}")
        equal(done.returncode, int("FAIL" in verdicts.values()), "exit status")
        with open(path, encoding="utf-8") as file:
            equal(file.read(), done.stdout, "the report")
        equal(os.listdir(folder), ["report"], "what is left in its folder")


@with_agent("--debug")
def ready_is_one_line(agent):
    lines = [line for line in agent.stdout().splitlines() if "READY" in line]
    equal(lines, [f"periscoped: READY port {agent.port}"], "READY lines")
    agent.ping()


@with_agent()
def both_families_by_default(agent):
    for host in ("127.0.0.1", "::1"):
        client = agent.client(host=host)
        equal(client.banner, "testagentd 1.7", f"banner on {host}")
        client.ping()


def connects(agent, host):
    try:
        agent.client(host=host, timeout=5).ping()
    except ConnectionRefusedError:
        return False
    return True


@harness.test
def bind_option():
    for bind, listens, other in (("127.0.0.1", "127.0.0.1", "::1"), ("127.0.0.2", "127.0.0.2", "127.0.0.1"),
                                 ("::1", "::1", "127.0.0.1")):
        with Agent("--bind", bind) as agent:
            check(connects(agent, listens), f"nobody on {listens} with --bind {bind}")
            check(not connects(agent, other), f"somebody on {other} with --bind {bind}")


@harness.test
def bind_by_name_listens_on_all_its_addresses():
    """The ones that this machine lacks are left out; an upgrade hands all of them over."""
    need_unix("tests/wine/test_upgrade.py has it")
    with Hosts("127.0.0.2 here", "192.0.2.1 here", "127.0.0.3 here", "::1 here", "192.0.2.1 elsewhere") as names:
        with Agent("--bind", "here", wrapper=names.wrapper, copy=True) as agent:
            for round_ in "started", "upgraded":
                for host in "127.0.0.2", "127.0.0.3", "::1":
                    check(connects(agent, host), f"nobody on {host} once {round_}")
                check(not connects(agent, "127.0.0.1"), "somebody on another address")
                if round_ == "started":
                    client = agent.client(host="127.0.0.3")
                    with open(harness.COMMAND[-1], "rb") as file:
                        client.expect("", wire.UPGRADE, wire.d(file.read()))
                    check(client.ended(), "the connection to the old agent goes on")
        done = subprocess.run([*names.wrapper, *harness.COMMAND, "--bind", "elsewhere", "0"], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=harness.PATIENCE, check=False)
        equal(done.returncode, 1, "exit status without any address")
        check(b"could not listen on elsewhere port 0: " in done.stderr, done.stderr)


@harness.test
def bind_by_name_takes_all_addresses_or_none():
    need_unix("the reason has other words there")
    with Hosts("127.0.0.2 here", "127.0.0.3 here") as names, socket.socket() as taken:
        taken.bind(("127.0.0.3", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run([*names.wrapper, *harness.COMMAND, "--bind", "here", port], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=harness.PATIENCE, check=False)
        equal((done.returncode, done.stderr.decode()), (1, f"periscoped: could not listen on here port {port}: 127.0.0.3: "
                                                           "Address already in use\n"), "the answer")


def let_in(agent, source, host=None):
    """Whether a client from this address gets a banner; the other outcome is an end without a byte."""
    client = agent.client(host=host or source, source=source, banner=False)
    try:
        client.receive(1)
    except wire.Closed as reason:
        check("after 0" in str(reason), f"{source}: {reason}")
        return False
    return True


def check_sources(agent, inside, out):
    for source in inside:
        check(let_in(agent, source), f"{source} is turned away")
    for source in out:
        check(not let_in(agent, source), f"{source} is let in")


@harness.test
def srchost_is_the_only_one_let_in():
    need_unix("its descriptors are not seen here")
    with Agent(after_port=["127.0.0.2"]) as agent:
        check_sources(agent, ["127.0.0.2"], ["127.0.0.1", "127.0.0.3", "::1"])
        equal(agent.fd_count(), agent.fds + 1, "open descriptors with one client")
    with Agent(after_port=["::1"]) as agent:
        check_sources(agent, ["::1"], ["127.0.0.1"])


@harness.test
def srchost_may_be_a_name():
    harness.need_localhost()
    with Agent(after_port=["localhost"]) as agent:
        check_sources(agent, sorted({info[4][0] for info in socket.getaddrinfo("localhost", None)}), ["127.0.0.9"])


@harness.test
def allow_takes_networks_and_repeats():
    with Agent("--allow", "127.0.1.0/24", "--allow", "127.0.2.1") as agent:
        check_sources(agent, ["127.0.1.0", "127.0.1.255", "127.0.2.1"], ["127.0.0.1", "127.0.2.2", "::1"])
    with Agent("--allow", "127.0.0.0/30", after_port=["127.0.0.9"]) as agent:
        check_sources(agent, ["127.0.0.3", "127.0.0.9"], ["127.0.0.4", "127.0.0.8"])
    with Agent("--allow", "::1/128") as agent:
        check_sources(agent, ["::1"], ["127.0.0.1"])
    with Agent("--allow", "0.0.0.0/0") as agent:
        check_sources(agent, ["127.0.0.1", "127.9.9.9"], ["::1"])
    with Agent("--allow", "::/0") as agent:
        check_sources(agent, ["::1"], [])


@harness.test
def allow_lets_the_internet_in_when_told():
    with private_network("93.184.216.34", "93.184.216.35", "10.1.2.3", "2001:4860::1"):
        with Agent("--allow", "93.184.216.34", "--allow", "2001:4860::/64") as agent:
            check_sources(agent, ["93.184.216.34", "2001:4860::1"], ["93.184.216.35", "10.1.2.3", "127.0.0.1"])


@harness.test
def security_mode_tells_who_is_let_in():
    modes = []
    for options in ((), ("--allow", "127.0.0.1"), ("--set-time-only",)):
        with Agent(*options) as agent:
            client = agent.client()
            if options != ("--set-time-only",):
                modes.append(client.property("security.mode"))
    check(all(modes) and modes[0] != modes[1], f"security.mode: {modes}")


@with_agent("--max-clients", "3")
def too_many_clients_are_told_so(agent):
    """An error entry in place of the banner; whoever is connected is not affected."""
    clients = [agent.client() for _ in range(3)]
    for _ in range(5):
        late = agent.client(banner=False)
        entry = late.entry()
        check(entry.kind == "e" and "3" in entry.text, f"instead of a refusal: {entry}")
        check(late.ended(), "a refused connection goes on")
    for client in clients:
        client.ping()
    clients.pop().close()
    eventually(lambda: agent.client(banner=False).entry().kind == "s", "a place once a client has left")


def listener(port):
    """The pid of the process that listens on this port."""
    inodes = set()
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}", encoding="ascii") as file:
            for fields in map(str.split, list(file)[1:]):
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            links = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        except OSError:
            continue
        if links & inodes:
            return int(pid)
    return None


@harness.test
def detach_leaves_an_agent_behind():
    """The command ends with 0 once the agent listens; the agent has neither its session nor its terminal."""
    need_unix("tests/wine/test_upgrade.py has it")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        out_path = os.path.join(folder, "stdout")
        with open(out_path, "wb") as out:
            done = subprocess.run([*harness.COMMAND, "--detach", "0"], cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.STDOUT, timeout=harness.PATIENCE, check=False)
        equal(done.returncode, 0, "exit status")
        with open(out_path, encoding="utf-8") as file:
            text = file.read()
        port = harness.ready_port(text)
        check(port, f"no READY once the command has ended: {text!r}")
        pid = listener(port)
        try:
            with wire.Client(port) as client:
                equal(client.expect("s", wire.GETCWD)[0].text, os.path.realpath(folder), "its folder")
                equal(client.wait(client.shell("exit 3"), 20), 768, "status")
            check(os.getsid(pid) != os.getsid(0), "it is in the session of who started it")
        finally:
            os.kill(pid, 15)
        eventually(lambda: not harness.alive(pid), "its end after SIGTERM")


if __name__ == "__main__":
    harness.main()
