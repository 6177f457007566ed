#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures pictures of the agent for Windows under Wine, beside tools that read the same X server.

usage: tests/wine/run tests/wine/bench.py FILE

Prints a table and writes FILE (JSON). The first columns are of whole programs, from their start to the file, the last two
the agent's own facts. Wine's GDI reads the X server, so what counts is how the times relate to each other, and the
encoder's, which is that of Windows.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

from wine import Agent, PERISCOPE, eventually, exe

WIDTH, HEIGHT = 1024, 768  # of the X server that tests/wine/run starts
RUNS = 15


def seconds(command):
    start = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def show_windows(agent):
    agent.start_program(exe("tools/window.exe"))
    eventually(lambda: b"A test's window" in agent.periscope("get", ".periscope/windows.txt", "-").out, "a window")


def facts_of(agent, backend):
    """Medians of the agent's own times, in ms."""
    rows = [agent.periscope("screenshot", agent.path("facts.png"), before=("--backend", backend)).facts() for _ in range(RUNS)]
    return {name: statistics.median(int(row[f"time-{name}-us"]) / 1000 for row in rows) for name in ("grab", "encode")}


def measure(agent):
    address = f"127.0.0.1:{agent.port}"
    commands = {f"periscope, {backend}": [PERISCOPE, "screenshot", "--backend", backend, address, agent.path(f"{backend}.png")]
                for backend in ("gdi", "dxgi") if agent.periscope("screenshot", agent.path("try.png"), code=None,
                                                                  before=("--backend", backend)).code == 0}
    commands.update({tool: [tool, *options, agent.path(f"{tool}.png")]
                     for tool, options in (("scrot", ["-o"]), ("maim", ["-u"]), ("import", ["-window", "root"])) if shutil.which(tool)})
    times = {name: [] for name in commands}
    for run in range(RUNS + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if run:  # the first is for the caches
                times[name].append(taken * 1000)
    rows = {name: {"ms": statistics.median(taken), "bytes": os.path.getsize(commands[name][-1])} for name, taken in times.items()}
    for name, row in rows.items():
        if name.startswith("periscope, "):
            row.update(facts_of(agent, name.partition(", ")[2]))
        if "scrot" in rows:
            row["to_scrot"] = row["ms"] / rows["scrot"]["ms"]
    return rows


def main():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        show_windows(agent)
        rows = measure(agent)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"screen": f"{WIDTH}x{HEIGHT}", "pictures": rows}, file, indent=1)
        file.write("\n")
    print(f"{f'Windows under Wine, {WIDTH}x{HEIGHT}':<30}{'ms':>8}{'of scrot':>10}{'bytes':>9}{'grab':>8}{'encode':>8}")
    for name, row in rows.items():
        own = f"{row['grab']:>8.1f}{row['encode']:>8.1f}" if "grab" in row else ""
        print(f"{name:<30}{row['ms']:>8.1f}{row.get('to_scrot', 0):>10.2f}{row['bytes']:>9}{own}")


if __name__ == "__main__":
    main()
