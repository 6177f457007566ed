#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The capture worker alone, spoken to over its standard input and output as the agent does, with the synthetic screen:
pictures, facts, refusals, faults of the source and of the requests."""
import os
import re
import shutil
import struct
import subprocess
import tempfile

import picture
from harness import PATIENCE, Skip, check, equal, main, refused, test, need_unix
from wire import Refused
from worker import Worker as AnyWorker, request, string


class Worker(AnyWorker):
    """One that is to show what PERISCOPE_PATTERN tells, on these processors."""

    def __init__(self, pattern="64x48", cpus=None):
        limit = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
        super().__init__({"PERISCOPE_PATTERN": pattern}, "pattern", preexec_fn=limit)


# ---- what the synthetic screen must show, by its documentation ----

def screen(width, height, pixel):
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            pixels += bytes(pixel(x, y))
    return picture.Picture(width, height, bytes(pixels))


def xor(width, height):
    return screen(width, height, lambda x, y: (x & 255, y & 255, (x ^ y) & 255))


def bars(width, height):
    colours = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0),
               (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0))
    return screen(width, height, lambda x, y: colours[x * 8 // width])


def with_cursor(shown):
    left, top = shown.width // 2, shown.height // 2
    old = shown.pixels
    return screen(shown.width, shown.height, lambda x, y: (255, 255, 255)
                  if left <= x < left + 8 and top <= y < top + 8
                  else old[(y * shown.width + x) * 3:][:3])


# ---- pictures ----

@test
def png_and_ppm_hold_the_screen():
    for width, height in ((1, 1), (123, 77), (640, 480), (1, 300), (300, 1)):
        with Worker(f"{width}x{height}") as worker:
            _, png = worker.screenshot("cursor=0")  # both before anything is computed: an idle worker leaves
            _, ppm = worker.screenshot("cursor=0", "format=ppm")
        check(picture.decode_png(png).same(xor(width, height)), f"the PNG of {width}x{height} holds other pixels")
        equal(ppm, xor(width, height).ppm(), f"the PPM of {width}x{height}")


@test
def every_drawing_comes_out_as_documented():
    for words, want in (("bars", bars(65, 40)), ("solid-12aBff", screen(65, 40, lambda x, y: (0x12, 0xab, 0xff))),
                        ("xor", xor(65, 40))):
        with Worker("65x40," + words) as worker:
            check(worker.png("cursor=0")[1].same(want), f"{words}: other pixels")


@test
def noise_survives():
    with Worker("500x400,noise") as worker:
        _, shot = worker.png()
        _, file = worker.screenshot("format=ppm")
        check(shot.same(picture.decode_ppm(file)), "PNG and PPM of the same noise differ")
        check(len(set(shot.pixels)) == 256, "that is no noise")


@test
def facts_tell_what_was_taken():
    with Worker("64x48") as worker:
        facts, shot = worker.png("cursor=0")
        equal((facts["backend"], facts["output"], facts["geometry"], facts["cursor"]),
              ("pattern", "PATTERN-1", "64x48+0+0", "off"), "facts")
        equal(facts["hash"], shot.hash(), "hash")
        check(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ", facts["time"]), f"time {facts['time']}")
        equal(facts.all("warning"), [], "warnings")


@test
def png_texts_repeat_the_facts():
    with Worker("64x48") as worker:
        facts, shot = worker.png()
        software = shot.texts.pop("Software")
        check(re.fullmatch(r"Periscope \d+\.\d+\.\d+", software), f"Software is {software!r}")
        equal(shot.texts, {key: facts[key] for key in ("backend", "output", "time")}, "texts")


@test
def other_readers_accept_the_png():
    convert, checker = shutil.which("convert"), shutil.which("pngcheck")
    if not convert and not checker:
        raise Skip("neither ImageMagick's convert nor pngcheck is installed")
    with Worker("301x203,noise") as worker, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "shot.png")
        _, file = worker.screenshot()
        with open(path, "wb") as out:
            out.write(file)
        if checker:
            equal(subprocess.run([checker, "-q", path], capture_output=True, timeout=PATIENCE).returncode, 0, "pngcheck")
        if convert:
            ppm = subprocess.run([convert, path, "-depth", "8", "ppm:-"], capture_output=True, timeout=PATIENCE)
            equal(ppm.returncode, 0, "convert")
            check(picture.decode_ppm(ppm.stdout).same(picture.decode_png(file)), "convert reads other pixels")


@test
def regions_are_cut_out():
    whole = with_cursor(xor(100, 80))
    with Worker("100x80") as worker:
        for x, y, width, height in ((0, 0, 100, 80), (0, 0, 1, 1), (99, 79, 1, 1), (13, 7, 51, 43), (99, 0, 1, 80)):
            facts, shot = worker.png(f"region={width}x{height}+{x}+{y}")
            check(shot.same(whole.crop(x, y, width, height)), f"{width}x{height}+{x}+{y} holds other pixels")
            equal(facts["geometry"], f"{width}x{height}+{x}+{y}", "geometry")
            equal(facts["hash"], shot.hash(), "hash")


@test
def the_cursor_is_drawn_unless_told_not_to():
    with Worker("64x48") as worker:
        without, drawn = xor(64, 48), with_cursor(xor(64, 48))
        for options, want, fact in (((), drawn, "drawn"), (("cursor=1",), drawn, "drawn"), (("cursor=0",), without, "off")):
            facts, shot = worker.png(*options)
            check(shot.same(want), f"{options}: other pixels")
            equal(facts["cursor"], fact, "cursor")


@test
def the_same_pixels_are_the_same_file_on_one_processor_and_on_all():
    if len(os.sched_getaffinity(0)) < 2:
        raise Skip("there is only one processor")
    shots = []
    for cpus in ({min(os.sched_getaffinity(0))}, None):
        with Worker("700x500", cpus) as worker:
            shots.append(worker.png()[1])
    check(shots[0].same(shots[1]) and shots[0].compressed == shots[1].compressed, "the files differ")


# ---- change ----

@test
def an_unchanged_picture_is_not_sent():
    with Worker("64x48") as worker:
        facts, _ = worker.screenshot()
        again, file = worker.screenshot("if-changed=" + facts["hash"])
        equal((again["unchanged"], again["hash"], file), ("1", facts["hash"], b""), "the unchanged one")
        other, file = worker.screenshot("if-changed=" + facts["hash"], "cursor=0")
        check("unchanged" not in other and file, "a changed picture was not sent")


@test
def every_picture_is_fresh():
    with Worker("8x8,counter") as worker:
        for number in (1, 2, 3):
            _, shot = worker.png("cursor=0")
            equal(shot.pixels[:3], number.to_bytes(3, "big"), "the picture's number")


@test
def one_colour_is_warned_of():
    with Worker("64x48,solid-000000") as worker:
        facts, _ = worker.screenshot("cursor=0")
        equal(facts.all("warning"), ["all pixels have one colour (#000000)"], "warnings")
        facts, _ = worker.screenshot("cursor=1")
        equal(facts.all("warning"), [], "warnings")


# ---- lists ----

@test
def displays_and_windows_are_listed():
    with Worker("64x48") as worker:
        equal(worker.ask("displays", "backend=pattern"),
              (["display.count=1", "display.0.name=PATTERN-1", "display.0.geometry=64x48+0+0",
                "display.0.backend=pattern"], None), "displays")
        equal(worker.ask("windows", "backend=pattern", "deadline-ms=1000"), ([], None), "windows")


# ---- refusals; the worker goes on after each ----

@test
def wrong_requests_are_refused_in_words():
    with Worker("64x48") as worker:
        outside = "pattern: the region 10x10+60+0 does not lie within the 64x48 pixels of the pattern"
        for texts, want in (
                (["shot"], "the capture worker knows no 'shot'"),
                (["screenshot", "zoom=2"], "unknown option 'zoom=2'"),
                (["screenshot", "zoom"], "unknown option 'zoom'"),
                (["screenshot", "cursor=yes"], "the option cursor='yes' is not 0 or 1"),
                (["screenshot", "region=10x10"], "the option region='10x10' is not WxH+X+Y with sizes from 1 to 32767"),
                (["screenshot", "cursor=1", "cursor=0"], "the option cursor is given twice"),
                (["displays", "cursor=1"], "unknown option 'cursor=1'"),
                (["screenshot", "backend=pattern", "output=HDMI-9"],
                 "pattern: there is no output 'HDMI-9', only PATTERN-1"),
                (["screenshot", "backend=pattern", "region=10x10+60+0"], outside),
                (["screenshot", "backend=pattern", "region=10x10-1+0"], outside.replace("+60+0", "-1+0"))):
            refused(want, worker.ask, *texts)
        check(worker.png("cursor=0")[1].same(xor(64, 48)), "other pixels after the refusals")


@test
def an_unknown_backend_is_refused_with_the_known_ones():
    with Worker("64x48") as worker:
        try:
            worker.ask("screenshot", "backend=camera")
        except Refused as reason:
            check(re.fullmatch(r"there is no capture backend 'camera' among:( \w+)* pattern", str(reason)), str(reason))
        else:
            raise AssertionError("a backend of that name took a picture")


@test
def malformed_requests_are_consumed_and_refused():
    text = string("x")
    with Worker("64x48") as worker:
        for data, want in (
                (struct.pack(">I", 0), "a request to the capture worker says nothing"),
                (struct.pack(">I", 3) + string("screenshot") + b"I" + struct.pack(">QI", 4, 7) + text,
                 "an entry of a request to the capture worker is not a string"),
                (struct.pack(">I", 2) + string("screenshot") + string("x" * 4096),
                 "a string of 4097 bytes exceeds the limit of 4096"),
                (struct.pack(">I", 2) + string("screenshot") + b"s" + struct.pack(">Q", 2) + b"xy",
                 "a string of 2 bytes has no terminating NUL"),
                (struct.pack(">I", 2) + string("screenshot") + string(b"a\0b"),
                 "a string of 4 bytes holds a NUL before its end"),
                (struct.pack(">I", 1200) + text * 1200, "a request to the capture worker has more than 1100 strings")):
            worker.send(data)
            refused(want, worker.answer)
        check(worker.png("cursor=0")[1].same(xor(64, 48)), "other pixels after the refusals")


@test
def requests_in_pieces_and_together_are_all_answered():
    with Worker("64x48") as worker:
        for byte in request("screenshot", "backend=pattern", "format=ppm", "cursor=0"):
            worker.send(bytes([byte]))
        equal(worker.answer()[1], xor(64, 48).ppm(), "the picture asked for in pieces")
        worker.send(request("screenshot", "backend=pattern", "format=ppm", "cursor=0") * 3)
        for _ in range(3):
            equal(worker.answer()[1], xor(64, 48).ppm(), "one of three pictures asked for at once")


@test
def what_is_no_request_ends_the_worker():
    for data, status in ((b"GET / HTTP/1.1\r\n\r\n", 1), (b"\xff" * 100, 1),
                         (request("screenshot", "backend=pattern")[:-3], 0)):
        with Worker("64x48") as worker:
            worker.send(data)
            worker.process.stdin.close()
            equal(worker.process.stdout.read(), b"", "answer")
            equal(worker.ended(), status, "exit status")


# ---- a source that fails ----

@test
def a_hang_is_answered_with_its_reason():
    for words, doing in (("hang", "waiting for the picture"), ("hang-open", "opening the source")):
        with Worker("64x48," + words) as worker:
            refused(f"not done within 270 ms: pattern: {doing}: the pattern was told to hang",
                    worker.screenshot, "deadline-ms=300")
            equal(worker.ended(), 1, "exit status")


@test
def a_lost_source_is_opened_again():
    with Worker("64x48,lost-once") as worker:
        facts, shot = worker.png("cursor=0")
        check(shot.same(xor(64, 48)), "other pixels")
        equal(facts.all("output"), ["PATTERN-1"], "outputs")


@test
def failures_are_told_and_the_worker_goes_on():
    for words, want in (
            ("lost", "pattern: lost again after it was opened anew: the pattern was told to get lost"),
            ("fail", "pattern: the pattern was told to fail"),
            ("refuse", "pattern: the pattern was told to refuse")):
        with Worker("64x48," + words) as worker:
            refused(want, worker.screenshot)
            refused(want, worker.screenshot)


@test
def a_wrong_pattern_is_told():
    for value, want in (
            ("", "PERISCOPE_PATTERN='' does not begin with WxH, each from 1 to 32767"),
            ("0x5", "PERISCOPE_PATTERN='0x5' does not begin with WxH, each from 1 to 32767"),
            ("32768x5", "PERISCOPE_PATTERN='32768x5' does not begin with WxH, each from 1 to 32767"),
            ("5x5,zebra", "PERISCOPE_PATTERN='5x5,zebra': unknown word 'zebra'"),
            ("5x5,solid-12", "PERISCOPE_PATTERN='5x5,solid-12': unknown word 'solid-12'"),
            ("5x5,", "PERISCOPE_PATTERN='5x5,': unknown word ''"),
            ("5x5 xor", "PERISCOPE_PATTERN='5x5 xor': unexpected ' xor'")):
        with Worker(value) as worker:
            refused("pattern: " + want, worker.screenshot)


# ---- the process ----

@test
def nothing_else_can_print_on_the_protocol():
    need_unix("its descriptors are not seen here")
    with Worker("64x48") as worker:
        worker.screenshot()
        links = [os.readlink(f"/proc/{worker.process.pid}/fd/{number}") for number in range(3)]
        equal(links[0], "/dev/null", "standard input")
        equal(links[1], links[2], "standard output")


@test
def a_worker_without_work_ends_itself():
    need_unix("a plain pipe has no deadlines there")
    with Worker("64x48") as worker:
        worker.screenshot()
        equal(worker.ended(), 0, "exit status")


if __name__ == "__main__":
    main()
