#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Terminals for programs: exec's pty, the RPC terminal, and the verb shell, which a terminal of the test's drives."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import cli
import harness
import wire
from cli import target
from harness import PATIENCE, alive, check, equal, eventually, need_unix, refused, refused_saying, with_agent
from wire import d

SIZE_AND_TERMINAL = "stty size; tty | sed 's,[0-9].*,N,'; cat /proc/$$/stat | cut -d' ' -f6,7"


def output(client, pid, until=None, offset=0):
    """What the program writes from there on, up to a text or the end."""
    data = b""
    while True:
        facts, more = client.follow(pid=pid, out=offset + len(data), wait_ms=5000)
        data += more
        if "end" in facts or (until and until in data):
            return data


def start(client, *argv, pty_="80x24", **options):
    return client.execute(*argv, pty=pty_, **options)


# ---- the RPCs ----

@with_agent()
def program_has_a_terminal_of_its_own(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    client = agent.client()
    pid = start(client, "/bin/sh", "-c", SIZE_AND_TERMINAL, pty_="132x50")
    lines = output(client, pid).decode().split("\r\n")
    equal(lines[:2], ["50 132", "/dev/pts/N"], "size and name")
    session, terminal = lines[2].split()
    check(int(session) == pid and int(terminal) != 0, f"it leads no session with a terminal: {lines[2]}")
    equal(client.wait(pid, 20), 0, "status")
    line = client.ps(f"pid={pid}")[0]
    equal(line["streams"], "in,out", "streams")


@with_agent()
def what_is_written_is_typed_and_comes_back(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    client = agent.client()
    pid = agent.cleanup(start(client, "cat"))
    equal(client.write(pid, b"one\n"), 4, "taken")
    equal(output(client, pid, b"one\r\none\r\n"), b"one\r\none\r\n", "the echo and the answer")
    equal(client.write(pid, b"\x04", offset=4), 5, "the end of input")
    equal(client.wait(pid, 20), 0, "status")


@with_agent()
def size_and_signals_reach_the_foreground(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    client = agent.client()
    script = "trap 'stty size' WINCH; trap 'echo int' INT; echo ready; while :; do sleep 0.05; done"
    pid = agent.cleanup(start(client, "/bin/sh", "-c", script))
    seen = output(client, pid, b"ready")
    client.terminal(pid, "size=100x30")
    seen += output(client, pid, b"30 100", len(seen))
    client.terminal(pid, "signal=INT")
    seen += output(client, pid, b"int", len(seen))
    client.terminal(pid, "size=90x20", "signal=KILL")
    equal(client.wait(pid, 20), signal.SIGKILL, "status")
    eventually(lambda: output(client, pid) is not None, "the end")
    refused(f"the {pid} process: terminal: nobody has its terminal open any more", client.terminal, pid, "size=1x1")


@with_agent()
def wrong_terminals_are_named(agent):
    client = agent.client()
    for value in ("", "80", "80x", "x24", "0x24", "80x0", "10001x1", "80x24x1", "-1x1"):
        refused(f"exec: pty='{value}' is not COLUMNSxROWS, each from 1 to 10000", client.execute, "cat", pty=value)
    for more in ({"out": "f"}, {"stream": "in"}, {"in": "f"}):
        refused("exec: with pty= all three handles are the terminal's: no file, no stream=", client.execute, "cat",
                pty="80x24", **more)
    refused_saying("untracked", client.execute, "cat", pty="80x24", untracked=1)
    need_unix("tests/wine/test_terminal.py has the rest")
    pid = agent.cleanup(start(client, "cat"))
    for option, why in (("size=0x1", "terminal: size='0x1' is not COLUMNSxROWS"), ("x=1", "terminal: unknown option 'x=1'"),
                        ("signal=SEGV", "signal='SEGV' is not INT, QUIT, TSTP, TERM, HUP, KILL or CONT")):
        refused_saying(why, client.terminal, pid, option)
    plain, piped = agent.cleanup(client.run("sleep", "1000")), agent.cleanup(client.execute("cat", stream=["in", "out"]))
    refused(f"the {plain} process was started without streams", client.terminal, plain, "size=80x24")
    refused_saying(f"the {piped} process: terminal: ", client.terminal, piped, "size=80x24")
    refused_saying(f"the {piped} process: terminal: ", client.terminal, piped, "signal=KILL")
    refused("the 1 process does not exist or is not a child process", client.terminal, 1, "size=80x24")
    check(alive(piped), "the program without a terminal was signalled")


@with_agent(copy=True)
def terminal_carries_over_an_upgrade(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    client = agent.client()
    pid = agent.cleanup(start(client, "cat"))
    client.write(pid, b"before\n")
    equal(output(client, pid, b"before\r\nbefore\r\n"), b"before\r\nbefore\r\n", "before it")
    with open(harness.COMMAND[-1], "rb") as file:
        client.expect("", wire.UPGRADE, d(file.read()))
    client = agent.client()
    client.write(pid, b"after\n", offset=7)
    equal(output(client, pid, b"after\r\nafter\r\n", 16), b"after\r\nafter\r\n", "behind it")
    client.terminal(pid, "size=100x30")
    client.kill(pid, "grace-ms=1000")


@with_agent()
def program_is_hung_up_with_the_agents_end(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    pid = agent.cleanup(start(agent.client(), "cat"))
    agent.expect_end = True
    agent.process.kill()
    agent.process.wait()
    eventually(lambda: not alive(pid), "its end")


# ---- the command, in a terminal ----

class Terminal:
    """The command in a terminal of 80x24, or another size."""

    def __init__(self, *arguments, size=(24, 80)):
        self.master, slave = pty.openpty()
        self.resize(size)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.seen = b""
        self.process = subprocess.Popen([*cli.COMMAND, *arguments], stdin=slave, stdout=slave, stderr=slave,
                                        env=cli.environment(TERM="xterm"), start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)

    def resize(self, size):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def type(self, keys):
        os.write(self.master, keys)

    def until(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            check(time.monotonic() < end, f"{text!r} is not in {self.seen!r}")
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)
        self.seen = self.seen.partition(text)[2]

    def finish(self):
        """The exit status, once the terminal is as it was."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            check(time.monotonic() < end, f"it does not end; it showed {self.seen!r}")
            if select.select([self.master], [], [], 0.05)[0]:
                self.seen += os.read(self.master, 65536)
        equal(termios.tcgetattr(self.slave), self.before, "the terminal's modes afterwards")
        return self.process.returncode


@with_agent()
def shell_is_driven_and_gives_the_programs_status(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    with Terminal("shell", target(agent), "sh") as terminal:
        terminal.type(b"echo $((6 * 7)) $TERM; stty size\r")
        terminal.until(b"42 xterm\r\n24 80\r\n")
        check(not termios.tcgetattr(terminal.slave)[3] & (termios.ECHO | termios.ISIG), "the terminal is not raw")
        terminal.resize((33, 111))
        eventually(lambda: resized(terminal), "the new size")
        terminal.type(b"sleep 1000\r")
        terminal.until(b"sleep 1000\r\n")
        eventually(lambda: interrupted(terminal), "the end of what runs, by Ctrl-C")
        terminal.type(b"exit 7\r")
        equal(terminal.finish(), 7, "exit status")
    equal(agent.client().ps(), [], "what the agent keeps")


def resized(terminal):
    """Asks the guest's terminal until it has the new size."""
    terminal.seen = b""
    terminal.type(b"test \"$(stty size)\" = '33 111' && echo ye''s || echo n''o\r")
    while b"yes\r\n" not in terminal.seen and b"no\r\n" not in terminal.seen:
        if select.select([terminal.master], [], [], 1)[0]:
            terminal.seen += os.read(terminal.master, 65536)
    return b"yes\r\n" in terminal.seen


def interrupted(terminal):
    terminal.type(b"\x03")
    terminal.type(b"echo al''ive\r")
    if select.select([terminal.master], [], [], 1)[0]:
        terminal.seen += os.read(terminal.master, 65536)
    return b"alive\r\n" in terminal.seen


@with_agent()
def escape_leaves_and_hangs_up(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    with Terminal("shell", "--tag", "left", target(agent), "sh", "-c", "stty raw -echo; echo ready; exec cat -v") as terminal:
        terminal.until(b"ready\n")
        pid = int(agent.client().ps("tag=left")[0]["pid"])
        terminal.type(b"a~.b\r~~c\r")
        terminal.until(b"a~.b^M~c^M")
        terminal.type(b"~.")
        equal(terminal.finish(), cli.INTERRUPTED, "exit status")
        eventually(lambda: not alive(pid), "the program's end")


@with_agent()
def terminal_is_restored_when_the_guest_is_lost(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    with Terminal("shell", "--connect-timeout", "1", target(agent), "cat") as terminal:
        terminal.type(b"x\r")
        terminal.until(b"x\r\nx\r\n")
        agent.expect_end = True
        agent.process.kill()
        agent.process.wait()
        check(terminal.finish() != 0, "exit status")


@with_agent()
def signals_end_it_and_restore_the_terminal(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    for number in (signal.SIGTERM, signal.SIGHUP):
        with Terminal("shell", "--tag", "left", target(agent), "cat") as terminal:
            terminal.type(b"x\r")
            terminal.until(b"x\r\nx\r\n")
            pid = int(agent.client().ps("tag=left")[0]["pid"])
            terminal.process.send_signal(number)
            equal(terminal.finish(), cli.INTERRUPTED, "exit status")
            eventually(lambda: not alive(pid), "the program's end")


@with_agent()
def shell_without_a_terminal_runs_what_it_is_given(agent):
    need_unix("tests/wine/test_terminal.py has its terminals")
    result = cli.periscope("shell", target(agent), "sh", data=b"echo $((6 * 7)); exit 3\n", code=3)
    check(b"42\r\n" in result.out, result.out)
    result = cli.periscope("shell", target(agent), data=b"exit 5\n", code=5)
    check(b"exit" in result.out, result.out)


if __name__ == "__main__":
    harness.main()
