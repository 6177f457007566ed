#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verb screenshot of the command periscope, with the agent's synthetic screen."""
import os
import re
import signal
import tempfile

import picture
import xserver
from cli import REFUSED, UNCHANGED, USAGE, finish, one_line, periscope, start, target
from harness import Agent, check, equal, main, test, with_agent

PATTERN = ("--backend", "pattern")


def with_screen(function):
    """The agent shows the synthetic screen, and the command runs in a folder of its own."""
    def run():
        with Agent(env={"PERISCOPE_PATTERN": "203x101"}) as agent, tempfile.TemporaryDirectory() as folder:
            function(agent, folder)
    run.__name__ = function.__name__
    return test(run)


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


@with_screen
def screenshot_in_every_form(agent, folder):
    lines = periscope("screenshot", "--verbose", target(agent), *PATTERN, cwd=folder).text.splitlines()
    facts = dict(line.split(None, 1) for line in lines)
    png = picture.decode_png(read(folder, "screenshot.png"))
    equal((png.width, png.height), (203, 101))
    equal((facts["backend"], facts["geometry"], facts["hash"]), ("pattern", "203x101+0+0", png.hash()))
    periscope("screenshot", target(agent), "a.ppm", *PATTERN, cwd=folder)
    check(png.same(picture.decode_ppm(read(folder, "a.ppm"))), "the PPM by FILE's ending differs")
    periscope("screenshot", target(agent), "--level", "small", *PATTERN, "small.png", cwd=folder)
    check(png.same(picture.decode_png(read(folder, "small.png"))), "the pixels of --level small differ")
    os.unlink(os.path.join(folder, "small.png"))
    periscope("screenshot", target(agent), "--format", "ppm", *PATTERN, cwd=folder)
    check(png.same(picture.decode_ppm(read(folder, "screenshot.ppm"))), "the PPM by --format differs")
    result = periscope("screenshot", target(agent), "-", *PATTERN)
    check(png.same(picture.decode_png(result.out)), "the picture on standard output differs")
    check(re.fullmatch(r"standard output: 203x101, PATTERN-1 \(pattern\), \d+ ms\n", result.err), result.err)
    result = periscope("screenshot", "-v", target(agent), "-", *PATTERN)
    check("periscope: screenshot: backend: pattern" in result.err.splitlines(), result.err)
    equal(periscope("screenshot", "-q", target(agent), "-", *PATTERN).err, "")
    equal(sorted(os.listdir(folder)), ["a.ppm", "screenshot.png", "screenshot.ppm"])


@with_screen
def screenshot_of_a_region(agent, folder):
    whole = picture.decode_png(periscope("screenshot", target(agent), "-", *PATTERN).out)
    part = picture.decode_png(periscope("screenshot", target(agent), "-", *PATTERN, "-r", "31x17+5+9").out)
    check(part.same(whole.crop(5, 9, 31, 17)), "the region differs")
    one_line(periscope("screenshot", target(agent), "--region", "300x1+0+0", *PATTERN, code=REFUSED, cwd=folder), "region")
    equal(os.listdir(folder), [])


@test
def screenshot_of_a_very_large_screen():
    """A picture of any size up to the one limit goes the whole way; beyond it the limit is named."""
    with Agent(env={"PERISCOPE_PATTERN": "16384x5500,solid-123456"}) as agent, tempfile.TemporaryDirectory() as folder:
        periscope("screenshot", target(agent), "large.ppm", *PATTERN, "--no-cursor", "--deadline", "60", cwd=folder)
        with open(os.path.join(folder, "large.ppm"), "rb") as file:
            header = b"P6\n16384 5500\n255\n"
            equal(file.read(len(header)), header, "header")
            rows = 0
            while row := file.read(16384 * 3):
                check(row == b"\x12\x34\x56" * 16384, f"row {rows} differs")
                rows += 1
            equal(rows, 5500, "rows")
    with Agent(env={"PERISCOPE_PATTERN": "32767x8193"}) as agent:
        one_line(periscope("screenshot", target(agent), "-", *PATTERN, code=REFUSED),
                 "the pattern has 32767x8193 pixels: the limit of a picture is 268435456 in all")


@with_screen
def screenshot_as_json(agent, folder):
    reply = periscope("screenshot", target(agent), "--json", *PATTERN, "--no-cursor", cwd=folder).json
    png = read(folder, "screenshot.png")
    equal((reply["file"], reply["bytes"], reply["unchanged"], reply["status"]), ("screenshot.png", len(png), False, "ok"))
    equal(reply["facts"]["hash"], picture.decode_png(png).hash())
    equal((type(reply["warnings"]), type(reply["refused"])), (list, list))


@with_screen
def screenshot_that_has_not_changed(agent, folder):
    hashed = periscope("screenshot", target(agent), "--json", *PATTERN, cwd=folder).json["facts"]["hash"]
    os.remove(os.path.join(folder, "screenshot.png"))
    reply = periscope("screenshot", target(agent), "--json", *PATTERN, "--if-changed", hashed, code=UNCHANGED, cwd=folder).json
    equal((reply["ok"], reply["status"], reply["unchanged"], reply["file"]), (True, "unchanged", True, None))
    equal(os.listdir(folder), [])
    reply = periscope("screenshot", target(agent), "--json", *PATTERN, "--if-changed", hashed, "--wait", "0.2",
                      code=UNCHANGED, cwd=folder).json
    equal((reply["status"], os.listdir(folder)), ("unchanged", []))
    other = hashed[:-1] + ("0" if hashed[-1] != "0" else "1")
    periscope("screenshot", target(agent), *PATTERN, "-i", other, cwd=folder)
    equal(os.listdir(folder), ["screenshot.png"])


@with_screen
def screenshot_that_is_refused(agent, folder):
    one_line(periscope("screenshot", target(agent), "--backend", "none", code=REFUSED, cwd=folder), "none")
    one_line(periscope("screenshot", target(agent), "--deadline", "0.01", code=REFUSED, cwd=folder), "deadline-ms")
    one_line(periscope("screenshot", target(agent), "--deadline", "x", code=USAGE, cwd=folder), "--deadline is 'x'")
    one_line(periscope("screenshot", target(agent), "none/x.png", *PATTERN, code=1, cwd=folder), "No such file or directory")
    equal(os.listdir(folder), [])


@test
def stopped_x_server_is_told_and_comes_back():
    """A reason by the deadline, pings meanwhile, and after it goes on again the picture that another program reads."""
    with xserver.Server(screens=("203x101x24",)) as server, tempfile.TemporaryDirectory() as folder:
        with Agent(env={"DISPLAY": server.display}) as agent:
            server.run("xsetroot", "-mod", "7", "5", "-fg", "#204060", "-bg", "#e0a010")
            os.kill(server.pid, signal.SIGSTOP)
            try:
                shot = start("screenshot", target(agent), "--deadline", "2", cwd=folder)
                for _ in range(20):
                    periscope("ping", target(agent))
                result = finish(shot)
            finally:
                os.kill(server.pid, signal.SIGCONT)
            equal(result.code, REFUSED, "exit status")
            one_line(result, f"X server {server.display} does not answer (process {server.pid} Xvfb, stopped)")
            equal(os.listdir(folder), [], "files")
            server.run("xsetroot", "-solid", "#ff8000")
            periscope("screenshot", target(agent), "--no-cursor", cwd=folder)
            check(picture.decode_png(read(folder, "screenshot.png")).same(server.as_xwd_reads_it()), "the next picture")


@test
def picture_of_another_screen_than_that_of_display_is_warned_of():
    """Whichever screen it is that this machine has beside the server."""
    with xserver.Server(screens=("203x101x24",)), Agent(env={"DISPLAY": "another-host:5"}) as agent, \
            tempfile.TemporaryDirectory() as folder:
        line = "warning: this is not the screen of DISPLAY=another-host:5"
        result = periscope("screenshot", target(agent), "-")
        check(any(text.endswith(line) for text in result.err.splitlines()), result.err)
        reply = periscope("screenshot", target(agent), "--json", cwd=folder).json
        check("this is not the screen of DISPLAY=another-host:5" in reply["warnings"], reply["warnings"])


@with_agent("--set-time-only")
def refusal_of_a_restricted_agent(agent):
    one_line(periscope("screenshot", target(agent), code=REFUSED), "the screenshot RPC is not allowed")


if __name__ == "__main__":
    main()
