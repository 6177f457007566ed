#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Terminals of Windows: exec's pty, the RPC terminal and the verb shell, with pseudo consoles."""
import os
import signal

import wine
import wire
from harness import Skip, alive
from test_shell import Terminal
from wine import Agent, check, equal, eventually

PROGRAM = wine.windows_path(wine.exe("tools/terminal.exe"))


class Typing:
    """A program in a terminal, what was typed there, and what has come of it."""

    def __init__(self, agent, size="80x24", **options):
        self.client = wire.Client(agent.port, timeout=wine.PATIENCE)
        self.pid = self.client.execute(PROGRAM, pty=size, **options)
        self.seen = b""
        self.typed = self.taken = 0

    def type(self, keys):
        self.typed = self.client.write(self.pid, keys, offset=self.typed)

    def until(self, text):
        """Waits for that text behind what has been looked at; None: for the end."""
        while text is None or text not in self.seen[self.taken:]:
            facts, more = self.client.follow(pid=self.pid, out=len(self.seen), wait_ms=wine.PATIENCE * 1000)
            self.seen += more
            if "end" in facts:
                check(text is None, f"{text!r} is not in {self.seen!r}")
                equal(facts["end"], "closed", "how it ended")
                return
            check(more, f"{text!r} does not come: {self.seen!r}")
        self.taken = self.seen.index(text, self.taken) + len(text)

    def ask(self, line, answer):
        self.type(line + b"\r")
        self.until(answer + b"\r\n")


def holders(agent):
    """The processes that hold a terminal of the agent's."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"--pseudo-console" in file.read() and os.readlink(f"/proc/{pid}/cwd") == agent.folder:
                    found.append(int(pid))
        except OSError:  # it has ended, or is another user's
            continue
    return found


def program_has_a_terminal_of_its_own():
    with Agent() as agent:
        typing = Typing(agent, size="91x27")
        typing.until(b"size 91x27\r\n")
        equal(typing.client.ps(f"pid={typing.pid}")[0]["streams"], "in,out", "streams")
        equal(len(holders(agent)), 1, "processes that hold it")
        typing.ask(b"one", b"got one")
        typing.type(b"exit 7\r")
        equal(typing.client.wait(typing.pid, wine.PATIENCE), 7, "status")
        typing.until(None)
        eventually(lambda: not holders(agent), "the end of who holds it")


def output_ends_with_the_last_that_has_it_open():
    """As on Linux: what a program has left in its terminal goes on to write, and to read what is typed."""
    with Agent() as agent:
        typing = Typing(agent)
        typing.ask(b"linger", b"started")
        typing.type(b"exit 3\r")
        equal(typing.client.wait(typing.pid, wine.PATIENCE), 3, "status")
        typing.ask(b"later", b"got later")
        typing.type(b"exit 4\r")
        typing.until(None)
        eventually(lambda: not holders(agent), "the end of who holds it")


def ctrl_c_is_the_byte_3():
    with Agent() as agent:
        typing = Typing(agent)
        typing.until(b"size")
        typing.type(b"\x03")
        typing.type(b"\r")
        typing.ask(b"line", b"got line")
        if b"interrupted" not in typing.seen:
            raise Skip("this Wine's console host tells no program of Ctrl-C")


def size_reaches_the_program():
    with Agent() as agent:
        typing = Typing(agent)
        typing.until(b"size 80x24\r\n")
        typing.client.terminal(typing.pid, "size=100x30")
        typing.type(b"size\r")
        typing.until(b"size ")
        typing.until(b"\r\n")
        if typing.seen.count(b"size 80x24\r\n") == 2:
            raise Skip("this Wine's ResizePseudoConsole does nothing")
        check(b"size 100x30\r\n" in typing.seen, typing.seen)


def hang_up_ends_what_is_in_it():
    with Agent() as agent:
        typing = Typing(agent)
        typing.until(b"size")
        for name in ("INT", "KILL", "SEGV"):
            refusal = typing.client.refusal(wire.TERMINAL, wire.Q(typing.pid), wire.s(f"signal={name}"))
            equal(refusal, f"the {typing.pid} process: terminal: signal='{name}' is not HUP, which is all that "
                           "Windows has: to interrupt, write the byte 3", "refusal")
        typing.client.terminal(typing.pid, "signal=HUP")
        typing.client.wait(typing.pid, wine.PATIENCE)
        typing.until(None)
        refusal = typing.client.refusal(wire.TERMINAL, wire.Q(typing.pid), wire.s("size=80x24"))
        equal(refusal, f"the {typing.pid} process: terminal: nobody has its terminal open any more", "refusal")
        eventually(lambda: not holders(agent), "the end of who holds it")


def kill_ends_all_that_it_started_in_it():
    with Agent() as agent:
        typing = Typing(agent)
        typing.ask(b"linger", b"started")
        equal(sorted(name for _, name in typing.client.kill(typing.pid, "grace-ms=0")), ["terminal.exe"] * 2, "what was ended")
        typing.until(None)
        eventually(lambda: not holders(agent), "the end of who holds it")


def without_a_terminal_there_is_none():
    with Agent() as agent, wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        pid = client.execute("cmd.exe", stream=["in", "out"])
        for option in ("size=80x24", "signal=HUP"):
            equal(client.refusal(wire.TERMINAL, wire.Q(pid), wire.s(option)),
                  f"the {pid} process: terminal: it has no terminal", option)
        client.kill(pid, "grace-ms=0")
        refusal = client.refusal(wire.EXEC, wire.s("arg=nosuch.exe"), wire.s("pty=80x24"))
        check(refusal.startswith("could not run 'nosuch.exe'"), refusal)
        eventually(lambda: not holders(agent), "no process that holds a terminal of nobody")


def terminal_carries_over_an_upgrade():
    with Agent() as agent:
        typing = Typing(agent)
        typing.ask(b"before", b"got before")
        with open(wine.exe("periscoped.exe"), "rb") as file:
            typing.client.expect("", wire.UPGRADE, wire.d(file.read()))
        typing.client = wire.Client(agent.port, timeout=wine.PATIENCE)
        typing.ask(b"after", b"got after")
        typing.client.terminal(typing.pid, "size=100x30")
        typing.client.terminal(typing.pid, "signal=HUP")
        typing.until(None)
        eventually(lambda: not holders(agent), "the end of who holds it")


def agents_end_hangs_up():
    with Agent() as agent:
        typing = Typing(agent)
        typing.until(b"size")
        holder = holders(agent)[0]
        agent.process.kill()
        agent.process.wait()
        eventually(lambda: not alive(holder), "the end of who holds it")


def holder_that_is_ended_or_stopped_hurts_nobody_else():
    """It is a process of the tests' user."""
    with Agent() as agent:
        stopped, ended = Typing(agent), Typing(agent)
        stopped.until(b"size")
        stopper = holders(agent)
        equal(len(stopper), 2, "processes that hold a terminal")
        for pid in stopper:
            os.kill(pid, signal.SIGSTOP)
        for _ in range(3):
            stopped.client.terminal(stopped.pid, "size=100x30")
        ended.ask(b"line", b"got line")
        for pid in stopper:
            os.kill(pid, signal.SIGKILL)
        for typing in (stopped, ended):
            typing.client.wait(typing.pid, wine.PATIENCE)
            typing.until(None)


def shell_is_driven_from_the_host():
    """Without a program it is what %ComSpec% names in its environment."""
    with Agent() as agent:
        host = f"127.0.0.1:{agent.port}"
        for command in ((host, PROGRAM), ("-e", f"ComSpec={PROGRAM}", host)):
            with Terminal("shell", *command) as terminal:
                terminal.until(b"size 80x24")
                terminal.type(b"typed here\r")
                terminal.until(b"got typed here")
                terminal.type(b"exit 7\r")
                equal(terminal.finish(), 7, "exit status")


if __name__ == "__main__":
    wine.main([program_has_a_terminal_of_its_own, output_ends_with_the_last_that_has_it_open, ctrl_c_is_the_byte_3,
               size_reaches_the_program, hang_up_ends_what_is_in_it, kill_ends_all_that_it_started_in_it,
               without_a_terminal_there_is_none, terminal_carries_over_an_upgrade, agents_end_hangs_up,
               holder_that_is_ended_or_stopped_hurts_nobody_else, shell_is_driven_from_the_host])
