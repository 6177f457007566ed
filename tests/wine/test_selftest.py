#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--selftest in a Wine of its own: what it tells, what it writes, and that what is broken fails."""
import os
import shutil
import subprocess
import tempfile

import wine
from wine import check, equal

NAMES = ("system functions session desktop token clock service firewall run-as audit connection files run dump kill worker "
         "picture backend-gdi window windows").split()
OPTIONAL = {"backend-dxgi"}
ABSENT = {"service", "firewall"}  # nothing is installed


class Folder:
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="periscope-wine-", dir="/tmp")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def selftest(self, *arguments, code):
        """{name: (verdict, detail)}, all that it printed, and what it said on standard error."""
        done = subprocess.run([wine.WINE, wine.exe("periscoped.exe"), "--selftest", *arguments], cwd=self.path,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=4 * wine.PATIENCE, check=False)
        out = done.stdout.decode("utf-8").replace("\r", "")
        equal(done.returncode, code, f"{arguments}: {done.stderr} {out}: exit status")
        found = {}
        for line in out.splitlines()[:-1]:
            verdict, name, detail = line.split(" ", 2)
            check(verdict in ("pass", "FAIL", "skip") and name.endswith(":") and detail, line)
            check(name[:-1] not in found, f"twice: {line}")
            found[name[:-1]] = verdict, detail
        return found, out, done.stderr.decode("utf-8", "replace")

    def read(self, name):
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read().decode("utf-8")


def names_of(found, verdict):
    return {name for name, (got, _) in found.items() if got == verdict} - OPTIONAL


def each_line_is_there_and_in_the_report():
    with Folder() as folder:
        found, out, _ = folder.selftest("report.txt", code=1)
        equal([name for name in found if name not in OPTIONAL], NAMES, "what was tried")
        equal(names_of(found, "FAIL"), {"audit"}, "what failed")  # nobody has set up this Wine as a test machine
        equal(names_of(found, "skip"), ABSENT, "what was skipped")
        last = out.splitlines()[-1]
        counts = tuple(len([1 for got, _ in found.values() if got == verdict]) for verdict in ("pass", "FAIL", "skip"))
        equal(last, "%d passed, %d failed, %d skipped" % counts, "the last line")
        equal(folder.read("report.txt"), out, "the report")
        equal(os.listdir(folder.path), ["report.txt"], "what is left in its folder")
        check(f"{wine.build[3:]} bits" in found["system"][1] and "Wine" in found["system"][1], found["system"])
        equal(found["desktop"][1].lower(), "winsta0\\default, which a person can see", "the desktop")


def a_test_machine_passes():
    settings = [("HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon", "AutoAdminLogon", "1")]
    subprocess.run([wine.WINE, wine.exe("periscoped.exe"), "--audit", "--fix"], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, timeout=wine.PATIENCE, check=False)
    for key, value, data in settings:
        code, out = wine.reg("add", key, "/v", value, "/d", data, "/f")
        equal(code, 0, f"reg add {key} /v {value}: {out.strip()}: exit status")
    with Folder() as folder:
        found, _, _ = folder.selftest(code=0)
        equal(names_of(found, "pass"), set(NAMES) - ABSENT, "what passed")
        equal(os.listdir(folder.path), [], "what is left in its folder")


def a_missing_folder_fails():
    with Folder() as folder:
        found, _, _ = folder.selftest("--workdir", "none", code=1)
        check(found["files"] == ("FAIL", "in 'none', to write one: No such file or directory"), found["files"])
        equal(names_of(found, "FAIL") - {"audit"}, {"files"}, "what failed")


def a_user_who_is_not_there_fails():
    with Folder() as folder:
        found, _, _ = folder.selftest("--run-as", "nobody-here", code=1)
        equal(found["run-as"], ("FAIL", "nobody-here: no-user: 'nobody-here' is not logged on"), "run-as")


def a_report_that_can_not_be_written():
    with Folder() as folder:
        os.mkdir(os.path.join(folder.path, "taken"))
        for name, reason in (("taken", "Is a directory"), ("none\\report.txt", "No such file or directory")):
            _, out, err = folder.selftest(name, code=1)
            check("passed" in out.splitlines()[-1], out)
            check(f"could not write the report '{name}': {reason}" in err, err)
            equal(os.listdir(folder.path), ["taken"], "what is left in its folder")


with wine.OwnWine():
    wine.main([each_line_is_there_and_in_the_report, a_test_machine_passes, a_missing_folder_fails,
               a_user_who_is_not_there_fails, a_report_that_can_not_be_written])
