#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was promised holds after the guest's power was cut, its kernel has crashed, and it was shut down; also of a recording of a
screen that changes all the time, and of a stream during which the guest was suspended.

PERISCOPE_CUTS is how often the power is cut at a random moment while a host works (2, with VM_SHORT 1): what the guest had
not flushed by then is gone, also from the disk's own cache, or is there, each write by itself (cut_disk.py)."""
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

import cut_disk
import initramfs
import qemu
import recording
import rig
import wire
from rig import check

CUTS = int(os.environ.get("PERISCOPE_CUTS") or (1 if os.environ.get("VM_SHORT") else 2))
DISK_MIB = 64
SUSPENDED_S = 28  # the host asks again, on a new connection, after 25
BURSTS, BURST = 60, 2000  # of a stream, and the lines of each
# A unit of a test that crashes the kernel. What it writes has been flushed by then: the agent does that each second.
CRASHING = b"""#!/bin/sh
echo "unit.c:1: the last words of $1"
sleep 4
echo c > /proc/sysrq-trigger
"""
LAST_WORDS = b"unit.c:1: the last words of crash\n"
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
    """disk: a file, or what QEMU takes for one."""

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
    """Works until the machine is gone, and keeps what it was told. `boot` tells its files from those of others."""

    def __init__(self, port, boot):
        super().__init__(daemon=True)
        self.port, self.boot, self.told, self.started, self.put = port, boot, {}, set(), {}
        self.streamed = self.upgrades = 0
        self.putting = None  # the name of the file that is sent

    def run(self):
        number = 0
        try:
            while True:
                with wire.Client(self.port, timeout=qemu.PATIENCE) as client:
                    number = self.work(client, number)
        except (OSError, EOFError, wire.Closed):
            pass

    def await_promise(self):
        end = time.monotonic() + qemu.PATIENCE
        while self.is_alive() and not self.told and time.monotonic() < end:
            time.sleep(0.05)

    def work(self, client, number):
        """Returns after an upgrade, which ends the connection, with the number to go on with."""
        while True:
            number += 1
            self.one(client, f"{self.boot}-{number}", number)
            if number % 5 == 0:
                self.stream(client)
            if number % 12 == 0:
                with open(qemu.PERISCOPED, "rb") as file:
                    client.expect("", wire.UPGRADE, wire.d(file.read()))
                self.upgrades += 1
                return number

    def one(self, client, name, number):
        pid = client.shell(f"echo {name}; exit {number % 200}", stdout=f"out-{name}")
        self.started.add(pid)
        client.wait(pid)
        self.told[pid] = (number % 200 << 8, name)
        self.putting = f"put-{name}"
        client.put(self.putting, content_of(self.putting))
        self.put[self.putting] = content_of(self.putting)

    def stream(self, client):
        pid, got = client.execute("seq", "1", "20000", stream="out"), b""
        self.started.add(pid)
        facts = {}
        while "end" not in facts:
            facts, data = client.follow(pid=pid, out=len(got), pace=1, wait_ms=20000)
            got += data
        check(got == b"".join(b"%d\n" % i for i in range(1, 20001)), "a stream is not whole")
        self.streamed += len(got)


def content_of(name):
    """Of several pages, so that half of it could be there."""
    return f"{name}\n".encode() * 3000


def refusal(client, pid):
    try:
        return f"status {client.wait(pid, 0)}"
    except wire.Refused as reason:
        return str(reason)


def promises_hold(machine, host):
    for pid, (status, name) in host.told.items():
        check(refusal(machine.client, pid) == f"status {status}", f"{pid}: {refusal(machine.client, pid)} instead of {status}")
        check(machine.client.get(f"out-{name}") == f"{name}\n".encode(), f"out-{name} is not whole")
    for pid in host.started - set(host.told):
        text = refusal(machine.client, pid)
        check(REBOOTED in text or text.startswith("status "), text)
    for name, content in host.put.items():
        check(machine.client.get(name) == content, f"{name} is not whole")
    if host.putting not in (None, *host.put):
        check(content_or_none(machine.client, host.putting) in (None, content_of(host.putting)), f"half of {host.putting}")
    check(machine.client.property("last.end") == "lost", machine.client.property("last.end"))


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


def content_or_none(client, name):
    try:
        return client.get(name)
    except wire.Refused as reason:
        check("No such file or directory" in str(reason), str(reason))
        return None


def cut_at_random(path):
    """Each boot first finds what was promised in the one before it."""
    disk, hosts, pictures = cut_disk.Disk(path), [None], 0
    for boot in range(CUTS + 1):
        with disk, Guest("journal", f"nbd:unix:{disk.socket_path}") as machine:
            if hosts[-1]:
                promises_hold(machine, hosts[-1])
                pictures += recording_holds(machine, f"film-{boot - 1}")
            if boot == CUTS:
                break
            machine.shell("rm -rf /disk/out-* /disk/put-* /disk/film-*", output="/disk/output")
            begin_recording(machine.client, f"film-{boot}")
            hosts.append(Host(machine.port, boot))
            hosts[-1].start()
            time.sleep(random.random() * 3)
            if boot == CUTS - 1 and not any(host.told for host in hosts[1:]):
                hosts[-1].await_promise()  # a slow machine has made none yet: without one this shows nothing
        hosts[-1].join(qemu.PATIENCE)
    promised = sum(len(host.told) + len(host.put) for host in hosts[1:])
    print(f"# {CUTS} power cuts, {promised} promises, {sum(host.upgrades for host in hosts[1:])} upgrades, "
          f"{sum(host.streamed for host in hosts[1:])} bytes of streams, {pictures} pictures of recordings; of the writes that "
          f"were not flushed {disk.lost} were lost and {disk.kept} not")
    check(promised and disk.flushes, "nothing was promised")
    check(pictures > CUTS, "the recordings have no pictures")


def numbers(count):
    return b"".join(b"%d\n" % i for i in range(1, count + 1))


def suspended(machine):
    """In the middle of a stream, for longer than the host waits for an answer; behind it the guest's clock jumps."""
    script = (f"i=0; while [ $i -lt {BURSTS} ]; do seq $((i * {BURST} + 1)) $((i * {BURST} + {BURST})); i=$((i + 1)); "
              "sleep 0.1; done")
    with subprocess.Popen([qemu.PERISCOPE, "run", f"127.0.0.1:{machine.port}", "sh", "-c", script + "; exit 7"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        try:
            got = b"".join(run.stdout.readline() for _ in range(BURST * BURSTS // 4))
            machine.monitor.call("stop")
            time.sleep(SUSPENDED_S)
            check(run.poll() is None, f"it has not waited for the guest: {run.returncode}")
            machine.monitor.call("cont")
            machine.client.expect("", wire.SETTIME, wire.Q(int(time.time()) + 3600), wire.I(0))
            rest, errors = run.communicate(timeout=qemu.PATIENCE)
        finally:
            run.kill()
    check(got + rest == numbers(BURST * BURSTS), f"{len(got)} bytes and {len(rest)}: the stream is not whole; {errors}")
    check((run.returncode, errors) == (7, b""), f"it exited with {run.returncode}: {errors}")


def crash_in_a_test(machine):
    """The host names what happened to the machine, and has what the test had written."""
    with tempfile.TemporaryDirectory() as folder:
        test, out = os.path.join(folder, "crashing"), os.path.join(folder, "out")
        with open(test, "wb") as file:
            file.write(CRASHING)
        line = [qemu.PERISCOPE, "test", "--json", "--screenshot", "never", "--output", out, f"127.0.0.1:{machine.port}",
                test, "crash"]
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=qemu.PATIENCE, check=False)
        machine.again()
        files = {name: open(os.path.join(out, name), "rb").read() for name in ("report.txt", "result.json", "junit.xml")}
    for told in (json.loads(done.stdout), json.loads(files["result.json"])):
        unit = told["units"][0]
        verdicts = (unit["verdict"], unit["machine"]["state"], unit["fault"])
        check(verdicts == ("lost", "rebooted", "guest"), f"{verdicts}: {unit}; {done.stderr}")
    check(LAST_WORDS in files["report.txt"] and LAST_WORDS in files["junit.xml"], f"its output: {files}")
    check(b"machine: rebooted; whose fault: guest" in files["junit.xml"], f"junit.xml: {files['junit.xml']}")


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
        rig.run(machine, "journal-suspended", suspended)
        rig.run(machine, "journal-crash", crash)
        rig.run(machine, "journal-crash-in-a-test", crash_in_a_test)
        rig.run(machine, "journal-clean-end", clean_end)
    return rig.failed


if __name__ == "__main__":
    sys.exit(main())
