# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the verb test of the command periscope with the project's own small test, and reads what it leaves."""
import json
import os
import stat
import tempfile
import xml.etree.ElementTree as ET

from cli import COMMAND, periscope, target
from harness import children_of, command_line, equal

SAMPLE = os.path.join(os.path.dirname(COMMAND[0]), "sample_test")
PASSED, UNIT_FAILED, CRASHED, TIME_OUT, INCOMPLETE, LOCAL = 0, 1, 3, 4, 5, 6


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


class Run:
    """One call of the verb, with its output folder read."""

    def __init__(self, agent, *units, code=PASSED, options=()):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "new", "results")
            self.call = periscope("test", target(agent), SAMPLE, *units, "--output", out, *options, code=code)
            self.files = {name: read(out, name) for name in os.listdir(out)}
            self.modes = {name: stat.S_IMODE(os.stat(os.path.join(out, name)).st_mode) for name in self.files}
        self.result = json.loads(self.files["result.json"])
        self.units = {unit["name"]: unit for unit in self.result["units"]}
        self.junit = ET.fromstring(self.files["junit.xml"])
        self.report = self.files["report.txt"]

    def verdicts(self):
        return {name: unit["verdict"] for name, unit in self.units.items()}


def folders(agent):
    """What runs have made in the guest."""
    return [name for name in os.listdir(agent.folder) if name.startswith("periscope-test-")]


def nothing_is_left(agent):
    equal(folders(agent), [], "folders in the guest")
    equal([pid for pid in children_of(agent.pid) if b"--capture-worker" not in command_line(pid)], [], "its processes")
