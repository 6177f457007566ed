#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verb test and what goes on while a unit runs, or does not: a unit that only waits, a screen that does not answer, a
host that is gone."""
import json
import shutil
import signal
import tempfile

import wire
import xserver
from cli import finish, start, target
from harness import Agent, check, equal, eventually, main, test, with_agent
from plain import Proxy
from verb_test import SAMPLE, TIME_OUT, Run, folders, read


@test
def unit_that_waits_in_a_window_is_named_before_its_time_is_up():
    """It writes nothing, uses no processor time, and nothing changes on the screen."""
    with xserver.Server() as server, Agent(env={"DISPLAY": server.display}) as agent:
        run = Run(agent, "draw", "pass", code=TIME_OUT, options=("-e", "SAMPLE_SECONDS=60", "--time-limit", "4"))
        equal(run.units["draw"]["waits_for"], "window 'sample_test draw' of sample_test is open", "what it waits in")
        equal(run.units["pass"]["waits_for"], None, "of one that passes")
        told = [warning for warning in run.result["warnings"] if "no change of the screen" in warning]
        check(len(told) == 1 and told[0].startswith("draw: no output, no processor time"), told)


@test
def screen_that_does_not_answer_is_told_as_frozen_if_it_stays_so():
    """An X server that is stopped while a unit runs; it stays stopped, or goes on with the unit's end."""
    with xserver.Server() as server, Agent(env={"DISPLAY": server.display}) as agent, \
            tempfile.TemporaryDirectory() as folder:
        job = start("test", target(agent), SAMPLE, "hang", "--time-limit", "1", "-o", folder, "--screenshot", "failure")
        eventually(lambda: any("hang" in line.get("command", "") for line in agent.client().ps()), "the unit")
        server.process.send_signal(signal.SIGSTOP)
        try:
            equal(finish(job).code, TIME_OUT, "exit status")
        finally:
            server.process.send_signal(signal.SIGCONT)
        unit = json.loads(read(folder, "result.json"))["units"][0]
        equal((unit["machine"]["state"], unit["fault"]), ("screen-frozen", "guest"), "verdicts")
        check(unit["machine"]["reasons"][0].startswith("the screen is frozen: ")
              and "does not answer" in unit["machine"]["reasons"][0], unit["machine"]["reasons"])


@with_agent()
def machine_is_not_looked_at_again_without_an_event(agent):
    """The properties, for which the guest starts a process, are asked for once."""
    class Counting(Proxy):
        counted = 0

        def own_answer(self, request):
            self.counted += request[0] == wire.GETPROPERTIES
            return None

    with Counting(agent) as proxy:
        run = Run(proxy, "pass", "todo", "pass", options=("--screenshot", "never"))
        equal({unit["machine"]["state"] for unit in run.result["units"]}, {"fine"}, "states")
        equal(proxy.counted, 1, "requests for the properties")


@with_agent()
def guest_ends_a_unit_whose_host_is_gone(agent):
    """The host is killed; what it has started has a time limit of the guest's."""
    job = start("test", target(agent), SAMPLE, "hang", "--time-limit", "2")
    client = agent.client()
    line = eventually(lambda: [line for line in client.ps() if "hang" in line.get("command", "")], "the unit")[0]
    job.kill()
    finish(job)
    check(30000 < int(line["limit-ms"]) < 40000, f"its limit is {line['limit-ms']}")
    client.kill(int(line["pid"]), "grace-ms=0")
    shutil.rmtree(agent.path(folders(agent)[0]))


if __name__ == "__main__":
    main()
