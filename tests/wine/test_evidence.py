#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that don't end, each for another reason, run by `periscope test`: what is told of them and kept."""
import json
import os
import subprocess
import tempfile
import xml.etree.ElementTree as ET

import minidump
import wine
from picture import decode_png
from wine import Agent, check, equal

BAD_TEST = wine.exe("tools/bad_test.exe")
LOCAL_DUMPS = r"HKLM\Software\Microsoft\Windows\Windows Error Reporting\LocalDumps"
PASSED, CRASHED, TIMED_OUT, INCOMPLETE = 0, 3, 4, 5
MARK = "periscope bad_test mark".encode("utf-16-le")  # on the stack of each of its units


class Run:
    """One call of the verb test, with its output folder read."""

    def __init__(self, agent, *units, limit, code, executable=BAD_TEST, options=()):
        with tempfile.TemporaryDirectory() as out:
            self.call = agent.periscope("test", executable, *units, code=code, before=(
                "--no-settime", "--time-limit", str(limit), "--output", out, "--dump-time", "20", *options))
            self.files = {}
            for name in os.listdir(out):
                with open(os.path.join(out, name), "rb") as file:
                    self.files[name] = file.read()
        self.result = json.loads(self.files["result.json"])
        self.units = {unit["name"]: unit for unit in self.result["units"]}
        self.out = self.call.out.decode()

    def unit(self, name):
        return self.units[name]

    def lines(self, name):
        """The evidence of a unit: lists of fields."""
        return [line.split("\t") for line in self.files[f"evidence-{name}.txt"].decode().splitlines()]


def registry(*arguments):
    code, out = wine.reg(*arguments, "/f")
    equal(code, 0, f"reg {' '.join(arguments)}: {out.strip()}: exit status")


def crash_dialogs(shown):
    """Whether Wine shows its dialog for a program that crashed."""
    registry("add", r"HKCU\Software\Wine\WineDbg", "/v", "ShowCrashDialog", "/t", "REG_DWORD", "/d", str(int(shown)))


def check_dump(run, name):
    dump = minidump.Minidump(run.files[f"dump-{name}.dmp"])
    equal(dump.processor(), minidump.INTEL if wine.build == "win32" else minidump.AMD64, "processor of the dump")
    check(any(module.lower().endswith("\\bad_test.exe") for module in dump.modules()), f"modules: {dump.modules()}")
    check(any(MARK in stack for _, _, stack in dump.threads()), "no stack in the dump has what the test put there")
    check(f"dump-{name}.dmp" in run.unit(name)["evidence"]["files"], "result.json does not name the dump")


def check_report(run, name, summary):
    unit = run.unit(name)
    equal((unit["verdict"], unit["problems"]), ("timed out", [f"timed out; {summary}"]), "verdict and problems")
    equal(unit["evidence"]["summary"], summary, "summary")
    check(f"timed out; {summary}" in run.out, run.out)
    check(f"evidence-{name}.txt" in unit["evidence"]["files"], "result.json does not name the evidence")
    junit = ET.fromstring(run.files["junit.xml"])
    told = "".join(junit.itertext()) + " ".join(value for node in junit.iter() for value in node.attrib.values())
    for text in (summary, *unit["evidence"]["files"]):
        check(text in told, f"junit.xml does not tell of {text!r}")
    picture = decode_png(run.files[unit["screenshot"]["file"]])
    check(len(set(picture.pixels[i:i + 3] for i in range(0, len(picture.pixels), 3))) > 1, "the picture has one colour")


def crash_dialog_has_its_name_text_picture_and_minidump():
    crash_dialogs(True)
    try:
        with Agent() as agent:
            run = Run(agent, "crash", limit=25, code=TIMED_OUT)
    finally:
        crash_dialogs(False)
    check_report(run, "crash", "dialog 'Program Error' from bad_test.exe")
    check("The program bad_test.exe has encountered a serious problem" in run.unit("crash")["evidence"]["says"],
          f"what the dialog says: {run.unit('crash')['evidence']}")
    check_dump(run, "crash")
    equal(sorted(line.split()[1] for line in run.unit("crash")["ended"]), ["bad_test.exe", "winedbg.exe"], "ended")


def crash_without_a_dialog_is_named_and_its_minidump_kept_if_there_is_one():
    """The test itself writes what error reporting would: Wine has none."""
    with Agent() as agent:
        plain = Run(agent, "reported", limit=60, code=CRASHED).unit("reported")
        equal(plain["problems"], ["ended with status c0000005 (STATUS_ACCESS_VIOLATION)"], "problems")
        check("Windows is not configured to keep any of a crash" in plain["evidence"]["error"], plain["evidence"])
        registry("add", LOCAL_DUMPS, "/v", "DumpFolder", "/d", wine.windows_path(agent.folder))
        try:
            for pid in range(4, 2000, 4):  # of earlier processes with whatever process id
                agent.write(f"old.exe.{pid}.dmp", b"old")
                os.utime(agent.path(f"old.exe.{pid}.dmp"), (0, 0))
            none = Run(agent, "reported", limit=60, code=CRASHED, options=("--env", "BAD_DUMPS=Z:\\nosuch"))
            found = Run(agent, "reported", limit=60, code=CRASHED, options=(
                "--env", f"BAD_DUMPS={wine.windows_path(agent.folder)}"))
        finally:
            registry("delete", LOCAL_DUMPS)
    check("and none is in Z:" in none.unit("reported")["evidence"]["error"], none.unit("reported")["evidence"])
    equal(found.unit("reported")["evidence"]["files"], ["dump-reported.dmp"], "files")
    equal(found.files["dump-reported.dmp"], b"MDMP, as it were", "the dump")


def dump_that_exceeds_its_time_is_told_and_not_waited_for():
    with Agent() as agent:
        run = Run(agent, "sleep", limit=1, code=TIMED_OUT, options=("--dump-time", "0.1"))
    check("no dump-sleep.dmp: " in run.call.err, run.call.err)
    check("dump-sleep.dmp" not in run.files and "evidence-sleep.txt" in run.files, sorted(run.files))


def dump_by_an_executable_of_its_own():
    """As an agent of other bits calls it."""
    with Agent() as agent:
        tell = wine.windows_path(wine.exe("tools/tell.exe"))
        pid = agent.periscope("run", tell, "sleep=600000", before=("--no-wait",)).out.decode().split()[0]
        command = [wine.WINE, agent.path("periscoped.exe"), "--dump"]
        with open(agent.path("own.dmp"), "wb") as file:
            subprocess.run([*command, pid], stdout=file, timeout=wine.PATIENCE, check=True)
        dump = minidump.Minidump(agent.read("own.dmp"))
        check(any(module.lower().endswith("\\tell.exe") for module in dump.modules()), f"modules: {dump.modules()}")
        refused = subprocess.run([*command, "999999"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 timeout=wine.PATIENCE, check=False)
        check(refused.returncode == 1 and b"no minidump of process 999999" in refused.stderr, refused.stderr)
        agent.periscope("kill", pid)


def message_box_has_its_title_and_text():
    with Agent() as agent:
        run = Run(agent, "dialog", limit=20, code=TIMED_OUT)
    check_report(run, "dialog", "dialog 'A dialog' from bad_test.exe")
    # As test_gdi.py has it of a picture in passing.
    passed_over = [fact for fact in run.unit("dialog")["screenshot"]["facts"] if "not while a program" in fact]
    equal(passed_over, [], "what was not tried of a unit that is ended next")
    equal(run.unit("dialog")["evidence"]["says"], "OK / Cancel / Body text \u4e2d\u6587 / and a second line", "its text")
    check_dump(run, "dialog")


def hung_window_is_told_from_one_that_waits():
    with Agent(console=True) as agent:
        run = Run(agent, "hang", limit=25, code=TIMED_OUT)  # Windows calls it hung after 5 seconds
        check_report(run, "hang", "window 'A window that hangs' of bad_test.exe does not respond")
        check_dump(run, "hang")
        window = [line for line in run.lines("hang") if line[0] == "window" and line[2] == "A window that hangs"]
        equal([line[3:4] + line[5:8] for line in window], [["BadTest", "300x200+40+30", "1", "1"]],
              "class, geometry, visible and hung")
        run = Run(agent, "sleep", limit=2, code=TIMED_OUT)
    check_report(run, "sleep", f"bad_test.exe ({wine.build[3:]}-bit, 1 thread) has no window")


def grandchild_that_holds_the_output_does_not_hold_the_run():
    with Agent() as agent:
        run = Run(agent, "grandchild", limit=30, code=PASSED)
        unit = run.unit("grandchild")
        equal((unit["verdict"], unit["evidence"]), ("passed", None), "verdict and evidence")
        equal([line.split()[1] for line in unit["left"]], ["bad_test.exe"], "what it left running")
        check("left running: " in run.out, run.out)


def missing_dll_is_told_in_testlaunchers_words():
    executable = wine.exe("tools/missing_test.exe")
    with Agent() as agent:
        run = Run(agent, "atom", "heap", limit=60, code=PASSED, executable=executable)
        told = agent.periscope("test", executable, code=INCOMPLETE, before=("--no-settime",))
    check("required DLL periscope-nosuch.dll is missing" in told.err, told.err)
    equal(run.files["report.txt"].decode(), "".join(
        f"missing:{unit} start - -\n"
        f"{unit}.c:0: Tests skipped: required DLL periscope-nosuch.dll is missing\n"
        f"0000:{unit}: 0 tests executed (0 marked as todo, 0 failures), 1 skipped.\n"
        f"missing:{unit}:0000 done (0) in 0s\n" for unit in ("atom", "heap")), "report.txt")
    equal([(unit["verdict"], unit["skipped"]) for unit in run.result["units"]], [("skipped", 1)] * 2, "verdicts")


def of_the_display(lines):
    """What was put back without the cursor, which any window that comes to the front meanwhile may free first."""
    return [line for line in lines if line != "cursor=no longer confined to 100x50+10+20"]


def mode_of_an_ended_test_is_put_back_and_told():
    with Agent(desktop="800x600") as agent:
        run = Run(agent, "mode", limit=20, code=TIMED_OUT)
        unit = run.unit("mode")
        picture = decode_png(run.files["screenshot-mode.png"])
        equal((picture.width, picture.height), (640, 480), "the picture that was taken before")
        equal(of_the_display(unit["restored"]), ["display=DISPLAY1: 640x480x32 is 800x600x32 again"],
              "what was put back")
        equal([line.split()[1] for line in unit["ended"]], ["bad_test.exe"], "ended")
        equal(agent.periscope("info").facts()["display.0.geometry"], "800x600+0+0", "geometry afterwards")
        unit = Run(agent, "sleep", limit=1, code=TIMED_OUT).unit("sleep")
        equal(unit["restored"], [], "what was put back where all was well")


def mode_is_left_while_another_child_runs():
    with Agent(desktop="800x600") as agent:
        tell = wine.windows_path(wine.exe("tools/tell.exe"))
        pid = agent.periscope("run", tell, "sleep=600000", before=("--no-wait",)).out.decode().split()[0]
        equal(Run(agent, "mode", limit=20, code=TIMED_OUT).unit("mode")["restored"], [], "what was put back")
        equal(agent.periscope("info").facts()["display.0.geometry"], "640x480+0+0", "geometry")
        killed = of_the_display(agent.periscope("kill", pid).out.decode().splitlines())
        equal([line.split()[1] for line in killed[:-1]], ["tell.exe"], "ended")
        equal(killed[-1], "display=DISPLAY1: 640x480x32 is 800x600x32 again", "what was put back")


def imports_are_those_that_objdump_reads():
    files = [os.path.join(wine.TOP, "build", bits, name) for bits in ("win32", "win64") for name in ("periscoped.exe",)]
    files += [wine.exe("tools/missing_test.exe"), BAD_TEST]
    expected = []
    for path in files:
        dump = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", path], stdout=subprocess.PIPE, check=True,
                              timeout=wine.PATIENCE, encoding="utf-8").stdout
        names = [line.split()[-1] for line in dump.splitlines() if "DLL Name:" in line]
        check(len(names) > 1, f"objdump reads {names} of {path}")
        expected.append(["64" if "pei-x86-64" in dump else "32", *names])
    told = subprocess.run([wine.WINE, wine.exe("tools/imports.exe"), *map(wine.windows_path, files)],
                          stdout=subprocess.PIPE, check=True, timeout=wine.PATIENCE, encoding="utf-8").stdout
    equal([line.split() for line in told.splitlines()], expected, "bits and DLLs")


wine.main([crash_dialog_has_its_name_text_picture_and_minidump,
           crash_without_a_dialog_is_named_and_its_minidump_kept_if_there_is_one,
           dump_that_exceeds_its_time_is_told_and_not_waited_for, dump_by_an_executable_of_its_own,
           message_box_has_its_title_and_text,
           hung_window_is_told_from_one_that_waits, grandchild_that_holds_the_output_does_not_hold_the_run,
           mode_of_an_ended_test_is_put_back_and_told, mode_is_left_while_another_child_runs,
           missing_dll_is_told_in_testlaunchers_words, imports_are_those_that_objdump_reads])
