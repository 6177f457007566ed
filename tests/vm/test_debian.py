#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian package in a whole Debian with systemd, logind and Xorg, used by the real command.

The machine starts three times: to get the package installed while it runs, to be used by somebody at its screen and
keyboard, and after its power was cut.
"""
import os
import subprocess
import sys

import debian
import qemu
import rig
import wire
from harness import equal, eventually
from rig import check

REFUSED = 122
NOBODY = "nobody is logged on"
PROMPT = "debian login:"
HOME = "/home/tester"
UNIT = "periscoped.service"


def wait_for(probe, what):
    return eventually(probe, what, qemu.PATIENCE)


def properties(machine):
    return machine.periscope("info")["properties"]


def run(machine, *argv, code=0):
    """What a program prints that the real command runs."""
    machine.periscope("run", "--stdout", "/tmp/out", "--stderr", "/tmp/out", *argv, code=code)
    return machine.client.get("/tmp/out").decode()


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
    check("run.error" in properties(machine), "somebody is logged on")
    wait_for(lambda: "Finished" in machine.console_text() and "install.service" in machine.console_text(),
             "the end of the installation")
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


TESTS = [("answers-before-login", answers_before_login), ("login-prompt", login_prompt)]


def main():
    made = subprocess.run(["tests/vm/make-debian", debian.initramfs.CACHE], check=False, stdout=subprocess.PIPE, text=True)
    print(made.stdout, end="", flush=True)
    if made.returncode:
        return 0 if made.returncode == debian.UNAVAILABLE else 1
    disk, package = debian.make_disks(os.path.join(qemu.VM, "debian"))
    with debian.Guest("debian", disk, package) as machine:
        rig.run(machine, "debian-installed", installed)
    with debian.Guest("debian", disk) as machine:
        for name, test in TESTS:
            rig.run(machine, "debian-" + name, test)
    return 1 if rig.failed else 0


if __name__ == "__main__":
    sys.exit(main())
