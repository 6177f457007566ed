#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service in a whole Debian under pressure: no memory, a fork bomb, a full disk, few descriptors, no /proc, a
file system that is stuck. Another client, who was there before, is answered each time, and afterwards the agent is as it
was.
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
from test_debian import HOME, UNIT, properties, restarted, run, shown, wait_for

SCREEN = "backend=drm"


def other_client(machine):
    return pressure.Other(wire.Client(machine.port, timeout=qemu.PATIENCE), SCREEN, "deadline-ms=60000")


def state(machine):
    """What of the agent and of the guest has to be as before: the process, its restarts, threads, files and segments."""
    unit = shown(machine, UNIT, "MainPID", "NRestarts", "ActiveState")
    threads = run(machine, "/bin/grep", "Threads:", f"/proc/{unit['MainPID']}/status")
    files = run(machine, "/usr/bin/find", HOME, "/var/lib/periscope", "-type", "f")
    return unit, threads, sorted(files.split()), run(machine, "/bin/cat", "/proc/sysvipc/shm")


def survives(machine, press, may_refuse=()):
    """Another client's four requests are answered while press() is in force. Returns the refusals, of those that may be."""
    run(machine, "/bin/true")  # the file that it prints to is there from now on
    before = state(machine)
    other = other_client(machine)
    release = press(machine)
    refusals = other.asks(may_refuse)
    release()
    other.leave()
    wait_for(lambda: state(machine) == before, lambda: f"{state(machine)} instead of {before}")
    return refusals


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


def fork_bomb(machine):
    def ignite(machine):
        bomb = started(machine, "exec prlimit --nproc=400 perl -e 'fork while 1'")
        wait_for(lambda: processes(machine) > 250, "a bomb that goes off")
        return lambda: wait_for(lambda: defused(machine, bomb), "the end of the bomb")
    survives(machine, ignite)  # 400 programs that want both processors


def processes(machine):
    return int(machine.client.get("/proc/loadavg").split()[3].split(b"/")[1])


def defused(machine, bomb):
    try:
        machine.client.kill(bomb)
        machine.client.forget(bomb)
    except wire.Refused:
        return False
    return True


def as_root(machine, *script):
    """Has root run it at the other terminal."""
    word = f"did {len(as_root.words)}"
    as_root.words.append(word)
    machine.client.put(HOME + "/script", "\n".join((*script, f"echo {word}", "")).encode())
    machine.press("ctrl", "alt", "f2")
    if not as_root.words[1:]:
        wait_for(lambda: machine.shows(test_debian.PROMPT), "another terminal's login prompt")
        machine.enter("root")
    wait_for(lambda: machine.shows("root@debian:~#"), "root's prompt")
    before = properties(machine)
    machine.enter(f"sh {HOME}/script")
    if "systemctl restart periscoped" in script:
        wait_for(lambda: restarted(machine, before), "another agent")
        machine.client = wire.Client(machine.port, timeout=qemu.PATIENCE)
    wait_for(lambda: word in [line.strip() for line in machine.console_text().split("\n")],
             lambda: f"no end of {script}: {machine.console_text()}")
    test_debian.users_terminal(machine)
    machine.client.remove(HOME + "/script")


as_root.words = []


def few_descriptors(machine):
    """Of 64. As many clients as are let in wait for a program, which takes two for each."""
    as_root(machine, "mkdir -p /run/systemd/system/periscoped.service.d", "cd /run/systemd/system/periscoped.service.d",
            "printf '[Service]\\nLimitNOFILE=64\\n' >few.conf", "systemctl daemon-reload", "systemctl restart periscoped")

    def take(machine):
        pid = machine.client.run("/bin/sleep", "1000")
        waiting = []
        while (client := wire.Client(machine.port, timeout=qemu.PATIENCE)).banner.startswith("testagentd"):
            client.send(wire.request(wire.WAIT2, wire.Q(pid), wire.I(wire.FOREVER)))
            waiting.append(client)
        check(len(waiting) > 5 and "64 files may be open" in client.banner, f"{len(waiting)}, {client.banner}")

        def let_go():
            for client in waiting:
                client.close()
            ended(machine, pid)
        return let_go
    survives(machine, take)


def no_proc(machine):
    """In the agent's own mount namespace. What needs it is refused."""
    enter = "nsenter --mount --target $(systemctl show -P MainPID periscoped) sh -c "

    def hide(machine):
        as_root(machine, enter + "'while umount -l /proc 2>/dev/null; do :; done'")
        return lambda: as_root(machine, enter + "'mount -t proc -o hidepid=4 proc /proc'")
    refusals = survives(machine, hide, ("picture", "kill"))
    check("kill" not in refusals or "/proc" in refusals["kill"], refusals)


STUCK = "/run/frozen/file"


def frozen_file_system(machine):
    """A program hangs in reading a file whose file system does not answer, and so does a client; and both end with it."""
    def freeze(machine):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "frozen.pl"), "rb") as file:
            machine.client.put(HOME + "/frozen.pl", file.read())
        as_root(machine, "modprobe fuse", f"mkdir -p {os.path.dirname(STUCK)}", "exec 3<>/dev/fuse",
                "mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other none " + os.path.dirname(STUCK),
                f"setsid perl {HOME}/frozen.pl <&3 >/dev/null 2>&1 &", "echo $! >/run/frozen.pid", "exec 3>&-")
        pid = machine.client.run("/bin/cat", STUCK)
        wait_for(lambda: run(machine, "/bin/cat", f"/proc/{pid}/wchan") == "request_wait_answer", "a program that is stuck")
        reader = wire.Client(machine.port, timeout=qemu.PATIENCE)
        reader.send(wire.request(wire.GETFILE, wire.s(STUCK)))
        equal(machine.client.get("/etc/hostname"), b"debian\n", "a file")

        def thaw():
            as_root(machine, "kill -9 $(cat /run/frozen.pid)", "umount -l " + os.path.dirname(STUCK))
            machine.client.wait(pid, qemu.PATIENCE)
            machine.client.forget(pid)
            reader.close()
            machine.client.remove(HOME + "/frozen.pl")
        return thaw
    survives(machine, freeze)


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
    equal(run(machine, "/usr/bin/nice"), "0\n", "priority of a program")
    equal(run(machine, "/bin/cat", f"/proc/{pid}/stat").rpartition(")")[2].split()[16], "-15", "priority of the agent")
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


TESTS = [test_debian.log_on, programs_are_outside, signs_of_life, full_disk, memory, fork_bomb, few_descriptors, no_proc, frozen_file_system,
         signs_of_life]


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
