#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`periscope timeline` without a browser: what it reads, what it refuses, and the files that it writes."""
import base64
import hashlib
import html.parser
import json
import os
import re
import struct
import sys
import tempfile
import zlib

from cli import FAILED, USAGE, one_line, periscope, target
from harness import TOP, check, equal, main, test
from picture import chunks, decode_png
from recording import Scene
from verb_test import SAMPLE, TIME_OUT

sys.path.insert(0, os.path.join(TOP, "tests", "timeline"))
from recording_writer import Recording, Report, Screen, png  # noqa: E402

HOSTILE = b"t.c:1: Test failed: </pre><script>x</script><!-- <noscript> \xff \"'&lt;"


class Elements(html.parser.HTMLParser):
    """The names of all elements, with their attributes, and the text outside of script and style."""

    def __init__(self, text):
        super().__init__()
        self.found, self.text, self.quiet = [], "", 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.quiet = tag in ("script", "style")

    def handle_endtag(self, tag):
        self.quiet = False

    def handle_data(self, data):
        self.text += "" if self.quiet else data


def scene(folder, report=True):
    recording = Recording(os.path.join(folder, "recording") if report else folder)
    screens = [Screen(60, 40, (10, 20, 30))]
    recording.picture(0, screens[0])
    for step in range(1, 4):
        screens.append(screens[0].copy().fill(5 * step, 3 * step, 10, 10, (200, 50 * step, 7)))
        recording.part(step, screens[step], 1, 5 * step, 3 * step, 10, 10)
    recording.same(5, 2)
    screens += [screens[1], Screen(30, 70, (1, 2, 3))]
    recording.picture(6, screens[5])
    recording.stop(7)
    if report:
        lines = Report(folder)
        lines.lines(0.5, "t:unit start - -", "t.c:1: fine")
        lines.lines(2.5, HOSTILE)
        lines.lines(6.5, "0010:unit: 9 tests executed (0 marked as todo, 1 failures), 0 skipped.", "t:unit:0010 done (1) in 6s")
        lines.write()
    return screens


def page_of(folder, *options):
    periscope("timeline", *options, folder)
    with open(os.path.join(folder, "timeline.html"), encoding="utf-8") as file:
        return file.read()


def numbers(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


@test
def a_result_becomes_one_file_with_each_picture_once():
    with tempfile.TemporaryDirectory() as folder:
        scene(folder)
        reply = periscope("timeline", "--json", folder).json
        equal([reply[name] for name in ("pictures", "moments", "lines", "failures", "missing")], [5, 6, 5, 1, 0])
        page = page_of(folder)
        for number in range(1, 6):
            with open(os.path.join(folder, "recording", f"{number:06}.png"), "rb") as file:
                data = base64.b64encode(file.read()).decode()
            equal(page.count(data), 1, f"how often picture {number} is there")
        data = numbers(page)
        equal([moment[2] for moment in data["moments"]], [0, 1, 2, 3, 1, 4])
        equal(data["lines"], [[2, 500000], [1, 2500000], [2, 6500000]])
        equal([mark for mark in data["marks"] if mark[1] == "f"], [[2, "f"]])
        whole = re.search(r'<img alt="The screen then"[^>]* src="data:image/png;base64,([^"]*)"', page)[1]
        equal(decode_png(base64.b64decode(whole)).pixels, bytes(scene(folder)[2].pixels), "the failure's picture")


@test
def the_end_of_a_unit_that_timed_out_is_a_failure_of_its_own():
    """There the screen shows what it waited for, though a check had failed before."""
    with tempfile.TemporaryDirectory() as folder:
        scene(folder)
        lines = Report(folder)
        lines.lines(0.5, "t:unit start - -", "t.c:1: Test failed: one", "t.c:2: Test marked todo: two")
        lines.lines(5.5, "t:unit done (258) in 5s", "t:other start - -", "0020:other: 9 tests executed (0 marked as todo, 0 failures), 0 skipped.",
                    "t:other:0020 done (0) in 0s")
        lines.write()
        page = page_of(folder)
        equal(numbers(page)["marks"], [[0, "u"], [1, "f"], [2, "t"], [3, "f"], [4, "u"], [5, "m"], [6, "u"]])
        check(re.search(r'<a href="#l=4">t:unit: it did not end in time<', page), "the list of failures does not tell why")


@test
def what_a_guest_says_is_text_and_never_markup():
    with tempfile.TemporaryDirectory() as folder:
        scene(folder)
        with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
            json.dump({"host": "<b>vm", "dll": "</title><script>1", "verdict": "\" onclick=x", "agent": "<i>"}, file)
        page = page_of(folder)
        elements = Elements(page)
        check(not {"i", "xss"} & {tag for tag, _ in elements.found}, "text became an element")
        equal(sum(tag == "script" for tag, _ in elements.found), 2, "scripts")
        equal([name for _, attributes in elements.found for name in attributes if name.startswith("on") or name == "style"], [])
        check(HOSTILE.decode("utf-8", "replace") in elements.text, "the line is not there")
        check("</title><script>1 on <b>vm" in elements.text, "the title is not there")


@test
def the_policy_names_the_one_script_and_style_that_are_there():
    with tempfile.TemporaryDirectory() as folder:
        scene(folder)
        page = page_of(folder)
        policy = next(attributes["content"] for tag, attributes in Elements(page).found if attributes.get("http-equiv") == "Content-Security-Policy")
        for tag, text in re.findall(r"<(script|style)>(.*?)</\1>", page, re.S):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            check(f"{tag}-src 'sha256-{digest}'" in policy, f"the policy does not allow the {tag} that is there: {policy}")
        check(policy.startswith("default-src 'none';") and "unsafe" not in policy, policy)


@test
def a_folder_has_its_files_beside_it():
    with tempfile.TemporaryDirectory() as folder:
        screens = scene(folder)
        out = os.path.join(folder, "deep", "out")
        periscope("timeline", folder, "--folder", out)
        with open(os.path.join(out, "index.html"), encoding="utf-8") as file:
            elements = Elements(file.read())
        named = [value for _, attributes in elements.found for name, value in attributes.items() if name in ("src", "href") and not value.startswith("#")]
        equal(sorted(set(named)), ["pictures/000001.png", "pictures/000002.png", "pictures/000003.png", "pictures/000004.png", "pictures/000005.png",
                                   "pictures/whole-000003.png", "script.js", "style.css"])
        for name in named:
            check(os.path.getsize(os.path.join(out, name)) > 0, f"{name} is not there")
        with open(os.path.join(out, "pictures", "whole-000003.png"), "rb") as file:
            equal(decode_png(file.read()).pixels, bytes(screens[2].pixels))


def frames(data):
    """Plays an APNG by its specification: (milliseconds, pixels of the whole) of each frame."""
    parts = list(chunks(data))
    width, height = struct.unpack(">II", parts[0][1][:8])
    count, plays = struct.unpack(">II", next(content for kind, content in parts if kind == b"acTL"))
    equal((parts[0][1][8:], plays), (b"\x08\x02\0\0\0", 0), "kind of the PNG")
    canvas, played, sequence, control, packed = bytearray(width * height * 3), [], 0, None, b""

    def draw():
        w, h, x, y, delay, scale, dispose, blend = struct.unpack(">IIIIHHBB", control)
        equal((dispose, blend), (0, 0))
        single = b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I4s", len(c), k) + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in (
            (b"IHDR", struct.pack(">II", w, h) + parts[0][1][8:]), (b"IDAT", packed), (b"IEND", b"")))
        pixels = decode_png(single).pixels
        for row in range(h):
            at = ((y + row) * width + x) * 3
            canvas[at:at + w * 3] = pixels[row * w * 3:(row + 1) * w * 3]
        played.append((delay * 1000 // scale, bytes(canvas)))

    for kind, content in parts:
        if kind in (b"fcTL", b"fdAT"):
            equal(struct.unpack(">I", content[:4])[0], sequence, "sequence number")
            sequence += 1
        if kind in (b"fcTL", b"IEND") and control:
            draw()
            packed = b""
        if kind == b"fcTL":
            control = content[4:]
        elif kind in (b"IDAT", b"fdAT"):
            packed += content if kind == b"IDAT" else content[4:]
    equal(len(played), count, "frames")
    return width, height, played


@test
def an_animation_shows_each_screen_for_its_time():
    with tempfile.TemporaryDirectory() as folder:
        screens = scene(folder, report=False)
        file = os.path.join(folder, "a.png")
        periscope("timeline", folder, "--apng", file)
        check(not os.path.exists(os.path.join(folder, "timeline.html")), "a page was written that nobody asked for")
        with open(file, "rb") as stream:
            width, height, played = frames(stream.read())
        equal((width, height), (60, 70))
        equal([delay for delay, _ in played], [1000, 1000, 1000, 2000, 1000, 1000])
        for number, (screen, (_, pixels)) in enumerate(zip(screens, played)):
            whole = Screen(60, 70, (0, 0, 0))
            for row in range(screen.height):
                whole.pixels[row * 180:row * 180 + screen.width * 3] = screen.crop(0, row, screen.width, 1)
            check(pixels == bytes(whole.pixels), f"frame {number} is another screen")


@test
def a_plain_recording_needs_no_report():
    with tempfile.TemporaryDirectory() as folder:
        scene(folder, report=False)
        page = page_of(folder)
        equal(numbers(page)["lines"], [])
        equal("failures" in page.split("<main", 1)[0].split("</script>", 1)[1], False, "a list of failures")


@test
def lines_without_times_are_shown_after_all():
    with tempfile.TemporaryDirectory() as folder:
        scene(folder)
        os.remove(os.path.join(folder, "output.times"))
        data = numbers(page_of(folder))
        equal((data["timed"], data["lines"]), (False, [[5, 0]]))


@test
def what_is_missing_or_wrong_is_told():
    with tempfile.TemporaryDirectory() as folder:
        one_line(periscope("timeline", folder, code=FAILED), f"there is no recording in '{folder}': neither recording/index.txt nor index.txt")
        one_line(periscope("timeline", code=USAGE), "0 operands, where DIR is expected")
        one_line(periscope("timeline", "--host", "vm1:1", folder, code=USAGE), "there is no option --host")
        index = os.path.join(folder, "index.txt")
        with open(index, "wb") as file:
            file.write(b"00000000 1 1 start\n")
        one_line(periscope("timeline", folder, code=FAILED), f"'{folder}/index.txt': its first line is no line of a recording's index")
        scene(folder, report=False)
        os.remove(os.path.join(folder, "000002.png"))
        with open(os.path.join(folder, "000003.png"), "wb") as file:
            file.write(png(9, 9, bytes(243)))
        with open(index, "ab") as file:
            file.write(b"cut in the mid")
        result = periscope("timeline", "--json", folder)
        equal(result.json["missing"], 2)
        for text in ("000002.png': No such file", "9x9 pixels, and 10x10 in the index", "14 bytes at its end are no whole lines"):
            check(text in result.err, f"{text!r} is not told: {result.err!r}")
        check("This picture is missing" in page_of(folder), "the page does not tell")


@test
def a_page_that_would_be_too_large_is_refused_with_advice():
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(folder)
        for at in range(2):
            recording.picture(at, Screen(8, 8))
        recording.stop(3)
        for number in 1, 2:  # 40 MB each, most of it behind the end of the PNG
            os.truncate(os.path.join(folder, f"{number:06}.png"), 40 << 20)
        one_line(periscope("timeline", folder, code=FAILED), "the page would have more than 100 MB: write it with --folder")
        check(not os.path.exists(os.path.join(folder, "timeline.html")), "half a page")


@test
def an_older_page_is_replaced_and_a_read_only_one_is_not():
    with tempfile.TemporaryDirectory() as folder:
        scene(folder)
        page = page_of(folder)
        equal(page_of(folder), page, "the page of the same result")
        equal(periscope("timeline", folder, "--output", "-").out.decode(), page, "the page on standard output")
        os.chmod(os.path.join(folder, "timeline.html"), 0o444)
        one_line(periscope("timeline", folder, code=FAILED), "it is read-only (--force replaces it)")
        periscope("timeline", "--force", folder)


@test
def the_page_of_a_test_that_timed_out_shows_what_it_waited_for():
    """Its window is gone once the test was ended; the end of its unit is dated when the time-out was noticed."""
    with Scene(screens=("800x600x24",)) as scene, tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        periscope("test", "--record", "--output", folder, "--env", "SAMPLE_SECONDS=60", "--time-limit", "2", target(scene.agent), SAMPLE, "draw",
                  code=TIME_OUT)
        with open(os.path.join(folder, "timeline.html"), encoding="utf-8") as file:
            page = file.read()
        check(">timed-out</strong>" in page, "the page has no verdict")
        data = numbers(page)
        ended = data["marks"][-1][0]
        equal(data["marks"][-1], [ended, "f"], "the last mark")
        times = [at for count, at in data["lines"] for _ in range(count)]
        shown = [picture for at, _, picture in data["moments"] if at <= times[ended]]
        after = [picture for at, _, picture in data["moments"] if at > times[ended]]
        check(shown[-1] != 0 and 0 in after, f"the window is not what is shown at the time-out: {data['moments']}, {times}")


if __name__ == "__main__":
    main()
