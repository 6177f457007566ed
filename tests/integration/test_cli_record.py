#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verb record, and the recording of the verb test."""
import os
import re
import signal
import tempfile
import xml.etree.ElementTree

import harness
import recording
from cli import finish, periscope, start, target
from harness import check, equal, eventually, test
from recording import Scene, end, listed
from verb_test import SAMPLE, UNIT_FAILED


@test
def the_verb_records_and_fetches():
    with Scene() as scene, tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        job = start("record", "--json", "--out", f"{folder}/film", "--for", str(harness.PATIENCE * 10), target(scene.agent))
        eventually(lambda: [one for one in listed(scene.client).values() if one["pictures"] == "1"], "a recording")
        facts = next(iter(listed(scene.client).values()))
        scene.shows(facts, "noise", 1)
        end(scene.client, facts)  # by another host
        result = finish(job).json
        equal((result["pictures"], result["reason"]), (2, "a host has stopped it"), "what the verb tells")
        recording.check_folder(f"{folder}/film")
        check(not os.path.exists(scene.agent.path(facts["folder"])), "the folder is still in the guest")
        job = start("record", "--out", f"{folder}/second", "--keep", target(scene.agent))
        eventually(lambda: len(listed(scene.client)) == 2, "the second recording")
        job.send_signal(signal.SIGINT)
        told = finish(job)
        check(told.code == 0 and "1 pictures" in told.err, told.err)
        lines, _ = recording.check_folder(f"{folder}/second")
        equal([line.kind for line in lines], ["start", "picture", "stop"], "the lines")
        name = periscope("record", "--detach", target(scene.agent)).text.strip()
        periscope("record", "--stop", name, "--out", f"{folder}/third", target(scene.agent))
        recording.check_folder(f"{folder}/third")


def read_times(path):
    with open(path, encoding="ascii") as file:
        return [tuple(int(word) for word in line.split(" ")) for line in file.read().splitlines()]


@test
def a_test_is_recorded_with_the_times_of_its_output():
    with Scene(screens=("800x600x24",)) as scene, tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        for _ in range(2):  # the second one is in the place of the first
            periscope("test", "--record", "--output", f"{folder}/out", "--attachment-prefix", "a&b/out", "--env", "SAMPLE_SECONDS=1", target(scene.agent),
                      SAMPLE, "draw", "fail", code=UNIT_FAILED)
        lines, pictures = recording.check_folder(f"{folder}/out/recording", hashes=False)
        shown = recording.numbers_shown(lines)
        check(len(pictures) > 1 and shown[0] == shown[-1] == 1, f"{shown} was shown: not the window, and then none")
        equal(" ".join(lines[-1].fields), "the test has ended", "why it was stopped")
        with open(f"{folder}/out/report.txt", "rb") as file:
            report = file.read()
        check(os.path.getsize(f"{folder}/out/timeline.html") > 1000, "no page of it")
        cases = {case.get("name"): case.find("system-out").text for case in xml.etree.ElementTree.parse(f"{folder}/out/junit.xml").iter("testcase")}
        marks = re.findall(r"\[\[ATTACHMENT\|(.*)\]\]", cases["fail"])
        equal(marks, ["a&b/out/screenshot.png", "a&b/out/timeline.html"], "what GitLab and Jenkins attach to the failure")
        place = int(re.search(r"\[periscope timeline: a&b/out/timeline.html#l=(\d+)\]", cases["fail"])[1])
        check(b"Test failed" in report.split(b"\n")[place - 1], f"line {place} of the report is no failure")
        check("timeline.html" not in cases["draw"], "the page is attached to what has not failed")
        times = read_times(f"{folder}/out/output.times")
        equal(times, sorted(times), "offsets and times, in order")
        starts = [report.index(f"sample:{unit} start - -\n".encode()) for unit in ("draw", "fail")]
        ends = [report.index(f"sample:{unit}:".encode(), start + 20) for unit, start in zip(("draw", "fail"), starts)]
        for place in (report.index(b"\n", starts[0]) + 1, ends[0], ends[1]):
            check(place in [offset for offset, *_ in times], f"{place} is none of {times}")
        up = next(mono for offset, mono, _ in times if offset > report.index(b"a window of"))
        window = next(line.mono for line in lines if line.kind in ("picture", "part") and line.fields[0] == "2")
        check(abs(up - window) < 20_000_000, f"the window is said to be up at {up} and was seen at {window}")
        check(lines[0].mono <= times[0][1] and times[-1][1] <= lines[-1].mono + 20_000_000, f"{times}, {lines}")
        equal([name for name in os.listdir(scene.agent.folder) if "recording" in name], [], "what is left in the guest")


if __name__ == "__main__":
    harness.main()
