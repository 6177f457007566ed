#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs real Wine tests directly, as testagentd starts them, and by each agent, and compares what they report: a test must
not be able to tell who has started it.

usage: tests/wine/run tests/units/compare.py [--bits 32|64] [--short] BIN [DLL:UNIT...]

BIN has the executables that tests/demo/winetests.make makes of tests/units/units. Compared are the four numbers of a unit's
last summary. What differs between runs without an agent (times, random numbers) may differ as much by one; where it
differs more, all are run again, which shows more of the spread, up to ROUNDS times. Like is compared with like: a console's
window takes the foreground from user32:input, which fails a hundred times then, by whomever it was started; programs of an
agent that is a service have a console without a window, and those of the agent for Linux have none.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests", "wine"), os.path.join(TOP, "tests", "integration")]

import harness  # noqa: E402 (the path to it is set above)
import wine  # noqa: E402
from wine import check  # noqa: E402

ROUNDS = 3
# What `periscope test` sets for each unit, so all have it: msvcrt:environ counts a unit's variables.
VARIABLES = {"WINETEST_PLATFORM": "wine", "WINETEST_DEBUG": "1", "WINETEST_INTERACTIVE": "0", "WINETEST_REPORT_SUCCESS": "0",
             "WINETEST_COLOR": "0"}
SUMMARY = re.compile(rb"[0-9a-f]+:(\w+): (\d+) tests executed \((\d+) marked as todo, (?:\d+ as flaky, )?(\d+) failures?\), "
                     rb"(\d+) skipped")


def units(short):
    """(dll, seconds, unit, whether it needs a console) of the list; those with a star alone are in the short form."""
    with open(os.path.join(TOP, "tests", "units", "units"), encoding="ascii") as file:
        for line in file:
            dll, limit, *names = line.split()
            if not line.startswith("#"):
                yield from ((dll, int(limit), name.rstrip("*+"), "+" in name) for name in names if "*" in name or not short)


def summary(report, unit):
    """The numbers of the unit's own last line: its children print one each, before."""
    found = [match.groups()[1:] for match in SUMMARY.finditer(report) if match.group(1).decode() == unit]
    return tuple(map(int, found[-1])) if found else None


class Run:
    """One unit of one executable, in each of the ways."""

    def __init__(self, exe, limit, unit):
        self.exe, self.limit, self.unit = exe, limit, unit

    def start(self, *command):
        """Runs it here; returns the report."""
        with tempfile.TemporaryDirectory(prefix="periscope-units-", dir="/tmp") as folder:
            report = os.path.join(folder, "report.txt")
            words = [word.replace("REPORT", wine.windows_path(report)) for word in command]
            with open(report, "wb") as out:
                try:
                    subprocess.run([wine.WINE, *words, wine.windows_path(self.exe), self.unit], cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=self.limit, check=False)
                except subprocess.TimeoutExpired:  # then it has no summary
                    harness.end_processes_in(folder)
            with open(report, "rb") as out:
                return summary(out.read(), self.unit)

    def directly(self):
        return self.start()

    def directly_in_a_console(self):
        return self.start(wine.exe("tools/launch.exe"), "new")

    def directly_in_a_hidden_console(self):
        return self.start(wine.exe("tools/launch.exe"), "hidden")

    def by_testagentd(self):
        launch = wine.windows_path(wine.exe("tools/launch.exe"))
        return self.start(wine.exe("tools/launch.exe"), "new", launch, "testagentd", "REPORT")

    def by_agent(self, port, *options):
        with tempfile.TemporaryDirectory(prefix="periscope-units-", dir="/tmp") as out:
            subprocess.run([wine.PERISCOPE, "test", *options, "--time-limit", str(self.limit), "--output", out,
                            f"127.0.0.1:{port}", self.exe, self.unit], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=3 * self.limit, check=False)
            with open(os.path.join(out, "report.txt"), "rb") as report:
                return summary(report.read(), self.unit)

    def by_windows_agent_in_a_console(self):
        with wine.Agent(console=True) as agent:
            return self.by_agent(agent.port)

    def by_windows_agent(self):
        with wine.Agent() as agent:
            return self.by_agent(agent.port)

    def by_linux_agent(self):
        with harness.Agent() as agent:
            return self.by_agent(agent.port, "--runner", wine.WINE)


def within(values, value):
    """Whether a number lies where runs without an agent had theirs, or beyond by no more than they differ among themselves."""
    spread = max(values) - min(values)
    return min(values) - spread <= value <= max(values) + spread


def fits(seen, got):
    seen = [one for one in seen if one]
    return got is not None and all(within(numbers, value) for numbers, value in zip(zip(*seen), got))


def told(numbers):
    return "/".join(map(str, numbers)) if numbers else "none"


def compare(what, without, agent):
    """without: functions that return a summary, one for each way to start the unit without an agent."""
    seen = [way() for way in without for _ in range(2)]
    for number in range(ROUNDS):
        seen += [way() for way in without if number > 0]
        if not any(seen):
            raise harness.Skip(f"{what}: no summary within its time, not even without an agent")
        got = agent()
        print(f"# {what}: {', '.join(map(told, seen))}; by the agent {told(got)}", flush=True)
        if fits(seen, got):
            return
    raise AssertionError(f"{what}: {told(got)}; without an agent {', '.join(map(told, seen))}")


def make_test(folder, dll, limit, unit, needs_console):
    """The comparisons of one unit, as a test with its name."""
    def test():
        exe = os.path.join(folder, f"{dll}_test.exe")
        check(os.path.exists(exe), f"there is no {exe}")
        run = Run(exe, limit, unit)
        compare(f"{dll}:{unit}, Windows, in a console", [run.directly_in_a_console, run.by_testagentd],
                run.by_windows_agent_in_a_console)
        compare(f"{dll}:{unit}, Windows, in a hidden one", [run.directly_in_a_hidden_console], run.by_windows_agent)
        if not needs_console:
            compare(f"{dll}:{unit}, Linux, without one", [run.directly], run.by_linux_agent)
    test.__name__ = f"{dll}:{unit}"
    return test


def runs_here():
    """Whether Wine can run executables of those bits."""
    done = subprocess.run([wine.WINE, wine.exe("periscoped.exe"), "--version"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=wine.PATIENCE, check=False)
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bits", choices=("32", "64"), default="64")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("bin")
    parser.add_argument("units", nargs="*")
    given = parser.parse_args()
    wine.build = "win" + given.bits
    os.environ.update(VARIABLES)
    with harness.Agent() as agent:  # what the agent for Linux is given, and so its programs
        os.environ.update(agent.env)
    if not runs_here():
        print(f"SKIP units: this Wine runs no programs of {given.bits} bits")
        return
    folder = os.path.abspath(given.bin)
    wine.main([make_test(folder, *one) for one in units(given.short)
               if not given.units or f"{one[0]}:{one[2]}" in given.units])


main()
