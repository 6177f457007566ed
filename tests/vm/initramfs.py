# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that is a kernel and an initramfs made here: busybox, the agent, kms_client and the drivers wanted.

The environment tells VM_CACHE, what tests/vm/fetch leaves.
"""
import gzip
import os
import shutil
import subprocess

import qemu

CACHE = os.environ.get("VM_CACHE", "build/vm-cache")
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


def write_initramfs(path, init, module_files, **programs):
    """`init` has a place for {modules}; beside busybox there are the `programs` and what they are linked with."""
    folders = ["bin", "dev", "proc", "sys", "tmp", "modules", "lib", "lib64", "lib/x86_64-linux-gnu"]
    init = init.replace("{modules}", " ".join(os.path.basename(file) for file in module_files))
    parts = [cpio_entry(folder, 0o40755) for folder in folders]
    parts += [cpio_entry("bin/" + name, 0o100755, open(file, "rb").read())
              for name, file in {"busybox": shutil.which("busybox"), **programs}.items()]
    parts += [cpio_entry(file.lstrip("/"), 0o100755, open(file, "rb").read()) for file in libraries(*programs.values())]
    parts += [cpio_entry("modules/" + os.path.basename(file), 0o100644, open(file, "rb").read())
              for file in module_files]
    parts += [cpio_entry("init", 0o100755, init.encode()), cpio_entry("TRAILER!!!", 0)]
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"".join(parts))


class Guest(qemu.Machine):
    """`display` are QEMU's arguments for its screens, `drivers` the modules for them."""

    def __init__(self, name, display, drivers, kernel_arguments="", memory_mib=512):
        image = os.path.join(qemu.VM, name, "initramfs.gz")
        os.makedirs(os.path.dirname(image), exist_ok=True)
        write_initramfs(image, INIT.replace("{port}", str(qemu.AGENT_PORT)), modules("e1000", *drivers),
                        periscoped=qemu.PERISCOPED, kms_client=KMS_CLIENT)
        super().__init__(name, ["-m", str(memory_mib), "-no-reboot", "-kernel", os.path.join(CACHE, "vmlinuz"), "-initrd",
                                image, "-append", f"console=ttyS0 console=tty0 quiet panic=-1 {kernel_arguments}",
                                *display])

    def has_card(self):
        return "card0" in self.shell("ls /dev/dri 2>/dev/null || true")

    def driver_error(self):
        return self.shell("dmesg | grep -e 'failed with error' -e ERROR | tail -n 1 || true").strip() or "it says nothing"
