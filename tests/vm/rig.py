# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests in guests share: the oracles, the scenes for kms_client, the table of what was compared."""
import os
import sys
import traceback

import initramfs
import qemu
import picture
import wire

CRC = "/sys/kernel/debug/dri/{card}/crtc-0/crc"
TABLE = os.path.join(qemu.VM, "table.txt")
SIZE = (1024, 768)  # vkms's own mode
PATIENCE = qemu.PATIENCE

failed = False


def check(condition, why):
    if not condition:
        raise AssertionError(why)


# ---- oracles ----

def hardware_crcs(machine, count, card=0):
    """Those of as many frames, all of which began after they were asked for."""
    crc = CRC.format(card=card)
    text = machine.shell(f"echo auto > {crc}/control && head -n {count + 1} {crc}/data")
    return [int(line.split()[-1], 16) for line in text.splitlines()[1:]]


def differing(one, other):
    return sum(one[i:i + 3] != other[i:i + 3] for i in range(0, len(one), 3)) if len(one) == len(other) else None


def by_crc(machine, what, card=0, **options):
    """Takes a picture that must have the CRC that vkms has computed."""
    facts, width, height, pixels = machine.picture(**options)
    ours, theirs = picture.crc(pixels), hardware_crcs(machine, 1, card)[0]
    keep(machine, what, width, height, pixels)
    note(machine, what, f"CRC {theirs:08x}", ours == theirs)
    check(ours == theirs, f"the picture's CRC is {ours:08x}, the hardware's {theirs:08x}; {facts}")
    return facts, width, height, pixels


def by_screendump(machine, what, device=None, **options):
    """Takes a picture that must be the one that QEMU takes."""
    facts, width, height, pixels = machine.picture(**options)
    seen_width, seen_height, seen = machine.screendump(device)
    equal = (width, height, pixels) == (seen_width, seen_height, seen)
    keep(machine, what, width, height, pixels)
    keep(machine, what + ", by QEMU", seen_width, seen_height, seen)
    note(machine, what, "screendump", equal)
    check(equal, f"{width}x{height}, seen by QEMU {seen_width}x{seen_height}: {differing(pixels, seen)} pixels differ; "
                 f"{facts}")
    return facts, width, height, pixels


def note(machine, what, oracle, equal):
    with open(TABLE, "a") as file:
        file.write(f"{machine.name:<18} | {what:<48} | {oracle:<14} | {'equal' if equal else 'NOT EQUAL'}\n")


def keep(machine, what, width, height, pixels):
    name = "".join(letter if letter.isalnum() else "-" for letter in what)
    qemu.write_ppm(os.path.join(machine.folder, name + ".ppm"), width, height, pixels)


# ---- scenes for kms_client ----

def scene(planes, size=SIZE):
    """Arguments: in the planes {size} is the mode's size, {fit} are properties that fill the screen."""
    width, height = size
    fit = f"SRC_W={width}:SRC_H={height}:CRTC_W={width}:CRTC_H={height}"
    return [f"mode={width}x{height}"] + [plane.format(size=f"{width}x{height}", fit=fit) for plane in planes]


def with_client(machine, arguments, take, card=0):
    """Calls take() while kms_client runs, and returns what it does."""
    client = machine.start("kms_client", f"/dev/dri/card{card}", *arguments)
    try:
        return take()
    finally:
        machine.end(client)


def fetch(machine, folder, to):
    """The files of a folder in the guest."""
    for entry in machine.client.call(wire.LIST, wire.s(folder)):
        name = entry.text.split(" ", 4)[4]
        with open(os.path.join(to, name), "wb") as file:
            file.write(machine.client.get(f"{folder}/{name}"))


def value(facts, key):
    return next((text for name, text in facts if name == key), None)


def size_of(machine, number=0):
    """The size of a display as the agent tells it."""
    text = dict(machine.client.properties())[f"display.{number}.geometry"]
    return tuple(map(int, text.split("+")[0].split("x")))


# ---- running ----

def run(machine, name, test):
    global failed
    try:
        test(machine)
        print(f"ok vm-{name}", flush=True)
    except Exception as reason:  # noqa: BLE001
        failed = True
        traceback.print_exc(file=sys.stdout)
        print(f"FAIL vm-{name}: {str(reason)[:600]}", flush=True)


def in_guest(name, display, drivers, tests, **more):
    """Boots a guest and runs the tests, pairs of a name and a function of the machine."""
    global failed
    try:
        machine = initramfs.Guest(name, display, drivers, **more)
    except Exception as reason:  # noqa: BLE001
        failed = True
        print(f"FAIL vm-{name}: {str(reason)[:1000]}", flush=True)
        return
    with machine:
        if not machine.has_card():
            print(f"SKIP vm-{name}: the guest's driver does not take QEMU's card: {machine.driver_error()}", flush=True)
            return
        for test_name, test in tests:
            run(machine, f"{name}-{test_name}", test)


def main(guests, **more):
    """`guests` are arguments of in_guest, `more` of all; those whose names are given on the command line, or all."""
    wanted = sys.argv[1:]
    for name, display, drivers, tests in guests:
        if wanted and name not in wanted:
            continue
        lacking = initramfs.lacking(drivers)
        if lacking:
            print(f"SKIP vm-{name}: {lacking}", flush=True)
        else:
            in_guest(name, display, drivers, tests, **more)
    return 1 if failed else 0
