#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verb test against a plain testagentd 1.7, as the guests of a TestBot have it: no exec, no kill, no screenshot.

The plain agent is the real one behind a proxy that knows no RPC beyond testagentd's and no made-up files.
"""
import re

import wire
from cli import NO_AGENT
from harness import alive, check, children_of, end_process, equal, eventually, main, with_agent
from plain import Proxy
from verb_test import CRASHED, TIME_OUT, Run, folders

@with_agent()
def units_run_through_a_shell(agent):
    with Proxy(agent) as proxy:
        run = Run(proxy, "pass", "fail", "todo", "crash", code=CRASHED, options=("-e", "WINETEST_COLOR"))
        equal(run.verdicts(), {"pass": "passed", "fail": "failed", "todo": "passed", "crash": "crashed"})
        equal(proxy.refused[0], wire.EXEC)
        check(wire.KILL not in proxy.refused, "an RPC that the agent is known to lack")
        equal(run.units["pass"]["tests"], 3, "tests, one of which reads WINETEST_DEBUG")
        check("takes no screenshots" in run.result["screenshot"]["error"], run.result["screenshot"])
        check(any("no screenshot" in warning for warning in run.result["warnings"]), run.result["warnings"])
        check(not any(name.endswith(".png") for name in run.files), list(run.files))
        equal(folders(agent), [], "folders in the guest")


@with_agent()
def variables_and_folder_are_those_of_a_periscope_agent(agent):
    """The tests' process tells its environment and working folder."""
    agent.write("show.sh", b"#!/bin/sh\npwd | sed 's,/periscope-test-.*,/FOLDER,'\n"
                           b"env | grep -E '^(WINETEST_|SEEN=|HOME=)' | sort\n")
    options = ("--screenshot", "never", "-e", "SEEN=a b'c", "-e", "HOME", "--runner", f"sh {agent.path('show.sh')}")
    direct = Run(agent, "pass", code=None, options=options).report
    with Proxy(agent) as proxy:
        plain = Run(proxy, "pass", code=None, options=options).report
    frame = re.compile(rb" in \d+s$", re.M)
    equal(frame.sub(b"", plain), frame.sub(b"", direct), "what the unit sees")
    check(b"/FOLDER\nSEEN=a b'c\nWINETEST_COLOR=0\nWINETEST_DEBUG=1\n" in plain, plain)


@with_agent()
def a_hung_unit_goes_on_and_it_is_said_so(agent):
    with Proxy(agent) as proxy:
        run = Run(proxy, "hang", "pass", code=TIME_OUT, options=("--time-limit", "1", "--screenshot", "never"))
        equal(run.verdicts(), {"hang": "timed out", "pass": "passed"})
        check(any("hang could not be ended" in warning for warning in run.result["warnings"]), run.result["warnings"])
        pid = int(re.search(rb"sample:hang:([0-9a-f]+) done \(258\)", run.report)[1], 16)
        check(alive(pid), "a unit that nobody could end is gone")
        end_process(pid)
        eventually(lambda: not alive(pid), "the unit's end")


class Lossy(Proxy):
    """Loses the connection whenever it is asked for the end of the unit hang, until its output is fetched."""
    losing = False

    def own_answer(self, request):
        rpc, *entries = request
        if rpc == wire.RUN and wire.s("hang") in entries:
            self.losing = True
        elif rpc == wire.GETFILE:
            self.losing = False
        elif rpc == wire.WAIT2 and self.losing:
            raise ConnectionError("lost on purpose")
        return super().own_answer(request)


@with_agent()
def a_lost_unit_is_told_and_ends_the_run(agent):
    with Lossy(agent) as proxy:
        run = Run(proxy, "fail", "hang", "pass", code=NO_AGENT, options=("--screenshot", "never"))
        equal(run.verdicts(), {"fail": "failed", "hang": "lost", "pass": "not run"})
        equal((run.junit.get("failures"), run.junit.get("errors")), ("1", "2"))
        check(b"going to hang" in run.report, "what the unit had printed")
        check(not re.search(rb"^sample:hang.* done ", run.report, re.M), "an end that nobody saw")
        for pid in children_of(agent.pid):
            end_process(pid)


@with_agent()
def a_picture_that_is_none_is_not_kept(agent):
    for picture in (b"", b"not a picture", b"\x89PNG\r\n\x1a\n"):
        with Proxy(agent, picture) as proxy:
            run = Run(proxy, "pass")
            equal(run.result["screenshot"]["error"], "what the agent sent is no PNG file")
            check("screenshot.png" not in run.files, "a file that is no picture")
            check(b"ATTACHMENT" not in run.files["junit.xml"], "an attachment that is not there")


if __name__ == "__main__":
    main()
