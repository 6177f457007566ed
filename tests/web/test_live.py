#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages in Chromium, with the real gateway before real agents on X servers."""
import base64
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import MARKUP, VERDICT, another_page, pixels, run_all, with_page  # noqa: E402
from gateway import Gateway, need_gateway  # noqa: E402
from harness import COMMAND, Agent, Skip, check, equal, eventually, scaled  # noqa: E402
from page import fake_guest  # noqa: E402
from picture import Picture, decode_png  # noqa: E402
from webdriver import need_browser  # noqa: E402
from xserver import Server, need_program  # noqa: E402

PERISCOPE = os.environ.get("PERISCOPE") or os.path.join(os.path.dirname(COMMAND[0]), "periscope")
CHANGES = 40
SCREEN = "800x600x24"


@contextlib.contextmanager
def guests(page, *names, options=()):
    """(gateway, {name: X server}) with an agent on each. The page is left before they end."""
    need_browser()
    need_gateway()
    need_program("Xvfb")
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(Server(screens=(SCREEN,))) for name in names}
        agents = {name: stack.enter_context(Agent(*options, env=servers[name].environment())) for name in names}
        for agent in agents.values():
            agent.FD_SLACK = 12  # two pages and the hands: more workers than one are kept
        gateway = stack.enter_context(Gateway(agents))
        gateway.agents = agents
        stack.callback(page.open, "about:blank")
        yield gateway, servers


def open_guest(page, gateway, name="one", path=""):
    page.open(gateway.address(f"/guest/{name}{path}"))
    page.wait(VERDICT + " === 'same'", "a picture whose hash is the agent's")


def cli_picture(agent, *options):
    """What `periscope screenshot` saves."""
    with tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp") as folder:
        path = os.path.join(folder, "screen.png")
        subprocess.run([PERISCOPE, "screenshot", *options, f"127.0.0.1:{agent.port}", path], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(path, "rb") as file:
            return decode_png(file.read())


@with_page(complaints=("status of 404",))
def a_guest_that_is_not_there_is_told_on_its_page(page):
    with fake_guest() as (gateway, _):
        page.open(gateway.address("/guest/nobody"))
        page.wait("return document.querySelector('#notice h2')?.textContent.includes('nobody')", "that there is no such guest")
        equal(page.run("return performance.getEntriesByType('navigation')[0].responseStatus"), 404, "status of the page")
        page.open("about:blank")


@with_page()
def the_wall_shows_two_agents_live(page):
    with guests(page, "one", "two") as (gateway, servers):
        page.open(gateway.address())
        page.wait("return document.querySelectorAll('.tile canvas').length === 2", "two thumbnails")
        # Not in the middle, where the pointer is; by a copy, since the page's own canvas is not made to be read.
        pixel = ("const shown = [...document.querySelectorAll('.tile')].find(e => e.querySelector('.name').textContent === 'two')"
                 ".querySelector('canvas'); const context = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});"
                 "context.drawImage(shown, -(shown.width >> 2), -(shown.height >> 2));"
                 "return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].join(',')")
        servers["two"].client().do("box", 0, 0, 800, 600, "20c040")
        page.wait(pixel + " === '32,192,64'", "the change on the tile")


@with_page()
def the_canvas_at_stillness_is_what_the_command_saves(page):
    with guests(page, "one") as (gateway, servers):
        client = servers["one"].client()
        client.do("noise", 7)
        open_guest(page, gateway)
        for i in range(12):
            client.do("box", i * 31, i * 17, 90 + i, 60, f"{i * 1234567 % 0xffffff:06x}")
        client.do("box", 700, 500, 100, 100, "ff8000")
        last = "const shown = await periscope.pixels(); const at = (550 * shown.width + 750) * 4; return [...shown.data.slice(at, at + 3)]"
        eventually(lambda: page.run_async(last) == [255, 128, 0], "the last change on the canvas")
        page.wait(VERDICT + " === 'same'", "stillness after it")
        shown = pixels(page)
        same = [name for name, options in (("with the cursor", ()), ("without it", ("--no-cursor",)))
                if shown.same(cli_picture(gateway.agents["one"], *options))]
        check(same, "the canvas is not what periscope screenshot saves")
        with urllib.request.urlopen(page.run("return document.querySelector('#save').href")) as answer:
            saved = decode_png(answer.read())
        check(saved.same(cli_picture(gateway.agents["one"])), "the saved picture is not what periscope screenshot saves")
        print(f"# the canvas is periscope screenshot's {same[0]}, by each pixel")


POINTER = """const shown = document.querySelector('[data-pointer]'); if (shown.hidden) return null;
const scale = shown.getBoundingClientRect().width / shown.width, place = shown.style.transform.match(/-?[\\d.]+/g).map(Number);
const data = shown.getContext('2d').getImageData(0, 0, shown.width, shown.height).data;
return [...place.map(each => Math.round(each / scale)), shown.width, shown.height, btoa(String.fromCharCode(...data))]"""


def with_pointer(picture, x, y, width, height, rgba):
    """The picture with a shape of whole and no pixels over it."""
    drawn = bytearray(picture.pixels)
    for i in range(width * height):
        red, green, blue, alpha = rgba[4 * i:4 * i + 4]
        check(alpha in (0, 255), "half a pixel in the shape of an X server")
        at = 3 * ((y + i // width) * picture.width + x + i % width)
        drawn[at:at + 3] = bytes((red, green, blue)) if alpha else drawn[at:at + 3]
    return Picture(picture.width, picture.height, bytes(drawn))


@with_page()
def the_pointer_is_drawn_above_the_canvas_where_the_guest_has_it(page):
    with guests(page, "one") as (gateway, servers):
        servers["one"].client().do("noise", 7)
        open_guest(page, gateway)
        before = page.run("return document.querySelector('[data-pointer]').style.transform")
        servers["one"].run("xdotool", "mousemove", "123", "456")
        page.wait("return document.querySelector('[data-pointer]').style.transform !== arguments[0]", "the pointer's movement", before)
        *shape, rgba = page.run(POINTER)
        composed = with_pointer(pixels(page), *shape, base64.b64decode(rgba))
        check(composed.same(cli_picture(gateway.agents["one"])), "the page with its pointer is not what periscope screenshot saves")
        check(pixels(page).same(cli_picture(gateway.agents["one"], "--no-cursor")), "the canvas is not the picture without the pointer")


@with_page()
def how_long_a_change_takes_to_the_pixel(page):
    """Printed, not asserted: from before the drawing on the guest to the frame of the browser that shows it."""
    with guests(page, "one") as (gateway, servers):
        client = servers["one"].client()
        client.do("clear")
        open_guest(page, gateway)
        page.run("periscope.probe(100, 100)")
        times = []
        for i in range(scaled(CHANGES, 10)):
            seen = page.run("return periscope.probed.length")
            # Not in step with anything that is done at a rate.
            time.sleep(0.15 + 0.037 * (i % 7))
            start = time.time() * 1000
            client.do("box", 60, 60, 200, 120, f"{(i * 40503 + 255) % 0xffffff:06x}")
            page.wait("return periscope.probed.length > arguments[0]", "the change on the page", seen)
            times.append(page.run("return periscope.probed[arguments[0]].at", seen) - start)
        times.sort()
        print(f"# change on the guest to pixel on the page: median {statistics.median(times):.0f} ms, "
              f"95 % {times[len(times) * 95 // 100]:.0f} ms, of {len(times)} (aim: 50 and 100 ms)")
        check(times[0] > 0, "drawn before it was there")


@with_page()
def the_agents_log_is_followed(page):
    with guests(page, "one") as (gateway, _):
        open_guest(page, gateway)
        skip_without(page, "follow")
        has = "return [...document.querySelectorAll('.row')].some(row => row.textContent.includes(arguments[0]))"
        page.wait("return document.querySelectorAll('.row').length", "lines of the log")
        with gateway.agents["one"].client() as client:
            client.put("for-the-log", b"x")
        page.wait(has, "the new line on the page", "for-the-log")


def skip_without(page, what):
    page.settle(0.3)
    if "can't do that" in (page.text("#toast") or ""):
        raise Skip(f"the gateway has no {what}")


@with_page()
def a_windows_title_with_markup_is_text(page):
    with guests(page, "one") as (gateway, servers):
        title = "".join(f"%{byte:02X}" for byte in MARKUP.encode())
        servers["one"].client().do("window", 10, 10, 200, 100, "-", "XTerm", "-", title)
        open_guest(page, gateway, path="#windows")
        page.wait("return [...document.querySelectorAll('#content td')].some(cell => cell.textContent === arguments[0])",
                  "the title as it is", MARKUP)
        equal(page.run("return document.querySelectorAll('#content img, #content b').length"), 0, "elements made of text")
        check(page.run("return document.title") != "led-astray", "the title was run")


@with_page()
def what_the_agent_has_started_is_listed(page):
    with guests(page, "one") as (gateway, _):
        with gateway.agents["one"].client() as client:
            pid = gateway.agents["one"].cleanup(client.run("/bin/sleep", "600"))
            open_guest(page, gateway, path="#processes")
            page.wait("return [...document.querySelectorAll('#content tr')].some(row => row.textContent.includes('sleep')"
                      " && row.cells[1].textContent === arguments[0])", "the program and its pid", str(pid))
            client.kill(pid)


@with_page()
def a_guest_that_vanishes_is_told_and_comes_back(page):
    with guests(page, "one") as (gateway, _):
        agent = gateway.agents["one"]
        open_guest(page, gateway)
        agent.stop()
        page.wait("return document.body.classList.contains('lost') && document.querySelector('#veil').textContent.length > 5",
                  "that it is lost, and why")
        agent.command[-1] = str(agent.port)
        agent.start()
        page.wait("return !document.body.classList.contains('lost')", "that it is back")
        page.wait(VERDICT + " === 'same'", "its picture")


@with_page()
def text_typed_on_the_page_appears_in_the_guest_and_another_page_takes_over(page):
    need_program("xterm")
    if "--input" not in subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=False).stdout:
        raise Skip("this agent takes no input")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp"))
        typed = os.path.join(folder, "typed")
        gateway, servers = stack.enter_context(guests(page, "one", options=("--input",)))
        environment = servers["one"].environment()
        shell = subprocess.Popen(["xterm", "-geometry", "80x24+0+0", "-e", "sh", "-c", f"read -r line; printf '%s' \"$line\" > {typed}"],
                                 env=environment, stderr=subprocess.DEVNULL)
        stack.callback(shell.wait)
        stack.callback(shell.kill)
        servers["one"].run("xdotool", "search", "--sync", "--onlyvisible", "--class", "xterm")
        open_guest(page, gateway)
        page.wait("return !document.querySelector('#drive').disabled", "the switch")
        page.click("#drive")
        page.wait("return document.body.classList.contains('driving')", "control")
        page.run("document.querySelector('#text').showModal(); document.querySelector('#text-field').value = 'Periscope, typed: 42'")
        page.click("#text .primary")
        page.wait("return document.activeElement.id === 'stage'", "the keyboard given back to the guest")
        page.press("Enter")
        eventually(lambda: os.path.exists(typed) and open(typed, encoding="utf-8").read() == "Periscope, typed: 42", "the text in the guest")
        other = another_page(gateway.address("/guest/one"))
        other.wait(VERDICT + " === 'same'", "the picture on the other page")
        other.click("#drive")
        other.wait("return document.body.classList.contains('driving')", "control on the other page")
        page.wait("return !document.body.classList.contains('driving')", "the end of the first one's control")
        other.close()


if __name__ == "__main__":
    run_all()
