# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's graphics cards as the agent sees them: a tree of files in place of /proc and /sys, and a pipe as /dev/kmsg."""
import array
import fcntl
import os
import tempfile
import termios
import time

import wire
from harness import Agent, eventually, need_unix

H100 = "0000:00:06.0"
QEMU = "0000:00:02.0"


class System:
    """A tree with a passed-through card, NVIDIA's as in a real guest, and an emulated one."""

    LOGS = "/dev"

    def __init__(self, **options):
        need_unix("the cards of Windows are in no files")
        self.options = options
        self.sequence = 0

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="periscope-gpu-", dir="/tmp")
        self.pci(H100, vendor="0x10de", device="0x2330", **{"class": "0x030200"}, subsystem_vendor="0x10de",
                 subsystem_device="0x16c1")
        self.driver(H100, "nvidia")
        self.write("/sys/module/nvidia/version", "580.159.04\n")
        self.write(f"/proc/driver/nvidia/gpus/{H100}/information",
                   "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 44\n"
                   "GPU UUID: \t GPU-34d7319c-5b19-1e75-186d-c187099e4fe5\nVideo BIOS: \t 96.00.74.00.01\n")
        self.pci(QEMU, vendor="0x1234", device="0x1111", **{"class": "0x030000"})
        self.driver(QEMU, "bochs-drm")
        self.pci("0000:00:03.0", vendor="0x1af4", device="0x1000", **{"class": "0x020000"})
        self.write("/usr/share/misc/pci.ids", "# names\n1233  Other\n\t1111  Wrong\n1234  Example Maker\n\t1110  No\n"
                                              "\t1111  Standard VGA\n1235  Last\n\t1111  Wrong too\n")
        self.write("/sys/class/drm/card0-Virtual-1/status", "connected\n")
        self.write("/sys/class/drm/card0-Writeback-1/status", "unknown\n")
        os.makedirs(self.path(f"/sys/bus/pci/devices/{QEMU}/drm/card0"))
        os.makedirs(self.path("/sys/class/drm/card0"))
        os.symlink(self.path(f"/sys/bus/pci/devices/{QEMU}"), self.path("/sys/class/drm/card0/device"))
        os.makedirs(self.path("/dev"))
        os.mkfifo(self.path("/dev/kmsg"))
        self.kmsg = os.open(self.path("/dev/kmsg"), os.O_RDWR | os.O_NONBLOCK)
        self.prepare()
        self.agent = Agent(env={"PERISCOPED_TEST_SYSTEM": self.folder.name, "LOGS_DIRECTORY": self.path(self.LOGS)},
                           **self.options)
        return self

    def prepare(self):
        pass

    def __exit__(self, *reason):
        try:
            self.agent.__exit__(*reason)
        finally:
            os.close(self.kmsg)
            self.folder.cleanup()

    def path(self, name):
        return self.folder.name + name

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def pci(self, address, **files):
        for name, text in files.items():
            self.write(f"/sys/bus/pci/devices/{address}/{name}", text + "\n")

    def driver(self, address, name):
        os.makedirs(self.path(f"/sys/bus/pci/drivers/{name}"), exist_ok=True)
        os.symlink(f"../../drivers/{name}", self.path(f"/sys/bus/pci/devices/{address}/driver"))

    def say(self, line, priority=3):
        self.sequence += 1
        eventually(self.is_read, "that the agent reads the kernel's log")  # a pipe joins what is written
        os.write(self.kmsg, f"{priority},{self.sequence},{time.monotonic_ns() // 1000},-;{line}\n".encode())

    def is_read(self):
        waiting = array.array("i", [0])
        fcntl.ioctl(self.kmsg, termios.FIONREAD, waiting)
        return waiting[0] < 4096

    def properties(self):
        return {name: value for name, value in self.agent.client().properties() if name.startswith("gpu.")}

    def events(self, kind="gpu"):
        with wire.Client(self.agent.port) as client:
            return [event[3] for event in client.events()[1] if event[2] == kind]

    def await_event(self, text, kind="gpu"):
        eventually(lambda: any(text in event for event in self.events(kind)), lambda: f"{text!r} in {self.events(kind)}")
