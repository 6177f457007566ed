#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page of `periscope timeline` in Chromium: from the disk, without scripts, and under the policy that Jenkins serves
artifacts with. Recordings are made here, so that each pixel is known."""
import base64
import functools
import glob
import http.server
import json
import os
import sys
import tempfile
import threading

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests", "integration"), os.path.join(TOP, "tests", "timeline")]
import browser  # noqa: E402
import recording  # noqa: E402
from browser import another_page, with_page  # noqa: E402
from cli import periscope, target  # noqa: E402
from harness import Skip, check, equal, eventually  # noqa: E402
from picture import decode_png  # noqa: E402
from verb_test import SAMPLE, TIME_OUT  # noqa: E402
from recording_writer import Recording, Report, Screen, png  # noqa: E402

JENKINS = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"
WIDTH, HEIGHT = 320, 200
MARKUP = "t.c:7: Test failed: <img src=x onerror=\"window.struck=1\"></pre><script>window.struck=2</script><xss>&amp;"
RED, WHITE = (200, 30, 40), (250, 250, 250)


def scene(folder):
    """A result with a failure, and what the screen showed: [(seconds, Screen or None)]."""
    record, report = Recording(os.path.join(folder, "recording")), Report(folder)
    first = Screen(WIDTH, HEIGHT, (30, 90, 60)).fill(20, 20, 50, 30, WHITE)
    second = first.copy().fill(100, 60, 80, 50, (20, 20, 200))
    failed = first.copy().fill(40, 40, 240, 120, RED)
    last = Screen(200, 100, (90, 90, 10)).fill(0, 0, 10, 10, WHITE)
    record.picture(0.1, first)
    report.lines(0.2, "t:unit start - -", *(f"t.c:{i}: line {i}" for i in range(1, 6)))
    record.part(1.5, second, 1, 100, 60, 80, 50)
    record.input(1.9, "key=KeyA,press")
    record.part(2.25, failed, 1, 40, 40, 240, 120)
    report.lines(2.5, MARKUP, b"t.c:8: bytes \xff\xfe\xe2\x82 and \x1b[31m\x00\x07")
    record.same(3, 1)
    record.event(4, "gpu", "0000:01:00.0 reset pid=1 name=\"<b>\"")
    record.fail(4, "no answer <i>")
    record.picture(604, last)
    record.same(605, 2)
    report.lines(606, "0010:unit: 9 tests executed (0 marked as todo, 1 failures), 0 skipped.", "t:unit:0010 done (1) in 606s")
    record.stop(607)
    report.write()
    return [(0.1, first), (1.5, second), (2.25, failed), (3, first), (4, None), (604, last), (605, second)]


@functools.lru_cache(maxsize=1)
def made():
    """(the folder, what the screen showed), with its page, and the page's files in "files"."""
    holder = tempfile.TemporaryDirectory(prefix="periscope-timeline-")  # pylint: disable=consider-using-with
    shown = scene(holder.name)
    made.holder = holder
    periscope("timeline", holder.name)
    periscope("timeline", holder.name, "--folder", os.path.join(holder.name, "files"))
    return holder.name, shown


def address(*, at="", name="timeline.html"):
    return f"file://{made()[0]}/{name}{at}"


class Server:
    """Serves a folder with a policy in each answer, for `with`."""

    def __init__(self, folder, policy):
        class Handler(http.server.SimpleHTTPRequestHandler):
            def end_headers(self):
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                super().end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def shown(page):
    """The canvas' size and pixels."""
    width, height, text = page.run("""
        const shown = document.getElementById("screen"), pixels = document.createElement("canvas");
        Object.assign(pixels, {width: shown.width, height: shown.height});
        const context = pixels.getContext("2d", {willReadFrequently: true});
        context.drawImage(shown, 0, 0);
        const {data} = context.getImageData(0, 0, pixels.width, pixels.height), rgb = new Uint8Array(data.length / 4 * 3);
        for (let i = 0; i < data.length / 4; i++)
            rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
        let text = "";
        for (let i = 0; i < rgb.length; i += 8192)
            text += String.fromCharCode(...rgb.subarray(i, i + 8192));
        return [pixels.width, pixels.height, btoa(text)];""")
    return width, height, base64.b64decode(text)


def wait_for(page, number):
    page.wait("return document.getElementById('screen').dataset.picture === arguments[0]", f"picture {number}", str(number))


def same_screen(page, screen, what):
    width, height, pixels = shown(page)
    equal((width, height), (screen.width, screen.height), f"size of {what}")
    check(pixels == bytes(screen.pixels), f"{what} is not what was recorded")


def seen(page, colour, least, what):
    """Waits until at least that share of what a person sees has the colour."""
    def share():
        pixels = decode_png(page.picture()).pixels
        return sum(pixels[at:at + 3] == bytes(colour) for at in range(0, len(pixels), 3 * 97)) / (len(pixels) / 3 / 97)
    eventually(lambda: share() >= least, what)


@with_page()
def opened_from_the_disk_it_shows_the_picture_at_the_failure(page):
    page.open(address())
    wait_for(page, 3)
    same_screen(page, made()[1][2][1], "the picture at the failure")
    equal(page.text("#when"), "+0:02.500")
    page.wait("return location.hash === '#l=7'", "the failure's address")
    equal(page.text("#verdict"), None)
    check("Test failed" in page.text(".row.chosen"), "the failure's line is not the chosen one")


@with_page()
def each_moments_picture_is_the_recorded_one_pixel_for_pixel(page):
    numbers = [1, 2, 3, 1, None, 4, 2]
    for (seconds, screen), number in zip(made()[1], numbers):
        page.open(address(at=f"#t={seconds}"))
        if screen:
            wait_for(page, number)
            same_screen(page, screen, f"the picture at {seconds} s")
            check(page.run("return document.getElementById('unseen').hidden"), "a picture is hidden")
        else:
            page.wait("return !document.getElementById('unseen').hidden", "word of the screen that could not be seen")
            check("no answer <i>" in page.text("#unseen"), "the reason is not told")


@with_page()
def text_of_a_guest_stays_text(page):
    page.open(address())
    wait_for(page, 3)
    texts = page.run("return [...document.querySelectorAll('.row .text')].map(element => element.textContent)")
    check(MARKUP in texts, f"{texts}")
    check("t.c:8: bytes \ufffd\ufffd\ufffd and \u241b[31m\u2400\u2407" in texts, f"{texts}")
    equal(page.run("return [document.querySelectorAll('xss, pre img, pre script, .row img, .row b, .row i').length, window.struck ?? 0]"), [0, 0])


@with_page()
def keys_lead_from_change_to_change_and_to_failures(page):
    page.open(address(at="#t=0"))
    page.wait("return document.getElementById('when')", "the page")
    for key, time, number in (("ArrowRight", "+0:00.100", 1), ("ArrowRight", "+0:01.500", 2), ("f", "+0:02.500", 3), ("ArrowLeft", "+0:02.250", 3),
                              ("ArrowLeft", "+0:01.500", 2), ("End", "+10:05.000", 2), ("f", "+0:02.500", 3)):
        page.press(key)
        equal(page.text("#when"), time, f"time after {key}")
        wait_for(page, number)
    page.press("Home")
    equal(page.text("#when"), "+0:00.000")
    check("before this time" in page.text("#unseen"), "nothing was seen then")


@with_page()
def lines_and_pictures_lead_to_each_other(page):
    page.open(address(at="#t=1.5"))
    wait_for(page, 2)
    now = page.run("return [...document.querySelectorAll('.row.now .text')].map(element => element.textContent)")
    equal(now, ["input  key=KeyA,press"])
    page.click(".row:nth-child(2)")
    equal(page.text("#when"), "+0:00.200")
    wait_for(page, 1)
    page.wait("return location.hash.startsWith('#l=')", "a line's address")
    page.click(".tile[href='#t=605.000000']")
    equal(page.text("#when"), "+10:05.000")
    wait_for(page, 2)


@with_page()
def a_filter_leaves_the_lines_that_have_the_text(page):
    page.open(address())
    wait_for(page, 3)
    page.press("/")
    page.type("#lines input", "line 3")
    equal(page.run("return [...document.querySelectorAll('.row .text')].map(element => element.textContent)"), ["t.c:3: line 3"])
    page.press("Escape")
    check(page.run("return document.querySelectorAll('.row').length") > 5, "the lines are not back")
    page.run("const kinds = document.querySelector('#lines select'); kinds.value = 'f'; kinds.dispatchEvent(new Event('change'))")
    check(page.run("return [...document.querySelectorAll('.row')].every(row => row.matches('.f, .worst'))"), "not only failures")


@with_page()
def the_difference_is_bright_where_pixels_changed_and_nowhere_else(page):
    page.open(address(at="#t=2.25"))
    wait_for(page, 3)
    page.press("d")
    before, now = made()[1][1][1], made()[1][2][1]
    page.wait("return document.querySelector('[aria-pressed=true]').textContent === 'Difference'", "the mode")
    page.settle(0)
    pixels = shown(page)[2]
    for at in range(0, len(pixels), 3):
        changed = before.pixels[at:at + 3] != now.pixels[at:at + 3]
        equal(max(pixels[at:at + 3]) == 255, changed, f"pixel {at // 3 % WIDTH},{at // 3 // WIDTH}")
    page.press("s")
    page.settle(0)
    pixels = shown(page)[2]
    row = 70 * WIDTH * 3
    equal(pixels[row + 110 * 3:row + 111 * 3], bytes(before.pixels[row + 110 * 3:row + 111 * 3]), "left of the swipe")
    equal(pixels[row + 250 * 3:row + 251 * 3], bytes(now.pixels[row + 250 * 3:row + 251 * 3]), "right of the swipe")


@with_page()
def an_idle_gap_is_folded_until_it_is_clicked(page):
    page.open(address())
    wait_for(page, 3)
    equal(page.run("return [...document.querySelectorAll('#axis button')].map(element => element.ariaLabel)"), ["Unfold 10 min in which nothing happened"])
    page.click("#axis button")
    equal(page.run("return document.querySelectorAll('#axis button').length"), 0)


def failure_size(page):
    return page.run("const image = document.querySelector('#failures img'); return [image.complete, image.naturalWidth, image.naturalHeight]")


def check_document(page, what):
    """Without scripts: the failure's picture as a person sees it, and all that was printed and shown, in order."""
    equal(page.run("return document.documentElement.className"), "", f"class of the page {what}")
    equal(failure_size(page), [True, WIDTH, HEIGHT], f"the failure's picture {what}")
    seen(page, RED, 0.01, f"the failure's picture {what}")
    order = page.run("return [...document.querySelectorAll('#plain svg, #plain pre, #plain p')].map(element => element.localName === 'svg' ? "
                     "element.getAttribute('aria-label') : element.textContent.split('\\n')[0])")
    equal([text for text in order if text.startswith(("Picture", "t.c:7", "gpu", "no answer", "key", "t:unit", "0010"))],
          ["Picture 1", "t:unit start - -", "Picture 2", "key=KeyA,press", "Picture 3", MARKUP, "Picture 1", "gpu 0000:01:00.0 reset pid=1 name=\"<b>\"",
           "no answer <i>", "Picture 4", "Picture 2", "0010:unit: 9 tests executed (0 marked as todo, 1 failures), 0 skipped."], f"order {what}")
    page.run("document.getElementById('t=2.250000').scrollIntoView()")
    seen(page, RED, 0.12, f"the part on its picture {what}")
    seen(page, (30, 90, 60), 0.05, f"what the part is drawn on {what}")


@with_page()
def without_scripts_it_can_be_read_in_order(page):
    page.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        for name in "timeline.html", "files/index.html":
            page.open(address(name=name))
            check_document(page, f"without scripts, {name}")
    finally:
        page.command("Emulation.setScriptExecutionDisabled", value=False)


@with_page(complaints=("script-src", "Blocked script", "sandbox", "favicon"))
def under_the_policy_of_jenkins_the_folder_can_be_read(page):
    with Server(os.path.join(made()[0], "files"), JENKINS) as server:
        page.open(f"{server}/index.html")
        check_document(page, "under Jenkins' policy")
        equal(page.run("return getComputedStyle(document.querySelector('#verdict, h1')).fontWeight") != "400", True, "the style is applied")


@with_page(complaints=("favicon",))
def the_folder_works_with_scripts_from_a_server_and_from_the_disk(page):
    with Server(os.path.join(made()[0], "files"), None) as server:
        page.open(f"{server}/index.html")
        wait_for(page, 3)
        same_screen(page, made()[1][2][1], "the picture at the failure, of the folder")
    page.open(address(name="files/index.html"))
    wait_for(page, 3)
    seen(page, RED, 0.015, "the picture, from the disk")


def verdict(folder):
    with open(f"{folder}/result.json", encoding="utf-8") as file:
        return json.load(file)["verdict"]


def check_in_each_way(page, folder, place):
    """From the disk the page shows the picture of that place in the recording; under Jenkins' policy and without scripts the
    failure has a picture of its size."""
    lines, pictures = recording.check_folder(f"{folder}/recording", hashes=False)
    line = [line for line in lines if line.kind in ("picture", "part", "same")][place]
    whole = recording.compose(f"{folder}/recording", pictures, int(line.fields[0]))
    size = [True, whole.width, whole.height]
    page.open(f"file://{folder}/timeline.html#t={(line.mono - lines[0].mono) / 1e6:.6f}")
    wait_for(page, int(line.fields[0]))
    same_screen(page, whole, "what was on the screen at the failure")
    equal(page.text("#verdict"), verdict(folder))
    with tempfile.TemporaryDirectory(prefix="periscope-timeline-") as files:
        periscope("timeline", folder, "--folder", f"{files}/files")
        with Server(f"{files}/files", JENKINS) as server:
            page.open(f"{server}/index.html")
            equal(failure_size(page), size, "the failure's picture under Jenkins' policy")
    page.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.open(f"file://{folder}/timeline.html")
        equal(failure_size(page), size, "the failure's picture without scripts")
    finally:
        page.command("Emulation.setScriptExecutionDisabled", value=False)


@with_page(complaints=("script-src", "Blocked script", "sandbox", "favicon"))
def a_test_that_was_really_recorded_shows_what_it_waited_for_in_each_way(page):
    """The project's own small test opens a window and runs into its time limit."""
    with recording.Scene(screens=("800x600x24",)) as scene, tempfile.TemporaryDirectory(prefix="periscope-timeline-") as folder:
        periscope("test", "--record", "--output", folder, "--env", "SAMPLE_SECONDS=60", "--time-limit", "2", target(scene.agent), SAMPLE, "draw", code=TIME_OUT)
        check_in_each_way(page, folder, 1)


@with_page(complaints=("script-src", "Blocked script", "sandbox", "favicon"))
def a_wine_test_that_failed_shows_what_it_waited_for_in_each_way(page):
    """gdiplus:graphics, which waits behind a crash dialog until its time is up, as the demo has left it, by the agents of both
    systems. The last picture is that of a test that was ended."""
    folders = [os.path.dirname(path) for path in glob.glob(os.path.join(TOP, "build", "demo", "**", "gdiplus", "timeline.html"), recursive=True)]
    folders = [folder for folder in folders if verdict(folder) == "timed-out"]
    if not folders:
        raise Skip("make demo has left no test here that ran into its time limit")
    for folder in folders:
        check_in_each_way(page, folder, -2)


@with_page()
def nothing_but_the_page_itself_is_asked_for(page):
    page.open(address())
    wait_for(page, 3)
    entries = page.run("return performance.getEntriesByType('resource').map(entry => entry.name).filter(name => !/^(data|blob):/.test(name))")
    equal(entries, [])


def many(folder, pictures, lines):
    """Small changes on a screen, with lines between."""
    record, report = Recording(os.path.join(folder, "recording")), Report(folder)
    screen, written = Screen(1280, 720), 0
    whole = record.picture(0, screen)
    for number in range(2, pictures + 1):
        name = f"{number:06}.png"
        with open(os.path.join(folder, "recording", name), "wb") as file:
            file.write(png(16, 16, bytes(((number * 7) & 255, number & 255, number >> 8)) * 256, 1))
        record.line(number / 10, f"part {number} xxh64:{number:016x} 1280x720 {name} base={whole} at=16x16+{number % 1200}+{number % 700}")
        count = lines * number // pictures - written
        report.lines(number / 10 + 0.01, *(f"many.c:{written + i}: a line of a test that prints much" for i in range(count)))
        written += count
    record.stop(pictures / 10 + 1)
    report.write()


@with_page()
def ten_thousand_pictures_and_a_hundred_thousand_lines_open(page):
    with tempfile.TemporaryDirectory(prefix="periscope-timeline-") as folder:
        many(folder, 10000, 100000)
        size = periscope("timeline", "--json", folder).json["bytes"]
        page.open(f"file://{folder}/timeline.html#t=900")
        wait_for(page, 9000)
        marks = dict(page.run("return performance.getEntriesByType('mark').map(mark => [mark.name, mark.startTime])"))
        print(f"# 10000 pictures, 100000 lines: {size / 1e6:.1f} MB, shown after {marks['timeline-shown']:.0f} ms, painted after "
              f"{marks['timeline-painted']:.0f} ms")
        check(size < 20e6, f"{size} bytes")
        check(page.run("return document.querySelectorAll('.row').length + document.querySelectorAll('.tile').length") < 200, "more rows than are in view")
        pixels = shown(page)[2]
        at = ((9000 % 700) * 1280 + 9000 % 1200) * 3
        equal(pixels[at:at + 3], bytes(((9000 * 7) & 255, 9000 & 255, 9000 >> 8)), "the part's pixel")


@with_page()
def a_drag_over_the_axis_shows_what_is_below_it_and_sets_the_address_at_its_end(page):
    page.open(address(at="#t=0"))
    page.wait("return document.getElementById('axis')", "the page")
    page.run("""
        const axis = document.getElementById("axis"), {left, top} = axis.getBoundingClientRect();
        axis.setPointerCapture = () => {};
        const send = (type, x) => axis.dispatchEvent(new PointerEvent(type, {bubbles: true, pointerId: 1, clientX: left + x, clientY: top + 40}));
        send("pointerdown", 20);
        for (let x = 20; x < 600; x++)
            send("pointermove", x);
        send("pointerup", 600);""")
    text = page.text("#when")
    minutes, seconds = text.removeprefix("+").split(":")
    page.wait("return Math.abs(parseFloat(location.hash.slice(3)) - arguments[0]) < 0.002", f"the address of {text}", int(minutes) * 60 + float(seconds))


@with_page()
def on_a_phone_nothing_is_wider_than_the_screen(_):
    page = another_page(address(), width=390, height=844, phone=True)
    wait_for(page, 3)
    page.settle(0)
    check(page.run("return document.documentElement.scrollWidth") <= 390, "the page is wider than the phone")
    page.close()


if __name__ == "__main__":
    browser.run_all()
