#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What programs write into files is on the disk as it grows. The kernel tells which of a file's pages are not: cachestat(2)."""
import ctypes
import os

from harness import Skip, check, eventually, main, need_unix, with_agent

CACHESTAT = 451  # the system call's number on each architecture
LIBC = ctypes.CDLL(None, use_errno=True)


def dirty_pages(path):
    """How many of the file's pages are not on the disk yet."""
    found = (ctypes.c_uint64 * 5)()  # cached, dirty, under writeback, evicted, recently evicted
    with open(path, "rb") as file:
        whole = (ctypes.c_uint64 * 2)()
        if LIBC.syscall(CACHESTAT, file.fileno(), whole, found, 0):
            raise Skip(f"cachestat: {os.strerror(ctypes.get_errno())}")
    return found[1] + found[2]


def need_a_disk(path):
    """Skips where a flush leaves pages dirty, as in a file system without a disk; leaves a file that the kernel keeps."""
    with open(path, "wb") as file:
        file.write(bytes(100000))
        file.flush()
        os.fsync(file.fileno())
        if dirty_pages(path):
            raise Skip("this file system has no disk")
        file.write(bytes(100000))


@with_agent()
def what_a_program_writes_is_on_the_disk_as_it_grows(agent):
    need_unix("cachestat(2)")
    client = agent.client()
    script = "head -c 100000 /dev/zero; read x < one; head -c 100000 /dev/zero; read x < two"
    for fifo in ("one", "two"):
        os.mkfifo(agent.path(fifo))
    for _ in range(3):  # the kernel flushes what is 30 s old by itself
        need_a_disk(agent.path("kept"))
        pid = client.run("/bin/sh", "-c", script, stdout="out")
        for size, fifo in ((100000, "one"), (200000, "two")):
            eventually(lambda size=size: os.path.getsize(agent.path("out")) == size and not dirty_pages(
                agent.path("out")), "a program's output on the disk while it runs")
            kept = dirty_pages(agent.path("kept"))
            with open(agent.path(fifo), "w", encoding="ascii") as file:
                file.write("\n")
        client.wait(pid)
        if kept:
            return
    check(kept, "a file that nobody flushes was on the disk as well")


if __name__ == "__main__":
    main()
