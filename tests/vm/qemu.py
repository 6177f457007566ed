# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests under QEMU: a kernel, an initramfs made here, the agent in it, and QEMU's own view of the screen.

The environment tells VM (a folder for what is made), VM_CACHE (what tests/vm/fetch leaves) and PERISCOPED.
"""
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import wire  # noqa: E402

VM = os.environ.get("VM", "build/tests/vm")
CACHE = os.environ.get("VM_CACHE", "build/vm-cache")
PERISCOPED = os.environ.get("PERISCOPED", "build/periscoped")
KMS_CLIENT = os.path.join(VM, "kms_client")
PATIENCE = 120  # seconds: without KVM a boot takes about ten
AGENT_PORT = 9000

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t debugfs debug /sys/kernel/debug
export PATH=/bin
for module in {modules}; do
    options=; [ $module = vkms.ko ] && options=enable_overlay=1
    insmod /modules/$module $options || echo "cannot load $module"
done
echo 0 > /sys/class/graphics/fbcon/cursor_blink
ifconfig lo up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
cd /tmp
echo "Periscope's guest with {modules}" > /dev/tty0
periscoped {port}
echo "the agent ended: $?"
poweroff -f
"""


# ---- the initramfs ----

def libraries(*programs):
    """The files that the programs are linked with, as ldd tells."""
    found = set()
    for program in programs:
        for line in subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.splitlines():
            found |= {word for word in line.split() if word.startswith("/")}
    return sorted(found)


def modules(*names):
    """The files to load, in order; vkms is the one that was built here."""
    version = open(os.path.join(CACHE, "version")).read().strip()
    files = []
    for name in names:
        vkms = name == "vkms"
        answer = subprocess.run(["/sbin/modprobe", "-d", os.path.join(CACHE, "root"), "-S", version, "--show-depends",
                                 "drm_shmem_helper" if vkms else name], capture_output=True, text=True, check=True)
        wanted = [line.split()[1] for line in answer.stdout.splitlines()]
        if vkms:
            helper = [os.path.join(os.path.dirname(wanted[0]), "drm_kms_helper.ko")]
            wanted += helper + [os.path.join(CACHE, "vkms.ko")]
        files += [file for file in wanted if file not in files]
    return files


def cpio_entry(name, mode, data=b""):
    """One file of a "newc" archive."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def initramfs(path, module_files):
    folders = ["bin", "dev", "proc", "sys", "tmp", "modules", "lib", "lib64", "lib/x86_64-linux-gnu"]
    programs = {"bin/busybox": shutil.which("busybox"), "bin/periscoped": PERISCOPED, "bin/kms_client": KMS_CLIENT}
    init = INIT.format(modules=" ".join(os.path.basename(file) for file in module_files), port=AGENT_PORT)
    parts = [cpio_entry(folder, 0o40755) for folder in folders]
    parts += [cpio_entry(name, 0o100755, open(file, "rb").read()) for name, file in programs.items()]
    parts += [cpio_entry(file.lstrip("/"), 0o100755, open(file, "rb").read())
              for file in libraries(PERISCOPED, KMS_CLIENT)]
    parts += [cpio_entry("modules/" + os.path.basename(file), 0o100644, open(file, "rb").read())
              for file in module_files]
    parts += [cpio_entry("init", 0o100755, init.encode()), cpio_entry("TRAILER!!!", 0)]
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"".join(parts))


# ---- QEMU ----

class Monitor:
    """QEMU's own interface (QMP)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.call("qmp_capabilities")

    def call(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            answer = json.loads(self.lines.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]


class Guest:
    """A running guest. `display` are QEMU's arguments for its screen, `drivers` the modules for it."""

    def __init__(self, name, display, drivers, arguments=""):
        self.name = name
        self.folder = os.path.join(VM, name)
        os.makedirs(self.folder, exist_ok=True)
        self.port = self.free_port()
        socket_path = os.path.join(self.folder, "qmp")
        if os.path.exists(socket_path):
            os.remove(socket_path)
        image = os.path.join(self.folder, "initramfs.gz")
        initramfs(image, modules("e1000", *drivers))
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-display", "none", "-nodefaults", "-no-reboot",
             "-kernel", os.path.join(CACHE, "vmlinuz"), "-initrd", image,
             "-append", f"console=ttyS0 console=tty0 quiet panic=-1 {arguments}",
             "-serial", "file:" + self.console_path, "-qmp", f"unix:{socket_path},server=on,wait=off",
             "-netdev", f"user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:{AGENT_PORT}",
             "-device", "e1000,netdev=n", *display],
            stdin=subprocess.DEVNULL, stdout=open(os.path.join(self.folder, "qemu.log"), "w"),
            stderr=subprocess.STDOUT)
        try:
            self.client = self.connect()
            self.monitor = Monitor(socket_path)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    @property
    def console_path(self):
        return os.path.join(self.folder, "console")

    def connect(self):
        """QEMU accepts a connection before the guest does, and then ends it without a banner."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.qemu.poll() is not None:
                raise RuntimeError(f"QEMU ended: {open(os.path.join(self.folder, 'qemu.log')).read()[-400:]}")
            try:
                return wire.Client(self.port, timeout=PATIENCE)
            except (OSError, wire.Closed):
                time.sleep(0.2)
        raise RuntimeError(f"no agent after {PATIENCE} s; the console: {open(self.console_path).read()[-800:]}")

    def close(self):
        self.qemu.kill()
        self.qemu.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- in the guest ----

    def shell(self, script, output="/tmp/out"):
        """What a script prints; RuntimeError when it fails."""
        pid = self.client.shell(script, stdout=output, stderr=output)
        status = self.client.wait(pid, 60)
        self.client.forget(pid)
        text = self.client.get(output).decode("utf-8", "replace")
        if status:
            raise RuntimeError(f"{script!r} exited with {status}: {text}")
        return text

    def start(self, *argv):
        """Starts a program that prints READY and goes on; its pid."""
        pid = self.client.run(*argv, stdout="/tmp/ready", stderr="/tmp/ready")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            text = self.client.get("/tmp/ready").decode()
            if "READY" in text:
                return pid
            if text.strip():
                break
            time.sleep(0.1)
        self.end(pid)
        raise RuntimeError(f"{argv}: {text.strip() or 'it does not get ready'}")

    def end(self, pid):
        self.client.kill(pid)
        self.client.forget(pid)

    def picture(self, **options):
        """(facts, width, height, RGB bytes) of a screenshot."""
        options = {"format": "ppm", "backend": "drm", "deadline-ms": 30000, **options}
        reply = self.client.call(wire.SCREENSHOT, *(wire.s(f"{key}={value}") for key, value in options.items()))
        if [entry.kind for entry in reply] == ["e"]:
            raise wire.Refused(reply[0].text)
        facts = [entry.text.split("=", 1) for entry in reply[:-1]]
        return (facts, *parse_ppm(reply[-1].payload))

    def has_card(self):
        return "card0" in self.shell("ls /dev/dri 2>/dev/null || true")

    def driver_error(self):
        return self.shell("dmesg | grep -e 'failed with error' -e ERROR | tail -n 1 || true").strip() or "it says nothing"

    # ---- from outside ----

    def screendump(self):
        """(width, height, RGB bytes) as QEMU sees the screen."""
        path = os.path.join(os.path.abspath(self.folder), "screendump.ppm")
        self.monitor.call("screendump", filename=path)
        return parse_ppm(open(path, "rb").read())


def parse_ppm(data):
    magic, size, depth, pixels = data.split(b"\n", 3)
    width, height = map(int, size.split())
    if magic != b"P6" or depth != b"255" or len(pixels) != width * height * 3:
        raise ValueError(f"not a whole PPM: {data[:40]!r}")
    return width, height, pixels


def write_ppm(path, width, height, pixels):
    with open(path, "wb") as file:
        file.write(b"P6\n%d %d\n255\n" % (width, height) + pixels)
