#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Graphics cards: their properties from files, their state from the kernel's log, and their drivers' dumps.

The agent reads a tree of the test's own in place of /proc, /sys and /dev/kmsg, which is a pipe there.
"""
import gzip
import os

import harness
from gpu_system import H100, System
import wire
from harness import check, equal


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


@harness.test
def gpu_cards_that_cant_be_listed_are_said_and_not_lost():
    with System() as system:
        devices = system.path("/sys/bus/pci/devices")
        os.rename(devices, devices + ".old")
        system.write("/sys/bus/pci/devices", "")
        equal(system.properties(), {"gpu.error": "the graphics cards can't be listed: Not a directory"}, "properties")
        os.unlink(devices)
        os.makedirs(devices)
        properties = system.properties()
        equal((properties["gpu.count"], properties["gpu.0.state"], properties["gpu.0.display"]),
              ("2", "lost", "no: it is no longer on its bus"), "cards that are gone")


@harness.test
def gpu_faults_are_told_with_a_picture_that_is_bad():
    with System() as system:
        client = system.agent.client()
        plain = client.call(wire.SCREENSHOT, wire.s("backend=pattern"))
        system.say("NVRM: Xid (PCI:0000:00:06): 31, pid=1, name=first")
        system.say("NVRM: Xid (PCI:0000:00:06): 79, GPU has fallen off the bus.")
        system.await_event("lost")
        reply = client.call(wire.SCREENSHOT, wire.s("backend=pattern"), wire.s("region=1x1+0+0"))
        events = [entry.text for entry in reply if entry.kind == "s" and entry.text.startswith("event=")]
        equal([event.split("\t")[2:] for event in events], [["gpu", event] for event in system.events()], "events")
        equal(reply[-1].kind, "d", "what stands behind the facts")
        good = client.call(wire.SCREENSHOT, wire.s("backend=pattern"))
        equal(len(good), len(plain), "entries of a good picture")
        why = client.refusal(wire.SCREENSHOT, wire.s("backend=pattern"), wire.s("output=nosuch"))
        check("only PATTERN-1; event=" in why and " gpu 0000:00:06.0 lost: Xid 79" in why, why)


if __name__ == "__main__":
    harness.main()
