#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian package in a whole Debian with systemd, logind and Xorg, used by the real command.

The machine starts three times: to get the package installed while it runs, to be used by somebody at its screen and
keyboard, and after its power was cut.
"""
import os
import subprocess
import sys
import time

import debian
import qemu
import rig
import wire
from harness import TOP, equal, eventually
from rig import check

REFUSED = 122
NOBODY = "nobody is logged on"
PROMPT = "debian login:"
HOME = "/home/tester"
UNIT = "periscoped.service"
RED, NAVY = b"\xff\0\0", b"\0\0\x80"
CAPABILITIES = {"CAP_DAC_READ_SEARCH": 2, "CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SYS_CHROOT": 18,
                "CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21, "CAP_SYS_TIME": 25}  # linux/capability.h


def wait_for(probe, what, patience=qemu.PATIENCE):
    return eventually(probe, what, patience)


def properties(machine):
    return machine.periscope("info")["properties"]


def run(machine, *argv, code=0, output=HOME + "/output"):
    """What a program prints that the real command runs."""
    machine.periscope("run", "--stdout", output, "--stderr", output, *argv, code=code)
    return machine.client.get(output).decode()


def fetched(machine, path):
    """What is in a file of the guest's, None when there is none."""
    try:
        return machine.client.get(path)
    except wire.Refused as reason:
        check("No such file" in str(reason), reason)
        return None


def seen_alike(machine, what, *arguments):
    """Takes a picture with the real command while QEMU's stays the same, and holds it against that. The facts."""
    path = os.path.join(machine.folder, "agent.ppm")

    def take():
        before = machine.screendump()
        facts = machine.periscope("screenshot", "--deadline", "60", *arguments, os.path.basename(path))["facts"]
        return (facts, before) if machine.screendump() == before else None

    facts, qemus = wait_for(take, f"a screen that holds still for {what}")
    with open(path, "rb") as file:
        ours = qemu.parse_ppm(file.read())
    rig.keep(machine, what, *ours)
    rig.keep(machine, what + ", by QEMU", *qemus)
    rig.note(machine, what, "screendump", ours == qemus)
    check(ours == qemus, f"{what}: {rig.differing(ours[2], qemus[2])} pixels differ; {facts}")
    return facts


# ---- before anybody logs on ----

def installed(machine):
    """In a system that runs, dpkg starts the service."""
    wait_for(lambda: "INSTALLED" in machine.last_words(10000), "the end of the installation")
    check(properties(machine)["run.error"].startswith(NOBODY), properties(machine))
    machine.power_down()


def answers_before_login(machine):
    check(machine.boot["ok"], machine.boot)
    check(properties(machine)["run.error"].startswith(NOBODY), properties(machine))
    check("run.as" not in properties(machine), "it tells as whom programs run")
    for refusal in (machine.periscope("run", "/bin/true", code=REFUSED),
                    machine.periscope("get", "/etc/hostname", "got", code=REFUSED)):
        check(NOBODY in str(refusal), refusal)


def login_prompt(machine):
    wait_for(lambda: PROMPT in machine.console_text(), "a login prompt on the console")
    facts = seen_alike(machine, "login prompt")
    equal(facts["backend"], "drm")
    check("vt1 is active and shows text" in facts["chosen"], facts)


# ---- somebody logs on ----

def log_on(machine):
    machine.enter("tester")
    wait_for(lambda: machine.shows("tester@debian:~$"), "a shell's prompt")
    user = properties(machine)["run.as"]
    check(user.startswith("user tester (uid 1000), session "), user)
    told = f"logon tester session={user.split('session ')[1].split()[0].rstrip(',')}"
    wait_for(lambda: told in [event[3] for event in machine.client.events()[1] if event[2] == "session"], f"the event {told!r}")


def ready_before_logins(machine):
    """The manager of services was told that the agent is ready, and lets nobody log on before."""
    unit = shown(machine, UNIT, "Type", "ActiveState", "SubState", "ActiveEnterTimestampMonotonic")
    equal((unit["Type"], unit["ActiveState"], unit["SubState"]), ("notify", "active", "running"))
    logins = shown(machine, "systemd-user-sessions.service", "ActiveEnterTimestampMonotonic")
    check(0 < int(unit["ActiveEnterTimestampMonotonic"]) < int(logins["ActiveEnterTimestampMonotonic"]), (unit, logins))


def shown(machine, unit, *names):
    lines = run(machine, "/bin/systemctl", "show", "-p", ",".join(names), unit).splitlines()
    return dict(line.split("=", 1) for line in lines)


def programs_are_the_users(machine):
    """A program has the environment that the person's own shell has, as far as it makes the session."""
    machine.enter("env > env.txt")
    theirs = environment(wait_for(lambda: fetched(machine, HOME + "/env.txt"), "the shell's environment").decode())
    ours = environment(run(machine, "/usr/bin/env"))
    names = ["USER", "LOGNAME", "HOME", "SHELL", "XDG_RUNTIME_DIR", "XDG_SESSION_ID", "XDG_SEAT", "XDG_VTNR",
             "DBUS_SESSION_BUS_ADDRESS"]
    equal([(name, ours.get(name)) for name in names], [(name, theirs[name]) for name in names])
    status = status_fields(run(machine, "/bin/cat", "/proc/self/status"))
    equal((status["Uid"], status["Gid"]), ("\t".join(["1000"] * 4),) * 2)
    equal((status["Groups"].split(), int(status["CapEff"], 16)), (["1000"], 0))


def environment(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def status_fields(text):
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def files_are_the_users(machine):
    write(os.path.join(machine.folder, "sent"), b"from the host\n")
    machine.periscope("put", "sent", HOME + "/sent")
    equal(run(machine, "/usr/bin/stat", "-c", "%U %G", HOME + "/sent"), "tester tester\n")
    for request in (("put", "sent", "/etc/sent"), ("get", "/etc/shadow", "got")):
        check("Permission denied" in str(machine.periscope(*request, code=REFUSED)), request)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


# ---- what the service may do ----

def rights(machine):
    """The agent has the capabilities that its unit lists, and each of them is enough for what it is there for."""
    pid = shown(machine, UNIT, "MainPID")["MainPID"]
    status = status_fields(run(machine, "/bin/cat", f"/proc/{pid}/status"))
    with open(os.path.join(TOP, "packaging", "debian", UNIT), encoding="ascii") as file:
        listed = next(line for line in file if line.startswith("CapabilityBoundingSet=")).split("=")[1].split()
    mask = sum(1 << CAPABILITIES[name] for name in listed)
    equal([int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")], [mask] * 3)
    equal(int(status["CapInh"], 16) | int(status["CapAmb"], 16), 0)
    equal(properties(machine).get("gpu.error"), None, "what it can't read of the kernel")


def clock(machine):
    tomorrow = guest_time(machine) + 86400
    machine.periscope("settime", str(tomorrow))
    check(tomorrow <= guest_time(machine) <= tomorrow + qemu.PATIENCE, "the clock was not set")
    machine.periscope("settime")
    check(abs(guest_time(machine) - time.time()) < qemu.PATIENCE, "the clock was not set back")


def guest_time(machine):
    return int(run(machine, "/bin/date", "+%s"))


def programs_are_ended(machine):
    script = f"sleep 10000 & echo $! > {HOME}/child.pid; wait"
    pid = machine.periscope("run", "--no-wait", "/bin/sh", "-c", script)["pid"]
    child = int(wait_for(lambda: fetched(machine, HOME + "/child.pid"), "the program's child"))
    equal(set(machine.periscope("kill", str(pid))["killed"]), {f"{pid} sh", f"{child} sleep"})
    run(machine, "/usr/bin/test", "-e", f"/proc/{child}", code=1)


# ---- X, and other terminals ----

def x_server(machine):
    machine.enter("startx")
    wait_for(lambda: is_x_shown(machine), "an X server with its background")
    facts = seen_alike(machine, "X")
    check("shows graphics" in facts["chosen"] and "card0" in facts["chosen"], facts)
    equal(seen_alike(machine, "X, by the X server", "--backend", "x11")["backend"], "x11")
    equal(seen_alike(machine, "X, by the kernel", "--backend", "drm")["backend"], "drm")


def is_x_shown(machine):
    """QEMU tells: most of the screen has the colour of the background."""
    return share(machine.screendump()[2], NAVY) > 0.8


def share(pixels, colour):
    return sum(pixels[i:i + 3] == colour for i in range(0, len(pixels), 3)) * 3 / len(pixels)


def programs_have_the_display(machine):
    run(machine, "/usr/bin/xsetroot", "-solid", "red")
    seen_alike(machine, "X, drawn on by a program")
    check(share(machine.screendump()[2], RED) > 0.99, "a program does not draw on the session's display")


def a_locked_session_is_warned_of(machine):
    """As a Wayland compositor tells logind that it shows its lock screen."""
    for locked in ("true", "false"):
        run(machine, "/bin/sh", "-c", "busctl call org.freedesktop.login1 /org/freedesktop/login1/session/_3$XDG_SESSION_ID "
            f"org.freedesktop.login1.Session SetLockedHint b {locked}")
        reply = machine.periscope("screenshot", "--deadline", "60", "--backend", "drm", "locked.png")
        equal([text for text in reply.get("warnings", []) if "lock" in text],
              ["the session at the screen is locked: its lock screen is shown"] if locked == "true" else [])


def console_beside_x(machine):
    machine.press("ctrl", "alt", "f2")
    wait_for(lambda: "vt=2 " in machine.console_text() and machine.shows(PROMPT), "another terminal's login prompt")
    facts = seen_alike(machine, "console beside X")
    equal(facts["backend"], "drm")
    check("vt2 is active and shows text" in facts["chosen"], facts)
    check(properties(machine)["run.error"].startswith(NOBODY), properties(machine))


def root_is_refused(machine):
    machine.enter("root")
    wait_for(lambda: machine.shows("root@debian:~#"), "root's prompt")
    check("root is logged on" in properties(machine)["run.error"], properties(machine))
    check("root is logged on" in str(machine.periscope("run", "/bin/true", code=REFUSED)), "not refused")


def back_to_x(machine):
    machine.press("ctrl", "alt", "f1")
    wait_for(lambda: share(machine.screendump()[2], RED) > 0.99, "the X server's picture")
    facts = seen_alike(machine, "X once more")
    check("vt1 is active and shows graphics" in facts["chosen"], facts)
    check("user tester" in properties(machine)["run.as"], properties(machine))


# ---- restarts ----

def restarted_when_killed(machine):
    """Somebody at the other terminal kills the agent: systemd starts it again, and a test has gone on."""
    restart_beside_a_test(machine, "systemctl kill -s 9 --kill-who main periscoped")


def restarted_by_an_upgrade(machine):
    """Root installs a package over the one that is there: another agent runs, and a test has gone on."""
    machine.periscope("put", debian.DEB, HOME + "/new.deb")
    restart_beside_a_test(machine, f"dpkg -i {HOME}/new.deb")
    equal(shown(machine, UNIT, "UnitFileState"), {"UnitFileState": "enabled"})


def restart_beside_a_test(machine, command):
    script = f"cd {HOME}; rm -f go end; echo $$ > test.pid; while [ ! -e go ]; do sleep 0.2; done; echo whole > end"
    machine.periscope("run", "--no-wait", "/bin/sh", "-c", script)
    before = properties(machine)
    machine.press("ctrl", "alt", "f2")
    wait_for(lambda: machine.shows("root@debian:~#"), "root's prompt")
    machine.enter(command)
    after = wait_for(lambda: restarted(machine, before), "another agent")
    equal(after["boot.id"], before["boot.id"])
    users_terminal(machine)
    machine.client = wire.Client(machine.port, timeout=qemu.PATIENCE)
    pid = machine.client.get(HOME + "/test.pid").decode().strip()
    check("periscoped" in run(machine, "/bin/cat", f"/proc/{pid}/cgroup"), "the test is in the service's group")
    machine.client.put(HOME + "/go", b"")
    wait_for(lambda: fetched(machine, HOME + "/end") == b"whole\n", "the end of the test")


def users_terminal(machine):
    machine.press("ctrl", "alt", "f1")
    wait_for(lambda: "run.as" in properties(machine), "the user's terminal")


def restarted(machine, before):
    """The properties of another agent than before, once there is one."""
    machine.periscope("wait-boot", "--timeout", str(qemu.PATIENCE))
    now = machine.periscope("info", code=None).get("properties")
    return now if now and now["agent.start"] != before["agent.start"] else None


def root_where_configured(machine):
    machine.press("ctrl", "alt", "f2")
    wait_for(lambda: machine.shows("root@debian:~#"), "root's prompt")
    configure(machine, "session", "root")
    check("user root (uid 0)" in properties(machine)["run.as"], properties(machine))
    equal(run(machine, "/usr/bin/id", "-un", output="/root/output"), "root\n")
    configure(machine, "root", "session")
    users_terminal(machine)


def configure(machine, old, new):
    before = properties(machine)
    machine.enter(f"sed -i s/{old}/{new}/ /etc/periscope/periscoped.conf; systemctl restart periscoped")
    wait_for(lambda: restarted(machine, before), "another agent")
    machine.client = wire.Client(machine.port, timeout=qemu.PATIENCE)


# ---- a power cut ----

FOLDER = HOME + "/uploads"
OLD, NEW = bytes(range(256)) * 4096, bytes(range(255, -1, -1)) * 65536


def power_cut(machine):
    """While an upload is on its way to a name that is there, what has come of it is on the disk; right after one has
    taken such a name, and right after one has taken a new one."""
    run(machine, "/bin/mkdir", FOLDER)
    for name in ("midway", "replaced"):
        send(machine, name, OLD)
    run(machine, "/bin/sync")
    free = free_bytes(machine)
    stalled = wire.Client(machine.port, timeout=qemu.PATIENCE)
    stalled.send(wire.request(wire.SENDFILE, wire.s(FOLDER + "/midway"), wire.I(0), wire.header("d", len(NEW)), count=3))
    stalled.send(NEW[:len(NEW) // 2])
    wait_for(lambda: free_bytes(machine) < free - len(NEW) // 4, "a part of the upload, which has no name yet")
    run(machine, "/bin/sync")
    send(machine, "replaced", NEW)
    send(machine, "added", NEW)
    equal(machine.client.get(FOLDER + "/midway"), OLD)
    machine.close()


def send(machine, name, data):
    write(os.path.join(machine.folder, "sent"), data)
    machine.periscope("put", "sent", f"{FOLDER}/{name}")


def free_bytes(machine):
    blocks, size = run(machine, "/usr/bin/stat", "--file-system", "--format", "%f %S", FOLDER).split()
    return int(blocks) * int(size)


def listing(machine):
    """[(name, size)]"""
    lines = run(machine, "/usr/bin/find", FOLDER, "-type", "f", "-printf", "%f %s\\n").splitlines()
    return [(name, int(size)) for name, size in (line.split() for line in lines)]


def nothing_is_half_written(machine):
    log_on(machine)
    found = dict(listing(machine))
    equal(machine.client.get(FOLDER + "/midway"), OLD)
    check(machine.client.get(FOLDER + "/replaced") in (OLD, NEW), "half a file")
    check(fetched(machine, FOLDER + "/added") in (None, NEW), "half a file")
    left = set(found) - {"midway", "replaced", "added"}
    equal(left, set(), "files of uploads that were not complete")
    send(machine, "midway", NEW)
    equal(machine.client.get(FOLDER + "/midway"), NEW)


TESTS = [answers_before_login, login_prompt, log_on, ready_before_logins, programs_are_the_users, files_are_the_users,
         rights, clock, programs_are_ended, x_server, programs_have_the_display, a_locked_session_is_warned_of,
         console_beside_x, root_is_refused, back_to_x, restarted_when_killed, restarted_by_an_upgrade,
         root_where_configured, power_cut]
AFTER_POWER_CUT = [answers_before_login, nothing_is_half_written]


def use(tests, *disks):
    """Starts the machine and goes through the tests, of which each goes on where the last one has left it."""
    with debian.Guest("debian", *disks) as machine:
        for test in tests:
            rig.run(machine, "debian-" + test.__name__.replace("_", "-"), test)


def main():
    made = subprocess.run(["tests/vm/make-debian", debian.initramfs.CACHE], check=False, stdout=subprocess.PIPE, text=True)
    print(made.stdout, end="", flush=True)
    if made.returncode:
        return 0 if made.returncode == debian.UNAVAILABLE else 1
    disk, package = debian.make_disks(os.path.join(qemu.VM, "debian"))
    use([installed], disk, package)
    use(TESTS, disk)
    use(AFTER_POWER_CUT, disk)
    return 1 if rig.failed else 0


if __name__ == "__main__":
    sys.exit(main())
