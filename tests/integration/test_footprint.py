#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the agent costs a guest that has nothing to do with it: processor, memory, disk, libraries."""
import os
import re
import shutil
import subprocess
import tempfile
import time

import harness
import wire
from harness import Skip, check, equal, eventually, need_plain_build, need_unix, refused, with_agent


@with_agent()
def idle_agent_uses_no_processor(agent):
    """No tick in 3 s, with clients connected and a child running: nothing polls. A tick may still be charged for what
    went before, so a second look decides."""
    need_plain_build()
    clients = [agent.client() for _ in range(10)]
    clients[0].ping()
    pid = agent.cleanup(clients[1].run("sleep", "1000"))
    used = []
    while len(used) < 3 and 0 not in used:
        before = agent.cpu_ticks()
        time.sleep(3)
        used.append(agent.cpu_ticks() - before)
    check(0 in used, f"ticks within 3 s each: {used}")
    equal(context_switches(agent), 0, "voluntary context switches within 3 s")
    refused(wire.TIMED_OUT, clients[1].wait, pid, 0)


def context_switches(agent):
    """Of all the agent's threads within 3 s: who sleeps until something happens has none."""
    def total():
        return sum(int(words[0]) for words in harness.thread_fields(agent.pid, "voluntary_ctxt_switches").values())
    before = total()
    time.sleep(3)
    return total() - before


@with_agent()
def idle_agent_uses_little_memory(agent):
    need_unix("Wine's own memory is counted in it")
    need_plain_build()
    client = agent.client()
    client.ping()
    client.properties()
    check(agent.memory("VmRSS") < 8 << 10, f"{agent.memory('VmRSS')} kB")


@with_agent()
def idle_clients_use_little_memory(agent):
    """Neither while they are connected nor once they have left."""
    need_unix("Wine's own memory is counted in it")
    need_plain_build()
    clients = [agent.client() for _ in range(100)]
    for client in clients:
        client.ping()
    connected = agent.memory("VmRSS")
    for client in clients:
        client.close()
    eventually(lambda: agent.fd_count() <= agent.fds, "the end of all connections")
    check(max(connected, agent.memory("VmRSS")) < 8 << 10, f"{connected} kB, and {agent.memory('VmRSS')} kB afterwards")


def output_of(*command):
    if not shutil.which(command[0]):
        raise Skip(f"no {command[0]}")
    return subprocess.run(command, capture_output=True, text=True, timeout=harness.PATIENCE, check=True).stdout


@harness.test
def stripped_binary_is_small():
    """The bound is for what a guest must hold at all. The desktop's state, graphics cards, the journal, streams, trees of
    files and the encoder took 20 to 30 KB each. The flags that harden take 17 KB: checks of the
    stack and of lengths, and marks where jumps may end. Capturing in processes apart takes as much."""
    need_unix("tests/wine/test_imports.py has it")
    need_plain_build()
    with tempfile.TemporaryDirectory(prefix="periscope-") as folder:
        stripped = os.path.join(folder, "periscoped")
        output_of("strip", "-o", stripped, harness.COMMAND[0])
        check(os.path.getsize(stripped) < 660_000, f"{os.path.getsize(stripped)} bytes")


@harness.test
def binary_needs_libc_and_libz_only():
    """libdrm is in it: a guest with a console alone has none."""
    need_unix("tests/wine/test_imports.py has it")
    need_plain_build()
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "--dynamic", "--wide", harness.COMMAND[0]))
    equal(sorted(needed), ["libc.so.6", "libz.so.1"], "shared libraries")


if __name__ == "__main__":
    harness.main()
