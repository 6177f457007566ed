#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes the pictures of the gateway's pages that README and docs show.

usage: tests/web/pictures.py FOLDER

The guests are made up (fake_gateway.py), so that each state is there; their screens are real ones: those of docs/pictures,
and what is drawn here on X servers.
"""
import contextlib
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import webdriver  # noqa: E402
import xserver  # noqa: E402
from fake_gateway import FakeGateway, guest  # noqa: E402
from harness import TOP, check  # noqa: E402

SIZE = "1280x800"
BYTES_MAX = 200_000
FONT = ["-fa", "DejaVu Sans Mono"]
DARK = ["-bg", "#10151c", "-fg", "#d5dbe3"]
BUILD_LOG = r"""i=0; while [ $i -lt 33 ]; do i=$((i+1)); printf '[%3d%%] cc -O2 -c src/unit_%02d.c\n' $((i*3)) $i; done; sleep 600"""
TESTS = r"""printf 'comctl32:listview start dlls/comctl32/tests/listview.c\n'; i=100; while [ $i -lt 4000 ]; do i=$((i+211));
printf 'listview.c:%d: Tests skipped: no such style\nlistview.c:%d: Test succeeded inside todo block: got %d\n' $i $((i+7)) $((i%9)); done; sleep 600"""
DIAGNOSTIC = r"""i=0; printf '[    0.000000] Linux version 6.14.4-arch1-1\n'; while [ $i -lt 23 ]; do i=$((i+1));
printf '[%5d.%06d] amdgpu 0000:03:00.0: [drm] ring %d uses VM inv eng %d on hub 0\n' $((i/4+1)) $((i*41231)) $i $((i%8)); done; sleep 600"""
LOGIN = r"""printf '\n\n  Fedora Linux 42 (Server Edition)\n  Kernel 6.14 on an x86_64 (tty1)\n\n  fedora42 login: '; sleep 600"""
LOCK = r"""printf '\n\n\n         Locked\n\n         wine\n         Password: '; sleep 600"""
SCENES = {
    "build": ["xsetroot -solid #2b4a63", ("-fs", "15", "-geometry", "72x25+60+60", "-T", "build", *DARK, "-e", "sh", "-c", BUILD_LOG)],
    "tests": ["xsetroot -solid #3a3f58", ("-fs", "15", "-geometry", "82x25+120+70", "-T", "winetest", "-e", "sh", "-c", TESTS)],
    "kernel": ["xsetroot -solid #1f5a4c", ("-fs", "14", "-geometry", "84x25+40+60", "-T", "dmesg", *DARK, "-e", "sh", "-c", DIAGNOSTIC),
            "xclock -geometry 190x190+1060+40"],
    "idle": ["xsetroot -solid #40506b", "xclock -geometry 280x280+930+60", "xcalc -geometry 380x520+80+120"],
    "login": [("-fs", "20", "-geometry", "84x28+-4+-4", "-bw", "0", "-bg", "#000000", "-fg", "#d0d0d0", "-e", "sh", "-c", LOGIN)],
    "lock": ["xsetroot -solid #1d2c47", ("-fs", "30", "-geometry", "28x9+330+180", "-bw", "0", "-bg", "#1d2c47", "-fg", "#e8edf5", "-e", "sh", "-c", LOCK)],
}
PLAIN = ("login", "lock")  # without a window manager


def take_screen(scene, folder):
    """A picture of an X server on which these programs draw."""
    path = os.path.join(folder, f"{scene}.png")
    with xserver.Server(screens=(SIZE + "x24",)) as server:
        programs = [] if scene in PLAIN else [subprocess.Popen(["twm"], env=server.environment(), stderr=subprocess.DEVNULL)]
        for words in SCENES[scene]:
            command = words.split() if isinstance(words, str) else ["xterm", *FONT, *words]
            programs.append(subprocess.Popen(command, env=server.environment(), stderr=subprocess.DEVNULL))
        for words in SCENES[scene]:
            name = words.split()[0] if isinstance(words, str) else "xterm"
            if name != "xsetroot":
                server.run("xdotool", "search", "--sync", "--onlyvisible", "--class", name)
        time.sleep(2)  # what they draw then has no end that could be waited for
        subprocess.run(["import", "-window", "root", path], env=server.environment(), check=True)
        for program in programs:
            program.kill()
            program.wait()
    return path


def pixels(path, folder):
    """(width, height, RGB) of a picture in any form."""
    plain = os.path.join(folder, "plain.ppm")
    subprocess.run(["convert", path, "-depth", "8", plain], check=True)
    with open(plain, "rb") as file:
        _, size, _, rgb = file.read().split(b"\n", 3)
    width, height = map(int, size.split())
    return width, height, rgb


def smaller(path):
    return subprocess.run(["convert", path, "-filter", "Box", "-resize", "25%", "-depth", "8", "PNG24:-"], check=True,
                          stdout=subprocess.PIPE).stdout


def guests(now):
    def ago(seconds):
        return now - int(seconds * 1000)
    size = {"width": 1280, "height": 800}
    yield guest("win10-1", "testing", test="comctl32:listview", lastChange=ago(2), group="wine", **size), "tests"
    yield guest("win10-2", "stuck", reasons=["Nothing has moved for 4 min: dialog 'Program Error'"], test="gdiplus:graphics",
                lastChange=ago(252), group="wine", **size), "pictures/demo-windows.png"
    yield guest("win10-3", "locked", lastChange=ago(3700), reasons=["By the screen saver"], group="wine", **size), "lock"
    yield guest("win11-rtx4070", "gpu-lost", gpu="NVIDIA RTX 4070", lastChange=ago(67), test="d3d12:resource",
                reasons=["The card is off its bus (0000:01:00.0)"], group="gpu", **size), None
    yield guest("win11-arc", "booting", lastChange=ago(14), reasons=["Waits for the driver of Intel Arc"], group="gpu", **size), None
    yield guest("debian12", "testing", test="gdiplus:graphics", lastChange=ago(1), group="linux", **size), "pictures/demo.png"
    yield guest("debian13-rx7600", "ready", gpu="AMD RX 7600", lastChange=ago(38), group="gpu", reasons=["AMD RX 7600, KMS"], **size), "pictures/blind-guest-periscope.png"
    yield guest("fedora42", "greeter", lastChange=ago(900), reasons=["Nobody is logged on"], group="linux", **size), "login"
    yield guest("arch-sway", "ready", lastChange=ago(61), reasons=["sway, 1 output"], group="linux", **size), "kernel"
    yield guest("ubuntu24", "testing", test="kernel32:process", lastChange=ago(6), group="linux", **size), "build"
    yield guest("rocky9", "asleep", lastChange=ago(7300), reasons=["The screen sleeps (DPMS)"], group="linux", **size), None
    yield guest("opensuse", "ready", lastChange=ago(410), group="linux", reasons=["idle for 6 min"], **size), "idle"
    yield guest("buildhost-7", "refused", lastChange=ago(5200), reasons=["Not in its allow list: 192.168.122.1"], group="lab", **size), None
    yield guest("win7-legacy", "off", lastChange=ago(90000), reasons=["No answer at 192.168.122.31:9000"], group="wine", **size), None
    yield guest("freebsd-kvm", "shutting-down", lastChange=ago(3), group="lab", reasons=["Asked for by 192.168.122.1"], **size), "idle"


LOG = [
    "192.168.122.1:52210: exec listview.exe, pid 4711, as user 'wine'", "worker: X server :0, 1280x800, 4 ms",
    "192.168.122.1:52210: wait2 4711 for 30 s", "192.168.122.1:52212: screenshot, unchanged", "pid 4711: 11 windows",
    "192.168.122.1:52212: screenshot, 3 rectangles, 18 KB", "192.168.122.1:52214: follow pid 4711 from 20480",
    "192.168.122.1:52212: screenshot, 1 rectangle, 2 KB",
]
WINDOWS = """Wine Desktop\texplorer.exe\t4102\t1280x800+0+0\t1
\tShell_TrayWnd\t4102\t1280x28+0+772\t1
Program Error\t#32770\t4733\t483x309+172+141\t1\t0\tThe program gdiplus_test.exe has encountered a serious problem
graphics test\tgdiplus_test\t4711\t198x198+0+0\t1
"""


def log_lines(now):
    for i in range(400):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now / 1000 - 400 + i))
        yield f"{stamp} {LOG[i * 7 % len(LOG)]}\n"


@contextlib.contextmanager
def farm(folder):
    now = int(time.time() * 1000)
    with FakeGateway() as gateway:
        for each, screen in guests(now):
            gateway.guests[each["name"]] = each
            if screen:
                path = os.path.join(TOP, "docs", screen) if "/" in screen else os.path.join(folder, f"{screen}.png")
                gateway.screens[each["name"]] = pixels(path, folder)
                each["width"], each["height"] = gateway.screens[each["name"]][:2]
                gateway.thumbnails[each["name"]] = smaller(path)
        gateway.texts["log"] = "".join(log_lines(now))
        gateway.files[".periscope/windows.txt"] = WINDOWS.encode()
        yield gateway


VIEWS = [  # name, path, options
    ("wall", "/", {}),
    ("wall-dark", "/", {"dark": True}),
    ("wall-phone", "/", {"width": 390, "height": 844, "phone": True}),
    ("guest", "/guest/debian12", {}),
    ("guest-dark", "/guest/win10-2#windows", {"dark": True}),
    ("guest-phone", "/guest/debian12", {"width": 390, "height": 844, "phone": True, "dark": True}),
]


def take_view(driver, gateway, folder, name, path, options):
    page = driver.page(gateway.address(path), **options)
    ready = "return document.querySelectorAll('.tile canvas').length > 3" if name.startswith("wall") else \
        "return document.querySelector('#hash').dataset.verdict === 'same'"
    page.wait(ready, f"{name} with its pictures")
    page.settle(1)
    target = os.path.join(folder, f"{name}.png")
    with open(target, "wb") as file:
        file.write(page.picture())
    check(not page.complaints(), f"{name}: the browser complains")
    page.close()
    subprocess.run(["convert", target, "-strip", "+dither", "-colors", "255", f"PNG8:{target}"], check=True)
    size = os.path.getsize(target)
    check(size < BYTES_MAX, f"{target} has {size} bytes, more than {BYTES_MAX}")
    print(f"{target}: {size} bytes")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tests/web/pictures.py FOLDER")
    os.makedirs(sys.argv[1], exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="periscope-pictures-", dir="/tmp") as folder:
        for scene in SCENES:
            take_screen(scene, folder)
        with farm(folder) as gateway, webdriver.Driver() as driver:
            for view in VIEWS:
                take_view(driver, gateway, sys.argv[1], *view)


if __name__ == "__main__":
    main()
