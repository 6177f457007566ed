# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that is a kernel and an initramfs made here: busybox, the agent, kms_client and the drivers wanted.

The environment tells VM_CACHE, what tests/vm/fetch leaves.
"""
import gzip
import lzma
import os
import shutil
import subprocess

import qemu

CACHE = os.environ.get("VM_CACHE", "build/vm-cache")
RENAMED = {"cirrus": "cirrus-qemu"}  # in later kernels
KMS_CLIENT = os.path.join(qemu.VM, "kms_client")

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
{environment} periscoped {port}
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


def with_dependencies(name):
    """The file of a module of the guest's kernel, after those that it needs; what is built into the kernel has none."""
    command = ["/sbin/modprobe", "-d", os.path.join(CACHE, "root"), "-S", kernel_version(), "--show-depends"]
    answer = subprocess.run([*command, name], capture_output=True, text=True)
    if answer.returncode and name in RENAMED:
        answer = subprocess.run([*command, RENAMED[name]], capture_output=True, text=True)
    answer.check_returncode()
    return [line.split()[1] for line in answer.stdout.splitlines() if line.startswith("insmod ")]


def kernel_version():
    with open(os.path.join(CACHE, "version"), encoding="ascii") as file:
        return file.read().strip()


def lacking(drivers):
    """Why these drivers can't be loaded, or ''."""
    reason = os.path.join(CACHE, "no-vkms")
    if "vkms" not in drivers or not os.path.exists(reason):
        return ""
    with open(reason, encoding="utf-8") as file:
        return file.read().strip()


def modules(*names):
    """The files to load, in order; vkms is the one that was built here."""
    files = []
    for name in names:
        if name == "vkms":
            vkms = os.path.join(CACHE, "vkms.ko")
            needed = subprocess.run(["/sbin/modinfo", "-F", "depends", vkms], capture_output=True, text=True, check=True)
            wanted = [file for helper in needed.stdout.strip().split(",") for file in with_dependencies(helper)] + [vkms]
        else:
            wanted = with_dependencies(name)
        files += [file for file in wanted if file not in files]
    return files


def module_name(file):
    return os.path.basename(file).removesuffix(".xz")


def module_bytes(file):
    """Unpacked: busybox's insmod takes no other."""
    with (lzma.open if file.endswith(".xz") else open)(file, "rb") as module:
        return module.read()


def cpio_entry(name, mode, data=b""):
    """One file of a "newc" archive."""
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def is_program(file):
    """Or a library."""
    with open(file, "rb") as start:
        return start.read(4) == b"\x7fELF"


def folders_of(files):
    """Those above the files, each after the one that it is in."""
    found = set()
    for file in files:
        parts = file.split("/")[:-1]
        found |= {"/".join(parts[:i + 1]) for i in range(len(parts))}
    return sorted(found)


def write_initramfs(path, init, module_files, more=(), **programs):
    """`init` has a place for {modules}; beside busybox there are the `programs` and what they are linked with, and `more`
    files of this system with what those are linked with, at their own places."""
    linked = sorted({*libraries(*programs.values(), *filter(is_program, more)), *more})
    folders = ["dev", "proc", "sys", "tmp", "modules", *folders_of(["bin/x", *(file.lstrip("/") for file in linked)])]
    init = init.replace("{modules}", " ".join(module_name(file) for file in module_files))
    parts = [cpio_entry(folder, 0o40755) for folder in folders]
    parts += [cpio_entry("bin/" + name, 0o100755, open(file, "rb").read())
              for name, file in {"busybox": shutil.which("busybox"), **programs}.items()]
    parts += [cpio_entry(file.lstrip("/"), 0o100755, open(file, "rb").read()) for file in linked]
    parts += [cpio_entry("modules/" + module_name(file), 0o100644, module_bytes(file)) for file in module_files]
    parts += [cpio_entry("init", 0o100755, init.encode()), cpio_entry("TRAILER!!!", 0)]
    with open(path, "wb") if more else gzip.open(path, "wb", compresslevel=1) as file:  # large ones load faster unpacked
        file.write(b"".join(parts))


class Guest(qemu.Machine):
    """`display` are QEMU's arguments for its screens, `drivers` the modules for them, `more` files as write_initramfs takes
    them, `environment` the agent's, as a shell has it."""

    def __init__(self, name, display, drivers, kernel_arguments="", memory_mib=512, more=(), environment=""):
        image = os.path.join(qemu.VM, name, "initramfs.gz")
        os.makedirs(os.path.dirname(image), exist_ok=True)
        init = INIT.replace("{port}", str(qemu.AGENT_PORT)).replace("{environment}", environment)
        write_initramfs(image, init, modules("e1000", *drivers), more, periscoped=qemu.PERISCOPED, kms_client=KMS_CLIENT)
        super().__init__(name, ["-m", str(memory_mib), "-no-reboot", "-kernel", os.path.join(CACHE, "vmlinuz"), "-initrd",
                                image, "-append", f"console=ttyS0 console=tty0 quiet panic=-1 {kernel_arguments}",
                                *display])

    def has_card(self):
        return "card0" in self.shell("ls /dev/dri 2>/dev/null || true")

    def driver_error(self):
        return self.shell("dmesg | grep -e 'failed with error' -e ERROR | tail -n 1 || true").strip() or "it says nothing"
