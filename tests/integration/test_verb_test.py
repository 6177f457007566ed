#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verb test of the command periscope: a whole run against the real agent, with the project's own small test."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import gpu_system
import picture
import xserver
from broken import Gate
from cli import INTERRUPTED, NO_AGENT, USAGE, finish, one_line, periscope, start, target, unused_port
from harness import Agent, PATIENCE, Skip, TOP, check, equal, eventually, main, test, with_agent
from verb_test import (CRASHED, INCOMPLETE, LOCAL, PASSED, SAMPLE, TIME_OUT, UNIT_FAILED, Run, folders, nothing_is_left,
                       read)


@with_agent()
def verdicts_of_every_kind(agent):
    run = Run(agent, "pass", "fail", "todo", "skip", "crash", code=CRASHED, options=("--screenshot", "never"))
    equal(run.verdicts(),
          {"pass": "passed", "fail": "failed", "todo": "passed", "skip": "skipped", "crash": "crashed"})
    equal((run.units["fail"]["tests"], run.units["fail"]["failures"]), (3, 2))
    equal(run.units["fail"]["summed"], {"tests": 3, "failures": 2, "todo": 0, "flaky": 0, "skipped": 0})
    equal((run.units["todo"]["todo"], run.units["todo"]["flaky"], run.units["todo"]["skipped"]), (1, 1, 1))
    equal([line["kind"] for line in run.units["fail"]["lines"]], ["failure", "failure"])
    equal((run.result["verdict"], run.result["exit"], run.result["dll"]), ("crashed", CRASHED, "sample"))
    equal(sorted(run.files), ["junit.xml", "report.txt", "result.json"])
    nothing_is_left(agent)


@with_agent()
def exit_status_is_the_verdict(agent):
    quick = ("--screenshot", "never")
    periscope("test", target(agent), SAMPLE, "pass", *quick, code=PASSED)
    periscope("test", target(agent), SAMPLE, "pass", "fail", *quick, code=UNIT_FAILED)
    periscope("test", target(agent), SAMPLE, "cut", *quick, code=UNIT_FAILED)
    periscope("test", target(agent), SAMPLE, "pass", "--runner", "no-such-program", *quick, code=INCOMPLETE)
    one_line(periscope("test", target(agent), SAMPLE + "-that-is-not-there", "pass", code=LOCAL), "No such file")
    with tempfile.NamedTemporaryFile() as file:
        one_line(periscope("test", target(agent), SAMPLE, "pass", "-o", file.name, code=LOCAL), "Not a directory")
    one_line(periscope("test", f"127.0.0.1:{unused_port()}", SAMPLE, "pass", code=NO_AGENT), "Connection refused")
    one_line(periscope("test", target(agent), SAMPLE, "--screenshot", "often", code=USAGE), "'often'")
    nothing_is_left(agent)


@with_agent()
def report_is_framed_as_testlauncher_does(agent):
    run = Run(agent, "pass", "noise", code=UNIT_FAILED, options=("--screenshot", "never", "-e", "SAMPLE_MEGABYTES=1"))
    check("it prints too much" in run.units["noise"]["problems"][0], run.units["noise"]["problems"])
    lines = run.report.split(b"\n")
    equal(lines[0], b"sample:pass start - -")
    done = [line for line in lines if re.fullmatch(rb"sample:\w+:[0-9a-f]{4,} done \(0\) in \d+s", line)]
    equal(len(done), 2, "lines that end a unit")
    direct = subprocess.run([SAMPLE, "noise"], env={**os.environ, "SAMPLE_MEGABYTES": "1"}, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=PATIENCE, check=True).stdout
    body = run.report.split(b"sample:noise start - -\n")[1].rsplit(b"sample:noise:", 1)[0]
    without_pid = re.compile(rb"^[0-9a-f]{4,}:noise:", re.M)
    equal(without_pid.sub(b"PID:noise:", body), without_pid.sub(b"PID:noise:", direct), "the unit's bytes")


@with_agent()
def done_lines_tell_the_verdict(agent):
    run = Run(agent, "fail", "crash", "hang", code=TIME_OUT, options=("--time-limit", "1", "--screenshot", "never"))
    codes = re.findall(rb"^sample:(\w+):[0-9a-f]{4,} done \((-?\d+)\) in \d+s$", run.report, re.M)
    equal(codes, [(b"fail", b"2"), (b"crash", b"-11"), (b"hang", b"258")])
    run = Run(agent, "pass", options=("--runner", "nice", "--screenshot", "never"))
    check(re.search(rb"^sample:pass done \(0\) in \d+s$", run.report, re.M), "a done line without the runner's pid")


@with_agent()
def bytes_of_a_report_stay(agent):
    run = Run(agent, "bytes", code=None, options=("--screenshot", "never"))
    direct = subprocess.run([SAMPLE, "bytes"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
                            check=False).stdout
    without_pid = re.compile(rb"^[0-9a-f]{4,}:bytes:", re.M)
    body = run.report.split(b"sample:bytes start - -\n")[1].rsplit(b"sample:bytes:", 1)[0]
    equal(without_pid.sub(b"", body), without_pid.sub(b"", direct), "the unit's bytes")
    # The same rules as those of the writer, by Python's means.
    shown = body.decode("utf-8", "replace").replace("\r\n", "\n").replace("[[ATTACHMENT|", "[ [ATTACHMENT|")
    shown = re.sub("[\0-\x08\x0b-\x1f]", lambda found: chr(0x2400 + ord(found[0])), shown)
    text = run.junit.find(".//system-out").text
    equal(text[:len(shown)], shown, "system-out")
    equal(re.findall(r"\[periscope: (.*)\]", text[len(shown):]),
          ["invalid UTF-8 is shown as \ufffd, 4 times", "4 control characters are shown as their symbols",
           "1 attachment marks of the test have a space inserted"])


@with_agent()
def a_guests_bytes_do_nothing_to_a_terminal(agent):
    for unit in ("bytes", "pass"):
        out = periscope("test", target(agent), SAMPLE, unit, "--screenshot", "never", code=None).text
        check(not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", out), repr(out))
    out = periscope("test", target(agent), SAMPLE, "bytes", "--screenshot", "never", code=None).text
    check("Test failed: f?r Latin-1, \u20ac for UTF-8, ?[5m for a terminal" in out, repr(out))


@with_agent()
def junit_counts_and_names(agent):
    run = Run(agent, "pass", "fail", "crash", code=CRASHED, options=("--screenshot", "never"))
    cases = {case.get("name"): case for case in run.junit.iter("testcase")}
    equal(sorted(cases), ["crash", "fail", "pass"])
    equal({case.get("classname") for case in cases.values()}, {"sample"})
    check("one and one are 2, not 3" in cases["fail"].find("failure").text, "the failing line")
    check(cases["pass"].find("failure") is None and cases["pass"].find("error") is None, "a pass with a failure")
    equal((run.junit.get("failures"), run.junit.get("errors")), ("1", "1"))


@with_agent()
def junit_is_what_jenkins_and_gitlab_both_take(agent):
    """The evidence of a hang is among it: Jenkins has no place for it in a test case."""
    if not shutil.which("xmllint"):
        raise Skip("no xmllint")
    run = Run(agent, "pass", "fail", "crash", "skip", "hang", "pass", code=TIME_OUT,
              options=("--screenshot", "never", "--time-limit", "1"))
    for schema in (), ("--relaxng", os.path.join(TOP, "tests", "integration", "junit.rng")):
        done = subprocess.run(["xmllint", "--noout", *schema, "-"], input=run.files["junit.xml"], stderr=subprocess.PIPE,
                              timeout=PATIENCE, check=False)
        equal(done.returncode, 0, done.stderr.decode())
    told = {(item.get("name"), item.get("value")) for item in run.junit.iter("property")}
    check(("sample:hang evidence", "evidence-hang.txt") in told, told)
    check({"sample:pass", "sample:pass #2"} <= {name for name, _ in told}, told)


@with_agent()
def all_units_that_are_listed(agent):
    call = periscope("test", target(agent), SAMPLE, "--time-limit", "1", "--screenshot", "never", "--json", code=None)
    listed = subprocess.run([SAMPLE, "--list"], stdout=subprocess.PIPE, timeout=PATIENCE, check=True).stdout.split()
    equal([unit["name"] for unit in call.json["units"]], [name.decode() for name in listed[3:]])


@test
def hung_unit_is_pictured_then_ended():
    with xserver.Server(screens=("400x300x24",)) as server:
        with Agent(env={"DISPLAY": server.display}) as agent:
            server.run("xsetroot", "-solid", "#336699")
            run = Run(agent, "hang", "pass", code=TIME_OUT, options=("--time-limit", "1"))
            equal(run.verdicts(), {"hang": "timed out", "pass": "passed"})
            equal(len(run.units["hang"]["ended"]), 1, "processes that were ended")
            check(b"going to hang" in run.report, "what the hung unit had printed")
            shot = picture.decode_png(run.files["screenshot-hang.png"])
            equal((shot.width, shot.height), (400, 300))
            case = [case for case in run.junit.iter("testcase") if case.get("name") == "hang"][0]
            check(re.match(r"\[\[ATTACHMENT\|.*/screenshot-hang\.png\]\]", case.find("system-out").text), "attachment")
            nothing_is_left(agent)


@test
def attachments_start_at_the_root_of_gitlabs_project():
    with xserver.Server(screens=("200x100x24",)) as server:
        with Agent(env={"DISPLAY": server.display}) as agent, tempfile.TemporaryDirectory() as project:
            def attached(*options, **env):
                periscope("test", target(agent), SAMPLE, "pass", *options, env=env, cwd=os.path.join(project, "sub"))
                return re.search(rb"\[\[ATTACHMENT\|(.*)\]\]", read(os.path.join(project, "sub", "out"), "junit.xml"))[1]
            os.mkdir(os.path.join(project, "sub"))
            inside = os.path.join(project, "sub", "out")
            equal(attached("-o", "out", CI_PROJECT_DIR=project), b"sub/out/screenshot.png")
            equal(attached("-o", inside + "/", CI_PROJECT_DIR=project + "/"), b"sub/out/screenshot.png")
            equal(attached("-o", inside, CI_PROJECT_DIR=project + "/su"), inside.encode() + b"/screenshot.png")
            equal(attached("-o", "out", CI_PROJECT_DIR=""), b"out/screenshot.png")
            equal(attached("-o", "out", "--attachment-prefix", "a/b"), b"a/b/screenshot.png")
            equal(attached("-o", "out", "--attachment-prefix", ""), b"screenshot.png")


@test
def each_run_of_a_unit_has_its_picture():
    with xserver.Server(screens=("200x100x24",)) as server:
        with Agent(env={"DISPLAY": server.display}) as agent:
            run = Run(agent, "pass", "todo", "pass", options=("--screenshot", "unit"))
            names = ["screenshot-pass.png", "screenshot-todo.png", "screenshot-pass-2.png"]
            equal([unit["screenshot"]["file"] for unit in run.result["units"]], names)
            equal(sorted(name for name in run.files if name.endswith(".png")), sorted(names + ["screenshot.png"]))
            equal([case.get("name") for case in run.junit.iter("testcase")], ["pass", "todo", "pass #2"])


@test
def picture_is_what_another_program_reads():
    """The unit's window, on the screen while it runs and in the picture that is taken of it."""
    with xserver.Server(screens=("641x479x24",)) as server:
        with Agent(env={"DISPLAY": server.display}) as agent, tempfile.TemporaryDirectory() as folder:
            # Before any client has set a cursor, a server shows none and yet tells of one.
            server.run("xsetroot", "-cursor_name", "left_ptr")
            job = start("test", target(agent), SAMPLE, "draw", "-e", "SAMPLE_SECONDS=4", "--screenshot-at", "2",
                        "--output", folder)
            eventually(lambda: b"sample_test draw" in server.run("xwininfo", "-root", "-tree"), "the unit's window")
            eventually(lambda: any(name.startswith("screenshot-draw") for name in os.listdir(folder)), "its picture")
            seen = server.framebuffer()
            equal(finish(job).code, PASSED, "exit status")
            shot = picture.decode_png(read(folder, "screenshot-draw.png"))
            check(shot.same(seen), "the picture differs from the screen")
            after = picture.decode_png(read(folder, "screenshot.png"))
            check(not after.same(seen), "the window is in the picture of the end")


@with_agent()
def too_much_output_is_read_to_a_limit(agent):
    limit = 64 << 20
    quiet = ("--screenshot", "never", "-e", "SAMPLE_MEGABYTES=70", "--time-limit", "60")
    run = Run(agent, "noise", code=UNIT_FAILED, options=quiet)
    check(limit < len(run.report) < limit + 1000, f"{len(run.report)} bytes of report.txt")
    check("its output is longer than the limit, 64 MiB" in run.units["noise"]["problems"], run.units["noise"]["problems"])
    check(len(run.files["junit.xml"]) < 30e6, "GitLab's limit")
    check("bytes are omitted here; the complete output is in report.txt" in run.junit.find(".//system-out").text, "what is cut")
    nothing_is_left(agent)


@with_agent(env={"DISPLAY": ":4242"})
def no_picture_is_a_warning_with_the_reason(agent):
    run = Run(agent, "pass", options=("--screenshot", "unit"))
    if "screenshot.png" in run.files:
        return  # another X server of this machine was found
    check(run.result["screenshot"]["error"], "a reason")
    check(any("no screenshot" in warning for warning in run.result["warnings"]), run.result["warnings"])
    check(not any(name.endswith(".png") for name in run.files), f"{list(run.files)}")


@with_agent()
def an_earlier_result_does_not_stay(agent):
    with tempfile.TemporaryDirectory() as folder:
        for name in ("report.txt", "result.json", "junit.xml", "screenshot.png"):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b"of an earlier run")
        periscope("test", target(agent), SAMPLE, "pass", "-o", folder, "--screenshot", "never")
        check(not os.path.exists(os.path.join(folder, "screenshot.png")), "the earlier picture is still there")
        for when in ("unit", "never"):
            periscope("test", target(agent), SAMPLE, "pass", "-o", folder, "--screenshot", when)
            present = [name for name in os.listdir(folder) if name.endswith(".png")]
            check(when == "unit" or not present, f"of an earlier run: {present}")
        check(b"earlier" not in read(folder, "report.txt") + read(folder, "result.json") + read(folder, "junit.xml"), "old")


@with_agent()
def total_limit_ends_all(agent):
    run = Run(agent, "hang", "pass", code=TIME_OUT, options=("--total-limit", "1", "--screenshot", "never"))
    equal(run.verdicts(), {"hang": "timed out", "pass": "not run"})


@with_agent()
def interrupted_run_is_over_in_the_guest(agent):
    with tempfile.TemporaryDirectory() as folder:
        job = start("test", target(agent), SAMPLE, "hang", "-o", folder, "--screenshot", "never")
        eventually(lambda: [name for inner in folders(agent) for name in os.listdir(agent.path(inner))
                            if name.startswith("output-")], "the unit's output")
        job.terminate()
        equal(finish(job).code, INTERRUPTED, "exit status")
        nothing_is_left(agent)
        equal(json.loads(read(folder, "result.json"))["verdict"], "interrupted")


@test
def agent_that_starts_again_is_the_guests_fault():
    """A verdict of its own beside the unit's, in the JSON, in junit.xml and on the terminal."""
    with Agent(port=unused_port()) as agent, tempfile.TemporaryDirectory() as folder:
        began = int(time.time())
        job = start("test", target(agent), SAMPLE, "hang", "-o", folder, "--screenshot", "never")
        eventually(lambda: [name for inner in folders(agent) for name in os.listdir(agent.path(inner))
                            if name.startswith("output-")], "the unit's output")
        # A second is the unit of agent.start; and the host has the answer to its exec by then, which comes behind the output.
        eventually(lambda: int(time.time()) > began + 1 and agent.client().property("children.running") == "1", "two seconds")
        agent.process.kill()
        agent.process.wait()
        agent.start()
        result = finish(job)
        equal(result.code, NO_AGENT, "exit status")
        unit = json.loads(read(folder, "result.json"))["units"][0]
        equal((unit["verdict"], unit["machine"]["state"], unit["fault"]), ("lost", "agent-restarted", "guest"), "verdicts")
        check(unit["machine"]["reasons"][0].startswith("the agent started again at "), f"why: {unit['machine']}")
        check(b"[periscope machine: agent-restarted; whose fault: guest\n" in read(folder, "junit.xml"), "junit.xml")
        check("    machine: agent-restarted; whose fault: guest\n" in result.out.decode(), result.out)


@with_agent()
def unit_goes_on_when_the_guest_was_away(agent):
    """For more than three attempts: until a line tells of it."""
    agent.write("runner", f'while ! test -e {agent.path("go")};'.encode() + b' do sleep 0.05; done; exec "$@"\n')
    with Gate(agent) as gate, tempfile.TemporaryDirectory() as folder:
        job = start("test", gate.address, SAMPLE, "pass", "-o", folder, "--screenshot", "never",
                    "--runner", f"sh {agent.path('runner')}")
        eventually(lambda: agent.client().property("children.running") == "1", "the unit")
        gate.away.set()
        told = [job.stderr.readline().decode() for _ in range(2)]
        check("does not answer: it is waited for, 180 s at most" in told[1], told)
        agent.write("go", b"")
        gate.away.clear()
        equal(finish(job).code, PASSED, "exit status")


@with_agent()
def guest_that_stays_away_is_waited_for_once(agent):
    with Gate(agent) as gate, tempfile.TemporaryDirectory() as folder:
        job = start("test", gate.address, SAMPLE, "hang", "pass", "-o", folder, "--screenshot", "never", "--away-limit", "0.5")
        eventually(lambda: agent.client().property("children.running") == "1", "the unit")
        gate.away.set()
        equal(finish(job).code, NO_AGENT, "exit status")
        units = json.loads(read(folder, "result.json"))["units"]
        equal([unit["verdict"] for unit in units], ["lost", "not run"], "verdicts")
        equal(units[0]["machine"]["state"], "connection-lost", "the machine")
        told = json.loads(read(folder, "result.json"))["warnings"]
        equal(sum("did not answer within" in text or "closed the connection" in text for text in told) > 0, True, told)


@test
def fault_on_a_graphics_card_is_the_tests_if_its_program_has_it():
    """The faults that were there before the run are nobody's."""
    for program, state, fault in ((os.path.basename(SAMPLE), "gpu-fault", "test"), ("compositor", "fine", "test")):
        with gpu_system.System() as system, tempfile.TemporaryDirectory() as folder:
            system.say(f"NVRM: Xid (PCI:0000:00:06): 31, pid=1, name={os.path.basename(SAMPLE)}, MMU Fault: before")
            system.await_event("MMU Fault: before")
            job = start("test", target(system.agent), SAMPLE, "hang", "-o", folder, "--screenshot", "never",
                        "--time-limit", "3")
            eventually(lambda: folders(system.agent), "the run's folder")
            system.say(f"NVRM: Xid (PCI:0000:00:06): 31, pid=591, name={program}, MMU Fault: now")
            equal(finish(job).code, TIME_OUT, "exit status")
            unit = json.loads(read(folder, "result.json"))["units"][0]
            equal((unit["machine"]["state"], unit["fault"]), (state, fault), f"a fault of {program}")
            equal(len(unit["machine"]["reasons"]), 1, f"reasons: {unit['machine']}")
            check("MMU Fault: now" in unit["machine"]["reasons"][0], f"reasons: {unit['machine']}")


@with_agent()
def result_on_a_machine_that_is_fine_is_the_tests_fault(agent):
    run = Run(agent, "pass", "fail", code=UNIT_FAILED, options=("--screenshot", "never"))
    equal([(unit["machine"], unit["fault"]) for unit in run.result["units"]],
          [({"state": "fine", "reasons": []}, "nobody"), ({"state": "fine", "reasons": []}, "test")], "machine and fault")


if __name__ == "__main__":
    main()
