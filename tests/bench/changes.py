#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it costs to wait for a change of the screen, and how soon one is told.

usage: tests/bench/changes.py [SECONDS [compared]]

A server of 1920x1080, an agent and a client that waits. First nothing changes for so many seconds (60): the processor's time of
all processes is told. Then 200 rectangles are drawn, one after the answer to the other. compared: without the library by
which a server tells of changes.
"""
import contextlib
import os
import statistics
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("PERISCOPED", os.path.join(TOP, "build", "periscoped"))
sys.path.insert(0, os.path.join(TOP, "tests", "integration"))

import harness  # noqa: E402 (the path to it is set above)
from test_changes import nothing_told, screen, take, wait_for, receive  # noqa: E402


def tree(pid):
    return [pid, *(below for child in harness.children_of(pid) for below in tree(child))]




def woken(pids):
    count = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
                count += sum(int(line.split()[1]) for line in file if "voluntary_ctxt_switches" in line)
    return count


def nanoseconds(pid):
    """Of the processor, exactly: a tick is too coarse."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def stillness(client, facts, pids, seconds):
    before, begin, switches = {pid: nanoseconds(pid) for pid in pids}, time.monotonic(), woken(pids)
    answers, end = 0, begin + seconds
    while time.monotonic() < end:
        wait_for(client, facts, "delta=1", "cursor=0", ms=max(1, int(min(30, end - time.monotonic()) * 1000)))
        receive(client)
        answers += 1
    took = time.monotonic() - begin
    print(f"still for {took:.0f} s, {answers} answers, {(woken(pids) - switches) / took:.1f} wake-ups a second")
    for pid in pids:
        with open(f"/proc/{pid}/cmdline", encoding="ascii") as file:
            words = file.read().split("\0")
        print(f"  {(nanoseconds(pid) - before[pid]) / took / 1e7:6.3f} % of a core  {' '.join(words[:3])[-60:]}")
    print(f"  {sum(nanoseconds(pid) - before[pid] for pid in pids) / took / 1e7:6.3f} % in all")


def latencies(client, draws, facts, count):
    times = []
    for step in range(count):
        wait_for(client, facts, "delta=1", "cursor=0")
        time.sleep(0.05)
        start = time.monotonic()
        draws.do("box", step * 7 % 1800, step * 5 % 1000, 60, 20, f"{step:02x}{255 - step:02x}80")
        facts, _ = receive(client)
        times.append(1000 * (time.monotonic() - start))
    times.sort()
    print(f"from a change to its answer: median {statistics.median(times):.1f} ms, 95 % {times[int(len(times) * .95)]:.1f} ms")


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    compared = nothing_told() if "compared" in sys.argv else contextlib.nullcontext({})
    with compared as env, screen("1920x1080", env=env) as (draws, agent):
        client = agent.client()
        client.socket.settimeout(90)
        facts, _ = take(client, "delta=1", "cursor=0")
        wait_for(client, facts, "delta=1", "cursor=0", ms=6000)
        receive(client)
        stillness(client, facts, [agent.server_pid, *tree(agent.pid)], seconds)
        latencies(client, draws, facts, 200)


main()
