#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a recording of a still screen of 1920x1080 costs, over PERISCOPE_RECORD_SECONDS (40): of an X server that tells of
changes, and of one that does not. Printed, for people: part of `make check-record`."""
import contextlib
import os
import time

import harness
from harness import check, children_of, test
from recording import Scene, begin, end

SECONDS = int(os.environ.get("PERISCOPE_RECORD_SECONDS") or 40)
SETTLED = 20  # after which it is looked at as seldom as it ever is


def used(pid):
    """Nanoseconds of a process's threads, by thread. One may end meanwhile."""
    times = {}
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                times[thread] = int(file.read().split()[0])
    return times


def used_by_all(pids):
    return {thread: spent_ns for pid in pids for thread, spent_ns in used(pid).items()}


def spent(before, after):
    return sum(now - before.get(thread, 0) for thread, now in after.items())


def cost(*server):
    with Scene(screens=("1920x1080x24",), server=server) as scene:
        facts = begin(scene.client)
        time.sleep(SETTLED)
        pids, at = [scene.agent.pid], 0
        while at < len(pids):
            pids += children_of(pids[at])
            at += 1
        before, x_before = used_by_all(pids), used(scene.server.pid)
        time.sleep(SECONDS)
        own, x_server = spent(before, used_by_all(pids)), spent(x_before, used(scene.server.pid))
        told = end(scene.client, facts)
        check(told["pictures"] == "1", f"{told['pictures']} pictures of a still screen")
        return f"{own / SECONDS / 1e7:.3f} % of a core, {x_server / SECONDS / 1e7:.3f} % in the X server"


@test
def a_still_screen_costs_little():
    print(f"# with XDamage: {cost()}")
    print(f"# without: {cost('-extension', 'DAMAGE')}")


if __name__ == "__main__":
    harness.main()
