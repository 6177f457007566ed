# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures of vkms, in a guest whose screen QEMU cannot see, against the CRC that vkms computes over what it scans out.

QEMU's one display device has no driver in the guest, as beside a GPU that is passed through.
"""
import sys

import rig
import picture
import wire
from harness import eventually
from rig import SIZE, by_crc, check, hardware_crcs, scene, value, with_client

SCENES = [
    ("primary XR24", ["primary:XR24:{size}:gradient"]),
    ("primary RG16", ["primary:RG16:{size}:blocks"]),
    ("primary XR48", ["primary:XR48:{size}:gradient"]),
    ("framebuffer larger than the mode, cut out", ["primary:XR24:1500x900:gradient:SRC_X=123:SRC_Y=45:{fit}"]),
    ("cursor AR24", ["primary:XR24:{size}:blocks", "cursor:AR24:64x64:glass:CRTC_X=100:CRTC_Y=50"]),
    ("cursor over the left upper corner",
     ["primary:XR24:{size}:blocks", "cursor:AR24:64x64:glass:CRTC_X=-20:CRTC_Y=-30"]),
    ("cursor over the right lower corner",
     ["primary:XR24:{size}:blocks", "cursor:AR24:64x64:glass:CRTC_X=1000:CRTC_Y=747"]),
    ("overlay AR24", ["primary:XR24:{size}:blocks", "overlay:AR24:300x200:glass:CRTC_X=401:CRTC_Y=303"]),
    ("overlay AR48", ["primary:XR24:{size}:blocks", "overlay:AR48:300x200:glass:CRTC_X=11:CRTC_Y=33"]),
    ("overlay RG16 over XR48", ["primary:XR48:{size}:gradient", "overlay:RG16:301x99:blocks:CRTC_X=500:CRTC_Y=600"]),
    ("overlay XR24, cut out", ["primary:XR24:{size}:blocks",
                               "overlay:XR24:300x200:gradient:SRC_X=31:SRC_Y=17:SRC_W=99:SRC_H=77:CRTC_X=7:CRTC_Y=9:"
                               "CRTC_W=99:CRTC_H=77"]),
    ("overlay and cursor, one over the other",
     ["primary:XR24:{size}:blocks", "overlay:XR24:301x203:blocks:CRTC_X=55:CRTC_Y=44",
      "cursor:AR24:64x64:glass:CRTC_X=330:CRTC_Y=220"]),
]
DESK = ["primary:XR24:{size}:sea", "overlay:AR24:320x200:pane:CRTC_X=90:CRTC_Y=80",
        "cursor:AR24:64x64:arrow:CRTC_X=372:CRTC_Y=214"]
VKMS_OUTPUT = "card0-Virtual-1"


# ---- what QEMU sees, and what the agent ----

def blind(machine):
    """Whatever is on the screen, QEMU's picture of it is the same, and not it."""
    before = machine.screendump()

    def take():
        _, width, height, pixels = by_crc(machine, "blind guest, by periscope")
        dump = machine.screendump()
        rig.keep(machine, "blind guest, by QEMU", *dump)
        check(dump == before, "QEMU's picture has changed with the screen")
        check(dump != (width, height, pixels), "QEMU sees the screen")
        check(len({pixels[i:i + 3] for i in range(0, len(pixels), 3)}) > 100, "there is nothing on the screen")
    with_client(machine, scene(DESK), take)


def console(machine):
    facts, *_ = by_crc(machine, "text console")
    check(value(facts, "output") == VKMS_OUTPUT, facts)
    check(value(facts, "coherent") == "1", facts)
    check(value(facts, "drm.driver") == "vkms", facts)


def one_scene(planes, what):
    return lambda machine: with_client(machine, scene(planes), lambda: by_crc(machine, what))


def other_modes(machine):
    for size in ((800, 600), (1280, 720), (1366, 768), (640, 480)):
        facts, width, height, _ = with_client(machine, scene(SCENES[0][1], size),
                                              lambda: by_crc(machine, f"mode of {size[0]}x{size[1]}"))
        check((width, height) == size, facts)


# ---- while it moves ----

def frames_of(machine, least):
    """The CRCs of so many frames at least, which the hardware shows one after the other: each, however slow the machine."""
    frames = set()
    for _ in range(10):
        frames |= set(hardware_crcs(machine, 60))
        if len(frames) >= least:
            return frames
    raise AssertionError(f"only {len(frames)} frames differ, not {least}")


def picture_in_time(machine, refusal):
    """A picture; on a slow machine the agent may say again and again that what it reads changes: that is true, too."""
    for _ in range(20):
        try:
            return machine.picture()
        except wire.Refused as reason:
            if not refusal or refusal not in str(reason):
                raise
    raise AssertionError(f"20 times no picture: {refusal}")


def pictures_while(machine, what, arguments, sizes, count=12, least=2, refusal=None):
    """Each must be one of the hardware's own frames, whole."""
    def take():
        frames, seen = frames_of(machine, least), set()
        for _ in range(count):
            facts, width, height, pixels = picture_in_time(machine, refusal)
            ours = picture.crc(pixels)
            check((width, height) in sizes, facts)
            rig.note(machine, what, f"CRC {ours:08x}", ours in frames)
            check(ours in frames, f"{ours:08x} is none of {sorted(map(hex, frames))}; {facts}")
            seen.add(ours)
        print(f"# {what}: {len(seen)} of {len(frames)} frames were taken")
    with_client(machine, arguments, take)


def page_flips(machine):
    scenes = [*scene(["primary:XR24:{size}:gradient"]), "--", *scene(["primary:XR24:{size}:negative"])]
    pictures_while(machine, "while pages flip at each refresh", ["every=0", *scenes], {SIZE})


def cursor_moves(machine):
    places = [scene(["primary:XR24:{size}:blocks", f"cursor:AR24:64x64:glass:CRTC_X={x}:CRTC_Y=99"])
              for x in (-9, 300, 990)]
    arguments = [word for place in places for word in ("--", *place)][1:]
    pictures_while(machine, "while a cursor moves", ["every=150", *arguments], {SIZE}, least=len(places))


def mode_changes(machine):
    scenes = [*scene(["primary:XR24:{size}:gradient"], (800, 600)), "--", *scene(["primary:XR24:{size}:blocks"])]
    pictures_while(machine, "while the mode changes", ["every=700", *scenes], {SIZE, (800, 600)},
                   refusal="has changed its mode")


def wait_for_hardware(machine, pixels, what):
    """A terminal is painted some time after the switch to it: until the hardware shows these pixels."""
    eventually(lambda: hardware_crcs(machine, 1) == [picture.crc(pixels)], what, rig.PATIENCE)


def terminal_switches(machine):
    """Between a client on a terminal of its own and the text console, while pictures are taken."""
    _, _, _, text = by_crc(machine, "text console, before the switch")

    def take():
        _, _, _, graphics = by_crc(machine, "client on its own terminal")
        switches = machine.client.shell("until [ -e /tmp/enough ]; do chvt 1; sleep 1; chvt 3; sleep 1; done")
        taken = []
        try:
            while len(taken) < 16 or not {"text", "graphics"} <= set(taken):
                check(len(taken) < 500, f"while terminals are switched only: {set(taken)}")
                facts, width, height, pixels = machine.picture()
                check((width, height) == SIZE, facts)
                taken.append("text" if pixels == text else "graphics" if pixels == graphics else "between")
        finally:
            machine.shell("touch /tmp/enough")
        machine.client.wait(switches, rig.PATIENCE)
        machine.client.forget(switches)
        print(f"# while terminals are switched: {' '.join(taken)}")
        wait_for_hardware(machine, graphics, "the client's picture")
        check(by_crc(machine, "client, after switches")[3] == graphics, "the client's picture is another one")
        machine.shell("chvt 1")
        wait_for_hardware(machine, text, "the console's picture")
        check(by_crc(machine, "text console, the client waits")[3] == text, "the console's picture is another one")
    with_client(machine, ["vt=3", *scene(DESK)], take)
    machine.shell("chvt 1")
    wait_for_hardware(machine, text, "the console's picture")
    by_crc(machine, "text console, after the client's end")


# ---- what is asked for ----

def without_the_cursor(machine):
    def take():
        facts, _, _, with_it = machine.picture()
        check(value(facts, "cursor") == "drawn", facts)
        facts, _, _, without = machine.picture(cursor=0)
        check(value(facts, "cursor") == "off", facts)
        check(0 < rig.differing(with_it, without) <= 64 * 64, "the cursor makes no difference")
    with_client(machine, scene(dict(SCENES)["cursor AR24"]), take)


def pointer_shape(machine):
    """Its rows of R, G, B, A: the last 64x64 of a PAM."""
    reply = machine.client.call(wire.SCREENSHOT, *map(wire.s, ("backend=drm", "pointer-shape=1", "deadline-ms=60000")))
    head, _, pixels = reply[-1].payload.partition(b"ENDHDR\n")
    check(b"WIDTH 64\nHEIGHT 64\n" in head and len(pixels) == 64 * 64 * 4, head)
    return pixels


def drawn_over(rgb, left, top, shape):
    """The 64x64 pixels of the shape at a place of the picture, as integers."""
    for y in range(64):
        for x in range(64):
            to, at = ((top + y) * SIZE[0] + left + x) * 3, (y * 64 + x) * 4
            alpha = shape[at + 3]
            yield [(rgb[to + i] * (255 - alpha) + shape[at + i] * alpha) / 255 for i in range(3)], to


def the_pointer_as_facts(machine):
    def take():
        _, _, _, with_it = machine.picture()
        facts, _, _, without = machine.picture(cursor=0)
        check(value(facts, "pointer") == "100,50", facts)
        check(value(facts, "pointer.size") == "64x64+0+0", facts)  # vkms tells of no hot spot
        drawn = drawn_over(without, 100, 50, pointer_shape(machine))
        furthest = max(abs(with_it[to + i] - colour[i]) for colour, to in drawn for i in range(3))
        rig.note(machine, "pointer drawn by its facts", "picture", furthest <= 2)
        check(furthest <= 2, f"drawn by its facts it differs by {furthest}")
    with_client(machine, scene(dict(SCENES)["cursor AR24"]), take)


def a_flip_ends_a_wait(machine):
    scenes = [*scene(["primary:XR24:{size}:gradient"]), "--", *scene(["primary:XR24:{size}:blocks"])]

    def take():
        facts, *_ = machine.picture()
        check((value(facts, "watch"), value(facts, "watch.partly")) == ("drm", "1"), facts)
        for _ in range(3):
            seen = value(facts, "hash")
            facts, *_ = machine.picture(**{"if-changed": seen, "wait-ms": 50000})
            check(value(facts, "hash") != seen, facts)
    with_client(machine, ["every=2000", *scenes], take)


def region(machine):
    _, width, _, whole = machine.picture()
    facts, part_width, part_height, part = machine.picture(region="101x33+7+5", output=VKMS_OUTPUT)
    rows = [whole[((5 + y) * width + 7) * 3:((5 + y) * width + 7 + 101) * 3] for y in range(33)]
    check((part_width, part_height, part) == (101, 33, b"".join(rows)), "not the part of the whole")
    check(value(facts, "geometry") == "101x33+7+5", facts)


def unknown_output(machine):
    try:
        machine.picture(output="card7-DP-1")
        raise AssertionError("a picture of an output that is not there")
    except wire.Refused as reason:
        check("card7-DP-1" in str(reason) and VKMS_OUTPUT in str(reason), str(reason))


def auto_takes_drm(machine):
    reply = machine.client.call(wire.SCREENSHOT, wire.s("deadline-ms=60000"))
    texts = [entry.text for entry in reply if entry.kind == "s"]
    check("backend=drm" in texts, reply[0])
    chosen = "chosen=card0 (vkms) is virtual and has 1 output on; vt"
    check(any(text.startswith(chosen) for text in texts), texts)
    check(machine.client.property("display.0.name") == VKMS_OUTPUT, "the properties do not name it")


def asleep_is_not_woken(machine):
    dpms = f"/sys/class/drm/{VKMS_OUTPUT}/dpms"
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


def refuses_without_privilege(machine):
    machine.shell("cp /bin/periscoped /tmp/other && chmod 755 /tmp /tmp/other && mkdir -p /etc && "
                  "echo 'u:x:1000:1000::/:/bin/sh' >> /etc/passwd")
    pid = machine.client.run("/bin/su", "u", "-c", "exec /tmp/other 9001", stdout="/tmp/other.log",
                             stderr="/tmp/other.log")
    try:
        machine.shell(f"for i in $(seq {rig.PATIENCE}); do grep -q READY /tmp/other.log && exit 0; sleep 1; done; "
                      "cat /tmp/other.log; exit 1")
        # getfile of a virtual name, by hand: netcat is what the guest has
        text = machine.shell(r"printf '\0\0\0\1\0\0\0\1s\0\0\0\0\0\0\0\32.periscope/screenshot.png\0' "
                             "| nc -w 10 127.0.0.1 9001 | tr -d '\\0'")
        check("CAP_SYS_ADMIN" in text, text)
    finally:
        machine.end(pid)


TESTS = [("console", console), ("blind", blind)] + \
    [(what.replace(" ", "-").replace(",", ""), one_scene(planes, what)) for what, planes in SCENES] + \
    [("other-modes", other_modes), ("page-flips", page_flips), ("cursor-moves", cursor_moves),
     ("mode-changes", mode_changes), ("terminal-switches", terminal_switches),
     ("without-the-cursor", without_the_cursor), ("the-pointer-as-facts", the_pointer_as_facts),
     ("a-flip-ends-a-wait", a_flip_ends_a_wait), ("region", region), ("unknown-output", unknown_output),
     ("auto", auto_takes_drm), ("asleep", asleep_is_not_woken), ("no-privilege", refuses_without_privilege)]

if __name__ == "__main__":
    sys.exit(rig.main([("vkms", ["-vga", "none", "-device", "bochs-display,romfile="], ["vkms"], TESTS)]))
