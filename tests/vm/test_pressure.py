#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service in a whole Debian under pressure: no memory, a full disk. Another client, who was there before, is answered
each time, and afterwards the agent is as it was.

tests/integration/test_pressure.py has the rest: a fork bomb, few descriptors, no /proc, a file system that is stuck.
"""
import os
import subprocess
import sys

import debian
import pressure
import qemu
import rig
import test_debian
import wire
from harness import equal
from rig import check
from test_debian import HOME, UNIT, run, shown, wait_for

SCREEN = "backend=drm"


def other_client(machine):
    return pressure.Other(wire.Client(machine.port, timeout=qemu.PATIENCE), SCREEN, "deadline-ms=60000")


def state(machine):
    """What of the agent and of the guest has to be as before: the process, its restarts, threads, files and segments."""
    unit = shown(machine, UNIT, "MainPID", "NRestarts", "ActiveState")
    threads = run(machine, "/bin/grep", "Threads:", f"/proc/{unit['MainPID']}/status")
    files = run(machine, "/usr/bin/find", HOME, "/var/lib/periscope", "-type", "f")
    return unit, threads, sorted(files.split()), run(machine, "/bin/cat", "/proc/sysvipc/shm")


def survives(machine, press):
    """Another client's four requests are answered while press() is in force."""
    run(machine, "/bin/true")  # the file that it prints to is there from now on
    before = state(machine)
    other = other_client(machine)
    release = press(machine)
    other.asks()
    release()
    other.leave()
    wait_for(lambda: state(machine) == before, lambda: f"{state(machine)} instead of {before}")


def started(machine, script):
    return machine.client.shell(script)


def ended(machine, *pids):
    for pid in pids:
        machine.client.kill(pid)
        machine.client.forget(pid)


def memory(machine):
    def eat(machine):
        eaters = [started(machine, "exec perl -e 'push @all, 1 x 1e7 while 1'") for _ in range(2)]

        def over():
            for pid in eaters:
                equal(machine.client.wait(pid, qemu.PATIENCE), 9, "status of a program that takes all memory")
                machine.client.forget(pid)
        return over
    survives(machine, eat)


def full_disk(machine):
    def fill(machine):
        run(machine, "/bin/sh", "-c", f"fallocate -l 4G {HOME}/full; head -c 4G /dev/zero >{HOME}/full2", code=None)
        try:
            machine.client.put(HOME + "/sent", bytes(1 << 20))
        except wire.Refused as reason:
            check("No space left" in str(reason), reason)
        else:
            check(False, "an upload fits on a full disk")
        return lambda: machine.client.remove(HOME + "/full", HOME + "/full2")
    survives(machine, fill)


def programs_are_outside(machine):
    """They see the system's mounts and have none of the agent's protection."""
    pid = shown(machine, UNIT, "MainPID")["MainPID"]
    equal(run(machine, "/bin/cat", "/proc/self/oom_score_adj", f"/proc/{pid}/oom_score_adj"), "0\n-900\n")
    equal(run(machine, "/bin/pwd"), "/var/lib/periscope\n")
    ours = run(machine, "/bin/cat", "/proc/self/mountinfo")
    check("hidepid" not in ours and " /proc/sys " not in ours, f"a program's mounts: {ours}")
    unit = shown(machine, UNIT, "TasksMax", "OOMPolicy", "WatchdogUSec", "WatchdogTimestampMonotonic")
    equal((unit["TasksMax"], unit["OOMPolicy"], unit["WatchdogUSec"]), ("infinity", "continue", "1min"))


def signs_of_life(machine):
    """The manager gets one after the other, and has not started the agent again."""
    def stamp():
        return int(shown(machine, UNIT, "WatchdogTimestampMonotonic")["WatchdogTimestampMonotonic"])
    first = stamp()
    wait_for(lambda: stamp() > first, "a sign of life")
    equal(shown(machine, UNIT, "NRestarts")["NRestarts"], "0", "restarts of the agent")


TESTS = [test_debian.log_on, programs_are_outside, signs_of_life, full_disk, memory, signs_of_life]


def main():
    made = subprocess.run(["tests/vm/make-debian", debian.initramfs.CACHE], check=False, stdout=subprocess.PIPE, text=True)
    print(made.stdout, end="", flush=True)
    if made.returncode:
        return 0 if made.returncode == debian.UNAVAILABLE else 1
    disk, package = debian.make_disks(os.path.join(qemu.VM, "pressure"))
    for tests, disks in (([test_debian.installed], (disk, package)), (TESTS, (disk,))):
        with debian.Guest("pressure", *disks) as machine:
            for test in tests:
                rig.run(machine, "pressure-" + test.__name__.replace("_", "-"), test)
    return 1 if rig.failed else 0


if __name__ == "__main__":
    sys.exit(main())
