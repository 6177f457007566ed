#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs screenshot and compare with --qmp: pictures by QEMU, held against the agent's."""
import os
import tempfile

import cli
import picture
import qmp
import wire
from cli import FAILED, NO_AGENT, OK, REFUSED, TIMED_OUT, USAGE, one_line, periscope, target, unused_port
from harness import Agent, check, equal, main, test

DIFFERENT = 118
PATTERN = ("--backend", "pattern")
NOBODY = ("--connect-timeout", "1")


def drawing(width, height, step=1):
    pixels = bytes((x * 7 * step + y * 13 + channel * 50) % 256 for y in range(height) for x in range(width)
                   for channel in range(3))
    return picture.Picture(width, height, pixels)


def nobody():
    return f"127.0.0.1:{unused_port()}"


def in_folder(function):
    def run():
        with tempfile.TemporaryDirectory() as folder:
            function(folder)
    run.__name__ = function.__name__
    return test(run)


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def spoil(image, *places):
    """The picture with other pixels at these places."""
    pixels = bytearray(image.pixels)
    for x, y in places:
        pixels[(y * image.width + x) * 3] ^= 0x40
    return picture.Picture(image.width, image.height, bytes(pixels))


# ---- an agent that tells what it is told to ----

def guest(*displays, shot=None, old=False):
    """A server that is an agent with these displays. shot: the picture's file; None: it refuses. old: it tells of them
    among its properties alone."""
    def reply(rpc):
        if rpc == wire.DISPLAYS and old:
            return [wire.raw("e", b"unknown RPC %d\0" % rpc)]
        if rpc == (wire.GETPROPERTIES if old else wire.DISPLAYS):
            return [wire.s(line) for line in displays]
        if rpc == wire.SCREENSHOT:
            return [wire.s("backend=drm"), wire.d(shot)] if shot else [wire.raw("e", b"no picture today\0")]
        return []

    def serve(connection, _):
        connection.sendall(wire.s("testagentd 1.7"))
        stream = connection.makefile("rb")
        while True:
            head = stream.read(8)
            if len(head) < 8:
                return
            rpc, count = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
            for _ in range(count):
                stream.read(int.from_bytes(stream.read(9)[1:], "big"))
            entries = reply(rpc)
            connection.sendall(wire.u32(len(entries)) + b"".join(entries))

    return cli.Server(serve)


# ---- screenshot ----

@in_folder
def screenshot_by_qemu(folder):
    """Of a guest without an agent, in both forms, by both kinds of sockets."""
    image = drawing(641, 33)
    for tcp in (False, True):
        with qmp.Monitor(image.ppm, tcp=tcp) as monitor:
            reply = periscope("screenshot", "--json", "--qmp", monitor.address, "--source", "qemu", nobody(), "a.png",
                              cwd=folder).json
            equal((reply["facts"]["source"], reply["facts"]["geometry"], reply["facts"]["qemu.version"]),
                  ("qemu", "641x33+0+0", "7.2.9"))
            check(picture.decode_png(read(folder, "a.png")).same(image), "the PNG is another picture")
            periscope("screenshot", "--qmp", monitor.address, "--source", "qemu", nobody(), "a.ppm", cwd=folder)
            equal(read(folder, "a.ppm"), image.ppm())
            result = periscope("screenshot", "--qmp", monitor.address, "--source", "qemu", nobody(), "-")
            check(picture.decode_png(result.out).same(image), "the picture on standard output is another one")
            equal([request["execute"] for request in monitor.requests[:2]], ["qmp_capabilities", "screendump"])


@in_folder
def device_and_head(folder):
    image = drawing(8, 8)
    with qmp.Monitor(image.ppm) as monitor:
        periscope("screenshot", "--qmp", monitor.address, "--source", "qemu", "--device", 'a"b\\c', "--head", "2", nobody(),
                  cwd=folder)
        arguments = monitor.requests[-1]["arguments"]
        equal((arguments["device"], arguments["head"]), ('a"b\\c', 2))
        check(not os.path.exists(arguments["filename"]), "QEMU's file is left behind")
        check(not os.path.exists(os.path.dirname(arguments["filename"])), "its folder is left behind")


@in_folder
def auto_without_an_agent(folder):
    image = drawing(40, 30)
    with qmp.Monitor(image.ppm) as monitor:
        result = periscope("screenshot", "--json", "--qmp", monitor.address, *NOBODY, nobody(), cwd=folder)
        equal(result.json["facts"]["source"], "qemu")
        equal(len(result.json["refused"]), 1)
        check("no picture from the agent, using QEMU's" in result.err, result.err)
        check(picture.decode_png(read(folder, "screenshot.png")).same(image), "another picture")
        one_line(periscope("screenshot", "--qmp", monitor.address, "--source", "agent", *NOBODY, nobody(), code=NO_AGENT),
                 "could not connect")


def auto(folder, monitor, server, *options, code=OK):
    return periscope("screenshot", "--json", "--qmp", monitor.address, *options, f"127.0.0.1:{server.port}", "a.png",
                     code=code, cwd=folder)


@in_folder
def auto_by_the_class_of_the_display(folder):
    """What QEMU can't see is never replaced by what QEMU sees instead."""
    image, other = drawing(20, 10), drawing(20, 10, 3)
    for name, seen in (("passed-through", False), ("virtual", False), ("emulated", True), ("unheard-of", True)):
        facts = ("display.count=1", "display.0.name=card0-X-1", f"display.0.class={name}")
        with qmp.Monitor(image.ppm) as monitor:
            with guest(*facts, shot=other.ppm()) as server:
                reply = auto(folder, monitor, server).json
                known = name if name != "unheard-of" else "unknown"
                equal((reply["facts"]["source"], reply["facts"]["class"]), ("agent", known))
                equal(read(folder, "a.png"), other.ppm())
                equal(monitor.requests, [], name)
            with guest(*facts) as server:
                reply = auto(folder, monitor, server, code=OK if seen else REFUSED).json
                equal(bool(monitor.requests), seen, name)
                equal(reply["facts"]["source"] if seen else reply["error"], "qemu" if seen else "no picture today")


@in_folder
def auto_by_the_class_of_the_output_that_is_named(folder):
    facts = ("display.0.name=card0-X-1", "display.0.class=emulated", "display.1.name=card1-Y-1",
             "display.1.class=passed-through")
    with qmp.Monitor(drawing(9, 9).ppm) as monitor, guest(*facts) as server:
        equal(auto(folder, monitor, server, "-o", "card0-X-1").json["facts"]["source"], "qemu")
        auto(folder, monitor, server, "-o", "card1-Y-1", code=REFUSED)
        auto(folder, monitor, server, "--region", "1x1+0+0", code=REFUSED)  # which QEMU does not know


@in_folder
def auto_by_the_class_of_the_card(folder):
    """An X server does not tell it of its outputs; the kernel does, of the same card. And agents that lack the RPC."""
    x11 = ("display.0.name=HDMI-1", "display.0.backend=x11", "display.0.pci=0000:01:00.0")
    card = ("display.1.name=card1-HDMI-A-1", "display.1.class=passed-through", "display.1.pci=0000:01:00.0")
    with qmp.Monitor(drawing(9, 9).ppm) as monitor:
        with guest(*x11, *card) as server:
            auto(folder, monitor, server, "-o", "HDMI-1", code=REFUSED)
            auto(folder, monitor, server, code=REFUSED)
        with guest(*x11) as server:
            equal(auto(folder, monitor, server, "-o", "HDMI-1").json["facts"]["source"], "qemu")
        with guest(*x11, *card, old=True) as server:
            auto(folder, monitor, server, "-o", "HDMI-1", code=REFUSED)


# ---- compare ----

def with_both(function):
    """An agent with the synthetic screen, its picture, and a folder."""
    def run():
        with Agent(env={"PERISCOPE_PATTERN": "203x101"}) as agent, tempfile.TemporaryDirectory() as folder:
            periscope("screenshot", target(agent), "guest.ppm", "--no-cursor", *PATTERN, cwd=folder)
            function(agent, folder, picture.decode_ppm(read(folder, "guest.ppm")))
    run.__name__ = function.__name__
    return test(run)


def compare(agent, monitor, folder, *options, code=OK):
    return periscope("compare", "--json", "--qmp", monitor.address, *PATTERN, *options, target(agent), code=code, cwd=folder)


@with_both
def compare_equal(agent, folder, image):
    with qmp.Monitor(image.ppm) as monitor:
        reply = compare(agent, monitor, folder, "-o", "d.png").json
        equal((reply["equal"], reply["differing"], reply["pixels"], reply["status"]), (True, 0, 203 * 101, "ok"))
        text = periscope("compare", "--qmp", monitor.address, *PATTERN, target(agent)).text
        equal(text.splitlines(), ["agent: 203x101 of PATTERN-1", "qemu:  203x101", "equal"])
    drawn = picture.decode_png(read(folder, "d.png"))
    grey = bytes(value for i in range(0, len(image.pixels), 3) for value in [sum(image.pixels[i:i + 3]) // 12] * 3)
    check(drawn.same(picture.Picture(203, 101, grey)), "the picture of no difference")


@with_both
def compare_different(agent, folder, image):
    places = [(5, 7), (202, 0), (100, 100)]
    with qmp.Monitor(spoil(image, *places).ppm) as monitor:
        reply = compare(agent, monitor, folder, "--output", "d.ppm", code=DIFFERENT).json
        equal((reply["equal"], reply["differing"], reply["most"], reply["status"]), (False, 3, 0x40, "different"))
        equal(reply["area"], {"x": 5, "y": 0, "width": 198, "height": 101})
        text = periscope("compare", "--qmp", monitor.address, *PATTERN, target(agent), code=DIFFERENT).text
        check("3 of 20503 pixels differ, within 198x101+5+0, by at most 64 of 255" in text, text)
    drawn = picture.decode_ppm(read(folder, "d.ppm"))
    red = {(i // 3 % 203, i // 3 // 203) for i in range(0, len(drawn.pixels), 3)
           if drawn.pixels[i:i + 3] == b"\xff\0\0"}
    equal(red, set(places), "the red pixels")


@with_both
def compare_with_other_sizes(agent, folder, image):
    """A place that only one has differs."""
    with qmp.Monitor(image.crop(0, 0, 200, 90).ppm) as monitor:
        reply = compare(agent, monitor, folder, "--output", "d.png", code=DIFFERENT).json
        equal(reply["differing"], 203 * 101 - 200 * 90)
        equal((reply["qemu"]["width"], reply["qemu"]["height"]), (200, 90))
        text = periscope("compare", "--qmp", monitor.address, *PATTERN, target(agent), code=DIFFERENT).text
        check("the sizes differ" in text.splitlines(), text)
    drawn = picture.decode_png(read(folder, "d.png"))
    blue = sum(drawn.pixels[i:i + 3] == b"\0\0\xff" for i in range(0, len(drawn.pixels), 3))
    equal((drawn.width, drawn.height, blue), (203, 101, 203 * 101 - 200 * 90))


@with_both
def compare_with_one_that_comes_late(agent, folder, image):
    """QEMU shows the guest's last change a little later."""
    shown = [spoil(image, (1, 1)), spoil(image, (2, 2)), image]
    with qmp.Monitor(lambda: (shown.pop(0) if len(shown) > 1 else shown[0]).ppm()) as monitor:
        check(compare(agent, monitor, folder).json["equal"], "not equal")


@in_folder
def compare_with_a_screen_that_never_stops(folder):
    with Agent(env={"PERISCOPE_PATTERN": "64x48,counter"}) as agent, qmp.Monitor(drawing(64, 48).ppm) as monitor:
        result = compare(agent, monitor, folder, "-t", "1", "--output", "d.png", code=TIMED_OUT)
        one_line(result, "did not stop changing")
        equal(result.json["equal"], False)
        picture.decode_png(read(folder, "d.png"))


# ---- what can go wrong ----

def fails(monitor, text, code, *options):
    one_line(periscope("screenshot", "--qmp", monitor.address, "--source", "qemu", *options, nobody(), "x.png", code=code,
                       cwd=monitor.folder), text)
    check(not os.path.exists(os.path.join(monitor.folder, "x.png")), "a file was written")


@test
def monitors_that_are_none():
    for greeting, text in ((b"", "closed"), (b"SSH-2.0-OpenSSH\r\n", "not JSON"), (b"{}\n", "greeting"),
                           (b"[" * 100 + b"]" * 100 + b"\n", "not JSON"), (b" " * (1 << 21), "more than 1048576 bytes")):
        with qmp.Monitor(greeting=greeting, leaves=True) as monitor:
            fails(monitor, text, FAILED)
    for answer, text in ((b'{"return": {}, "id": 01}\n', "not JSON"), (b"\n", "not JSON"),
                         (b'{"event": "X"}\n' * 20000, "none was the answer"), (b'{"error": 1}\n', "refused without a reason")):
        with qmp.Monitor(answer=lambda _, answer=answer: answer) as monitor:
            fails(monitor, text, REFUSED if b"error" in answer else FAILED)


@test
def refusals_of_qemu():
    with qmp.Monitor(answer=qmp.refusal("Device 'x' not found\u001b[2J \ud83d\ude00")) as monitor:
        fails(monitor, "screendump: Device 'x' not found?[2J \U0001f600", REFUSED, "--device", "x")


@test
def files_that_are_no_picture():
    for content, text in ((None, "it is empty"), (b"", "it is empty"), (b"P5\n1 1\n255\nx", "not a PPM"), (b"P", "not a PPM"),
                          (b"P6\n2 2\n255\n0123456789a", "11 bytes of pixels for 2x2"), (b"P6\n2 2\n255", "header"),
                          (b"P6\n32768 1\n255\n", "header"), (b"P6\n1 1\n65535\n", "header"), (b"P6 0 1 255 ", "0x1")):
        with qmp.Monitor(lambda content=content: content) as monitor:
            fails(monitor, text, REFUSED if content in (None, b"") else FAILED)


@test
def sockets_that_are_not_there():
    for address, text, code in (("/nowhere/qmp", "No such file or directory", FAILED), ("nonsense", "neither", USAGE),
                                (f"127.0.0.1:{unused_port()}", "could not connect", FAILED), ("a:b", "neither", USAGE),
                                ("/" + "x" * 200, "File name too long", FAILED)):
        one_line(periscope("screenshot", "--qmp", address, "--source", "qemu", nobody(), code=code), text)
        one_line(periscope("compare", "--qmp", address, nobody(), code=code), text)


@test
def wrong_lines():
    for line, text in ((["--source", "qemu"], "needs --qmp"), (["--source", "both"], "--source is 'both'"),
                       (["--device", "x"], "need --qmp"), (["--qmp", "/q", "--head", "1"], "--head needs --device"),
                       (["--qmp", "/q", "--device", "x", "--head", "256"], "--head is '256'"),
                       (["--qmp", "/q", "--source", "qemu", "--region", "1x1+0+0"], "--region needs the agent")):
        one_line(periscope("screenshot", *line, nobody(), code=USAGE), text)
    one_line(periscope("compare", nobody(), code=USAGE), "--qmp is needed")
    one_line(periscope("compare", "--qmp", "/q", "-o", "-", nobody(), code=USAGE), "--output is a file's name")


# ---- a real QEMU ----

@in_folder
def real_qemu(folder):
    """Its screen before the guest runs, as another client of its monitor gets it."""
    with qmp.Qemu() as qemu:
        reply = periscope("screenshot", "--json", "--qmp", qemu.address, *NOBODY, nobody(), cwd=folder).json
        seen = qemu.screendump()
        check(picture.decode_png(read(folder, "screenshot.png")).same(seen), "another picture")
        equal((reply["facts"]["source"], reply["facts"]["geometry"]), ("qemu", f"{seen.width}x{seen.height}+0+0"))
        one_line(periscope("screenshot", "--qmp", qemu.address, "--source", "qemu", "--device", "none", nobody(),
                           code=REFUSED), "screendump: Device 'none' not found")
        with Agent(env={"PERISCOPE_PATTERN": f"{seen.width}x{seen.height}"}) as agent:
            reply = periscope("compare", "--json", "--qmp", qemu.address, *PATTERN, target(agent), code=DIFFERENT).json
            check(reply["differing"] > 0 and reply["facts"]["output"] == "PATTERN-1", reply)


if __name__ == "__main__":
    main()
