#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may connect from the agent's own Windows: its programs are of Wine, and the test itself is of a process that Windows
does not know."""
import socket
import subprocess

import wine
from wine import check, equal, eventually

NO_OWNER = "whose connection it is can't be found"


def what_comes_to_wine(agent, *options):
    done = subprocess.run([wine.WINE, wine.exe("tools/connect.exe"), str(agent.port), *options], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2 * wine.PATIENCE, check=False)
    text = done.stdout.decode("utf-8", "replace").strip()
    equal(done.returncode, 0, f"connect.exe: {text}: exit status")
    return text


def what_comes_here(agent):
    with socket.create_connection(("127.0.0.1", agent.port), wine.PATIENCE) as client:
        try:
            return "something" if client.recv(1) else "nothing"
        except ConnectionResetError:
            return "nothing"


def log_of(agent):
    return agent.read("stdout").decode("utf-8", "replace")


def log_with(agent, text):
    """The log once it has the text: a client waits for no line."""
    return eventually(lambda: text in log_of(agent) and log_of(agent), f"'{text}' in the log")


def administrators_may_connect():
    with wine.Agent("--run-as", "session", "--debug") as agent:
        equal(what_comes_to_wine(agent), "something", f"an administrator; the log: {log_of(agent)}")


def users_of_this_machine_may_not_connect():
    with wine.Agent("--run-as", "session", "--debug") as agent:
        for _ in range(2):
            equal(what_comes_to_wine(agent, "limited"), "nothing", "the same user without an administrator's rights")
        what_comes_here(agent)
        log = log_with(agent, NO_OWNER)  # all before it is there too
        equal(log.count("of this machine is not allowed to connect"), 1, f"lines about it in {log}")
        check("user S-1-5-" in log, log)


def what_has_no_owner_may_not_connect():
    """Failing to look is not seeing nothing."""
    with wine.Agent("--run-as", "session", "--debug") as agent:
        equal(what_comes_here(agent), "nothing", "a process that is none of Windows'")
        log_with(agent, NO_OWNER)


def all_may_connect_if_told_so():
    for options in (("--run-as", "session", "--allow-local"), ("--run-as", "agent"), ()):
        with wine.Agent(*options) as agent:
            equal(what_comes_to_wine(agent, "limited"), "something", f"with {options}")
            equal(what_comes_here(agent), "something", f"with {options}")


wine.main([administrators_may_connect, users_of_this_machine_may_not_connect, what_has_no_owner_may_not_connect,
           all_may_connect_if_told_so])
