#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the smallest calls cost the agent, and a screenshot the agent and its worker: the instructions that callgrind counts
in their program, and the agent's system calls, by strace. Neither depends on how busy the machine is. The bounds are a fifth
above what was counted, that of the relay more: the number of its parts varies."""
import os
import re
import signal
import subprocess
import tempfile

import harness
import wire
from harness import COMMAND, Agent, Skip, check, main, need_plain_build, need_unix, test
from machine import build_library
from wire import s
from worker import Worker
from xserver import Server, need_program

FEW, MANY = 20, 520
# Of one call: instructions, where gcc 12 and glibc 2.36 on amd64 gave 1850 and 27 600 (callgrind counts each byte of a
# `rep stosb` as one), and system calls. Before files were sent in larger parts they were 1900 and 31 500, 1 and 8.
BOUNDS = {"ping": (2300, 1), "get": (36000, 9)}
# Of a screenshot of 640x480 pixels of noise: of the agent, which relays 900 kB, and of the worker, which makes a PNG of
# them, with AVX2. They gave 47 000 and 5 600 000; an agent that copied the picture, and zlib, 990 000 and 117 000 000.
RELAY_BOUND, PICTURE_BOUND = 60000, 6700000
# For a request, and what is done before a wait: how many depends on how fast it comes.
WAITS = ("recvfrom", "poll", "setsockopt", "futex", "rt_sigtimedwait")


def ping(client):
    client.ping()


def get(client):
    check(len(client.get("small")) == 4096, "another file")


def relay(client):
    reply = client.call(wire.SCREENSHOT, *map(s, ("backend=x11", "format=ppm", "deadline-ms=60000")))
    check(sum(len(entry.payload) for entry in reply) > 640 * 480 * 3, f"another picture: {reply!r:.200}")


def run(wrapper, call, count, env=None):
    """An agent that answers as many calls, behind a program that counts."""
    with Agent(wrapper=wrapper, env=env) as agent:
        agent.write("small", bytes(range(256)) * 16)
        with wire.Client(agent.port) as client:
            for _ in range(count):
                call(client)
        agent.expect_end = True
        for pid in harness.children_of(agent.pid) if wrapper[0] == "strace" else [agent.pid]:
            os.kill(pid, signal.SIGTERM)
        agent.process.wait(harness.PATIENCE)


def callgrind(path):
    return "valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={path}"


def total(path):
    with open(path, encoding="utf-8") as file:
        return int(re.search(r"^(?:totals|summary): (\d+)", file.read(), re.M)[1])


def instructions(path, call, count):
    run(callgrind(path), call, count)
    return total(path)


def relay_instructions(path, count, env):
    run(callgrind(path), relay, count, env)
    return total(path)


def picture_instructions(path, count, env):
    with Worker(env, "x11", command=(*callgrind(path), *COMMAND, "--capture-worker")) as worker:
        for _ in range(count):
            worker.screenshot("deadline-ms=60000")
    return total(path)


def system_calls(path, call, count):
    run(("strace", "-f", "-qq", "-o", path), call, count)
    with open(path, encoding="utf-8", errors="replace") as file:
        names = [found[1] for found in map(re.compile(r"\d+ +(\w+)\(").match, file) if found]
    return sum(name not in WAITS for name in names)


def of_one(counted, path, call):
    return (counted(path, call, MANY) - counted(path, call, FEW)) / (MANY - FEW)


def need_counter(program):
    need_unix("callgrind and strace count processes of this system")
    need_plain_build()
    need_program(program)
    if subprocess.run([program, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skip(f"{program} can't run a program here")


def costs(counted, program, which):
    need_counter(program)
    with tempfile.TemporaryDirectory() as folder:
        for name, call in ("ping", ping), ("get", get):
            cost, bound = of_one(counted, os.path.join(folder, "counted"), call), BOUNDS[name][which]
            print(f"# {name}: {cost:.1f} {counted.__name__.replace('_', ' ')}, bound {bound}")
            # What the agent does beside it, as signs of life, is a call or two of all.
            check(cost <= bound + 0.1, f"{name} costs {cost:.1f} {counted.__name__}, the bound is {bound}")


@test
def ping_and_small_get_cost_no_more_instructions_than_the_bound():
    costs(instructions, "valgrind", 0)


@test
def ping_and_small_get_cost_no_more_system_calls_than_the_bound():
    costs(system_calls, "strace", 1)


@test
def screenshot_costs_no_more_instructions_than_the_bound():
    """What the counted program starts, it starts by the file of the agent, uncounted."""
    need_counter("valgrind")
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        if "avx2" not in file.read():
            raise Skip("the bound is that of AVX2")
    with tempfile.TemporaryDirectory() as folder, Server(screens=("640x480x24",)) as server:
        server.client().do("noise", 1)
        env = {"DISPLAY": server.display, "LD_PRELOAD": build_library("own_file", folder), "OWN_FILE": COMMAND[0]}
        for counted, bound in (relay_instructions, RELAY_BOUND), (picture_instructions, PICTURE_BOUND):
            path = os.path.join(folder, "counted")
            cost = (counted(path, 22, env) - counted(path, 2, env)) / 20
            print(f"# a screenshot: {cost:.0f} {counted.__name__.replace('_', ' ')}, bound {bound}")
            check(cost <= bound, f"{cost:.0f} {counted.__name__}, the bound is {bound}")


if __name__ == "__main__":
    main()
