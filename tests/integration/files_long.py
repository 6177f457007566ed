#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A tree of 10 000 files with odd names and one file of 5 GB, there and back over connections of which twenty break.

PERISCOPE_LOAD_PERCENT scales both. Too long for each change: make check-files.
"""
import os
import subprocess
import tempfile
import time

from broken import Proxy
from cli import COMMAND, environment
from harness import check, equal, generator, main, scaled, with_agent
from odd_tree import make_tree, same_trees

BREAKS = 20
LARGE = scaled(5 << 30, 64 << 20)  # bytes


def run(*arguments):
    start = time.monotonic()
    done = subprocess.run([*COMMAND, *arguments], env=environment(), stderr=subprocess.PIPE, check=False)
    equal(done.returncode, 0, f"exit status ({done.stderr.decode(errors='replace')})")
    print(f"# {arguments[0]}: {time.monotonic() - start:.1f} s", flush=True)


def make_large(path):
    block = generator().randbytes(1 << 20)
    with open(path, "wb") as file:
        for number in range(LARGE >> 20):
            file.write(number.to_bytes(8, "big") + block[8:])


def cuts(way):
    """Twenty, of about the same length; a part that is lost is of a few MiB."""
    step = LARGE // (BREAKS + 2) - (1 << 20)
    return [way(step + generator().randrange(1 << 20)) for _ in range(BREAKS)]


@with_agent()
def large_tree_comes_back_equal_over_twenty_breaks(agent):
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        make_tree(folder + "/in", scaled(10_000, 60))
        make_large(folder + "/in/large")
        with Proxy(agent, *cuts(lambda size: (None, size))) as proxy:
            run("put", "-r", proxy.address, folder + "/in", "there")
            check(proxy.accepted > BREAKS, f"{proxy.accepted} connections")
        same_trees(agent.path("there"), folder + "/in")
        with Proxy(agent, *cuts(lambda size: (size + (3 << 20), None))[:BREAKS // 2]) as proxy:
            run("get", "-r", proxy.address, "there", folder + "/back")
        same_trees(folder + "/back", folder + "/in")


@with_agent()
def large_file_comes_back_equal_over_twenty_breaks(agent):
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        make_large(folder + "/in")
        with Proxy(agent, *cuts(lambda size: (None, size))) as proxy:
            run("put", "--preserve", proxy.address, folder + "/in", "there")
            equal(proxy.accepted, BREAKS + 1, "connections")
        with Proxy(agent, *cuts(lambda size: (size, None))) as proxy:
            run("get", "--preserve", proxy.address, "there", folder + "/back")
            equal(proxy.accepted, BREAKS + 1, "connections")
        equal(subprocess.run(["cmp", folder + "/in", folder + "/back"], check=False).returncode, 0, "cmp")


if __name__ == "__main__":
    main()
