#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures that the Windows agent takes by GDI, compared pixel for pixel with what xwd reads from the X server that Wine
draws on."""
import os
import re
import subprocess

import wine
import wire
from changes import compose
from picture import decode_png, decode_ppm
from wine import Agent, check, equal, eventually, read_screen
from worker import Facts

WIDTH, HEIGHT = 800, 600
WINDOW = (40, 30, 300, 200)
LOUD = ("--deadline", "50", "--backend", "dxgi")  # Direct3D may take long to load


def as_xwd_reads_it(width=WIDTH, height=HEIGHT):
    return read_screen().crop(0, 0, width, height)


def shot(agent, *options):
    """(facts, picture)"""
    result = agent.periscope("screenshot", agent.path("shot.png"), before=("--no-cursor", *options))
    return result.facts(), decode_png(agent.read("shot.png"))


def start_window(agent, *arguments):
    window = agent.start_program(wine.exe("tools/window.exe"), *arguments)
    eventually(lambda: "A test's window" in windows(agent), "the window in the agent's list")
    return window


def show_window(agent, *arguments):
    start_window(agent, *arguments)
    eventually(lambda: read_screen().crop(*WINDOW).pixels == expected_window(), "the window on the X server's screen")


def windows(agent):
    """{title: fields}"""
    lines = agent.periscope("get", ".periscope/windows.txt", "-").out.decode().splitlines()
    return {line.split("\t")[0]: line.split("\t")[1:] for line in lines}


def expected_window():
    _, _, width, height = WINDOW
    return bytes(part for y in range(height) for x in range(width) for part in (x & 255, y, x * y & 255))


def another_process_s_window():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        show_window(agent)
        facts, picture = shot(agent)
        equal(facts["backend"], "gdi", "backend")
        equal(facts["geometry"], f"{WIDTH}x{HEIGHT}+0+0", "geometry")
        check(picture.crop(*WINDOW).pixels == expected_window(), "the window is not what was drawn")
        check(picture.same(as_xwd_reads_it()), "the picture is not what xwd reads")
        equal(facts["hash"], picture.hash(), "hash")
        equal(facts["gdi.desktop"], agent.name, "desktop")
        same = agent.periscope("screenshot", agent.path("none.png"), code=119,
                               before=("--no-cursor", "--if-changed", facts["hash"]))
        check(not os.path.exists(agent.path("none.png")), "an unchanged picture was written")
        equal((same.facts()["unchanged"], same.facts()["hash"]), ("1", facts["hash"]), "facts of an unchanged picture")
        other = facts["hash"][:-1] + ("1" if facts["hash"].endswith("0") else "0")
        agent.periscope("screenshot", agent.path("other.png"), before=("--no-cursor", "--if-changed", other))
        check(decode_png(agent.read("other.png")).same(picture), "a picture that has changed is not the screen's")


def outputs_and_regions():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        show_window(agent)
        _, whole = shot(agent)
        facts, picture = shot(agent, "--output", "DISPLAY1")
        check(picture.same(whole), "the only output is not the screen")
        equal(facts["output"], "DISPLAY1", "output")
        facts, picture = shot(agent, "--region", "101x77+39+29")
        check(picture.same(whole.crop(39, 29, 101, 77)), "the region is not that part of the screen")
        equal(facts["geometry"], "101x77+39+29", "geometry")
        for option, text in ((("--output", "DISPLAY9"), "there is no output 'DISPLAY9' among: DISPLAY1"),
                             (("--region", "2x2+799+0"), "does not lie within the 800x600 pixels of the screen")):
            refused = agent.periscope("screenshot", agent.path("none.png"), code=None, before=option)
            check(refused.code != 0 and text in refused.err, refused.err)


def take(client, *options):
    reply = client.call(wire.SCREENSHOT, *map(wire.s, ("cursor=0", "format=ppm", "delta=1", *options)))
    file = reply[-1].payload if reply[-1].kind == "d" else None
    return Facts(entry.text for entry in reply if entry.kind == "s"), file


def wait_ends_when_the_screen_changes_and_tells_what_differs():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent, wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        eventually(lambda: shot(agent)[1].same(as_xwd_reads_it()), "a picture as xwd reads it")
        facts, file = take(client)
        picture = decode_ppm(file)
        facts, file = take(client, f"if-changed={facts['hash']}", "wait-ms=300")
        equal((facts["unchanged"], file), ("1", None), "the answer while nothing changes")
        start_window(agent)
        while not picture.crop(*WINDOW).pixels == expected_window():
            facts, file = take(client, f"if-changed={facts['hash']}", "wait-ms=50000")
            check("unchanged" not in facts, "the window did not change the screen")
            picture = compose(picture, facts, file) if facts["delta"] != "whole" else decode_ppm(file)
            equal(picture.hash(), facts["hash"], "the hash of the composed picture")
        check(picture.same(as_xwd_reads_it()), "the composed picture is not what xwd reads")


def mode_change_between_two_pictures():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        eventually(lambda: shot(agent)[1].same(as_xwd_reads_it()), "a picture before the change as xwd reads it")
        show_window(agent, "mode", "640x480")
        equal(shot(agent)[0]["geometry"], "640x480+0+0", "geometry after")
        eventually(lambda: shot(agent)[1].same(as_xwd_reads_it(640, 480)), "a picture after the change as xwd reads it")


def window_list_is_passive_and_tells_what_hangs():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        show_window(agent, "hang")
        agent.start_program(wine.exe("tools/window.exe"), "dialog")
        eventually(lambda: windows(agent).get("A dialog", [])[3:4] == ["1"], "the dialog in the list, visible")
        dialog = windows(agent)["A dialog"]
        equal((dialog[0], dialog[4]), ("#32770", "0"), "class and hung of the dialog")
        fields = windows(agent)["A test's window"]
        equal((fields[0], fields[2]), ("PeriscopeTest", "300x200+40+30"), "class and geometry")


def titles_that_are_cut_say_so():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        agent.start_program(wine.exe("tools/window.exe"), "long")
        eventually(lambda: "x" * 1023 + "... (cut)" in windows(agent), "the window with the long title in the list")


def pointer(agent):
    """(what is told of it, the places where it changes the picture)"""
    _, without = shot(agent)
    result = agent.periscope("screenshot", agent.path("with.png"), before=("--cursor",))
    pictured = decode_png(agent.read("with.png"))
    changed = [i for i in range(0, len(without.pixels), 3) if without.pixels[i:i + 3] != pictured.pixels[i:i + 3]]
    return result.facts()["cursor"], [(i // 3 % WIDTH, i // 3 // WIDTH) for i in changed]


def is_drawn_near(told, places, x, y):
    return told.startswith("drawn") and places and all(abs(a - x) < 40 and abs(b - y) < 40 for a, b in places)


def cursor_is_drawn_on_request():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        show_window(agent)
        for x, y in ((200, 150), (500, 400)):
            subprocess.run(["xdotool", "mousemove", str(x), str(y)], timeout=wine.PATIENCE, check=True)
            eventually(lambda x=x, y=y: is_drawn_near(*pointer(agent), x, y), f"a pointer at {x},{y} and nowhere else")
        check(shot(agent)[1].same(as_xwd_reads_it()), "a picture without the pointer is not what xwd reads")


def size_while_modes_change(agent):
    result = agent.periscope("screenshot", agent.path("shot.png"), code=None, before=("--no-cursor",))
    if result.code:
        check("the screen's layout changes while a picture is taken, again and again" in result.err, result.err)
        return None
    picture = decode_png(agent.read("shot.png"))
    equal(result.facts()["geometry"], f"{picture.width}x{picture.height}+0+0", "geometry")
    return picture.width, picture.height


def mode_changes_in_the_middle_of_pictures():
    """Each picture is of one mode and right, or an error that says why there is none."""
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        window = start_window(agent, "flip", "640x480", f"{WIDTH}x{HEIGHT}")
        try:
            seen = [size for size in (size_while_modes_change(agent) for _ in range(12)) if size]
        finally:
            agent.write("stop", b"")
            window.wait(wine.PATIENCE)
        check(seen, "no picture at all")
        check(set(seen) <= {(WIDTH, HEIGHT), (640, 480)}, f"pictures of {seen}")
        eventually(lambda: shot(agent)[1].same(as_xwd_reads_it()), "a picture after all changes as xwd reads it")


def duplication_is_refused_loudly_by_name():
    """Wine has Direct3D 11, but no desktop duplication: its DuplicateOutput is E_NOTIMPL, as a Windows 7's is."""
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        refused = agent.periscope("screenshot", agent.path("none.png"), code=None, before=LOUD)
        check(refused.code != 0 and not os.path.exists(agent.path("none.png")), "there is a picture")
        check(re.search(r"dxgi: (DuplicateOutput|EnumOutputs): .*\((E_NOTIMPL, 0x80004001|DXGI_ERROR_\w+, 0x887a\w+)\)",
                        refused.err), refused.err)
        again = agent.periscope("screenshot", agent.path("none.png"), code=None, before=LOUD)
        equal(again.err, refused.err, "the reason, asked for again")


def duplication_has_a_second_look_at_one_colour():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        facts, picture = shot(agent, "--deadline", "50", "--region", "10x10+700+500")
        check(len(set(zip(*[iter(picture.pixels)] * 3))) == 1, "the desktop has more than one colour")
        equal((facts["backend"], facts["method"][:6]), ("gdi", "BitBlt"), "backend and method")
        # Without an OpenGL of its bits, Wine 10 knows no output.
        check(facts["refused"].startswith(("dxgi: DuplicateOutput: ", "dxgi: EnumOutputs: ")), facts["refused"])
        show_window(agent)
        facts, _ = shot(agent)
        check("refused" not in facts, facts.get("refused"))


def nothing_is_duplicated_while_a_program_of_the_host_runs():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        child = subprocess.Popen([wine.PERISCOPE, "run", f"127.0.0.1:{agent.port}", wine.windows_path(
            wine.exe("tools/window.exe"))], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: "A test's window" in windows(agent), "the window in the agent's list")
            facts, _ = shot(agent, "--deadline", "50", "--region", "10x10+700+500")
            equal(facts["backend"], "gdi", "backend")
            check(facts["refused"].startswith("dxgi: not while a program of the host runs"), facts["refused"])
        finally:
            child.kill()
            child.wait(wine.PATIENCE)


def facts_of_the_session_and_the_monitors():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        facts, _ = shot(agent)
        equal(facts["gdi.monitor.DISPLAY1"], f"{WIDTH}x{HEIGHT}+0+0", "monitor")
        equal(facts["gdi.dpi.DISPLAY1"], "96", "dots per inch")
        check(facts["gdi.session-state"] in ("active", "unknown"), facts["gdi.session-state"])
        equal(facts["chosen"], "GDI, which no program notices", "chosen")


def no_backend_but_the_screen_s():
    with Agent(desktop=f"{WIDTH}x{HEIGHT}") as agent:
        facts = agent.periscope("info").facts()
        equal(facts["capture.backends"], "gdi dxgi pattern", "backends")
        equal((facts["display.count"], facts["display.0.name"], facts["display.0.geometry"]),
              ("1", "DISPLAY1", f"{WIDTH}x{HEIGHT}+0+0"), "displays")
        refused = agent.periscope("screenshot", agent.path("none.png"), code=None, before=("--backend", "x11"))
        check("there is no capture backend 'x11' among: gdi dxgi pattern" in refused.err, refused.err)


wine.main([another_process_s_window, wait_ends_when_the_screen_changes_and_tells_what_differs, outputs_and_regions,
           mode_change_between_two_pictures,
           mode_changes_in_the_middle_of_pictures, duplication_is_refused_loudly_by_name,
           duplication_has_a_second_look_at_one_colour, nothing_is_duplicated_while_a_program_of_the_host_runs,
           facts_of_the_session_and_the_monitors,
           window_list_is_passive_and_tells_what_hangs, titles_that_are_cut_say_so, cursor_is_drawn_on_request,
           no_backend_but_the_screen_s])
