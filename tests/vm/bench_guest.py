#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures pictures that the kernel gives, in a guest under QEMU: where their time goes.

usage: VM=FOLDER VM_CACHE=FOLDER PERISCOPED=FILE tests/vm/bench_guest.py FILE

Prints a table and writes FILE (JSON). The processor is emulated, so what counts is how the times relate to each other.
The times are the agent's own facts of its pictures.
"""
import json
import statistics
import sys

import initramfs
import rig
import wire

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
CARDS = {"vkms": (["-vga", "none"], ["vkms"]), "bochs": (["-vga", "std", "-global", "VGA.vgamem_mb=64"], ["bochs"])}
RUNS = 7
KEYS = ("read", "compose", "grab", "encode")


def measure(machine):
    """Medians in ms, after one picture for the caches."""
    times = {key: [] for key in KEYS}
    for run in range(RUNS + 1):
        reply = machine.client.call(wire.SCREENSHOT, wire.s("backend=drm"), wire.s("deadline-ms=60000"))
        facts = dict(entry.text.split("=", 1) for entry in reply[:-1])
        for key in KEYS if run else ():
            times[key].append(int(facts[f"time-{key}-us"]) / 1000)
    row = {key + "_ms": statistics.median(times[key]) for key in KEYS}
    row["whole_ms"] = statistics.median(map(sum, zip(times["grab"], times["encode"])))
    row["share_reading"] = row["read_ms"] / row["whole_ms"]
    row["bytes"] = len(reply[-1].payload)
    return row


def bench(card, display, drivers):
    with initramfs.Guest("bench-" + card, display, drivers) as machine:
        return {f"{card}, {name}": rig.with_client(machine, rig.scene(["primary:XR24:{size}:sea"], size),
                                                   lambda: measure(machine))
                for name, size in SIZES.items()}


def main():
    rows = {}
    for card, (display, drivers) in CARDS.items():
        rows.update(bench(card, display, drivers))
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"processor": "emulated by QEMU (TCG)", "pictures": rows}, file, indent=1)
        file.write("\n")
    print(f"{'from the kernel, in an emulated guest':<38}{'ms':>8}{'read':>8}{'compose':>9}{'encode':>8}{'reading':>9}")
    for name, row in rows.items():
        print(f"{name + ', to PNG':<38}{row['whole_ms']:>8.0f}{row['read_ms']:>8.1f}{row['compose_ms']:>9.1f}"
              f"{row['encode_ms']:>8.1f}{row['share_reading']:>9.1%}")


if __name__ == "__main__":
    main()
