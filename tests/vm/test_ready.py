#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The way of a guest from its cold boot to a desktop that is ready and to its power-off, by the real command. QEMU tells
whether the machine is off.

The first guest is a kernel and an initramfs without logind; the second a whole Debian with systemd, logind and Xorg, whose
window manager is a stub (x11_client).
"""
import json
import os
import subprocess
import sys
import time

import debian
import initramfs
import qemu
import rig
from harness import equal, eventually
from rig import check
from test_debian import HOME, PROMPT, fetched, log_on, properties, run

CLIENT = os.path.join(os.path.dirname(os.path.abspath(qemu.PERISCOPED)), "tests", "tools", "x11_client")
REFUSED = 122


def command(machine, verb, *arguments, code=0):
    line = [qemu.PERISCOPE, verb, "--json", f"--host=127.0.0.1:{machine.port}", *arguments]
    done = subprocess.run(line, capture_output=True, timeout=2 * qemu.PATIENCE, check=False)
    check(done.returncode == code, f"{verb} exited with {done.returncode}: {done.stdout[-600:]} {done.stderr[-600:]}")
    return json.loads(done.stdout)


def phases(reply):
    return {phase["name"]: (phase["met"], phase["text"]) for phase in reply["phases"]}


def off(machine, *arguments):
    """Switches it off, and holds what the command says against QEMU's end."""
    reply = command(machine, "shutdown", "--wait", "--qmp", machine.others_path, "--timeout", str(qemu.PATIENCE), *arguments)
    check(reply["end"] in ("off, as QEMU says", "off: QEMU has ended"), reply)
    equal(machine.qemu.wait(30), 0, "QEMU's exit status")
    return reply


# ---- without logind ----

def console(machine):
    equal((properties_of(machine)["desktop.state"], properties_of(machine)["desktop.reason"]),
          ("none", "terminal 1 shows text"), "the desktop")
    reply = command(machine, "wait-ready", "--state", "none", "--gpu", "any", "--timeout", str(qemu.PATIENCE))
    check(phases(reply)["gpu"][1].endswith(": bochs-drm"), reply)


def properties_of(machine):
    return dict(machine.client.properties())


def a_card_gets_its_driver_while_a_host_waits(machine):
    """The kernel's event ends the wait."""
    machine.shell("echo 0000:00:02.0 > /sys/bus/pci/drivers/bochs-drm/unbind || "
                  "for d in /sys/bus/pci/drivers/bochs-drm/0000*; do basename $d > /sys/bus/pci/drivers/bochs-drm/unbind; done")
    reply = command(machine, "wait-ready", "--state", "none", "--gpu", "any", "--timeout", "2", code=121)
    check("no driver is bound to it" in reply["error"], reply["error"])
    pid = machine.client.shell("sleep 3; for d in /sys/bus/pci/devices/*; do case $(cat $d/class) in 0x03*) "
                               "basename $d > /sys/bus/pci/drivers/bochs-drm/bind;; esac; done")
    reply = command(machine, "wait-ready", "--state", "none", "--gpu", "bochs-drm", "--timeout", str(qemu.PATIENCE))
    check(phases(reply)["gpu"][0], reply)
    machine.client.wait(pid, qemu.PATIENCE)
    machine.client.forget(pid)


def kernel_power_off(machine):
    """Nobody is there to be asked, so that is refused; by force the kernel does it."""
    refused = command(machine, "shutdown", code=REFUSED)
    check("there is no logind" in refused["error"], refused)
    equal(off(machine, "--force")["by"], "the kernel", "who has done it")


# ---- a whole system ----

def installed(machine):
    eventually(lambda: "INSTALLED" in machine.last_words(10000), "the end of the installation", qemu.PATIENCE)
    machine.power_down()


def cold_boot(machine):
    """From the agent's first answer on, what lacks is told."""
    reply = command(machine, "wait-ready", "--state", "none", "--timeout", str(qemu.PATIENCE))
    check("terminal 1 shows text" in phases(reply)["desktop"][1], reply)
    eventually(lambda: PROMPT in machine.console_text(), "a login prompt on the console", qemu.PATIENCE)


def a_desktop_gets_ready(machine):
    """With an X server and no window manager it is starting; with one it is ready, within a moment of the event."""
    log_on(machine)
    machine.enter("startx")
    reply = command(machine, "wait-ready", "--state", "starting", "--timeout", str(qemu.PATIENCE))
    eventually(lambda: "no window manager has :0" in properties(machine).get("desktop.reason", ""), "X", qemu.PATIENCE)
    machine.periscope("put", "--executable", CLIENT, HOME + "/x11_client")
    script = (f"cd {HOME}; sleep 5; (echo manager Stub; sleep 0.1; date +%s.%N > managed; exec sleep 100000) | "
              "./x11_client > client 2>&1")
    pid = machine.periscope("run", "--no-wait", "/bin/sh", "-c", script)["pid"]
    reply = command(machine, "wait-ready", "--output", "any", "--timeout", str(qemu.PATIENCE))
    equal(phases(reply)["desktop"][0], True, reply)
    check("the window manager Stub has :0" in phases(reply)["desktop"][1], reply)
    check(fetched(machine, HOME + "/client") is not None, "the stub ran")
    age = next(phase for phase in reply["phases"] if phase["name"] == "desktop")["seconds"]
    print(f"# ready {time_of(reply) - age:.3f} s before the command's end", flush=True)
    check("refused while programs of a host run" in command(machine, "shutdown", code=REFUSED)["error"], "not refused")
    return pid


def time_of(reply):
    return max(phase["seconds"] for phase in reply["phases"])


def a_locked_session_is_not_ready(machine):
    for locked, state in (("true", "locked"), ("false", "ready")):
        run(machine, "/bin/sh", "-c", "busctl call org.freedesktop.login1 /org/freedesktop/login1/session/_3$XDG_SESSION_ID "
            f"org.freedesktop.login1.Session SetLockedHint b {locked}")
        command(machine, "wait-ready", "--state", state, "--timeout", str(qemu.PATIENCE))


def rebooted(machine):
    before = properties(machine)["boot.id"]
    reply = command(machine, "shutdown", "--reboot", "--force", "--wait", "--timeout", str(qemu.PATIENCE))
    equal((reply["by"], reply["end"]), ("logind", "booted again"), "the end")
    check(properties(machine)["boot.id"] != before, "it is the same boot")


def powered_off(machine):
    begin = time.monotonic()
    equal(off(machine)["by"], "logind", "who has done it")
    print(f"# off after {time.monotonic() - begin:.1f} s", flush=True)


def main():
    rig.in_guest("ready", ["-vga", "std"], ["bochs"],
                 [("console", console), ("driver", a_card_gets_its_driver_while_a_host_waits),
                  ("kernel-power-off", kernel_power_off)])
    if os.environ.get("VM_SHORT"):
        return 1 if rig.failed else 0
    made = subprocess.run(["tests/vm/make-debian", initramfs.CACHE], check=False, stdout=subprocess.PIPE, text=True)
    print(made.stdout, end="", flush=True)
    if made.returncode:
        return 0 if made.returncode == debian.UNAVAILABLE and not rig.failed else 1
    disk, package = debian.make_disks(os.path.join(qemu.VM, "ready-debian"))
    for tests, disks in (([installed], (disk, package)),
                         ([cold_boot, a_desktop_gets_ready, a_locked_session_is_not_ready, rebooted, powered_off], (disk,))):
        with debian.Guest("ready-debian", *disks) as machine:
            for test in tests:
                rig.run(machine, "ready-" + test.__name__.replace("_", "-"), test)
    return 1 if rig.failed else 0


if __name__ == "__main__":
    sys.exit(main())
