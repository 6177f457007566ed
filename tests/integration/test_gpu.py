#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Graphics cards: their properties from files, their state from the kernel's log, and their drivers' dumps.

The agent reads a tree of the test's own in place of /proc, /sys and /dev/kmsg, which is a pipe there.
"""
import gzip
import os
import tempfile

import harness
from harness import Agent, check, equal, eventually, need_unix

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
        os.write(self.kmsg, f"{priority},{self.sequence},{self.sequence * 1000000},-;{line}\n".encode())

    def properties(self):
        return {name: value for name, value in self.agent.client().properties() if name.startswith("gpu.")}

    def events(self, kind="gpu"):
        return [event[3] for event in self.agent.client().events()[1] if event[2] == kind]

    def await_event(self, text, kind="gpu"):
        eventually(lambda: any(text in event for event in self.events(kind)), lambda: f"{text!r} in {self.events(kind)}")


@harness.test
def gpu_properties_tell_a_card_without_display_from_its_files():
    with System() as system:
        properties = system.properties()
        equal({name: value for name, value in properties.items() if name.startswith("gpu.1.")}, {
            "gpu.1.name": "NVIDIA H100 80GB HBM3", "gpu.1.pci": H100, "gpu.1.ids": "10de:2330",
            "gpu.1.subsystem": "10de:16c1", "gpu.1.type": "3D controller",
            "gpu.1.uuid": "GPU-34d7319c-5b19-1e75-186d-c187099e4fe5", "gpu.1.driver": "nvidia",
            "gpu.1.version": "580.159.04", "gpu.1.class": "passed-through", "gpu.1.state": "ok", "gpu.1.resets": "0",
            "gpu.1.display": "no: nvidia-drm is not loaded"}, "the passed-through card")
        equal(properties["gpu.count"], "2", "cards")
        equal(properties["gpu.0.name"], "Example Maker Standard VGA", "the emulated card's name")
        equal((properties["gpu.0.class"], properties["gpu.0.display"]), ("emulated", "yes"), "the emulated card")
        os.unlink(system.path(f"/sys/bus/pci/devices/{H100}/driver"))
        equal(system.properties()["gpu.1.state"], "no driver", "without a driver")
        system.write("/sys/class/drm/card0-Virtual-1/status", "disconnected\n")
        equal(system.properties()["gpu.0.display"], "no: no output is connected", "without a monitor")


@harness.test
def gpu_faults_of_programs_leave_the_card_ok_and_name_the_program():
    with System() as system:
        system.say("NVRM: Xid (PCI:0000:00:06): 31, pid=591, name=fault, channel 0x0000000a, intr 00000000. MMU Fault")
        system.await_event(f'{H100} program-fault pid=591 name="fault": Xid 31, pid=591')
        equal(system.properties()["gpu.1.state"], "ok", "state")
        check("program-fault" in system.properties()["gpu.1.event"], "the last event")


@harness.test
def gpu_faults_hangs_resets_and_losses_are_its_state():
    with System() as system:
        for line, event, state, resets in (
                ("NVRM: Xid (PCI:0000:00:06): 48, pid='<unknown>', name=<unknown>, An uncorrectable double bit error",
                 "fault: Xid 48", "fault", "0"),
                ("NVRM: Xid (PCI:0000:00:06): 119, pid=7, name=x, Timeout after 6s of waiting for RPC response from GPU0",
                 "hang pid=7", "hung", "0"),
                ("NVRM: Xid (PCI:0000:00:06): 154, GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)",
                 "reset: Xid 154", "reset", "1"),
                ("NVRM: Xid (PCI:0000:00:06): 79, pid=1, name=python3, GPU has fallen off the bus.", "lost pid=1", "lost",
                 "1"),
                ("NVRM: Xid (PCI:0000:00:06): 154, GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)",
                 "154, GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)", "lost", "1")):
            system.say(line)
            system.await_event(event)
            properties = system.properties()
            equal((properties["gpu.1.state"], properties["gpu.1.resets"]), (state, resets), line)
        equal(system.properties()["gpu.0.state"], "ok", "the other card")


@harness.test
def gpu_lines_of_users_and_of_other_devices_are_no_events():
    with System() as system:
        system.say("NVRM: Xid (PCI:0000:00:06): 79, pid=1, name=x, GPU has fallen off the bus.", priority=12)
        system.say("virtio_net 0000:00:03.0: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer")
        system.say("NVRM: Xid (PCI:0000:99:06): 79, pid=1, name=x, GPU has fallen off the bus.")
        system.say("NVRM: Xid (PCI:0000:00:06): 31, pid=2, name=last")
        system.await_event("name=\"last\"")
        equal(len(system.events()), 1, "events")
        equal(system.properties()["gpu.1.state"], "ok", "state")


@harness.test
def gpu_floods_are_counted_and_hide_no_change_of_state():
    with System() as system:
        for pid in range(1, 200):
            system.say(f"NVRM: Xid (PCI:0000:00:06): 13, pid={pid}, name=flood, Graphics Exception")
        system.sequence += 1000
        system.say("NVRM: Xid (PCI:0000:00:06): 79, pid=1, name=x, GPU has fallen off the bus.")
        system.await_event("lost")
        equal(system.properties()["gpu.1.state"], "lost", "state")
        check(len(system.events()) < 20, f"{len(system.events())} events of a flood")
        check("more before it)" in system.events()[-1], system.events()[-1])
        system.await_event("1000 records of the kernel's log were overwritten", "kernel")


@harness.test
def gpu_events_before_the_agent_have_their_own_times():
    class Earlier(System):
        def prepare(self):
            self.say("NVRM: Xid (PCI:0000:00:06): 31, pid=2, name=earlier")
    with Earlier() as system:
        system.await_event('name="earlier"')
        _, events = system.agent.client().events()
        times = {event[2]: event[1] for event in events}
        check(times["gpu"] < times["agent"], f"{times}: the fault was before the start")


@harness.test
def gpu_dumps_are_kept_compressed_and_released():
    content = b"state of a card\n" * 20000

    class Dumped(System):
        def prepare(self):
            for number, address in ((1, "0000:00:03.0"), (2, H100)):
                self.write(f"/sys/class/devcoredump/devcd{number}/data", content.decode())
                os.symlink(self.path(f"/sys/bus/pci/devices/{address}"),
                           self.path(f"/sys/class/devcoredump/devcd{number}/failing_device"))
    with Dumped() as system:
        system.await_event(f"{H100} dump: its driver's dump of {len(content)} bytes is .periscope/gpu-dump-")
        name = system.events()[0].split(" is ")[1]
        equal(gzip.decompress(system.agent.client().get(name)), content, "the dump")
        with open(system.path("/sys/class/devcoredump/devcd2/data"), "rb") as file:
            equal(file.read(), content + b"0", "the dump and what releases it")
        with open(system.path("/sys/class/devcoredump/devcd1/data"), "rb") as file:
            equal(file.read(), content, "the dump of another device")
        harness.refused_saying("No such file", system.agent.client().get, ".periscope/gpu-dump-1.gz")
        system.write("/sys/class/devcoredump/devcd3/data", "more")
        os.symlink(system.path(f"/sys/bus/pci/devices/{H100}"), system.path("/sys/class/devcoredump/devcd3/failing_device"))
        system.say(f"xe {H100}: [drm] Xe device coredump has been created", priority=6)
        system.await_event("dump of 4 bytes")


@harness.test
def gpu_dumps_that_cant_be_kept_are_said_and_not_released():
    class Nowhere(System):
        LOGS = "/nosuch"

        def prepare(self):
            self.write("/sys/class/devcoredump/devcd1/data", "x")
            os.symlink(self.path(f"/sys/bus/pci/devices/{H100}"), self.path("/sys/class/devcoredump/devcd1/failing_device"))
    with Nowhere() as system:
        system.await_event("its driver's dump devcd1 could not be kept: No such file or directory")
        with open(system.path("/sys/class/devcoredump/devcd1/data"), encoding="ascii") as file:
            equal(file.read(), "x", "the dump")


@harness.test
def gpu_log_that_cant_be_read_is_said():
    class Without(System):
        def prepare(self):
            os.unlink(self.path("/dev/kmsg"))
    with Without() as system:
        check(system.properties()["gpu.error"].startswith("the kernel's log can't be read: No such file or directory"),
              system.properties()["gpu.error"])


if __name__ == "__main__":
    harness.main()
