# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole Debian under QEMU: systemd, logind and Xorg on a disk that make-debian made, with a keyboard to type on.

The environment tells VM, VM_CACHE and DEB, the agent's Debian package.
"""
import json
import os
import subprocess
import tarfile
import time

import initramfs
import qemu
import rig
import wire

DEB = os.environ.get("DEB", "")
BASE = os.path.join(initramfs.CACHE, "debian", "disk")
MEMORY_MIB, PROCESSORS = 1024, 2
UNAVAILABLE = 75  # what make-debian exits with

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in {modules}; do insmod /modules/$module || echo "cannot load $module"; done
echo 0 > /sys/class/graphics/fbcon/cursor_blink
mkdir /root
mount -t ext4 /dev/vda /root || poweroff -f
umount /proc /sys
mount --move /dev /root/dev
exec switch_root /root /sbin/init
"""

# By the names that QEMU gives to keys.
KEYS = {" ": ["spc"], "-": ["minus"], "/": ["slash"], ".": ["dot"], ";": ["semicolon"], ">": ["shift", "dot"]}


def make_disks(folder):
    """The guest's own copy of the disk, and one with the agent's package to be installed."""
    os.makedirs(folder, exist_ok=True)
    disk, package = os.path.join(folder, "disk"), os.path.join(folder, "package.tar")
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", BASE, disk], check=True)
    with tarfile.open(package, "w") as archive:
        archive.add(DEB, os.path.basename(DEB))
    return disk, package


class Guest(qemu.Machine):
    """A start of the machine whose disks are those; it is waited for with the real command. `drivers` are the modules for
    `display`, QEMU's arguments for it."""

    def __init__(self, name, *disks, display=("-vga", "std"), drivers=("bochs",), memory_mib=MEMORY_MIB, more_ports=()):
        image = os.path.join(qemu.VM, name, "initramfs.gz")
        os.makedirs(os.path.dirname(image), exist_ok=True)
        initramfs.write_initramfs(image, INIT, initramfs.modules("virtio_pci", "virtio_blk", "ext4", *drivers))
        drives = [word for disk in disks for word in ("-drive", f"if=virtio,format=raw,file={disk}")]
        super().__init__(name, ["-m", str(memory_mib), "-smp", str(PROCESSORS), *display, "-kernel",
                                os.path.join(initramfs.CACHE, "vmlinuz"), "-initrd", image, "-append",
                                "console=ttyS0 console=tty0 panic=-1 quiet loglevel=1", *drives], more_ports)

    def connect(self):
        self.boot = self.periscope("wait-boot", "--timeout", str(qemu.PATIENCE))
        return wire.Client(self.port, timeout=qemu.PATIENCE)

    def periscope(self, verb, *arguments, code=0):
        """The object that the real command prints; `code` is what it must exit with, None where that is open."""
        line = [qemu.PERISCOPE, verb, "--json", f"--host=127.0.0.1:{self.port}", *arguments]
        done = subprocess.run(line, capture_output=True, timeout=2 * qemu.PATIENCE, check=False, cwd=self.folder)
        rig.check(code in (done.returncode, None), f"{verb} exited with {done.returncode}: {done.stdout[-600:]} "
                                           f"{done.stderr[-600:]} {self.last_words()}")
        return json.loads(done.stdout)

    def last_words(self, count=400):
        with open(self.console_path, errors="replace") as file:
            return file.read()[-count:]

    def power_down(self):
        """As by the machine's button."""
        self.monitor.call("system_powerdown")
        self.qemu.wait(qemu.PATIENCE)

    # ---- a person at the screen ----

    def press(self, *keys):
        self.monitor.call("send-key", keys=[{"type": "qcode", "data": key} for key in keys])
        time.sleep(0.1)  # QEMU holds a key that long, and queues few

    def enter(self, line):
        """Types a line; once more where the guest was too busy to take each key."""
        end = time.monotonic() + qemu.PATIENCE
        while not self.shows(line):
            rig.check(time.monotonic() < end, f"the console does not show {line!r}: {self.console_text()[-400:]!r}")
            self.press("ctrl", "u")
            for letter in line:
                self.press(*KEYS.get(letter, [letter]))
            time.sleep(1)  # for the guest to show it
        self.press("ret")

    def shows(self, text):
        """Whether the console's text ends so."""
        return self.console_text().rstrip().endswith(text)

    def console_text(self):
        """Nothing while the screen shows graphics."""
        try:
            return self.client.get(".periscope/console.txt").decode("utf-8", "replace")
        except wire.Refused as reason:
            rig.check("shows graphics" in str(reason), reason)
            return ""
