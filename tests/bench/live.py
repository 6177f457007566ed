#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it costs a guest to be watched live.

usage: tests/bench/live.py [--build DIR] [--seconds N] [--turns N]

An X server of 1920x1080 shows the screens of tests/bench/bench_screens.c. Thirty times a second a program draws: one tile of
64x64 of the terminal, or the whole screen, each time another. The agent is asked as the gateway asks it (delta=1,
if-changed, wait-ms, the pointer apart). Of one core, by the kernel's own count: the agent with its workers, and what the
server needs more than for the same drawing while nobody watches.
"""
import argparse
import contextlib
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--build", default=os.path.join(TOP, "build"), metavar="DIR", help="where the programs are (build)")
parser.add_argument("--seconds", type=float, default=6, metavar="N", help="of each way (6)")
parser.add_argument("--turns", type=int, default=3, metavar="N", help="of which the median is told (3)")
options = parser.parse_args()
os.environ.setdefault("PERISCOPED", os.path.join(options.build, "periscoped"))
sys.path.insert(0, os.path.join(TOP, "tests", "integration"))

import harness  # noqa: E402 (the path to it is set above)
import wire  # noqa: E402
from wire import s  # noqa: E402
from worker import Facts  # noqa: E402
from xserver import Server  # noqa: E402

WIDTH, HEIGHT, TILE, RATE = 1920, 1080, 64, 30


def tree(pid):
    return [pid, *(below for child in harness.children_of(pid) for below in tree(child))]


def nanoseconds(pid):
    """Of the processor, exactly: a tick is too coarse. 0 for a process that has ended."""
    total = 0
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
    return total


def name_of(pid):
    words = ["one that has ended"]
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="ascii") as file:
        words = file.read().split("\0")
    return " ".join([os.path.basename(words[0]), *words[1:3]])


class Drawing:
    """Thirty changes a second, all of them others."""

    def __init__(self, client, kind):
        self.client, self.kind, self.count, self.random = client, kind, 0, random.Random(1)

    def tile(self):
        columns, rows = WIDTH // TILE, HEIGHT // TILE
        to, origin = self.random.randrange(columns * rows), self.random.randrange(columns * rows)
        self.client.do("show", TILE, TILE, to % columns * TILE, to // columns * TILE, origin % columns * TILE,
                       origin // columns * TILE)

    def whole(self):
        """Scrolled by a line of pixels, so that each differs from the one before."""
        split = self.count * 17 % HEIGHT
        self.client.do("show", WIDTH, HEIGHT - split, 0, 0, 0, split)
        if split:
            self.client.do("show", WIDTH, split, 0, HEIGHT - split, 0, 0)

    def run(self, seconds):
        start = time.monotonic()
        for step in range(int(seconds * RATE)):
            getattr(self, self.kind)()
            self.count += 1
            time.sleep(max(0, start + (step + 1) / RATE - time.monotonic()))


class Viewer(threading.Thread):
    """Asks for the next picture as soon as it has one."""

    def __init__(self, agent):
        super().__init__()
        self.client, self.ends, self.answers, self.bytes = agent.client(), False, 0, 0
        self.client.socket.settimeout(60)
        self.facts = self.ask("wait-ms=0")

    def ask(self, *more):
        self.client.send(wire.request(wire.SCREENSHOT, s("delta=1"), s("cursor=0"), *map(s, more)))
        reply = self.client.reply_list()
        self.bytes += len(reply[-1].payload) if reply[-1].kind == "d" else 0
        return Facts(entry.text for entry in reply if entry.kind == "s")

    def run(self):
        while not self.ends:
            self.facts = self.ask(f"if-changed={self.facts['hash']}", "wait-ms=1000")
            self.answers += "unchanged" not in self.facts

    def end(self):
        self.ends = True
        self.join()


def measure(drawing, pids, seconds):
    before = {pid: nanoseconds(pid) for pid in pids}
    start = time.monotonic()
    drawing.run(seconds)
    took = time.monotonic() - start
    return {pid: (nanoseconds(pid) - before[pid]) / took / 1e7 for pid in pids}


def turn(folder, screen, kind, seconds):
    with Server(screens=(f"{WIDTH}x{HEIGHT}x24",)) as server:
        client = server.client()
        client.do("load", os.path.join(folder, f"{screen}.ppm"))
        client.do("show", WIDTH, HEIGHT, 0, 0, 0, 0)
        drawing = Drawing(client, kind)
        alone = measure(drawing, [server.pid], seconds)[server.pid]
        with harness.Agent(env={"DISPLAY": server.display}) as agent:
            viewer = Viewer(agent)
            viewer.start()
            drawing.run(2)
            answers, size = viewer.answers, viewer.bytes
            pids = tree(agent.pid)
            names = {pid: name_of(pid) for pid in pids}
            used = measure(drawing, [server.pid, *pids], seconds)
            answers, size = viewer.answers - answers, viewer.bytes - size
            viewer.end()
        server_more = used[server.pid] - alone
        return {"pictures": answers / seconds, "kb": size / max(1, answers) / 1e3, "server": server_more,
                "agent": sum(used[pid] for pid in pids), "each": [(names[pid], used[pid]) for pid in pids]}


def main():
    with tempfile.TemporaryDirectory(prefix="periscope-live-", dir="/tmp") as folder:
        subprocess.run([os.path.join(options.build, "tests", "bench", "bench_screens"), folder], check=True)
        for screen, kind in (("terminal", "tile"), ("terminal", "whole"), ("flat", "whole"), ("photo", "whole")):
            turns = [turn(folder, screen, kind, options.seconds) for _ in range(options.turns)]
            turns.sort(key=lambda one: one["agent"] + one["server"])
            one = turns[len(turns) // 2]
            print(f"{screen}, {kind}: {one['agent'] + one['server']:.2f} % of a core ({turns[0]['agent'] + turns[0]['server']:.2f} to "
                  f"{turns[-1]['agent'] + turns[-1]['server']:.2f}): agent and workers {one['agent']:.2f}, server {one['server']:.2f}; "
                  f"{one['pictures']:.1f} pictures a second of {one['kb']:.1f} KB")
            for name, used in one["each"]:
                print(f"    {used:6.2f}  {re.sub('/.*/', '', name)}")


main()
