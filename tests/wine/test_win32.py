#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The 32-bit executable, where Wine runs such programs: it tries itself, serves a host and becomes another.

usage: test_win32.py [win32|win64]    the other one, to see that these tests pass where they can run"""
import os
import shutil
import subprocess
import sys

import minidump
import wine
from wine import Agent, Skip, check, equal

wine.build = sys.argv[1] if len(sys.argv) > 1 else "win32"
BITS = wine.build[3:] + " bits"


def need_wine_of_these_bits():
    done = subprocess.run([wine.WINE, wine.exe("periscoped.exe"), "--version"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=wine.PATIENCE, check=False)
    if not done.stdout.startswith(b"periscoped "):
        raise Skip(f"this Wine runs no programs of {BITS}: Debian has them in wine32:i386")


def it_tries_itself():
    need_wine_of_these_bits()
    with Agent() as agent:
        out = agent.run(agent.path("periscoped.exe"), "--selftest", code=None)
        verdicts = {name[:-1]: (verdict, detail) for verdict, name, detail in (line.split(" ", 2) for line in out[:-1])}
        check(verdicts["system"][1].endswith(f" of {BITS}"), verdicts["system"])
        failed = {name for name, (verdict, _) in verdicts.items() if verdict == "FAIL"}
        equal(failed - {"audit"}, set(), f"what failed: {out}")
        check(len(verdicts) > 15, f"only {out}")


def it_serves_and_becomes_another():
    need_wine_of_these_bits()
    with Agent() as agent:
        agent.periscope("run", "cmd", "/c", "exit 7", code=7)
        agent.periscope("screenshot", agent.path("before.png"))
        agent.periscope("upgrade", wine.exe("periscoped.exe"))
        agent.process.wait(wine.PATIENCE)
        agent.periscope("run", "cmd", "/c", "exit 8", code=8)
        check(os.path.getsize(agent.path("before.png")) > 0, "an empty picture")


def boot_is_the_same_for_both_bitnesses():
    need_wine_of_these_bits()
    ids, here = [], wine.build
    try:
        for wine.build in ("win32", "win64"):
            with Agent() as agent:
                ids.append(agent.periscope("info").facts()["boot.id"])
    finally:
        wine.build = here
    equal(ids[0], ids[1], "boot.id of 32 and of 64 bits")


def dumped_by(own, other):
    """The dump of a process of other bits, by an agent with the executable of those bits beside it; one without."""
    wine.build = own
    with Agent() as agent:
        name = f"periscoped{other[3:]}.exe"
        shutil.copy(os.path.join(wine.TOP, "build", other, "periscoped.exe"), agent.path("other.exe"))
        pid = agent.periscope("run", wine.windows_path(agent.path("other.exe")), "--bind", "127.0.0.1", "0",
                              before=("--no-wait",)).out.decode().split()[0]
        refused = agent.periscope("get", f".periscope/dump-{pid}.dmp", "-", code=None)
        check(refused.code != 0 and name in refused.err, f"without {name}: {refused.err}")
        shutil.copy(agent.path("other.exe"), agent.path(name))
        agent.periscope("get", f".periscope/dump-{pid}.dmp", agent.path("other.dmp"))
        agent.periscope("kill", pid)
        return minidump.Minidump(agent.read("other.dmp"))


def a_process_of_other_bits_is_dumped():
    need_wine_of_these_bits()
    for own, other, processor in (("win64", "win32", minidump.INTEL), ("win32", "win64", minidump.AMD64)):
        dump = dumped_by(own, other)
        equal(dump.processor(), processor, f"{own}: processor of the dump")
        check(any(module.lower().endswith("\\other.exe") for module in dump.modules()), f"modules: {dump.modules()}")
        check(any(len(stack) > 0 for _, _, stack in dump.threads()), f"{own}: no thread has a stack")


wine.main([it_tries_itself, it_serves_and_becomes_another, boot_is_the_same_for_both_bitnesses,
           a_process_of_other_bits_is_dumped])
