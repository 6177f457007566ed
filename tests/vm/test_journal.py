#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was promised holds after the guest's power was cut, its kernel has crashed, and it was shut down; also of a recording of a
screen that changes all the time.

PERISCOPE_CUTS is how often the power is cut at a random moment while a host works (2); what the guest had not flushed by
then is gone."""
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

import initramfs
import qemu
import recording
import rig
import wire
from rig import check

CUTS = int(os.environ.get("PERISCOPE_CUTS") or 2)
DISK_MIB = 64
REBOOTED = "does not exist or is not a child process: the machine rebooted at "
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
export PATH=/bin
for module in {modules}; do insmod /modules/$module || echo "cannot load $module"; done
ifconfig lo up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
mkdir /disk /run
mount -t ext4 /dev/vda /disk || poweroff -f
cd /disk
PERISCOPE_PATTERN=64x48,counter periscoped --journal /disk/journal PORT
umount /disk
reboot -f
"""


def make_disk(folder):
    os.makedirs(folder, exist_ok=True)
    disk = os.path.join(folder, "disk")
    with open(disk, "wb") as file:
        file.truncate(DISK_MIB << 20)
    subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-F", disk], check=True)
    return disk


class Guest(qemu.Machine):
    def __init__(self, name, disk):
        image = os.path.join(qemu.VM, name, "initramfs.gz")
        initramfs.write_initramfs(image, INIT.replace("PORT", str(qemu.AGENT_PORT)),
                                  initramfs.modules("e1000", "virtio_pci", "virtio_blk", "ext4"),
                                  periscoped=qemu.PERISCOPED)
        super().__init__(name, ["-m", "256", "-vga", "none", "-kernel", os.path.join(initramfs.CACHE, "vmlinuz"), "-initrd",
                                image, "-append", "console=ttyS0 quiet panic=-1", "-drive",
                                f"if=virtio,format=raw,file={disk}"])

    def again(self):
        """The next boot of the machine."""
        before = self.boot_id
        end = time.monotonic() + qemu.PATIENCE
        while self.boot_id == before:
            check(time.monotonic() < end, f"it has not rebooted: {open(self.console_path).read()[-400:]}")
            try:
                # QEMU accepts a connection while nobody in the guest does, and that one may wait for ever.
                with wire.Client(self.port, timeout=5) as client:
                    self.boot_id = client.property("boot.id")
            except (OSError, wire.Closed):
                time.sleep(0.1)
        self.client = self.connect()

    def __enter__(self):
        self.boot_id = self.client.property("boot.id")
        return self


class Host(threading.Thread):
    """Works until the machine is gone, and keeps what it was told."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.told, self.started, self.put = port, {}, set(), {}

    def run(self):
        try:
            with wire.Client(self.port, timeout=qemu.PATIENCE) as client:
                for number in range(1_000_000):
                    name = f"out-{number}"
                    pid = client.shell(f"echo {name}; exit {number % 200}", stdout=name)
                    self.started.add(pid)
                    client.wait(pid)
                    self.told[pid] = (number % 200 << 8, name)
                    client.put(f"put-{number}", f"{name}\n".encode())
                    self.put[f"put-{number}"] = f"{name}\n".encode()
        except (OSError, EOFError, wire.Closed):
            pass


def refusal(client, pid):
    try:
        return f"status {client.wait(pid, 0)}"
    except wire.Refused as reason:
        return str(reason)


def promises_hold(machine, host):
    for pid, (status, name) in host.told.items():
        check(machine.client.wait(pid, 0) == status, f"the status of {pid}")
        check(machine.client.get(name) == f"{name}\n".encode(), f"{name} is not whole")
    for pid in host.started - set(host.told):
        text = refusal(machine.client, pid)
        check(REBOOTED in text or text.startswith("status "), text)
    for name, content in host.put.items():
        check(machine.client.get(name) == content, f"{name} is not whole")


def begin_recording(client, folder):
    """Of a few pictures, so that old ones are dropped all the time."""
    return recording.begin(client, "backend=pattern", f"folder={folder}", "rate=20", "settle-ms=20", "max-ms=50", "files=8")


def recording_holds(machine, name):
    """Returns how many pictures it names."""
    with tempfile.TemporaryDirectory() as folder:
        rig.fetch(machine, name, folder)
        lines, pictures = recording.check_folder(folder)
    check(lines[-1].kind != "stop", f"{name} has an end")
    return len(pictures)


def cut_at_random(disk):
    promised = pictures = 0
    for number in range(CUTS):
        with Guest("journal", disk) as machine:
            begin_recording(machine.client, f"film-{number}")
            host = Host(machine.port)
            host.start()
            time.sleep(random.random() * 3)
        host.join(qemu.PATIENCE)
        with Guest("journal", disk) as machine:
            promises_hold(machine, host)
            check(machine.client.property("last.end") == "lost", machine.client.property("last.end"))
            pictures += recording_holds(machine, f"film-{number}")
        promised += len(host.told) + len(host.put)
    print(f"# {CUTS} power cuts, {promised} promises, {pictures} pictures of recordings")
    check(pictures > CUTS, "the recordings have no pictures")


def crash(machine):
    ended, running = machine.client.shell("echo out; exit 3", stdout="out"), machine.client.run("sleep", "600")
    check(machine.client.wait(ended) == 768, "its status")
    machine.client.run("sh", "-c", "sleep 1; echo c > /proc/sysrq-trigger")  # behind the answer
    machine.again()
    check(machine.client.wait(ended, 0) == 768, "its status after the crash")
    check(machine.client.get("out") == b"out\n", "its output")
    check(REBOOTED in refusal(machine.client, running), refusal(machine.client, running))
    check(machine.client.property("last.end") == "lost", machine.client.property("last.end"))


def clean_end(machine):
    """As systemd goes down: nobody may log on any more, and then the agent is asked to end."""
    machine.shell(": > /run/nologin", output="/disk/output")
    machine.client.run("sh", "-c", "kill -TERM $(pidof periscoped)")
    machine.again()
    check(machine.client.property("last.end") == "clean", machine.client.property("last.end"))


def main():
    disk = make_disk(os.path.join(qemu.VM, "journal"))
    rig.run(None, "journal-cut-at-random", lambda _: cut_at_random(disk))
    with Guest("journal", disk) as machine:
        rig.run(machine, "journal-crash", crash)
        rig.run(machine, "journal-clean-end", clean_end)
    return rig.failed


if __name__ == "__main__":
    sys.exit(main())
