# SPDX-License-Identifier: LGPL-2.1-or-later
"""What 1000 captures leave behind: nothing, by the kernel's own counts; and who comes after them becomes master."""
import sys

import rig
from rig import by_crc, check, scene, with_client

CAPTURES = 1000
DEBUG = "/sys/kernel/debug"
# Of the agent, its worker and the worker's process for the card, which are all processes of that name: how many files each
# has open, and its memory.
PROCESSES = """for pid in $(pidof periscoped); do
    echo $pid $(ls /proc/$pid/fd | wc -l) $(sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/$pid/status)
done"""
GROWTH_MAX_KB = 512  # of a process that takes the same picture again and again


def processes(machine):
    """{pid: (files open, KiB of memory)}"""
    lines = [list(map(int, line.split())) for line in machine.shell(PROCESSES).splitlines()]
    return {pid: (files, memory) for pid, files, memory in lines}


def kernel_counts(machine):
    """What the kernel counts of the card. In the list of clients each line is one that has it open."""
    dri = f"{DEBUG}/dri/0"
    counts = {name: machine.shell(f"cat {dri}/{name}") for name in ("clients", "framebuffer", "gem_names")}
    counts["buffers shared"] = machine.shell(f"grep -c . {DEBUG}/dma_buf/bufinfo || true").strip()
    return counts


def clients(machine):
    """A dictionary for each that has the card open; the list's first line names the columns, which kernels differ in."""
    head, *lines = machine.shell(f"cat {DEBUG}/dri/0/clients").splitlines()
    check(head.split()[0] == "command" and "master" in head.split(), f"no list of clients: {head}")
    return [dict(zip(head.split(), line.split())) for line in lines]


def slab_kb(machine):
    return int(machine.shell("sed -n 's/^Slab: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo"))


def nothing(machine):
    def take():
        for _ in range(20):
            machine.picture(region="1x1+0+0")
        before, counts, slab = processes(machine), kernel_counts(machine), slab_kb(machine)
        check(len(before) == 3, f"an agent, a worker and its process for the card: {before}")
        for _ in range(CAPTURES):
            machine.picture(region="1x1+0+0")
        after, grown = processes(machine), slab_kb(machine) - slab
        check(kernel_counts(machine) == counts, f"{kernel_counts(machine)}, before: {counts}")
        check(after.keys() == before.keys(), f"{after}, before: {before}")
        for pid, (files, memory) in after.items():
            check(files == before[pid][0], f"process {pid} has {files} files open, before: {before[pid][0]}")
            check(memory <= before[pid][1] + GROWTH_MAX_KB, f"process {pid} has {memory} KiB, before: {before[pid][1]}")
        # A handle alone would pin a buffer of 1.2 MB and some hundred bytes of slab each time.
        check(grown < CAPTURES, f"the kernel's slab has grown by {grown} KiB")
        print(f"# {CAPTURES} captures: processes {before} -> {after}, slab {grown:+} KiB")
    with_client(machine, scene(["primary:XR24:{size}:gradient"], (640, 480)), take)


def no_master_held(machine):
    """With no other client: the agent's worker stays, the card is not open, and the next client is master."""
    for _ in range(100):
        machine.picture(region="1x1+0+0")
    check(clients(machine) == [], f"the card is held: {clients(machine)}")

    def take():
        by_crc(machine, "primary XR24, after the captures")
        held = clients(machine)
        check([(client["command"], client["master"]) for client in held] == [("kms_client", "y")], held)
        print(f"# clients: {held}")
    with_client(machine, scene(["primary:XR24:{size}:gradient"]), take)


if __name__ == "__main__":
    sys.exit(rig.main([("left-behind", ["-vga", "none"], ["vkms"],
                        [("no-master-held", no_master_held), ("nothing", nothing)])]))
