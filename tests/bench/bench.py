#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures pictures, transfers and pings on loopback against the tools that do the same, on one screen in one run.

usage: tests/bench/bench.py [--build DIR] [--mib N] [--runs N]

Prints a table and writes DIR/bench.json. It measures; it does not judge: the exit status is 0 when all could be
measured, whether or not an aim was met.
"""
import argparse
import contextlib
import datetime
import json
import os
import platform
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

WIDTH, HEIGHT = 1920, 1080
SEED = 20          # of the background: the same picture on every machine
TOOL_LIMIT_S = 120  # for one run of one tool
SLOW_S = 1.0       # a tool that takes longer is run SLOW_RUNS times only
SLOW_RUNS = 3
LICENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "LICENSE")


class Failure(Exception):
    """Something that keeps the bench from measuring."""


@contextlib.contextmanager
def background(command, log, **more):
    """A program that runs as long as the block does; its output is in the file `log`."""
    with open(log, "wb") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **more)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_for_text(path, pattern, limit_s=15):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.search(pattern, file.read())
        if found:
            return found[1]
        time.sleep(0.05)
    raise Failure(f"{path}: '{pattern}' did not appear within {limit_s} s")


@contextlib.contextmanager
def screen(folder):
    """An X server with a photographic background and two terminals full of text."""
    picture, number = os.path.join(folder, "background.png"), os.path.join(folder, "display")
    subprocess.run(["convert", "-seed", str(SEED), "-size", f"{WIDTH // 4}x{HEIGHT // 4}", "plasma:tomato-steelblue",
                    "-resize", f"{WIDTH}x{HEIGHT}!", "-attenuate", "0.01", "+noise", "Gaussian", "-depth", "8", picture],
                   check=True, stdin=subprocess.DEVNULL)
    # -noreset: the background outlives the program that drew it.
    with contextlib.ExitStack() as stack:
        stack.enter_context(background(["Xvfb", "-displayfd", "1", "-noreset", "-nolisten", "tcp", "-screen", "0",
                                        f"{WIDTH}x{HEIGHT}x24"], number))
        os.environ["DISPLAY"] = ":" + wait_for_text(number, r"(?m)^(\d+)$")
        # Its exit status is 1 when it did as told, too: wait_until_still sees whether the picture is there.
        subprocess.run(["display", "-window", "root", picture], check=False, stdin=subprocess.DEVNULL)
        for index, geometry in enumerate(("100x40+80+60", "90x35+1000+420")):
            show = f"tail -n +{index * 200} '{LICENCE}' | head -n 100; exec sleep 3600"
            stack.enter_context(background(["xterm", "+sb", "-geometry", geometry, "-e", "sh", "-c", show],
                                           os.path.join(folder, f"xterm{index}")))
        wait_until_still(folder)
        yield


def wait_until_still(folder):
    """Until three dumps of the screen, a quarter of a second apart, are equal and show the picture and both terminals."""
    last, equal = None, 0
    for _ in range(40):
        time.sleep(0.25)
        dump = subprocess.run(["xwd", "-root", "-silent"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
        windows = subprocess.run(["xwininfo", "-root", "-tree"], check=True, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, text=True).stdout
        drawn = len(set(dump[-4 * WIDTH:])) > 16 and windows.count("xterm") >= 2
        equal = equal + 1 if drawn and dump == last else 0
        if equal == 2:
            return
        last = dump
    raise Failure(f"the screen did not come to rest: see {folder}")


@contextlib.contextmanager
def agent(build, folder):
    log = os.path.join(folder, "periscoped.txt")
    command = [os.path.join(build, "periscoped"), "--bind", "127.0.0.1", "--workdir", folder, "0"]
    with background(command, log):
        yield "127.0.0.1", wait_for_text(log, r"READY port (\d+)")


def seconds(command):
    start = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          timeout=TOOL_LIMIT_S)
    taken = time.monotonic() - start
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}: exit status {done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return taken


def descendants():
    """/proc/PID/stat's fields from the state on, of all processes that this one has started and that still run."""
    fields, found = {}, {os.getpid()}
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit():
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    fields[int(name)] = file.read().rpartition(") ")[2].split()
    for pid in sorted(fields) * 4:  # four generations, in whatever order
        if int(fields[pid][1]) in found:
            found.add(pid)
    return [fields[pid] for pid in found if pid != os.getpid() and pid in fields]


def processor_seconds():
    """What all of them, and those that have ended, took of the processors: the tool, the X server, the agent and its workers."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = sum(int(number) for fields in descendants() for number in fields[11:15])
    return ended.ru_utime + ended.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def medians(commands, runs, before=None, processors=None):
    """The median time of each command. They take turns, so that what else the machine does meets all alike. `processors`
    gets the mean of the processors' time."""
    times = {name: [] for name in commands}
    used = {name: 0 for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            if len(times[name]) >= SLOW_RUNS and times[name][0] > SLOW_S:
                continue
            if before:
                before(name)
            start = processor_seconds() if processors is not None else 0
            taken = seconds(command)
            if turn > 0:  # the first is for the caches
                times[name].append(taken)
                used[name] += processor_seconds() - start if processors is not None else 0
    if processors is not None:
        processors.update({name: used[name] / len(times[name]) for name in commands})
    return {name: statistics.median(taken) for name, taken in times.items()}


def same_pixels(one, other):
    done = subprocess.run(["compare", "-metric", "AE", one, other, "null:"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return done.stderr.strip() == "0"


def bench_pictures(build, folder, host, runs):
    out = {name: os.path.join(folder, name + ".png") for name in ("periscope", "scrot", "maim", "import", "ffmpeg")}
    commands = {
        "periscope": [os.path.join(build, "periscope"), "screenshot", host, out["periscope"], "--no-cursor"],
        "scrot": ["scrot", "-o", out["scrot"]],
        "maim": ["maim", "-u", out["maim"]],
        "import": ["import", "-window", "root", out["import"]],
        "ffmpeg": ["ffmpeg", "-loglevel", "error", "-y", "-f", "x11grab", "-draw_mouse", "0", "-video_size",
                   f"{WIDTH}x{HEIGHT}", "-i", os.environ["DISPLAY"], "-frames:v", "1", out["ffmpeg"]],
    }
    commands = {name: command for name, command in commands.items() if shutil.which(command[0])}
    out = {name: path for name, path in out.items() if name in commands}
    if "scrot" not in commands:
        raise Failure("scrot is not installed, to which pictures are compared")
    processors = {}
    times = medians(commands, runs, processors=processors)
    sizes = {name: os.path.getsize(path) for name, path in out.items()}
    return {name: {"ms": times[name] * 1e3, "time_to_scrot": times[name] / times["scrot"], "bytes": sizes[name],
                   "processors_ms": processors[name] * 1e3, "processors_to_scrot": processors[name] / processors["scrot"],
                   "size_to_scrot": sizes[name] / sizes["scrot"], "same_pixels_as_scrot": same_pixels(path, out["scrot"])}
            for name, path in out.items()}


def place_for(size):
    """A folder for three files of that size, and what it is on: memory where there is room, so that disks don't count."""
    try:
        if shutil.disk_usage("/dev/shm").free > 4 * size:
            return "/dev/shm", "tmpfs"
    except OSError:
        pass
    return os.environ.get("TMPDIR", "/tmp"), "disk"


def write_noise(path, size):
    block = random.Random(SEED).randbytes(1 << 20)
    with open(path, "wb") as file:
        for _ in range(size >> 20):
            file.write(block)


def bench_transfers(build, host, mib, runs):
    size = mib << 20
    parent, kind = place_for(size)
    periscope, plain = os.path.join(build, "periscope"), os.path.join(build, "tests", "bench", "sendfile_copy")
    with tempfile.TemporaryDirectory(prefix="periscope-bench-", dir=parent) as folder:
        source, target, remote = (os.path.join(folder, name) for name in ("source", "target", "remote"))
        write_noise(source, size)
        commands = {
            "copy": [plain, source, target], "get": [periscope, "get", host, source, target],
            "copy, synced": [plain, source, remote, "fsync"], "put": [periscope, "put", host, source, remote],
        }

        def start_afresh(_):
            for path in (target, remote):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        times = medians(commands, runs, start_afresh)
        seconds([periscope, "put", host, source, remote])
        seconds(["cmp", source, remote])
    speeds = {name: size / taken / 1e9 for name, taken in times.items()}
    pairs = {"get": "copy", "put": "copy, synced"}
    return {"on": kind, "MiB": mib,
            **{name: {"GB_per_s": speeds[name], "plain_GB_per_s": speeds[other], "to_plain": speeds[name] / speeds[other]}
               for name, other in pairs.items()}}


def bench_ping(build, host, port):
    done = subprocess.run([os.path.join(build, "tests", "bench", "bench_ping"), host, port], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=TOOL_LIMIT_S)
    median, p99, most, count = done.stdout.split()
    return {"median_us": float(median), "p99_us": float(p99), "max_us": float(most), "count": int(count)}


def aims(result):
    picture, transfer = result["pictures"]["periscope"], result["transfers"]
    yield "a picture 15 times faster than scrot's", picture["time_to_scrot"] <= 1 / 15
    if "maim" in result["pictures"]:
        yield "50 times faster than maim's", picture["ms"] <= result["pictures"]["maim"]["ms"] / 50
    yield "a file no larger than scrot's", picture["size_to_scrot"] <= 1
    yield "the pixels that scrot reads", picture["same_pixels_as_scrot"]
    yield "get at 80 % of the plain copy or more", transfer["get"]["to_plain"] >= 0.8
    yield "ping under 200 us", result["ping"]["median_us"] < 200


def show(result):
    print(f"\n{'picture, 1920x1080':<22}{'ms':>9}{'of scrot':>10}{'processors':>12}{'of scrot':>10}{'bytes':>11}{'of scrot':>10}  same pixels")
    for name, row in result["pictures"].items():
        print(f"{name:<22}{row['ms']:>9.1f}{row['time_to_scrot']:>10.3f}{row['processors_ms']:>12.1f}{row['processors_to_scrot']:>10.3f}{row['bytes']:>11}{row['size_to_scrot']:>10.2f}"
              f"  {'yes' if row['same_pixels_as_scrot'] else 'NO'}")
    transfers = result["transfers"]
    print(f"\n{str(transfers['MiB']) + ' MiB, on ' + transfers['on']:<22}{'GB/s':>9}{'plain':>10}{'of plain':>11}")
    for name in ("get", "put"):
        row = transfers[name]
        print(f"{name:<22}{row['GB_per_s']:>9.2f}{row['plain_GB_per_s']:>10.2f}{row['to_plain']:>11.2f}")
    ping = result["ping"]
    print(f"\nping: {ping['median_us']:.1f} us median, {ping['p99_us']:.1f} us for 99 %, of {ping['count']}\n")
    for text, met in aims(result):
        print(f"aim {'met' if met else 'MISSED'}: {text}")


def machine():
    return {"cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(), "machine": platform.machine(),
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", metavar="DIR", help="where the programs are (build)")
    parser.add_argument("--mib", type=int, default=1024, metavar="N", help="size of the file to transfer (1024)")
    parser.add_argument("--runs", type=int, default=9, metavar="N", help="of each tool (9)")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    result = {"machine": machine()}
    try:
        with tempfile.TemporaryDirectory(prefix="periscope-bench-") as folder, screen(folder), \
                agent(build, folder) as (host, port):
            result["pictures"] = bench_pictures(build, folder, f"{host}:{port}", options.runs)
            result["ping"] = bench_ping(build, host, port)
            result["transfers"] = bench_transfers(build, f"{host}:{port}", options.mib, min(options.runs, 5))
    except (Failure, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"bench: {error}")
    result["aims"] = {text: met for text, met in aims(result)}
    with open(os.path.join(build, "bench.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    show(result)
    print(f"\nwritten to {os.path.join(options.build, 'bench.json')}")


if __name__ == "__main__":
    main()
