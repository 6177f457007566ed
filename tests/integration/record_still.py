#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a recording of a still screen of 1920x1080 costs, over PERISCOPE_RECORD_SECONDS (40): of an X server that tells of
changes, and of one that does not. Printed, for people: part of `make check-record`."""
import os
import time

import harness
from harness import check, children_of, test
from recording import Scene, begin, end

SECONDS = int(os.environ.get("PERISCOPE_RECORD_SECONDS") or 40)
SETTLED = 15  # after which it is looked at as seldom as it ever is


def used(pid):
    """Nanoseconds of a process's threads."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def cost(*server):
    with Scene(screens=("1920x1080x24",), server=server) as scene:
        facts = begin(scene.client)
        time.sleep(SETTLED)
        pids, at = [scene.agent.pid], 0
        while at < len(pids):
            pids += children_of(pids[at])
            at += 1
        before, x_before = sum(map(used, pids)), used(scene.server.pid)
        time.sleep(SECONDS)
        own, x_server = sum(map(used, pids)) - before, used(scene.server.pid) - x_before
        told = end(scene.client, facts)
        check(told["pictures"] == "1", f"{told['pictures']} pictures of a still screen")
        return f"{own / SECONDS / 1e7:.3f} % of a core, {x_server / SECONDS / 1e7:.3f} % in the X server"


@test
def a_still_screen_costs_little():
    print(f"# with XDamage: {cost()}")
    print(f"# without: {cost('-extension', 'DAMAGE')}")


if __name__ == "__main__":
    harness.main()
