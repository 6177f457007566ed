#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The console of programs that the Windows agent starts. What they can ask about it is compared with what testagentd's
way of starting them gives."""
import subprocess
import tempfile

import wine
import wire
from wine import Agent, check, equal

TELL = wine.windows_path(wine.exe("tools/tell.exe"))
LAUNCH = wine.exe("tools/launch.exe")


def seat(lines):
    return [line.rstrip("\r") for line in lines if line.startswith(("console", "standard", "interrupt"))]


def by_testagentd(*what):
    """In a console of its own, as the agent is, so that both have the same around them."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run([wine.WINE, LAUNCH, "new", wine.windows_path(LAUNCH), "testagentd", wine.windows_path(out.name), TELL,
                        *what], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=wine.PATIENCE, check=True)
        return seat(out.read().decode().splitlines())


def exec_lines(agent, *what, **options):
    """What the program printed; started by exec with these options."""
    with wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        pid = client.execute(TELL, *what, out="exec.txt", **options)
        client.wait(pid, wine.PATIENCE)
    return seat(agent.read("exec.txt").decode().splitlines())


def windows(agent):
    """Those on the screen."""
    lines = agent.periscope("get", ".periscope/windows.txt", "-").out.decode().splitlines()
    return [line for line in lines if line.split("\t")[4] == "1"]


def a_program_has_the_seat_that_testagentd_gives_it():
    """Console, window in front, standard handles, interrupts: each answer is the same."""
    want = by_testagentd("seat")
    equal(len(want), 4, f"testagentd's way: {want}")
    check(want[0].startswith("console of 2, ") and "its window shown" in want[0], f"testagentd's way: {want}")
    with Agent(console=True) as agent:
        equal(seat(agent.run(TELL, "seat")), want, "by the agent")
        equal(exec_lines(agent, "seat"), exec_lines(agent, "seat", console="shared"), "by exec, said or not")


def an_interrupt_that_a_test_sends_itself_comes_and_the_agent_lives():
    """All that share the console get it."""
    with Agent(console=True) as agent:
        equal(seat(agent.run(TELL, "interrupt")), ["interrupt came"], "what the program got")
        agent.periscope("ping")
        equal(agent.process.poll(), None, "exit status of the agent")


def a_program_of_an_agent_without_console_has_one_that_nobody_sees():
    with Agent() as agent:
        before = windows(agent)
        with wire.Client(agent.port, timeout=wine.PATIENCE) as client:
            pid = client.execute(TELL, "seat", "console", "interrupt", "sleep=60000", out="quiet.txt")
            lines = wine.eventually(lambda: len(seat(agent.read("quiet.txt").decode().splitlines())) == 6 and
                                    seat(agent.read("quiet.txt").decode().splitlines()), "its lines")
            after = windows(agent)
            client.kill(pid)
        check(lines[0].startswith("console of 1, ") and "its window none" in lines[0], f"{lines}")
        equal(lines[4:], ["console yes", "interrupt came"], "what it can do with it")
        equal(after, before, "the windows on the screen")


def a_console_can_be_asked_for_or_not():
    for console in (True, False):
        with Agent(console=console) as agent:
            own = exec_lines(agent, "seat", console="new")
            check(own[0].startswith("console of 1, ") and "its window shown" in own[0], f"new: {own}")
            none = exec_lines(agent, "seat", "console", "interrupt", console="none")
            check(none[0].startswith("console of 0, ") and "its window none" in none[0], f"none: {none}")
            equal(none[4], "console no", "CONIN$ without a console")
            check(none[5].startswith("interrupt failed"), f"none: {none}")
            equal(seat(agent.run(TELL, "console", before=("--console", "none"))), ["console no"], "by the command's option")
            refused = agent.periscope("run", TELL, code=122, before=("--console", "big"))
            check("console='big' is not shared, new or none" in refused.err, refused.err)


wine.main([a_program_has_the_seat_that_testagentd_gives_it,
           an_interrupt_that_a_test_sends_itself_comes_and_the_agent_lives,
           a_program_of_an_agent_without_console_has_one_that_nobody_sees, a_console_can_be_asked_for_or_not])
