#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures files and trees on loopback against a plain sendfile(2) copy and against tar, in memory and on a disk.

usage: tests/bench/bench_files.py [--build DIR] [--mib N] [--runs N] [--disk FOLDER]

Prints a table: the medians of the time and of the processors' time of all that take part, and their ratios to what
does the same plainly. All take turns. It measures; it does not judge.
"""
import argparse
import contextlib
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from bench import Failure, agent, write_noise

TREE_FILES = 16
SMALL = 4096  # bytes of each of many files
COUNTS = (1, 10, 100, 1000, 10_000)
UNPACK = 'tar -C "$1" -cf - . | tar -C "$2" -xf -'
UNPACK_SYNCED = UNPACK + ' && sync -f "$2"'


class Meter:
    """What commands cost; the agent's share is read from /proc."""

    def __init__(self, build, folder, host, pid):
        self.host, self.pid, self.folder = host, pid, folder
        self.periscope = os.path.join(build, "periscope")
        self.plain = os.path.join(build, "tests", "bench", "sendfile_copy")
        self.made = 0

    def agent_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cost(self, command):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        agent_before = self.agent_seconds()
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=600)
        taken, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return taken, used + self.agent_seconds() - agent_before

    def target(self):
        """A name that was not there before: what was just removed makes some file systems slow."""
        self.made += 1
        path = os.path.join(self.folder, f"out{self.made}")
        os.mkdir(path)
        return path

    def medians(self, commands, runs):
        """{name: (seconds, processors' seconds)}; commands: {name: function(folder for the result) -> command}"""
        costs = {name: [] for name in commands}
        for turn in range(runs + 1):
            for name, command in commands.items():
                target = self.target()
                os.sync()
                cost = self.cost(command(target))
                if turn > 0:  # the first is for the caches
                    costs[name].append(cost)
                if len(os.listdir(target)) <= TREE_FILES:  # large ones: memory that is used anew is faster than more of it
                    shutil.rmtree(target)
        for name in os.listdir(self.folder):
            if name.startswith("out"):
                shutil.rmtree(os.path.join(self.folder, name))
        return {name: tuple(map(statistics.median, zip(*taken))) for name, taken in costs.items()}

    def one_file(self, source):
        return {
            "copy": lambda to: [self.plain, source, to + "/file"],
            "get": lambda to: [self.periscope, "get", "-q", self.host, source, to + "/file"],
            "copy, synced": lambda to: [self.plain, source, to + "/file", "fsync"],
            "put": lambda to: [self.periscope, "put", "-q", self.host, source, to + "/file"],
        }

    def tree(self, source):
        """A tree is synced on both sides."""
        return {
            "tar, synced": lambda to: ["sh", "-c", UNPACK_SYNCED, "sh", source, to],
            "get -r": lambda to: [self.periscope, "get", "-qr", self.host, source, to],
            "put -r": lambda to: [self.periscope, "put", "-qr", self.host, source, to],
        }


def make_files(folder, count, size):
    os.mkdir(folder)
    noise = random.Random(count)
    for number in range(count):
        with open(f"{folder}/{number}", "wb") as file:
            for at in range(0, size, 1 << 20):
                file.write(noise.randbytes(min(1 << 20, size - at)))


def show(title, costs, plain):
    print(f"\n{title:<40}{'ms':>9}{'of plain':>10}{'CPU ms':>9}{'of plain':>10}")
    for name, (taken, used) in costs.items():
        base = costs[plain.get(name, name)]
        print(f"{name:<40}{taken * 1e3:>9.1f}{taken / base[0]:>10.2f}{used * 1e3:>9.0f}"
              f"{used / base[1] if base[1] else 1:>10.2f}", flush=True)


def bench_place(build, kind, parent, mib, runs):
    with tempfile.TemporaryDirectory(prefix="periscope-bench-", dir=parent) as folder, agent(build, folder) as at:
        (host, port), pid = at, agent_pid(folder)
        meter = Meter(build, folder, f"{host}:{port}", pid)
        write_noise(folder + "/source", mib << 20)
        make_files(folder + "/tree", TREE_FILES, (mib << 20) // TREE_FILES)
        commands = {**meter.one_file(folder + "/source"), **meter.tree(folder + "/tree")}
        show(f"{mib} MiB on {kind}: a file; {TREE_FILES} in a tree", meter.medians(commands, runs),
             {"get": "copy", "put": "copy, synced", "get -r": "copy, synced", "put -r": "copy, synced",
              "tar, synced": "copy, synced"})
        for count in COUNTS:
            make_files(f"{folder}/many{count}", count, SMALL)
            show(f"{count} files of {SMALL} bytes on {kind}", meter.medians(meter.tree(f"{folder}/many{count}"), runs),
                 {"get -r": "tar, synced", "put -r": "tar, synced"})


def agent_pid(folder):
    """That of the agent whose working folder this is."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{name}/exe").endswith("/periscoped") and os.readlink(f"/proc/{name}/cwd") == folder:
                return int(name)
    raise Failure(f"no agent in {folder}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", metavar="DIR", help="where the programs are (build)")
    parser.add_argument("--mib", type=int, default=512, metavar="N", help="size of the file and of the tree (512)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of each (5)")
    parser.add_argument("--disk", default=os.environ.get("TMPDIR", "/tmp"), metavar="FOLDER", help="on a disk (/tmp)")
    options = parser.parse_args()
    try:
        for kind, parent in (("tmpfs", "/dev/shm"), ("disk", options.disk)):
            bench_place(os.path.abspath(options.build), kind, parent, options.mib, options.runs)
    except (Failure, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"bench_files: {error}")


if __name__ == "__main__":
    main()
