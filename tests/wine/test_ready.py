#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The desktop of the Windows agent, waits for it, and the end of the system as far as Wine goes: its call for that says that
all is well and does nothing."""
import json

import wine
from wine import Agent, check, equal

WIDTH, HEIGHT = 800, 600
TIMED_OUT, REFUSED = 121, 122


def wait_ready(agent, *options, code=0):
    reply = json.loads(agent.periscope("wait-ready", before=("--json", *options), code=code).out)
    return reply, {phase["name"]: (phase["met"], phase["text"]) for phase in reply["phases"]}


def properties(agent):
    return json.loads(agent.periscope("info", before=("--json",)).out)["properties"]


def the_shell_makes_it_ready():
    """Wine's explorer has the class of the task bar; without its desktop there is none."""
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        _, phases = wait_ready(agent, "--output", "any", "--mode", f"{WIDTH}x{HEIGHT}", "--timeout", "30")
        equal(phases["desktop"], (True, "ready: the shell has the desktop (Shell_TrayWnd)"), "the desktop")
        check(phases["output"][1].endswith(f" {WIDTH}x{HEIGHT}"), phases)
        texts = properties(agent)
        equal((texts["desktop.state"], texts.get("desktop.unmanaged")), ("ready", None), "the properties")
        reply, phases = wait_ready(agent, "--mode", "1x1", "--timeout", "1", code=TIMED_OUT)
        check(not phases["output"][0] and "output: " in reply["error"], reply)


def processors_are_measured_and_disks_that_do_not_tell_are_named():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        _, phases = wait_ready(agent, "--cpu", "100", "--idle", "0.3", "--timeout", "30")
        check("% busy in the last" in phases["cpu"][1], phases)
        reply, _ = wait_ready(agent, "--disk", "100", "--idle", "0.3", "--timeout", "2", code=TIMED_OUT)
        check("disk: this system does not tell" in reply["error"], reply["error"])


def windows_is_asked_for_a_shutdown():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        pid = json.loads(agent.periscope("run", "cmd", "/c", "ping -n 1000 127.0.0.1 >nul",
                                         before=("--no-wait", "--json")).out)["pid"]
        refused = agent.periscope("shutdown", code=REFUSED)
        check("refused while programs of a host run (1)" in refused.err, refused.err)
        reply = json.loads(agent.periscope("shutdown", before=("--force", "--json")).out)
        equal((reply["action"], reply["by"]), ("off", "Windows"), "the answer")
        _, phases = wait_ready(agent, "--state", "shutting-down", "--timeout", "30")
        check("asked for off, by Windows" in phases["desktop"][1], phases)
        agent.periscope("kill", str(pid))


if __name__ == "__main__":
    wine.main([the_shell_makes_it_ready, processors_are_measured_and_disks_that_do_not_tell_are_named,
               windows_is_asked_for_a_shutdown])
