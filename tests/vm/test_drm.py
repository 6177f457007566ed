# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the agent takes from the kernel (backend drm) against what the display hardware itself tells of its output.

In the guest with vkms QEMU has no display at all, as with a passed-through GPU: the oracle is the CRC that vkms
computes over what it scans out. The emulated cards are seen by QEMU too: the oracle is its screendump.
"""
import os
import sys
import traceback
import zlib

import qemu
import wire

CRC = "/sys/kernel/debug/dri/0/crtc-0/crc"
table = []


def check(condition, why):
    if not condition:
        raise AssertionError(why)


# ---- oracles ----

def crc_of(pixels):
    """As vkms computes it: the CRC-32 without its inversions, over four 16-bit values a pixel (alpha, red, green,
    blue; little-endian), each 8-bit value times 257."""
    wide = bytearray(b"\xff" * (len(pixels) // 3 * 8))
    for channel in range(3):
        wide[2 + 2 * channel::8] = wide[3 + 2 * channel::8] = pixels[channel::3]
    return zlib.crc32(bytes(wide), 0xffffffff) ^ 0xffffffff


def hardware_crc(machine):
    """That of a frame that began after it was asked for."""
    text = machine.shell(f"echo auto > {CRC}/control && head -n 2 {CRC}/data")
    return int(text.split()[-1], 16)


def differing(one, other):
    return sum(one[i:i + 3] != other[i:i + 3] for i in range(0, len(one), 3)) if len(one) == len(other) else None


def by_crc(machine, what, **options):
    facts, width, height, pixels = machine.picture(**options)
    ours, theirs = crc_of(pixels), hardware_crc(machine)
    note(machine, what, f"CRC {theirs:08x}", ours == theirs)
    check(ours == theirs, f"the picture's CRC is {ours:08x}, the hardware's {theirs:08x}; {facts}")
    keep(machine, what, width, height, pixels)
    return facts, width, height, pixels


def by_screendump(machine, what, **options):
    facts, width, height, pixels = machine.picture(**options)
    seen_width, seen_height, seen = machine.screendump()
    equal = (width, height, pixels) == (seen_width, seen_height, seen)
    note(machine, what, "screendump", equal)
    keep(machine, what, width, height, pixels)
    check(equal, f"{width}x{height}, seen by QEMU {seen_width}x{seen_height}: {differing(pixels, seen)} pixels differ; "
                 f"{facts}")
    return facts, width, height, pixels


def note(machine, what, oracle, equal):
    table.append(f"{machine.name:<12} | {what:<46} | {oracle:<14} | {'equal' if equal else 'NOT EQUAL'}")


def keep(machine, what, width, height, pixels):
    name = "".join(letter if letter.isalnum() else "-" for letter in what)
    qemu.write_ppm(os.path.join(machine.folder, name + ".ppm"), width, height, pixels)


# ---- scenes: what is set, and the planes for kms_client; all but the last exact in 8 bits ----

SCENES = [
    ("primary XR24", ["primary:XR24:{size}:gradient"]),
    ("primary RG16", ["primary:RG16:{size}:blocks"]),
    ("primary XR48", ["primary:XR48:{size}:gradient"]),
    ("framebuffer larger than the mode, cut out", ["primary:XR24:1500x900:gradient:SRC_X=123:SRC_Y=45:{fit}"]),
    ("cursor AR24", ["primary:XR24:{size}:blocks", "cursor:AR24:64x64:glass:CRTC_X=100:CRTC_Y=50"]),
    ("cursor over the left upper corner",
     ["primary:XR24:{size}:blocks", "cursor:AR24:64x64:glass:CRTC_X=-20:CRTC_Y=-30"]),
    ("overlay AR24", ["primary:XR24:{size}:blocks", "overlay:AR24:300x200:glass:CRTC_X=401:CRTC_Y=303"]),
    ("overlay XR24, cut out", ["primary:XR24:{size}:blocks",
                               "overlay:XR24:300x200:gradient:SRC_X=31:SRC_Y=17:SRC_W=99:SRC_H=77:CRTC_X=7:CRTC_Y=9:"
                               "CRTC_W=99:CRTC_H=77"]),
    ("overlay and cursor, one over the other",
     ["primary:XR24:{size}:blocks", "overlay:XR24:301x203:blocks:CRTC_X=55:CRTC_Y=44",
      "cursor:AR24:64x64:glass:CRTC_X=330:CRTC_Y=220"]),
]


def with_scene(machine, planes, take, size=(1024, 768)):
    width, height = size
    fit = f"SRC_W={width}:SRC_H={height}:CRTC_W={width}:CRTC_H={height}"
    texts = [plane.format(size=f"{width}x{height}", fit=fit) for plane in planes]
    client = machine.start("kms_client", "/dev/dri/card0", *texts)
    try:
        return take()
    finally:
        machine.end(client)


def value(facts, key):
    return next((text for name, text in facts if name == key), None)


# ---- the blind guest ----

def vkms_console(machine):
    facts, *_ = by_crc(machine, "text console")
    check(value(facts, "output") == "card0-Virtual-1", facts)
    check(value(facts, "coherent") == "1", facts)
    check(value(facts, "drm.driver") == "vkms", facts)


def vkms_is_unseen_by_qemu(machine):
    try:
        _, _, pixels = machine.screendump()
    except RuntimeError as reason:
        print(f"# QEMU: {reason}")
        return
    check(len(set(pixels)) < 8, "QEMU sees something")


def vkms_scene(planes, what):
    return lambda machine: with_scene(machine, planes, lambda: by_crc(machine, what))


def vkms_without_the_cursor(machine):
    def take():
        facts, _, _, with_it = machine.picture()
        check(value(facts, "cursor") == "drawn", facts)
        facts, _, _, without = machine.picture(cursor=0)
        check(value(facts, "cursor") == "off", facts)
        check(0 < differing(with_it, without) <= 64 * 64, "the cursor makes no difference")
    with_scene(machine, SCENES[4][1], take)


def vkms_region(machine):
    _, width, _, whole = machine.picture()
    facts, part_width, part_height, part = machine.picture(region="101x33+7+5", output="card0-Virtual-1")
    rows = [whole[((5 + y) * width + 7) * 3:((5 + y) * width + 7 + 101) * 3] for y in range(33)]
    check((part_width, part_height, part) == (101, 33, b"".join(rows)), "not the part of the whole")
    check(value(facts, "geometry") == "101x33+7+5", facts)


def vkms_unknown_output(machine):
    try:
        machine.picture(output="card7-DP-1")
        raise AssertionError("a picture of an output that is not there")
    except wire.Refused as reason:
        check("card7-DP-1" in str(reason) and "card0-Virtual-1" in str(reason), str(reason))


def vkms_auto_takes_drm(machine):
    reply = machine.client.call(wire.SCREENSHOT)
    texts = [entry.text for entry in reply if entry.kind == "s"]
    check("backend=drm" in texts, reply[0])
    chosen = "chosen=card0 (vkms) is virtual and has 1 output on; vt1 is active"
    check(any(text.startswith(chosen) for text in texts), texts)
    check(machine.client.property("display.0.name") == "card0-Virtual-1", "the properties do not name it")


def vkms_asleep_is_not_woken(machine):
    dpms = "/sys/class/drm/card0-Virtual-1/dpms"
    machine.shell("echo 4 > /sys/class/graphics/fb0/blank")
    try:
        check(machine.shell(f"cat {dpms}").strip() == "Off", "the display does not sleep")
        machine.picture()
        raise AssertionError("a picture of a display that sleeps")
    except wire.Refused as reason:
        check("sleep" in str(reason), str(reason))
        machine.client.properties()
        check(machine.shell(f"cat {dpms}").strip() == "Off", "looking has woken the display")
    finally:
        machine.shell("echo 0 > /sys/class/graphics/fb0/blank")
    by_crc(machine, "text console, after it slept")


def vkms_leaves_nothing_behind(machine):
    """After 100 captures: no client of the card, no more framebuffers, and who comes becomes its master."""
    before = machine.shell("cat /sys/kernel/debug/dri/0/framebuffer")
    for _ in range(100):
        machine.picture(region="1x1+0+0")
    clients = machine.shell("cat /sys/kernel/debug/dri/0/clients").strip().splitlines()
    check(len(clients) == 1, clients)
    check(machine.shell("cat /sys/kernel/debug/dri/0/framebuffer") == before, "the framebuffers have changed")
    with_scene(machine, SCENES[0][1], lambda: by_crc(machine, "primary XR24, after 100 captures"))


def vkms_refuses_without_privilege(machine):
    machine.shell("cp /bin/periscoped /tmp/other && chmod 755 /tmp /tmp/other && echo 'u:x:1000:1000::/:/bin/sh' >> "
                  "/etc/passwd || (mkdir -p /etc && echo 'u:x:1000:1000::/:/bin/sh' > /etc/passwd)")
    pid = machine.client.run("/bin/su", "u", "-c", "exec /tmp/other 9001", stdout="/tmp/other.log",
                             stderr="/tmp/other.log")
    try:
        machine.shell("for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do grep -q READY /tmp/other.log && exit 0; "
                      "sleep 1; done; cat /tmp/other.log; exit 1")
        # getfile of a virtual name, by hand: netcat is what the guest has
        text = machine.shell(r"printf '\0\0\0\1\0\0\0\1s\0\0\0\0\0\0\0\32.periscope/screenshot.png\0' "
                             "| nc -w 10 127.0.0.1 9001 | tr -d '\\0'")
        check("CAP_SYS_ADMIN" in text, text)
    finally:
        machine.end(pid)


# ---- emulated cards, seen by QEMU as well ----

def emulated_console(machine):
    by_screendump(machine, "text console")


def mode_of(machine):
    _, width, height, _ = machine.picture(region="1x1+0+0")
    return width, height


def emulated_scene(machine):
    display = dict(machine.client.properties())["display.0.geometry"]
    size = tuple(map(int, display.split("+")[0].split("x")))
    with_scene(machine, ["primary:XR24:{size}:gradient"], lambda: by_screendump(machine, "primary XR24"), size)


def emulated_cursor(machine):
    """QEMU keeps a cursor plane's picture to itself: without it, the rest is equal, and the agent knows of it."""
    display = dict(machine.client.properties())["display.0.geometry"]
    size = tuple(map(int, display.split("+")[0].split("x")))

    def take():
        by_screendump(machine, "primary XR24 under a cursor plane", cursor=0)
        facts, width, _, pixels = machine.picture()
        check(value(facts, "cursor") == "drawn", facts)
        _, _, _, without = machine.picture(cursor=0)
        check(0 < differing(pixels, without) <= 64 * 64, "the cursor makes no difference")
    with_scene(machine, ["primary:XR24:{size}:blocks", "cursor:AR24:64x64:glass:CRTC_X=100:CRTC_Y=50"], take, size)


# ---- running ----

failed = False


def run(machine, name, test):
    global failed
    try:
        test(machine)
        print(f"ok vm-{name}", flush=True)
    except Exception as reason:  # noqa: BLE001
        failed = True
        traceback.print_exc(file=sys.stdout)
        print(f"FAIL vm-{name}: {str(reason)[:600]}", flush=True)


def in_guest(name, display, drivers, tests, arguments=""):
    global failed
    try:
        machine = qemu.Guest(name, display, drivers, arguments)
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


VKMS_TESTS = [("console", vkms_console), ("unseen-by-qemu", vkms_is_unseen_by_qemu)] + \
    [(what.replace(" ", "-").replace(",", ""), vkms_scene(planes, what)) for what, planes in SCENES] + \
    [("without-the-cursor", vkms_without_the_cursor), ("region", vkms_region),
     ("unknown-output", vkms_unknown_output), ("auto", vkms_auto_takes_drm),
     ("asleep", vkms_asleep_is_not_woken),
     ("leaves-nothing-behind", vkms_leaves_nothing_behind), ("no-privilege", vkms_refuses_without_privilege)]
EMULATED_TESTS = [("console", emulated_console), ("primary-XR24", emulated_scene)]
CURSOR_TESTS = EMULATED_TESTS + [("cursor", emulated_cursor)]

GUESTS = [
    ("vkms", ["-vga", "none"], ["vkms"], VKMS_TESTS),
    ("bochs", ["-vga", "std"], ["bochs"], EMULATED_TESTS),
    ("virtio-gpu", ["-vga", "none", "-device", "virtio-gpu-pci"], ["virtio_pci", "virtio-gpu"], CURSOR_TESTS),
    ("qxl", ["-vga", "qxl"], ["qxl"], CURSOR_TESTS),
    ("vmwgfx", ["-vga", "vmware"], ["vmwgfx"], EMULATED_TESTS),
    ("cirrus", ["-vga", "cirrus"], ["cirrus"], EMULATED_TESTS),
]


def main():
    wanted = sys.argv[1:]
    for name, display, drivers, tests in GUESTS:
        if not wanted or name in wanted:
            in_guest(name, display, drivers, tests)
    with open(os.path.join(qemu.VM, "table"), "w") as file:
        file.write("driver       | what was set                                   | oracle         | equal\n")
        file.write("\n".join(table) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
