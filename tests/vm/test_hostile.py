#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hostile test in a whole Debian with the package installed: it has the rights of the user at the screen, and tries to
gain others. Each test says what it must not get, and takes a picture: what the person sees is still what the host gets.

A second agent, of root and for the host alone, tells what is true; hostile.pl is what the test has brought.
"""
import os
import subprocess
import sys
import time

import debian
import qemu
import rig
import wire
from harness import equal
from rig import check
from test_debian import HOME, NAVY, fetched, guest_time, is_x_shown, properties, run, seen_alike, share, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = "/var/lib/periscope"  # where relative names are; every user may write there
ORACLE_PORT = 9001
SECRET = b"of root alone\n"
TRIES = 12  # requests that a hostile program makes and leaves
TESTER = 1000
EVIL = "/tmp/evil"  # where root without capabilities can run it
RAN = "/tmp/evil.ran"  # who runs the evil program is written there: root without capabilities can write to no user's folder


class Hostile(debian.Guest):
    """`oracle` is a client of root's own agent, `shell` the pid of root's shell, whose folder is /root."""

    def connect_oracle(self):
        port = self.free_port()
        self.monitor.call("human-monitor-command",
                          **{"command-line": f"hostfwd_add tcp:127.0.0.1:{port}-:{ORACLE_PORT}"})

        def connected():
            try:
                return wire.Client(port, timeout=qemu.PATIENCE)
            except (OSError, wire.Closed):
                return None
        self.oracle = wait_for(connected, "root's own agent")

    def as_root(self, script):
        pid = self.oracle.shell(script, stdout="/root/output", stderr="/root/output")
        self.oracle.wait(pid, qemu.PATIENCE)
        return self.oracle.get("/root/output").decode()

    def log(self):
        return self.client.get(".periscope/log.txt").decode("utf-8", "replace").splitlines()


def hostile(machine, *words, code=0):
    return run(machine, "/usr/bin/perl", HOME + "/hostile.pl", *map(str, words), code=code).strip()


def refused(call, *arguments, **options):
    """The text of the refusal."""
    try:
        got = call(*arguments, **options)
    except wire.Refused as reason:
        return str(reason)
    raise AssertionError(f"{call.__name__}{arguments} {options} is not refused: {got!r:.200}")


def denied(call, *arguments, **options):
    """Others' processes are not even seen by what the agent does for a host (ProtectProc)."""
    text = refused(call, *arguments, **options)
    check(any(reason in text for reason in ("Permission denied", "Operation not permitted", "Read-only", "No such file")), text)


# ---- the stage ----

def stage(machine):
    """tester is at the screen with X, and root at another terminal."""
    wait_for(lambda: "INSTALLED" in machine.last_words(20000), "the end of the installation")
    wait_for(lambda: "debian login:" in machine.console_text(), "a login prompt on the console")
    machine.enter("tester")
    wait_for(lambda: machine.shows("tester@debian:~$"), "a shell's prompt")
    machine.enter("startx")
    wait_for(lambda: is_x_shown(machine), "an X server with its background")
    machine.press("ctrl", "alt", "f2")
    wait_for(lambda: "vt=2 " in machine.console_text() and machine.shows("debian login:"), "another login prompt")
    machine.enter("root")
    wait_for(lambda: machine.shows("root@debian:~#"), "root's prompt")
    machine.enter(f"periscoped --detach --allow 10.0.2.2 {ORACLE_PORT}")
    machine.connect_oracle()
    machine.oracle.put("/root/secret", SECRET)
    machine.as_root("chmod 700 /root; chmod 644 /root/secret")
    machine.press("ctrl", "alt", "f1")
    wait_for(lambda: is_x_shown(machine), "the X server's picture")
    wait_for(lambda: "user tester" in properties(machine).get("run.as", ""), "the user's session")
    with open(os.path.join(HERE, "hostile.pl"), "rb") as file:
        machine.client.put(HOME + "/hostile.pl", file.read(), wire.SEND_EXE)
    machine.shell_pid = int(machine.as_root(  # processes may end meanwhile
        "for p in /proc/[0-9]*; do [ \"$(stat -c %u $p 2>/dev/null)\" = 0 ] && grep -qsx bash $p/comm && "
        "echo ${p#/proc/}; done").split()[-1])
    machine.agent_pid = int(machine.as_root("systemctl show -p MainPID --value periscoped"))
    machine.start = properties(machine)["agent.start"]
    machine.digest = machine.as_root("sha256sum /usr/sbin/periscoped")
    seen_alike(machine, "before all")


# ---- the agent itself ----

def hostile_connections_get_nothing(machine):
    for host in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.0.2.15"):
        equal(hostile(machine, "connect", host, qemu.AGENT_PORT), "nothing", f"what comes by {host}")
    told = [line for line in machine.log() if f"uid {TESTER} of this machine is not allowed to connect" in line]
    equal(len(told), 1, f"lines about it in {told}")


def hostile_requests_are_never_served(machine):
    """Sent before the agent can know by whom, and left: a closed socket has no owner."""
    evil = f"#!/bin/sh\nid -u >>{RAN}\n".encode()
    machine.client.put(EVIL, evil, wire.SEND_EXE)
    run(machine, "/bin/chmod", "755", EVIL)
    for name, request in (("restart", wire.request(wire.RESTART, wire.s(EVIL), wire.s("9000"))),
                          ("upgrade", wire.request(wire.UPGRADE, wire.d(evil))),
                          ("settime", wire.request(wire.SETTIME, wire.Q(1_000_000_000), wire.I(0))),
                          ("run", wire.request(wire.RUN, wire.I(1), *map(wire.s, ("", "", "", EVIL))))):
        machine.client.put(HOME + "/request", request)
        for host in ("127.0.0.1", "10.0.2.15"):
            hostile(machine, "leave", host, qemu.AGENT_PORT, HOME + "/request", TRIES)
        unharmed(machine, name)
    equal(fetched(machine, RAN), None, "as whom it ran")


def unharmed(machine, what):
    equal(properties(machine)["agent.start"], machine.start, f"the agent's start after {what}")
    equal(machine.as_root("sha256sum /usr/sbin/periscoped"), machine.digest, f"the agent's executable after {what}")
    check(abs(guest_time(machine) - time.time()) < qemu.PATIENCE, f"the clock after {what}")


def restart_never_runs_what_a_test_owns(machine):
    """Also where the host itself asks for it."""
    refused(machine.client.expect, "", wire.RESTART, wire.s(EVIL), wire.s("9000"))
    equal(fetched(machine, RAN), None, "as whom it ran, if only to be checked")
    unharmed(machine, "restart")


# ---- files ----

def secrets(machine):
    agent, shell = machine.agent_pid, machine.shell_pid
    return ["/etc/shadow", "/root/secret", "/proc/1/maps", "/proc/1/environ", f"/proc/{agent}/maps", f"/proc/{agent}/environ",
            f"/proc/{shell}/maps", f"/proc/{shell}/cwd/secret", "/proc/1/root/etc/hostname", "/proc/sys/kernel/cad_pid",
            "/proc/sys/net/ipv4/tcp_fastopen_key"]


def hostile_reads_are_denied(machine):
    for path in secrets(machine):
        machine.oracle.get(path)  # it is there, for root
        denied(machine.client.get, path)
        denied(machine.client.run, "/bin/cat", stdin=path, stdout=HOME + "/stolen")
        run(machine, "/bin/ln", "-sf", path, HOME + "/link")
        denied(machine.client.get, HOME + "/link")
        denied(machine.client.run, "/bin/cat", stdin=HOME + "/link", stdout=HOME + "/stolen")


def hostile_writes_are_denied(machine):
    paths = ["/etc/hostile", "/root/hostile", f"/proc/{machine.shell_pid}/cwd/hostile", "/etc/passwd",
             "/proc/sys/kernel/cad_pid", "/proc/sys/fs/protected_symlinks", "/usr/sbin/periscoped"]
    before = {path: fetched_by_root(machine, path) for path in paths}
    for path in paths:
        denied(machine.client.put, path, b"hostile")
        run(machine, "/bin/ln", "-sf", path, HOME + "/link")
        for name in (path, HOME + "/link"):
            denied(machine.client.run, "/bin/echo", "hostile", stdout=name)
            denied(machine.client.run, "/bin/echo", "hostile", stderr=name)
        entry = machine.client.remove(path)
        check(not entry or entry[0].kind in "su", f"{path}: {entry}")
        equal(fetched_by_root(machine, path), before[path], f"content of {path}")


def fetched_by_root(machine, path):
    try:
        return machine.oracle.get(path)
    except wire.Refused as reason:
        check("No such file" in str(reason), reason)
        return None


def outputs_that_are_replaced_hold_nobody(machine):
    """The name of a child's output is a pipe, or leads elsewhere, when the agent wants it on the disk."""
    for what in ("mkfifo out", "ln -s /dev/tty1 out", "ln -s /proc/1/maps out", "mkdir out"):
        run(machine, "/bin/rm", "-rf", HOME + "/out")
        pid = machine.client.shell(f"cd {HOME}; rm -rf out; {what}; exit 7", stdout=HOME + "/out")
        equal(machine.client.wait(pid, 60), 7 << 8, f"status after {what}")
        machine.client.forget(pid)
    run(machine, "/bin/rm", "-rf", HOME + "/out")


def virtual_files_are_the_agents(machine):
    names = ("status.txt", "log.txt", "windows.txt", "screenshot.png")
    script = f"mkdir -p {SHARED}/.periscope && cd {SHARED}/.periscope && for name in {' '.join(names)}; do echo forged >$name; done"
    run(machine, "/bin/sh", "-c", script)
    try:
        for name in names:
            check(b"forged" not in machine.client.get(".periscope/" + name), f"{name} is forged")
    finally:
        run(machine, "/bin/rm", "-rf", SHARED + "/.periscope")


def temporary_names_can_not_be_taken(machine):
    run(machine, "/bin/sh", "-c", f"""cd {SHARED}; echo mine >{HOME}/victim
        i=0; while [ $i -lt 400 ]; do ln -s {HOME}/victim .periscope-{machine.agent_pid}-$i.tmp; i=$((i+1)); done""")
    try:
        for i in range(5):
            machine.client.put(f"upload-{i}", b"%d\n" % i)
            equal(machine.client.get(f"upload-{i}"), b"%d\n" % i, "what was sent")
        equal(machine.client.get(HOME + "/victim"), b"mine\n", "a file that is none of theirs")
    finally:
        run(machine, "/bin/sh", "-c", f"rm -f {SHARED}/.periscope-*.tmp {SHARED}/upload-*")


# ---- the screen ----

def start_fake(machine, mode, name, number, *words, environment=()):
    """An X server of that name, and its pid."""
    run(machine, "/bin/cp", "--remove-destination", "/usr/bin/perl", f"{HOME}/{name}")  # one may run of the same name
    output = f"{HOME}/fake-{number}"
    pid = machine.client.run("/usr/bin/env", *environment, f"{HOME}/{name}", HOME + "/hostile.pl", "fake", mode, str(number),
                             f":{number}", *words, stdout=output, stderr=output)
    wait_for(lambda: b"READY" in (fetched(machine, output) or b""), f"{name}, {mode}")
    return pid


def real_screen(machine, what):
    facts = seen_alike(machine, what)
    equal(facts["backend"], "drm", "backend")
    facts = seen_alike(machine, what + ", by the X server", "--backend", "x11")
    equal(facts["x11.display"].split(".")[0], ":0", "the X server")


def with_fakes(machine, what, fakes):
    pids = []
    try:
        for *words, options in fakes:
            pids.append(start_fake(machine, *words, **options))
        real_screen(machine, what)
    finally:
        for pid in pids:
            machine.client.kill(pid)
            machine.client.forget(pid)


def silent_servers_hide_nothing(machine):
    with_fakes(machine, "silent servers", [("silent", "Xorg", 5, "vt1", {}), ("silent", "Xvfb", 6, {})])


def false_servers_hide_nothing(machine):
    with_fakes(machine, "false servers", [("false", "Xorg", 5, "vt1", {}), ("false", "Xvfb", 6, {})])


def huge_servers_hide_nothing(machine):
    with_fakes(machine, "huge servers", [("huge", "Xorg", 5, "vt1", {}), ("huge", "Xvfb", 6, {})])


def false_authority_files_hold_nobody(machine):
    run(machine, "/bin/sh", "-c", f"cd {HOME}; rm -f pipe shadow; mkfifo pipe; ln -s /etc/shadow shadow")
    pipe = {"environment": (f"XAUTHORITY={HOME}/pipe", "DISPLAY=:5")}
    with_fakes(machine, "false authority files",
               [("false", "Xorg", 5, "vt1", "-auth", HOME + "/pipe", pipe), ("false", "Xvfb", 6, "-auth", HOME + "/shadow", {}),
                ("false", "Xvfb", 7, "-auth", "/proc/1/maps", {}), ("false", "Xvfb", 8, "-auth", "/dev/zero", {})])


def many_servers_hide_nothing(machine):
    """More than the agent looks at."""
    script = f"cd {HOME}; cp --remove-destination /bin/sleep Xvfb; for i in $(seq 80); do ./Xvfb 1000 & done; echo READY >many; wait"
    pid = machine.client.shell(script)
    try:
        wait_for(lambda: fetched(machine, HOME + "/many"), "many servers")
        real_screen(machine, "many servers")
    finally:
        machine.client.kill(pid)
        machine.client.forget(pid)


def all_is_as_before(machine):
    unharmed(machine, "all of this")
    equal(int(machine.as_root("systemctl show -p MainPID --value periscoped")), machine.agent_pid, "the agent's process")
    check(share(machine.screendump()[2], NAVY) > 0.8, "the screen")
    real_screen(machine, "after all")


TESTS = [hostile_connections_get_nothing, hostile_requests_are_never_served, restart_never_runs_what_a_test_owns,
         hostile_reads_are_denied, hostile_writes_are_denied, outputs_that_are_replaced_hold_nobody,
         virtual_files_are_the_agents, temporary_names_can_not_be_taken, silent_servers_hide_nothing,
         false_servers_hide_nothing, huge_servers_hide_nothing, false_authority_files_hold_nobody,
         many_servers_hide_nothing, all_is_as_before]


def main():
    made = subprocess.run(["tests/vm/make-debian", debian.initramfs.CACHE], check=False, stdout=subprocess.PIPE, text=True)
    print(made.stdout, end="", flush=True)
    if made.returncode:
        return 0 if made.returncode == debian.UNAVAILABLE else 1
    names = sys.argv[1:]
    with Hostile("hostile", *debian.make_disks(os.path.join(qemu.VM, "hostile"))) as machine:
        rig.run(machine, "hostile-stage", stage)
        for test in TESTS if not rig.failed else ():
            if not names or test.__name__ in names:
                rig.run(machine, test.__name__.replace("_", "-"), test)
    return 1 if rig.failed else 0


if __name__ == "__main__":
    sys.exit(main())
