#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an agent on Linux tells of a program that does not end."""
import re

import harness
import xserver
from harness import Agent, check, equal, eventually, refused, stat_fields, test, with_agent, need_unix
from verb_test import TIME_OUT, Run

UNREADABLE = "unable to open '{}' for reading".format


def tree_of(client, pid):
    """{pid: fields} of the processes in the evidence."""
    lines = [line.split("\t") for line in client.get(f".periscope/processes-{pid}.txt").decode().splitlines()]
    check(all(line[0] == "process" and len(line) == 5 for line in lines), f"not all are processes: {lines}")
    return {int(line[1]): line[2:] for line in lines}


@with_agent()
def processes_are_those_of_the_child(agent):
    need_unix("tests/wine/test_evidence.py has it")
    client = agent.client()
    pid = agent.cleanup(client.shell("sleep 1000 & sleep 1000 & wait"))
    # Asleep for good before it is compared: a sleep that has just been started still runs.
    eventually(lambda: [stat_fields(number)[0] for number in tree_of(client, pid)] == [b"S"] * 3,
               "the shell and what it started, asleep")
    tree = tree_of(client, pid)
    for number, (parent, name, state) in tree.items():
        fields = stat_fields(number)
        equal((parent, state[0]), (fields[1].decode(), fields[0].decode()), f"parent and state of {number}")
        with open(f"/proc/{number}/comm", encoding="utf-8") as file:
            equal(name, file.read().strip(), f"name of {number}")
    evidence = client.get(f".periscope/evidence-{pid}.txt").decode().splitlines()
    equal(sorted(int(line.split("\t")[1]) for line in evidence if line.startswith("process\t")), sorted(tree), "evidence")


@with_agent()
def names_of_any_bytes_are_escaped(agent):
    """The files are UTF-8, whatever a program is named."""
    need_unix("a name has no other bytes there")
    client = agent.client()
    name = "$(printf 'caf\\351\\\\\\303\\244')"
    pid = agent.cleanup(client.shell(f'cp "$(command -v sleep)" "{name}"; exec "./{name}" 1000'))
    told = "caf\\xe9\\\\\u00e4"
    eventually(lambda: tree_of(client, pid)[pid][1] == told, "the name, escaped")
    check(f"\t{told}\t" in client.get(f".periscope/evidence-{pid}.txt").decode(), "the name in the evidence")


@with_agent()
def evidence_is_of_children_alone(agent):
    client = agent.client()
    for name in ("evidence", "processes"):
        file = f".periscope/{name}-{agent.pid}.txt"
        refused(f"{UNREADABLE(file)}: the {agent.pid} process does not exist or is not a child process", client.get, file)
        for wrong in ("", "x", "1x", "4294967296", "-1"):
            file = f".periscope/{name}-{wrong}.txt"
            refused(f"{UNREADABLE(file)}: No such file or directory", client.get, file)


@with_agent()
def there_are_no_minidumps_on_linux(agent):
    need_unix("it has them, and tests/wine/test_evidence.py")
    file = f".periscope/dump-{agent.pid}.dmp"
    refused(f"{UNREADABLE(file)}: no minidump of process {agent.pid}: there are none on Linux", agent.client().get, file)


@with_agent()
def exec_looks_for_dlls_where_there_are_some(agent):
    client = agent.client()
    pid = client.execute("true", **{"check-dlls": "1"})
    equal(client.wait(pid, 20), 0, "status")
    refused("exec: unknown option 'check-dlls=2'", client.execute, "true", **{"check-dlls": "2"})


@test
def hung_unit_has_its_window_told():
    need_unix("tests/wine/test_evidence.py has it")
    with xserver.Server(screens=("800x600x24",)) as server:
        with Agent(env={"DISPLAY": server.display}) as agent:
            run = Run(agent, "draw", code=TIME_OUT, options=("--time-limit", "3", "--env", "SAMPLE_SECONDS=1000"))
            unit = run.units["draw"]
            equal(unit["problems"], ["timed out; window 'sample_test draw' of sample_test is open"], "problems")
            equal(unit["evidence"]["files"], ["evidence-draw.txt"], "files")
            lines = [line.split("\t") for line in run.files["evidence-draw.txt"].decode().splitlines()]
            equal([line[0] for line in lines], ["process", "window"], "lines")
            check(re.fullmatch(r"640x400[+-]\d+[+-]\d+", lines[1][5]), f"geometry: {lines[1]}")


@test
def without_a_screen_the_process_is_told():
    need_unix("it has a screen under Wine")
    with Agent(env={"DISPLAY": ""}) as agent:
        run = Run(agent, "hang", code=TIME_OUT, options=("--time-limit", "1", "--screenshot", "never"))
        check(re.fullmatch(r"timed out; sample_test \(S.*\).*", run.units["hang"]["problems"][0]), f"{run.units['hang']}")
        check("evidence-hang.txt" in run.files, f"files: {sorted(run.files)}")


if __name__ == "__main__":
    harness.main()
