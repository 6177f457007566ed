#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures of X servers, compared pixel for pixel with what other programs read from the same server: xwd, import, and
for the cursor the framebuffer that Xvfb itself draws it into."""
import concurrent.futures
import itertools
import os
import threading

import picture
import wire
from harness import Skip, check, equal, main, refused, test
from wire import Refused
from worker import Facts, Worker
from xserver import TOOL_WORKER, Server, need_xorg


def capture(server, *without, screen=0):
    """A worker that looks at the server; without: functions of Xlib that are taken away from it."""
    settings = {"command": [TOOL_WORKER, *without]} if without else {}
    return Worker({**server.variables, "DISPLAY": f"{server.display}.{screen}"}, "x11", **settings)


def same(shot, want, what):
    if shot.same(want):
        return
    equal((shot.width, shot.height), (want.width, want.height), f"{what}: size")
    different = [i // 3 for i in range(0, len(want.pixels), 3) if shot.pixels[i:i + 3] != want.pixels[i:i + 3]]
    first = different[0]
    at = first % want.width, first // want.width
    raise AssertionError(f"{what}: {len(different)} pixels differ, the first at {at}: "
                         f"{shot.pixels[first * 3:first * 3 + 3].hex()} instead of "
                         f"{want.pixels[first * 3:first * 3 + 3].hex()}")


# ---- depths and visuals ----

VISUALS = {"StaticGray": 0, "GrayScale": 1, "StaticColor": 2, "PseudoColor": 3, "TrueColor": 4, "DirectColor": 5}


def compare(depth, size, visual=None, *options):
    settings = ["-cc", str(VISUALS[visual])] if visual else []
    with Server(*settings, *options, screens=(f"{size}x{depth}",)) as server, capture(server) as worker:
        server.client().do("noise", depth)
        facts, shot = worker.ppm("cursor=0")
        same(shot, server.as_xwd_reads_it(), f"depth {depth} {visual}")
        equal(facts["x11.depth"], str(depth), "depth")
        return facts


@test
def depth_24():
    facts = compare(24, "641x479")
    equal((facts["backend"], facts["output"], facts["geometry"], facts["cursor"], facts["x11.method"]),
          ("x11", "all", "641x479+0+0", "off", "shm"), "facts")
    equal(facts.all("warning"), [], "warnings")


@test
def depth_30():
    compare(30, "333x201")


@test
def depth_16():
    compare(16, "641x479")


@test
def depth_15():
    compare(15, "639x241")


@test
def depth_8():
    compare(8, "643x101")


@test
def every_other_visual():
    for visual in ("StaticGray", "GrayScale", "StaticColor", "TrueColor", "DirectColor"):
        compare(8, "123x45", visual)
    compare(16, "123x45", "DirectColor")
    compare(24, "123x45", "DirectColor")


@test
def odd_sizes():
    for size in ("1x1", "3x1", "1x7", "5x5", "17x3", "1367x2"):
        compare(24, size)
        compare(8, size)


@test
def colour_map_that_is_installed_is_the_one_that_counts():
    for depth, visual in ((8, "PseudoColor"), (8, "GrayScale"), (24, "DirectColor")):
        with Server("-cc", str(VISUALS[visual]), screens=(f"200x100x{depth}",)) as server, capture(server) as worker:
            client = server.client()
            client.do("noise", 5)
            before = worker.ppm("cursor=0")[1]
            client.do("colormap", 6)
            after = worker.ppm("cursor=0")[1]
            check(not before.same(after), f"{visual}: the colours did not change")
            same(after, server.as_xwd_reads_it(0, "-icmap"), visual)


@test
def imagemagick_reads_the_same():
    with Server(screens=("321x123x24",)) as server, capture(server) as worker:
        server.client().do("noise", 9)
        same(worker.png("cursor=0")[1], picture.decode_ppm(server.run("import", "-silent", "-window", "root", "-depth", "8", "ppm:-")),
             "import")


# ---- the largest screens ----

def compare_large(size, far):
    """`far`: a region at the far end of the screen."""
    width, height, x, y = (int(number) for number in far.replace("+", "x").split("x"))
    for options, method in (((), "shm"), (("-extension", "MIT-SHM"), "getimage")):
        try:
            server = Server(*options, screens=(f"{size}x24",))
        except AssertionError as error:
            raise Skip(f"Xvfb has no screen of {size}: {error}") from None
        with server:
            server.client().do("noise", 1)
            whole = server.as_xwd_reads_it()
            part = whole.crop(x, y, width, height)
            with capture(server) as worker:  # only now: a worker does not wait long for its first request
                facts, shot = worker.ppm("cursor=0")
                region = worker.ppm("cursor=0", f"region={far}")[1]
            equal((facts["geometry"], facts["x11.method"]), (f"{size}+0+0", method), "facts")
            same(shot, whole, f"{size} by {method}")
            same(region, part, f"{far} of {size}")


@test
def widest_screen():
    compare_large("32767x100", "77x33+32690+67")


@test
def highest_screen():
    compare_large("100x32767", "33x77+67+32690")


# ---- without an extension or a library ----

@test
def without_shared_memory():
    for depth in (24, 8):
        facts = compare(depth, "123x77", None, "-extension", "MIT-SHM")
        equal(facts["x11.method"], "getimage", "method")


@test
def without_randr():
    with Server("-extension", "RANDR", screens=("123x77x24",)) as server, capture(server) as worker:
        server.client().do("noise", 1)
        same(worker.ppm("output=screen", "cursor=0")[1], server.as_xwd_reads_it(), "picture")
        equal(Facts(worker.ask("displays")[0])["display.0.geometry"], "123x77+0+0", "geometry")


@test
def without_xfixes():
    with Server("-extension", "XFIXES", screens=("123x77x24",)) as server, capture(server) as worker:
        facts, shot = worker.ppm()
        equal(facts["cursor"], "unavailable", "cursor")
        same(shot, server.as_xwd_reads_it(), "picture")


@test
def library_that_is_missing_costs_its_feature_alone():
    losses = {"libXext.so.6": ("x11.method", "getimage"), "libXfixes.so.3": ("cursor", "unavailable"),
              "libXrandr.so.2": ("output", "all"), "libXss.so.1": ("output", "all")}
    with Server(screens=("123x77x24",)) as server:
        server.client().do("noise", 1)
        for name, (fact, value) in losses.items():
            with open(os.path.join(server.folder, name), "w", encoding="ascii") as file:
                file.write("not a library")
            with Worker({"DISPLAY": server.display, "LD_LIBRARY_PATH": server.folder}, "x11") as worker:
                facts, shot = worker.ppm()
                equal(facts[fact], value, f"{fact} without {name}")
                check(any(f"{name} can't be used" in warning for warning in facts.all("warning")),
                      f"no word of {name}: {facts.all('warning')}")
                if fact == "cursor":
                    same(shot, server.as_xwd_reads_it(), f"without {name}")
            os.remove(os.path.join(server.folder, name))


@test
def library_that_can_not_be_done_without_is_named():
    with Server(screens=("123x77x24",)) as server:
        with open(os.path.join(server.folder, "libX11.so.6"), "w", encoding="ascii") as file:
            file.write("not a library")
        with Worker({"DISPLAY": server.display, "LD_LIBRARY_PATH": server.folder}, "x11") as worker:
            try:
                worker.screenshot()
            except Refused as reason:
                check(f"libX11.so.6 can't be used ({server.folder}/libX11.so.6: file too short): everything" in str(reason),
                      str(reason))
            else:
                raise AssertionError("it was not refused")


# ---- outputs and regions ----

def two_monitors(server):
    server.run("xrandr", "--setmonitor", "LEFT", "300/100x479/100+0+0", "screen")
    server.run("xrandr", "--setmonitor", "RIGHT-2", "341/100x401/100+300+11", "none")


@test
def two_outputs():
    with Server() as server, capture(server) as worker:
        server.client().do("noise", 2)
        two_monitors(server)
        whole = server.as_xwd_reads_it()
        displays = Facts(worker.ask("displays")[0])
        equal(displays["display.count"], "2", "count")
        for i, (name, x, y, width, height) in enumerate((("LEFT", 0, 0, 300, 479), ("RIGHT-2", 300, 11, 341, 401))):
            facts, shot = worker.ppm("cursor=0", f"output={name}")
            geometry = f"{width}x{height}+{x}+{y}"
            equal((facts["output"], facts["geometry"]), (name, geometry), "facts")
            same(shot, whole.crop(x, y, width, height), name)
            equal([displays[f"display.{i}.{key}"] for key in ("name", "geometry", "backend", "driver", "class")],
                  [name, geometry, "x11", "Xvfb", "virtual"], f"display {i}")
        same(worker.ppm("cursor=0")[1], whole, "whole screen")
        facts, shot = worker.ppm("cursor=0", "output=all")
        equal([facts["output"], facts["output.0"], facts["output.1"]],
              ["all", "LEFT 300x479+0+0", "RIGHT-2 341x401+300+11"], "facts of all")
        same(shot, whole, "all outputs")
        refused("x11: there is no output 'VGA-9' among: LEFT RIGHT-2 screen", worker.screenshot, "output=VGA-9")


@test
def output_is_found_by_the_name_of_its_monitor_and_by_its_own():
    with Server() as server, capture(server) as worker:
        server.client().do("noise", 1)
        whole = server.as_xwd_reads_it()
        same(worker.ppm("output=screen", "cursor=0")[1], whole, "before there are monitors")
        two_monitors(server)
        facts, shot = worker.ppm("output=screen", "cursor=0")
        same(shot, whole, "the output by its own name")
        equal((facts["output"], facts["geometry"]), ("screen", "641x479+0+0"), "facts")
        same(worker.ppm("output=LEFT", "cursor=0")[1], whole.crop(0, 0, 300, 479), "the monitor")
        refused("x11: there is no output 'RIGHT' among: LEFT RIGHT-2 screen", worker.screenshot, "output=RIGHT")


@test
def output_of_xorg_is_found_by_its_own_name_beside_a_monitor():
    need_xorg()
    with Server(program="Xorg") as server, capture(server) as worker:
        server.client().do("noise", 1)
        name = Facts(worker.ask("displays")[0])["display.0.name"]
        want = worker.ppm(f"output={name}", "cursor=0")[1]
        server.run("xrandr", "--setmonitor", "WALL", "auto", name)
        for output in (name, "WALL"):
            same(worker.ppm(f"output={output}", "cursor=0")[1], want, output)


@test
def regions():
    with Server() as server, capture(server) as worker:
        server.client().do("noise", 3)
        two_monitors(server)
        whole = server.as_xwd_reads_it()
        for region, x, y, width, height in (("1x1+0+0", 0, 0, 1, 1), ("1x1+640+478", 640, 478, 1, 1),
                                            ("641x1+0+100", 0, 100, 641, 1), ("123x45+67+89", 67, 89, 123, 45)):
            facts, shot = worker.ppm("cursor=0", f"region={region}")
            same(shot, whole.crop(x, y, width, height), region)
            equal(facts["geometry"], region, "geometry")
        facts, shot = worker.ppm("cursor=0", "output=RIGHT-2", "region=41x1+300+400")
        same(shot, whole.crop(600, 411, 41, 1), "region of an output")
        equal(facts["geometry"], "41x1+600+411", "geometry")
        refused("x11: the region 42x1+300+400 does not lie within the 341x401 pixels of output RIGHT-2",
                worker.screenshot, "output=RIGHT-2", "region=42x1+300+400")
        refused("x11: the region 642x479+0+0 does not lie within the 641x479 pixels of the screen", worker.screenshot,
                "region=642x479+0+0")
        refused("x11: the region 10x10-1+0 does not lie within the 641x479 pixels of the screen", worker.screenshot,
                "region=10x10-1+0")


def small_mode(server):
    server.run("xrandr", "--newmode", "small", "10", "320", "321", "322", "323", "240", "241", "242", "243")
    server.run("xrandr", "--addmode", "screen", "small")
    server.run("xrandr", "--output", "screen", "--mode", "small", "--fb", "641x479")


@test
def what_no_output_shows_is_black():
    with Server() as server, capture(server) as worker:
        server.client().do("noise", 4)
        whole = server.as_xwd_reads_it()
        same(worker.ppm("cursor=0")[1], whole, "before")
        small_mode(server)
        facts, shot = worker.ppm("cursor=0")
        equal(facts["geometry"], "641x479+0+0", "geometry")
        rows = [whole.crop(0, y, 320, 1).pixels + bytes(321 * 3) for y in range(240)] + [bytes(641 * 3)] * 239
        same(shot, picture.Picture(641, 479, b"".join(rows)), "unlit part")
        same(worker.ppm("cursor=0", "output=screen")[1], whole.crop(0, 0, 320, 240), "lit part")


@test
def two_outputs_of_xorg_with_a_gap_between_them():
    need_xorg()
    with Server(program="Xorg") as server, capture(server) as worker:
        server.run("xrandr", "--addmode", "DUMMY1", "640x480")
        server.run("xrandr", "--output", "DUMMY0", "--mode", "800x600", "--pos", "0x0",
                   "--output", "DUMMY1", "--mode", "640x480", "--pos", "900x50")
        server.client().do("noise", 8)
        whole = server.as_xwd_reads_it()
        displays = Facts(worker.ask("displays", "backend=x11")[0])
        equal([displays[f"display.{key}"] for key in ("count", "0.name", "0.geometry", "1.name", "1.geometry", "0.driver")],
              ["2", "DUMMY0", "800x600+0+0", "DUMMY1", "640x480+900+50", "Xorg"], "displays")
        for name, x, y, width, height in (("DUMMY0", 0, 0, 800, 600), ("DUMMY1", 900, 50, 640, 480)):
            same(worker.ppm("cursor=0", f"output={name}")[1], whole.crop(x, y, width, height), name)
        rows = []
        for y in range(600):
            left, right = whole.crop(0, y, 800, 1).pixels, whole.crop(900, y, 640, 1).pixels
            rows.append(left + bytes(100 * 3) + (right if 50 <= y < 530 else bytes(640 * 3)))
        same(worker.ppm("cursor=0")[1], picture.Picture(1540, 600, b"".join(rows)), "whole screen")
        server.run("xrandr", "--output", "DUMMY0", "--off", "--output", "DUMMY1", "--off")
        facts, shot = worker.ppm("cursor=0")
        check("no output shows the screen" in facts.all("warning"), f"warnings: {facts.all('warning')}")
        same(shot, server.as_xwd_reads_it(), "screen without outputs")


@test
def outputs_without_monitors_of_randr_1_5():
    with Server() as server, capture(server, "XRRGetMonitors") as worker:
        server.client().do("noise", 4)
        small_mode(server)
        displays = Facts(worker.ask("displays")[0])
        equal((displays["display.0.name"], displays["display.0.geometry"]), ("screen", "320x240+0+0"), "display")
        same(worker.ppm("cursor=0", "output=screen")[1], server.as_xwd_reads_it().crop(0, 0, 320, 240), "picture")


@test
def several_x_screens():
    with Server(screens=("320x240x24", "161x99x16")) as server:
        server.client(0).do("noise", 5)
        server.client(1).do("noise", 6)
        with capture(server) as worker:
            displays = Facts(worker.ask("displays")[0])
            equal([displays["display.count"], displays["display.0.name"], displays["display.1.name"],
                   displays["display.1.geometry"]], ["2", "screen", "screen1.screen", "161x99+0+0"], "displays")
            same(worker.ppm("cursor=0")[1], server.as_xwd_reads_it(0), "screen 0")
            facts, shot = worker.ppm("cursor=1", "output=screen1.screen")
            same(shot, server.as_xwd_reads_it(1), "screen 1")
            equal((facts["x11.display"], facts["cursor"]), (f"{server.display}.1", "hidden"), "facts")
        with capture(server, screen=1) as worker:
            same(worker.ppm("cursor=0")[1], server.as_xwd_reads_it(1), "DISPLAY with a screen")


def switch_modes(server, stop):
    for mode, size in itertools.cycle((("small", "320x240"), ("641x479", "641x479"))):
        if stop.is_set():
            return
        server.run("xrandr", "--dpi", "96", "--output", "screen", "--mode", mode, "--fb", size)


@test
def screen_that_changes_its_size_all_the_time():
    stop, seen = threading.Event(), set()
    with Server() as server, capture(server) as worker, concurrent.futures.ThreadPoolExecutor(1) as pool:
        client = server.client()
        small_mode(server)
        switching = pool.submit(switch_modes, server, stop)
        try:
            for _ in range(300):
                try:
                    facts, shot = worker.ppm("cursor=0")
                except wire.Refused as error:
                    # Right as well, on a machine that is too busy to take one between two changes.
                    check("the screen's layout changed" in str(error), str(error))
                    continue
                equal(facts["geometry"], f"{shot.width}x{shot.height}+0+0", "geometry")
                seen.add((shot.width, shot.height))
        finally:
            stop.set()
        switching.result()
        check(seen <= {(320, 240), (641, 479)} and len(seen) == 2, f"sizes seen: {seen}")
        client.do("noise", 7)
        same(worker.ppm("cursor=0")[1], server.as_xwd_reads_it(), "after the last change")


# ---- the cursor ----

def compare_cursor(server, worker, what):
    facts, shot = worker.ppm()
    same(shot, server.framebuffer(), what)
    return facts["cursor"]


@test
def cursor_with_alpha_at_every_edge():
    with Server(screens=("121x83x24",)) as server, capture(server) as worker:
        client = server.client()
        client.do("noise", 1)
        plain = server.as_xwd_reads_it()
        client.do("cursor", 33, 21, 7, 5, 8)
        for x, y in ((60, 40), (0, 0), (120, 0), (0, 82), (120, 82), (3, 2), (118, 79)):
            client.do("warp", x, y)
            equal(compare_cursor(server, worker, f"cursor at {x},{y}"), "drawn", "cursor")
            same(worker.ppm("cursor=0")[1], plain, "without the cursor")
        client.do("warp", 60, 40)
        for region in ("20x20+60+40", "8x8+52+34"):
            width, height, x, y = (int(n) for n in region.replace("+", "x").split("x"))
            same(worker.ppm(f"region={region}")[1], server.framebuffer().crop(x, y, width, height), region)
        equal(worker.ppm("region=5x5+0+0")[0]["cursor"], "hidden", "cursor outside of the region")


@test
def cursor_of_two_colours_at_every_depth():
    for depth in (8, 15, 16, 24, 30):
        with Server(screens=(f"121x83x{depth}",)) as server, capture(server) as worker:
            client = server.client()
            client.do("noise", depth)
            client.do("bitmap-cursor", 23, 19, 7, 5, depth)
            for x, y in ((60, 40), (0, 0), (120, 82)):
                client.do("warp", x, y)
                equal(compare_cursor(server, worker, f"depth {depth} at {x},{y}"), "drawn", "cursor")


# ---- what a person does not see ----

@test
def inactive_virtual_terminal_is_refused():
    with Server() as server, capture(server) as worker:
        server.run("xprop", "-root", "-f", "XFree86_has_VT", "32i", "-set", "XFree86_has_VT", "0")
        refused(f"x11: x-vt-inactive: the virtual terminal of X server {server.display} is not the active one",
                worker.screenshot)
        server.run("xprop", "-root", "-f", "XFree86_has_VT", "32i", "-set", "XFree86_has_VT", "1")
        worker.screenshot()


@test
def server_that_writes_nothing_into_shared_memory():
    with Server() as server, capture(server, "stale-shm") as worker:
        client = server.client()
        client.do("clear")
        refused(f"x11: x-vt-inactive: X server {server.display} gives no pixels, as when its virtual terminal is not the "
                "active one", worker.screenshot, "cursor=0")
        client.do("noise", 1)
        facts, shot = worker.ppm("cursor=0")
        equal(facts["x11.method"], "getimage", "method")
        same(shot, server.as_xwd_reads_it(), "picture")
        client.do("clear")
        worker.ppm("cursor=0")  # black, and believed: this way the server does give its pixels


@test
def display_that_sleeps_is_told():
    with Server() as server, capture(server, "asleep") as worker:
        server.client().do("noise", 1)
        facts, shot = worker.ppm("cursor=0")
        equal(facts.all("warning"), ["display asleep (DPMS off)"], "warnings")
        same(shot, server.as_xwd_reads_it(), "picture")


@test
def screen_saver_is_told():
    with Server() as server, capture(server) as worker:
        server.run("xset", "s", "activate")
        equal(worker.screenshot()[0].all("warning")[:1], ["screen saver active"], "warning")
        server.run("xset", "s", "reset")
        check("screen saver active" not in worker.screenshot()[0].all("warning"), "the saver is not told to be off")


@test
def tint_for_the_night_is_told():
    """The picture is what the server has, before the gamma table."""
    with Server() as server, capture(server) as worker:
        server.client().do("noise", 1)
        for gamma, warnings in (("1:1:1", 0), ("2:2:2", 0), ("1:0.9:0.6", 1), ("1:1:1", 0)):
            server.run("xrandr", "--output", "screen", "--gamma", gamma)
            facts, shot = worker.ppm("cursor=0")
            equal(len([text for text in facts.all("warning") if "tints the picture" in text]), warnings, gamma)
            same(shot, server.as_xwd_reads_it(), f"picture with a gamma of {gamma}")


@test
def tint_is_asked_of_what_shows_something():
    """Xorg's dummy driver has sixteen CRTCs, of which one is in use."""
    need_xorg()
    with Server(program="Xorg") as server, capture(server, "frugal") as worker:
        worker.ppm("cursor=0")


def follow_drawing(server, draws):
    with capture(server, "parts") as worker:
        facts, _ = worker.ppm("delta=1", "cursor=0")
        for step in range(5):
            draws.do("box", 9 * step, 9, 5, 5, f"12345{step}")
            facts, _ = worker.screenshot("format=ppm", "delta=1", "cursor=0", f"if-changed={facts['hash']}")
            equal(facts.all("rect"), [f"5x5+{9 * step}+9"], "rectangles")


@test
def what_was_drawn_is_got_alone():
    """After two seconds all is got again, which a busy machine may take for it."""
    with Server() as server:
        draws = server.client()
        for attempt in range(5):
            draws.do("noise", attempt)
            try:
                return follow_drawing(server, draws)
            except Refused:
                if attempt == 4:
                    raise


@test
def lock_of_xscreensaver_is_told():
    with Server() as server, capture(server) as worker:
        server.run("xprop", "-root", "-f", "_SCREENSAVER_STATUS", "32a", "-set", "_SCREENSAVER_STATUS", "LOCK")
        check("screen locked (xscreensaver)" in worker.screenshot()[0].all("warning"), "the lock is not told")
        server.run("xprop", "-root", "-f", "_SCREENSAVER_STATUS", "32a", "-set", "_SCREENSAVER_STATUS", "BLANK")
        check("screen locked (xscreensaver)" not in worker.screenshot()[0].all("warning"), "blank is no lock")


if __name__ == "__main__":
    main()
