#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The desktops of Debian 13 on its kernel, used as a person does: sway and weston on virtio-gpu and on vkms, X by lightdm,
and GNOME by gdm. The picture is the screen's, by QEMU's screendump or vkms' CRC, and a program that the host runs finds
its display.

usage: tests/vm/test_desktops.py [sway|weston|lightdm|gnome...]

Too long for CI, where test_wayland.py has weston alone. A second agent, root's and on another port, does in the guest what
a test wants done there.
"""
import os
import subprocess
import sys
import tarfile

import debian
import initramfs
import picture
import qemu
import rig
import test_debian
import wire
from harness import equal
from rig import check
from test_debian import HOME, PROMPT, environment, is_x_shown, properties, run, share, wait_for

ROOTS_PORT = 9001
DISK = os.path.join(initramfs.CACHE, "desktops", "disk")
SCREEN = ["-vga", "none", "-device", "virtio-gpu-pci"]
PROMPT_OF_TESTER = "tester@debian:~$"
SWAY, WESTON, LOCKED, GREETER, RED = (bytes.fromhex(color) for color in ("336699", "996633", "204060", "306090", "ff0000"))

SWAY_CONFIG = """output * bg #336699 solid_color
seat * hide_cursor 1
default_border none
bar position top
"""
START_SWAY = """export WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 WLR_DRM_DEVICES=/dev/dri/card$1
sway -d -c /run/sway.conf > /tmp/sway.log 2>&1
"""
WESTON_CONFIG = """[core]
require-input=false
idle-time=0
xwayland=true
[shell]
clock-format=none
background-color=0xff996633
locking=false
"""
START_WESTON = """weston --backend=drm --drm-device=card$1 --renderer=pixman --config=/run/weston.ini > /tmp/weston.log 2>&1
"""

# systemd gives each program of GNOME's 90 s to start.
SLOW = """[Manager]
DefaultTimeoutStartSec=900
"""


class Root:
    """The agent of root, which a test uses as its own hands."""

    def __init__(self, port):
        self.client = wait_for(lambda: self.connect(port), "root's agent")

    shell = qemu.Machine.shell

    @staticmethod
    def connect(port):
        try:
            return wire.Client(port, timeout=qemu.PATIENCE)
        except (OSError, wire.Closed):
            return None


class Desktop(debian.Guest):
    def __init__(self, name, memory_mib):
        package = os.path.join(qemu.VM, name, "package.tar")
        os.makedirs(os.path.dirname(package), exist_ok=True)
        with tarfile.open(package, "w") as archive:
            archive.add(debian.DEB, os.path.basename(debian.DEB))
        super().__init__(name, DISK + ",snapshot=on", package, display=SCREEN, drivers=("virtio_gpu",),
                         memory_mib=memory_mib, more_ports=(ROOTS_PORT,))
        self.root = Root(self.ports[ROOTS_PORT])

    def put(self, path, text):
        """A file that anybody may read."""
        self.root.shell(f"mkdir -p {os.path.dirname(path)}")
        self.root.client.put(path, text.encode())
        self.root.shell(f"chmod a+r {path}")

    def has_color(self, color):
        """Whether QEMU shows that color on most of the screen."""
        return share(self.screendump()[2], color) > 0.5


# ---- pictures ----

def seen_alike(machine, what, *arguments):
    """Without the cursor: it has a plane of its own, which QEMU's screendump is without."""
    return test_debian.seen_alike(machine, what, "--no-cursor", *arguments)


def hardware_crc(machine, card):
    """That of a frame which began after it was asked for; each read gives a line."""
    folder = rig.CRC.format(card=card)
    text = machine.root.shell(f"echo auto > {folder}/control && dd if={folder}/data bs=256 count=2 status=none")
    return int(text.splitlines()[1].split()[-1], 16)


def alike_by_crc(machine, what, card):
    """Takes a picture with the real command that has the CRC that vkms computes. The facts."""
    path = os.path.join(machine.folder, "agent.ppm")
    reply = machine.periscope("screenshot", "--deadline", "60", os.path.basename(path))
    with open(path, "rb") as file:
        ours = qemu.parse_ppm(file.read())
    theirs = hardware_crc(machine, card)
    rig.keep(machine, what, *ours)
    rig.note(machine, what, f"CRC {theirs:08x}", picture.crc(ours[2]) == theirs)
    equal(f"{picture.crc(ours[2]):08x}", f"{theirs:08x}", f"{what}: {reply['facts']}")
    return reply["facts"]


def on_card(card, machine, what):
    """Compares with the oracle of the card: the first is QEMU's, the second is vkms."""
    return alike_by_crc(machine, what, card) if card else seen_alike(machine, what)


def said_to_sleep(machine, what, card=0):
    """A screen that is off has no picture, and that is said; beside it another card may show something."""
    wait_for(lambda: "Off" in machine.root.shell(f"cat /sys/class/drm/card{card}-*/dpms"), "a display that sleeps")
    reply = machine.periscope("screenshot", "--deadline", "60", "asleep.ppm", code=None)
    check("sleep" in str(reply), f"{what}, asleep: {reply}")


def has_most_of(machine, card, color):
    """Whether the card shows that color, by the oracle of QEMU's card, or by the agent of root where QEMU can't see it."""
    if card == 0:
        return machine.has_color(color)
    reply = machine.root.client.call(wire.SCREENSHOT, wire.s("format=ppm"), wire.s(f"output=card{card}-Virtual-2"),
                                     wire.s("deadline-ms=60000"))
    return reply[-1].kind != "e" and share(qemu.parse_ppm(reply[-1].payload)[2], color) > 0.5


# ---- before and after log-in ----

def log_on(machine):
    wait_for(lambda: PROMPT in machine.console_text(), "a login prompt on the console")
    seen_alike(machine, "login prompt")
    machine.enter("tester")
    wait_for(lambda: machine.shows(PROMPT_OF_TESTER), "a shell's prompt")
    check(properties(machine)["run.as"].startswith("user tester (uid 1000), session "), properties(machine))


def session_environment(machine):
    return environment(run(machine, "/usr/bin/env"))


def other_terminal_and_back(machine, what, color, card=0):
    """Where the compositor is on vkms, the console is on QEMU's card, where it has been all the time."""
    machine.press("ctrl", "alt", "f3")
    wait_for(lambda: "vt=3 " in machine.console_text() and machine.shows(PROMPT), "another terminal's login prompt")
    facts = seen_alike(machine, f"console beside {what}")
    check("vt3 is active and shows text" in facts["chosen"], facts)
    machine.press("ctrl", "alt", "f1")
    wait_for(lambda: has_most_of(machine, card, color), f"{what} again")
    on_card(card, machine, f"{what} again")


# ---- sway ----

def check_chosen(facts, name, card):
    """Of the only card that is on nobody asks who has it open."""
    check(facts["chosen"].startswith(f"card{card} (") and (not card or f"and {name} (process" in facts["chosen"]), facts)


def start_compositor(machine, name, card, color):
    machine.enter(f"sh /run/{name} {card}")
    try:
        wait_for(lambda: has_most_of(machine, card, color), f"{name} on card{card}")
    except AssertionError as reason:
        raise AssertionError(f"{reason}: {machine.root.shell(f'tail -n 20 /tmp/{name}.log')}") from reason


def sway(machine, card):
    name = f"sway on card{card}"
    machine.put("/run/sway.conf", SWAY_CONFIG)
    machine.put("/run/sway", START_SWAY)
    start_compositor(machine, "sway", card, SWAY)
    facts = on_card(card, machine, name)
    check_chosen(facts, "sway", card)
    sway_has_its_programs(machine)
    sway_locked(machine, name, card)
    sway_asleep(machine, name, card)
    other_terminal_and_back(machine, name, SWAY, card)
    run(machine, "/usr/bin/swaymsg", "exit", code=None)  # it may be gone before it answers
    wait_for(lambda: machine.shows(PROMPT_OF_TESTER), "the shell that sway was started from")


def sway_has_its_programs(machine):
    """Those of Wayland, of X (which start an Xwayland), and of sway itself; grim takes the same picture."""
    found = session_environment(machine)
    for name in ("WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "SWAYSOCK", "DISPLAY", "XDG_SESSION_ID", "DBUS_SESSION_BUS_ADDRESS"):
        check(found.get(name), f"no {name} in {found}")
    run(machine, "/usr/bin/swaymsg", "-t", "get_outputs")
    check("wl_compositor" in run(machine, "/usr/bin/wayland-info"), "a program does not reach the compositor")
    run(machine, "/usr/bin/grim", "-t", "ppm", HOME + "/grim.ppm")
    machine.periscope("screenshot", "--deadline", "60", "agent.ppm")
    with open(os.path.join(machine.folder, "agent.ppm"), "rb") as file:
        check(file.read() == machine.client.get(HOME + "/grim.ppm"), "grim's picture is another")
    check("Screen Saver" in run(machine, "/usr/bin/xset", "q"), "a program does not reach the X server")


def sway_locked(machine, name, card):
    machine.periscope("run", "--no-wait", "/usr/bin/swaylock", "--color", LOCKED.hex())
    wait_for(lambda: has_most_of(machine, card, LOCKED), "a locked screen")
    on_card(card, machine, f"{name}, locked")
    machine.root.shell("pkill -o -USR1 swaylock")  # the process that checks passwords is its child
    wait_for(lambda: has_most_of(machine, card, SWAY), "an unlocked screen")


def sway_asleep(machine, name, card):
    run(machine, "/usr/bin/swaymsg", "output", "*", "power", "off")
    said_to_sleep(machine, name, card)
    run(machine, "/usr/bin/swaymsg", "output", "*", "power", "on")
    wait_for(lambda: has_most_of(machine, card, SWAY), "a display that is awake")
    on_card(card, machine, f"{name}, awake again")


# ---- weston ----

def weston(machine, card):
    name = f"weston on card{card}"
    machine.put("/run/weston.ini", WESTON_CONFIG)
    machine.put("/run/weston", START_WESTON)
    start_compositor(machine, "weston", card, WESTON)
    facts = on_card(card, machine, name)
    check_chosen(facts, "weston", card)
    found = session_environment(machine)
    for variable in ("WAYLAND_DISPLAY", "DISPLAY", "XDG_RUNTIME_DIR", "XDG_SESSION_ID"):
        check(found.get(variable), f"no {variable} in {found}")
    check("Screen Saver" in run(machine, "/usr/bin/xset", "q"), "a program does not reach the X server")
    check("weston_" in run(machine, "/usr/bin/wayland-info"), "a program does not reach the compositor")
    other_terminal_and_back(machine, name, WESTON, card)
    machine.root.shell("pkill -x weston")
    wait_for(lambda: machine.shows(PROMPT_OF_TESTER), "the shell that weston was started from")


def on_vkms(compositor):
    def test(machine):
        machine.root.shell("modprobe vkms")
        wait_for(lambda: "card1" in machine.root.shell("ls /dev/dri"), "vkms' card")
        compositor(machine, 1)
    test.__name__ = compositor.__name__ + "_on_vkms"
    return test


def on_virtio(compositor):
    def test(machine):
        compositor(machine, 0)
    test.__name__ = compositor.__name__ + "_on_virtio"
    return test


# ---- X by lightdm ----

def greets(machine):
    """Whether there is its window on its background."""
    return 0.5 < share(machine.screendump()[2], GREETER) < 0.98


def greeter(machine):
    machine.root.shell("systemctl start lightdm")
    wait_for(lambda: greets(machine), "the greeter")
    seen_alike(machine, "greeter of lightdm")
    check("a greeter has seat0" in properties(machine)["run.error"], properties(machine))


def log_on_at_greeter(machine):
    machine.press("ret")
    wait_for(lambda: is_x_shown(machine), "the session's background")
    facts = seen_alike(machine, "X by lightdm")
    check("shows graphics" in facts["chosen"] and "is x11" in facts["chosen"], facts)
    check(properties(machine)["run.as"].startswith("user tester (uid 1000), session "), properties(machine))
    found = session_environment(machine)
    for name in ("DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_ID", "DBUS_SESSION_BUS_ADDRESS"):
        check(found.get(name), f"no {name} in {found}")
    run(machine, "/usr/bin/xsetroot", "-solid", "red")
    wait_for(lambda: machine.has_color(RED), "a screen that a program has made red")
    seen_alike(machine, "X by lightdm, drawn on by a program")
    seen_alike(machine, "X by lightdm, by the X server", "--backend", "x11")


def x_locked(machine):
    """lightdm's lock screen is a greeter of its own, beside the session, which it hides. It lets the screen sleep until
    a key is pressed, which types nothing here."""
    run(machine, "/usr/bin/dm-tool", "lock")
    said_to_sleep(machine, "X by lightdm, locked")
    machine.press("shift")
    wait_for(lambda: greets(machine), "the lock screen")
    seen_alike(machine, "X by lightdm, locked")
    check("greeter" in properties(machine)["run.error"], properties(machine))
    machine.press("ret")
    wait_for(lambda: machine.has_color(RED), "the session again")
    seen_alike(machine, "X by lightdm, unlocked")


def x_asleep(machine):
    run(machine, "/usr/bin/xset", "dpms", "force", "off")
    said_to_sleep(machine, "X by lightdm")
    run(machine, "/usr/bin/xset", "dpms", "force", "on")
    wait_for(lambda: machine.has_color(RED), "a display that is awake")
    seen_alike(machine, "X by lightdm, awake again")


def console_beside_lightdm(machine):
    machine.press("ctrl", "alt", "f3")
    wait_for(lambda: "vt=3 " in machine.console_text() and machine.shows(PROMPT), "another terminal's login prompt")
    seen_alike(machine, "console beside lightdm's X")
    machine.press("ctrl", "alt", "f7")
    wait_for(lambda: machine.has_color(RED), "the session again")
    seen_alike(machine, "X by lightdm, again")


# ---- GNOME by gdm ----

def gnome(machine):
    """gdm logs the user on. GNOME begins with its overview, which a key ends. It locks no session of who has no password."""
    machine.root.shell("echo tester:tester | chpasswd")
    machine.put("/run/systemd/user.conf.d/slow.conf", SLOW)
    machine.root.shell("mkdir -p /run/systemd/user; ln -sf /dev/null /run/systemd/user/localsearch-3.service; systemctl start gdm")
    wait_for(lambda: properties(machine).get("run.as", "").startswith("user tester"), "a session by gdm")
    wait_for(lambda: len(colors(machine)) > 8, "GNOME's overview", 2 * qemu.PATIENCE)
    facts = seen_alike(machine, "GNOME's overview")
    check("shows graphics" in facts["chosen"] and "is wayland" in facts["chosen"], facts)
    machine.press("esc")
    wait_for(lambda: machine.has_color(SWAY), "GNOME's background")
    seen_alike(machine, "GNOME by gdm")


def colors(machine):
    """Those of a grid of points."""
    width, height, pixels = machine.screendump()
    return {pixels[i:i + 3] for y in range(0, height, 5) for i in range(y * width * 3, (y + 1) * width * 3, 15)}


def gnome_has_its_programs(machine):
    found = session_environment(machine)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_ID", "DBUS_SESSION_BUS_ADDRESS",
                 "XDG_CURRENT_DESKTOP"):
        check(found.get(name), f"no {name} in {found}")
    check("wl_compositor" in run(machine, "/usr/bin/wayland-info"), "a program does not reach the compositor")
    check("Screen Saver" in run(machine, "/usr/bin/xset", "q"), "a program does not reach the X server")


def says_locked(machine):
    """Whether there is a picture, with a warning of a locked session."""
    reply = machine.periscope("screenshot", "--deadline", "60", "locked.ppm", code=None)
    return "locked" in str(reply.get("warnings"))


def wake_locked(machine):
    """A key that types nothing: the screen of a locked session sleeps again when nobody has touched any for 15 s."""
    machine.press("shift")
    return says_locked(machine)


def gnome_locked(machine):
    """GNOME tells logind, and the picture has a warning. The screen sleeps soon, which is said, too."""
    machine.root.shell("loginctl lock-sessions")
    said_to_sleep(machine, "GNOME, locked")
    wait_for(lambda: wake_locked(machine), "a warning of a locked session")
    seen_alike(machine, "GNOME, locked")
    machine.root.shell("loginctl unlock-sessions")
    wait_for(lambda: machine.has_color(SWAY) and not says_locked(machine), "GNOME's background again")
    seen_alike(machine, "GNOME, unlocked")


def console_beside_gnome(machine):
    machine.press("ctrl", "alt", "f3")
    wait_for(lambda: "vt=3 " in machine.console_text() and machine.shows(PROMPT), "another terminal's login prompt")
    seen_alike(machine, "console beside GNOME")
    machine.press("ctrl", "alt", "f2")
    wait_for(lambda: machine.has_color(SWAY), "GNOME's background again")
    seen_alike(machine, "GNOME, again")


TESTS = {
    "sway": [log_on, on_virtio(sway), on_vkms(sway)],
    "weston": [log_on, on_virtio(weston), on_vkms(weston)],
    "gnome": [gnome, gnome_has_its_programs, gnome_locked, console_beside_gnome],
    "lightdm": [greeter, log_on_at_greeter, x_locked, x_asleep, console_beside_lightdm],
}
MEMORY_MIB = {"gnome": 3072}


def use(name):
    with Desktop("desktop-" + name, MEMORY_MIB.get(name, 1024)) as machine:
        for test in TESTS[name]:
            rig.run(machine, f"desktop-{test.__name__.replace('_', '-')}", test)


def main():
    made = subprocess.run(["tests/vm/make-desktops", initramfs.CACHE], check=False, stdout=subprocess.PIPE, text=True)
    print(made.stdout, end="", flush=True)
    if made.returncode:
        return 0 if made.returncode == debian.UNAVAILABLE else 1
    for name in sys.argv[1:] or TESTS:
        use(name)
    return 1 if rig.failed else 0


if __name__ == "__main__":
    sys.exit(main())
