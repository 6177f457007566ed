#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""X servers that can't be trusted, of a user with no rights: with which rights they are captured, and that nothing they do
hides the real screen. `make check-hostile-x` lets the corrupting one run for ten minutes, under ASan."""
import contextlib
import glob
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from harness import PATIENCE, check, equal, eventually, main, need_root, test
from isolation import isolate, need_isolation, on_the_seat
from wire import Refused
from worker import Worker, request
from xserver import Server

NOBODY = 65534
SECONDS = int(os.environ.get("PERISCOPE_HOSTILE_SECONDS") or 20)
DEADLINE_MS = 4000
HERE = os.path.dirname(os.path.abspath(__file__))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def has_libx11(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        return "libX11" in file.read()


def segments():
    """Those that a process here has made: for others /proc tells no process."""
    with open("/proc/sysvipc/shm", encoding="ascii") as file:
        next(file)
        return sum(line.split()[4] != "0" for line in file)


@contextlib.contextmanager
def hostile(server, mode, seed=1, user=NOBODY):
    """The proxy before a server, as a process called Xvfb on a display of its own."""
    folder = tempfile.mkdtemp(prefix="periscope-test-x11-", dir="/tmp")
    os.chmod(folder, 0o755)
    shutil.copy(os.path.join(HERE, "hostile_x.py"), folder)
    program = os.path.join(folder, "Xvfb")
    os.symlink("/usr/bin/python3", program)  # the name of the link becomes the process's
    number = server.number + 100
    process = subprocess.Popen([program, os.path.join(folder, "hostile_x.py"), f":{number}",
                                str(server.number), str(seed), mode],
                               user=user, group=user, extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        equal(process.stdout.readline(), b"ready\n", "the hostile server")
        process.display, process.number = f":{number}", number
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        shutil.rmtree(folder)
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"/tmp/.X11-unix/X{number}")


def look(display):
    return Worker({"DISPLAY": display, "XAUTHORITY": None, "HOME": "/nonexistent"}, "x11")


def prepare():
    need_isolation()
    need_root()


def ask(worker):
    try:
        return worker.screenshot(f"deadline-ms={DEADLINE_MS}")
    except Refused as reason:
        return str(reason)


# ---- rights ----

@test
def an_x_server_is_captured_as_its_owner_without_a_capability():
    prepare()
    with Server(screens=("64x48x24",)) as server, hostile(server, "mute") as fake, look(fake.display) as worker:
        thread = threading.Thread(target=ask, args=(worker,))
        thread.start()
        child = eventually(lambda: [pid for pid in children(worker.process.pid)
                                    if status(pid)["Uid"].split()[0] == str(NOBODY)], "a child that is the owner")[0]
        seen = status(child)
        equal(seen["Uid"].split(), [str(NOBODY)] * 4, "user ids")
        equal(seen["Gid"].split(), [str(NOBODY)] * 4, "group ids")
        equal(seen["Groups"].strip(), "", "supplementary groups")
        equal([seen[key] for key in ("CapPrm", "CapEff", "CapInh")], ["0" * 16] * 3, "capabilities")
        equal(seen["NoNewPrivs"], "1", "no new privileges")
        equal(os.stat(f"/proc/{child}/environ").st_uid, 0, "who may look into it")
        thread.join()


@test
def the_worker_keeps_the_capabilities_that_finding_sources_takes():
    """What it starts as root gains no others either."""
    prepare()
    allowed = sum(1 << number for number in (2, 5, 6, 7, 19, 21))  # <linux/capability.h>
    with Server(screens=("64x48x24",)) as server, look(server.display) as worker:
        worker.ppm()
        seen = status(worker.process.pid)
        equal([int(seen[key], 16) & ~allowed for key in ("CapPrm", "CapEff", "CapInh", "CapAmb")], [0] * 4, "capabilities")
        check(int(seen["CapEff"], 16) & 1 << 21, "it can't read a card")
        equal(seen["NoNewPrivs"], "1", "no new privileges")


@test
def roots_own_server_is_captured_as_nobody_and_the_worker_never_loads_xlib():
    prepare()
    with Server(screens=("64x48x24",)) as server, look(server.display) as worker:
        server.client().do("noise", 1)
        facts, shot = worker.ppm("cursor=0")
        check(shot.same(server.as_xwd_reads_it()), "another picture than xwd's")
        equal(facts["x11.method"], "shm", "method")
        (child,) = children(worker.process.pid)
        equal((status(child)["Uid"].split()[1], status(child)["CapEff"]), (str(NOBODY), "0" * 16), "its rights")
        check(has_libx11(child) and not has_libx11(worker.process.pid), "Xlib is elsewhere")


@test
def a_socket_of_another_user_than_the_process_that_was_found_is_not_entered():
    prepare()
    with Server(screens=("64x48x24",)) as server, hostile(server, "mute", user=65533) as other:
        folder = tempfile.mkdtemp(prefix="periscope-test-x11-", dir="/tmp")
        os.chmod(folder, 0o755)
        program = os.path.join(folder, "Xvfb")
        os.symlink("/usr/bin/python3", program)
        claim = subprocess.Popen([program, "-c", f"import time; time.sleep({PATIENCE})", other.display], user=NOBODY,
                                 group=NOBODY, extra_groups=[])
        try:
            with look(other.display) as worker:
                reason = ask(worker)
                line = f"its socket belongs to process {other.pid} of user 65533"
                check(any(text.startswith(f"{other.display} (Xvfb, process {claim.pid}): ") and line in text
                          for text in reason.split("; ")), reason)
        finally:
            claim.kill()
            claim.wait()
            shutil.rmtree(folder)


# ---- what they do ----

@test
def a_silent_server_does_not_hide_the_real_screen():
    prepare()
    for mode in ("mute", "silent"):
        with Server(screens=("64x48x24",)) as server, hostile(server, mode) as fake, on_the_seat(server.display), \
                look(fake.display) as worker:
            server.client().do("noise", 1)
            facts, shot = worker.ppm("cursor=0", f"deadline-ms={DEADLINE_MS}")
            check(shot.same(server.as_xwd_reads_it()), "another picture than the real screen's")
            check(any(f"X server {fake.display} does not answer" in line for line in facts.all("refused")),
                  facts.all("refused"))
            check(f"this is not the screen of DISPLAY={fake.display}" in facts.all("warning"), facts.all("warning"))


@test
def a_killed_capture_leaves_no_segment():
    prepare()
    before = segments()
    with Server(screens=("640x480x24",)) as server, look(server.display) as worker:
        facts, _ = worker.screenshot()
        equal(facts["x11.method"], "shm", "method")
        (child,) = children(worker.process.pid)
        os.kill(child, signal.SIGKILL)
        eventually(lambda: not children(worker.process.pid) or status(child)["State"].startswith("Z"), "its end")
    eventually(lambda: segments() == before, "the end of the segments of shared memory")


@test
def a_process_apart_ends_with_a_worker_that_is_killed():
    prepare()
    with Server(screens=("64x48x24",)) as server, hostile(server, "mute") as fake, look(fake.display) as worker:
        worker.send(request("screenshot", "backend=x11", f"deadline-ms={DEADLINE_MS}"))
        child = eventually(lambda: children(worker.process.pid), "a child")[0]
        worker.process.kill()
        worker.process.wait()
        eventually(lambda: not os.path.exists(f"/proc/{child}") or status(child)["State"].startswith("Z"), "its end")


def count(tally, key):
    tally[key] = tally.get(key, 0) + 1


def sanitizer_reports(worker):
    """What a sanitizer found in the program's own code: what a server makes Xlib do is expected, and done without a right."""
    found = []
    for path in glob.glob(os.path.join(worker.folder, "sanitizer.*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            frames = [line for line in file if re.match(r"\s+#\d+ ", line)]
        # A sanitizer's own free() and the like are in the program too, without a source.
        first = next((line for line in frames if ".c:" in line or ".so" in line), "")
        if ".c:" in first or not first:
            found.append((path, frames[:8]))
    return found


def one_answer(worker, rng, tally):
    """Whatever the server does: a picture, a list or a reason, within the deadline."""
    verb = rng.choice(("screenshot", "screenshot", "screenshot", "windows", "displays"))
    options = ["backend=x11", f"deadline-ms={DEADLINE_MS}"]
    if verb == "screenshot":
        live = ["cursor=0", "delta=1"]
        options += rng.choice(([], ["cursor=0"], live, [*live, f"if-changed={tally.get('hash')}"]))
    start = time.monotonic()
    try:
        lines, file = worker.ask(verb, *options)
        check(verb != "screenshot" or file or "unchanged=1" in lines, "a picture without a file")
        tally["hash"] = next((line[5:] for line in lines if line.startswith("hash=")), tally.get("hash"))
        count(tally, "picture" if file else "list")
        for line in lines:
            if "capture process" in line:
                count(tally, line[line.index("the capture process"):])
    except Refused as reason:
        check(str(reason), "no reason")
        count(tally, "reason")
    check(time.monotonic() - start < DEADLINE_MS / 1000 + PATIENCE, f"{verb} took {time.monotonic() - start:.1f} s")


@test
def a_corrupting_server_gets_a_picture_or_a_reason_each_time():
    prepare()
    seed = int(os.environ.get("PERISCOPE_SEED") or random.randrange(1 << 30))
    print(f"# PERISCOPE_SEED={seed}")
    before, tally, rounds, end = segments(), {}, 0, time.monotonic() + SECONDS
    with Server(screens=("320x240x24",)) as server, on_the_seat(server.display):
        server.client().do("noise", 1)
        while time.monotonic() < end:
            rng = random.Random(seed + rounds)
            with hostile(server, "any", seed + rounds) as fake, look(fake.display) as worker:
                os.chmod(worker.folder, 0o777)  # for a sanitizer's report of a process that is nobody's
                for _ in range(10):
                    one_answer(worker, rng, tally)
                    equal(worker.process.poll(), None, "the worker's end")
                check(not has_libx11(worker.process.pid), "the worker loaded Xlib")
                equal(sanitizer_reports(worker), [], f"what a sanitizer found with seed {seed + rounds}")
            rounds += 1
    eventually(lambda: segments() == before, "the end of the segments of shared memory")
    print(f"# {rounds} servers: {tally}")
    check(tally.get("picture"), "there was no picture at all")


if __name__ == "__main__":
    isolate()
    main()
