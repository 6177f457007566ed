#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The gateway's pages in Chromium, with a gateway that has no guests but says what a test wants (fake_gateway.py)."""
import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from browser import MARKUP, VERDICT, another_page, pixels, run_all, with_page  # noqa: E402
from fake_gateway import STATES, FakeGateway, flat, guest, header, made_up, png  # noqa: E402
from harness import check, equal, eventually  # noqa: E402
from picture import Picture  # noqa: E402

TILES = "return document.querySelectorAll('.tile:not([hidden])').length"
FOCUSED = "return document.activeElement.closest('.tile')?.querySelector('.name').textContent ?? document.activeElement.id"
OVERFLOW = """return [...document.querySelectorAll('body *')].filter(element => {
    const box = element.getBoundingClientRect();
    for (let up = element.parentElement; up; up = up.parentElement)
        if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(up).overflowX)) return false;
    return !element.closest('.aside') && box.width && box.right > innerWidth + 0.5; }).map(element => element.outerHTML.slice(0, 80))"""


def open_wall(page, gateway, path="/"):
    page.open(gateway.address(path))
    page.wait(TILES, "tiles")
    return eventually(lambda: gateway.viewers and gateway.viewers[-1], "the page's connection")


def open_guest(page, gateway, name="one", path=""):
    """The page, with its first picture drawn and verified."""
    page.open(gateway.address(f"/guest/{name}{path}"))
    page.wait(VERDICT + " === 'same'", "a picture whose hash is the gateway's")
    return gateway.viewers[-1]


def said(viewer, t):
    return [message for message in list(viewer.received) if message["t"] == t]


def actions(viewer):
    return [action for message in said(viewer, "input") for action in message["actions"]]


# ---- the wall ----

@with_page()
def each_state_has_a_word_and_a_shape_of_its_own(page):
    with FakeGateway([guest(state, state) for state in STATES]) as gateway:
        open_wall(page, gateway)
        shown = page.run("return [...document.querySelectorAll('.tile')].map(tile => [tile.querySelector('.name').textContent,"
                         "tile.querySelector('.state').textContent, tile.querySelector('.state svg').innerHTML])")
        equal(sorted(name for name, *_ in shown), sorted(STATES), "tiles")
        equal(len({word for _, word, _ in shown}), len(STATES), "words")
        equal(len({shape for *_, shape in shown}), len(STATES), "shapes")


@with_page()
def text_of_a_guest_is_shown_as_text_on_the_wall(page):
    with FakeGateway([guest("one", "testing", test=MARKUP), guest("two", "stuck", reasons=[MARKUP]),
                      guest(MARKUP, "off", reasons=[MARKUP], group=MARKUP, address=MARKUP)]) as gateway:
        open_wall(page, gateway)
        page.run("document.querySelector('#sort').value = 'group'; document.querySelector('#sort').dispatchEvent(new Event('change'))")
        gateway.change(MARKUP, state="ready")
        page.wait("return document.querySelector('#said').textContent", "a change told to screen readers")
        equal(page.run("return document.querySelectorAll('main img, main b, main i, #said *').length"), 0, "elements made of text")
        check(page.run("return document.title") != "led-astray", "a guest's text was run")
        equal(page.run("return [...document.querySelectorAll('.what')].filter(e => e.textContent === arguments[0]).length", MARKUP), 3)


@with_page()
def only_tiles_in_view_are_asked_for_and_none_by_a_hidden_page(page):
    with FakeGateway(made_up(200)) as gateway:
        viewer = open_wall(page, gateway)
        eventually(lambda: 0 < len(viewer.view) < 60, lambda: f"some of 200 tiles in view, not {len(viewer.view)}")
        first = set(viewer.view)
        page.run("document.querySelectorAll('.tile')[199].scrollIntoView()")
        eventually(lambda: viewer.view and not first & set(viewer.view), "other tiles after scrolling")
        page.call("POST", "/window/new", {"type": "tab"})
        before = page.call("GET", "/window/handles")
        page.call("POST", "/window", {"handle": before[-1]})
        eventually(lambda: viewer.view == [], "nothing for a hidden page")
        page.call("DELETE", "/window")
        page.call("POST", "/window", {"handle": before[0]})
        eventually(lambda: viewer.view, "tiles again when it is seen again")


@with_page()
def two_hundred_tiles_scroll_without_long_halts(page):
    with FakeGateway(made_up(200)) as gateway:
        open_wall(page, gateway)
        page.settle()
        times = page.run_async(
            "const times = []; let last = performance.now();"
            "for (let i = 0; i < 60; i++) { scrollBy(0, 120); await new Promise(requestAnimationFrame);"
            "  const now = performance.now(); times.push(now - last); last = now; } return times.sort((a, b) => a - b)")
        print(f"# 200 tiles, scrolled: a frame takes {times[30]:.0f} ms (median), {times[57]:.0f} ms (95 %)")
        check(page.run("return scrollY") > 3000, "it did not scroll")


@with_page()
def filter_states_and_sort_choose_what_is_shown_and_are_in_the_address(page):
    with FakeGateway([guest("b-one"), guest("a-two", "stuck"), guest("c-three", "testing", test="C:\\\\tests\\\\listview_test.exe all")]) as gateway:
        open_wall(page, gateway)
        page.press("/", *"LISTV")
        page.wait(TILES + " === 1", "one tile")
        check("q=listv" in page.run("return location.search"), "the filter is not in the address")
        equal(page.text(".tile:not([hidden]) .what"), "listview_test.exe all", "what runs, without its folder")
        page.press("Escape")
        page.wait(TILES + " === 3", "all tiles")
        page.click("[data-chip='stuck']")
        page.wait(TILES + " === 1", "one tile")
        equal(page.run("return document.querySelector(\"[data-chip='stuck']\").getAttribute('aria-pressed')"), "true")
        page.open(gateway.address("/?sort=state"))
        page.wait(TILES + " === 3", "all tiles")
        equal(page.run("return [...document.querySelectorAll('.name')].map(e => e.textContent)"), ["a-two", "c-three", "b-one"])
        page.open(gateway.address("/?q=nothing-has-this"))
        page.wait("return !document.querySelector('#notice').hidden", "words where nothing matches")
        page.click("#notice button")
        page.wait(TILES + " === 3", "all tiles")


@with_page()
def the_wall_is_used_by_keys_alone(page):
    with FakeGateway([guest(f"guest-{i}") for i in range(12)]) as gateway:
        open_wall(page, gateway)
        page.press("ArrowDown")
        equal(page.run(FOCUSED), "guest-0")
        columns = page.run("return getComputedStyle(document.querySelector('.wall')).gridTemplateColumns.split(' ').length")
        page.press("ArrowDown", "ArrowRight")
        equal(page.run(FOCUSED), f"guest-{columns + 1}")
        page.press("ArrowUp", "ArrowLeft", "End")
        equal(page.run(FOCUSED), "guest-11")
        page.press("?")
        equal(page.run("return document.querySelector('#help').open"), True)
        page.press("Escape")
        equal(page.run("return document.querySelectorAll('.tile a[tabindex=\"0\"]').length"), 1, "tiles in the order of Tab")
        page.press("Home", "Enter")
        page.wait("return location.pathname === '/guest/guest-0'", "the guest's page")


@with_page(complaints=("WebSocket connection", "Failed to load resource"))
def a_lost_gateway_is_told_and_found_again(page):
    with FakeGateway([guest("one")]) as gateway:
        open_wall(page, gateway)
        gateway.drop()
        page.wait("return document.documentElement.dataset.connection === 'open' && document.querySelector('#banner').hidden",
                  "a new connection")
        gateway.guests["two"] = guest("two", "stuck")
        gateway.drop()
        page.wait(TILES + " === 2", "what is new since")
        gateway.allowed = False
        gateway.drop()
        page.wait("return document.documentElement.dataset.connection === 'denied'", "no access")
        check("token" in page.text("#banner"), "the banner does not say what to do")


@with_page()
def the_one_time_token_leaves_the_address(page):
    with FakeGateway([guest("one")]) as gateway:
        open_wall(page, gateway, "/?token=secret&q=one")
        equal(page.run("return location.search"), "?q=one")
        page.open(gateway.address("/guest/one?token=secret"))
        page.wait(VERDICT + " === 'same'", "a picture")
        equal(page.run("return location.search"), "")


@with_page()
def no_guests_and_no_answer_yet_have_words_of_their_own(page):
    with FakeGateway() as gateway:
        page.open(gateway.address())
        page.wait("return document.querySelector('#notice h2')?.textContent === 'No guests yet'", "words for an empty wall")


# ---- a guest ----

@with_page()
def rectangles_are_drawn_in_order_and_acknowledged_once_drawn(page):
    with FakeGateway([guest("one", width=320, height=200)]) as gateway:
        viewer = open_guest(page, gateway)
        want = bytearray(gateway.screen("one")[2])
        for i in range(40):  # each over the one before: only the last may be seen where they lie
            viewer.frame += 1
            colour = (i * 6, 255 - i, i)
            box = (40 + i % 3, 30, 100 + i, 50)
            viewer.rectangle(*box, flat(*box[2:], colour), last=False)
            viewer.rectangle(8, 8 + i % 5, 30, 30, flat(30, 30, colour[::-1]))
            for (x, y, width, height), paint in ((box, colour), ((8, 8 + i % 5, 30, 30), colour[::-1])):
                for row in range(y, y + height):
                    want[(row * 320 + x) * 3:(row * 320 + x + width) * 3] = bytes(paint) * width
        gateway.screens["one"] = (320, 200, bytes(want))
        gateway.still(viewer)
        page.wait("return periscope.drawn() === arguments[0]", "the last frame", viewer.frame)
        equal([message["frame"] for message in said(viewer, "drawn")], list(range(1, viewer.frame + 1)), "frames told as drawn")
        page.wait(VERDICT + " === 'same'", "the hash of what is drawn")
        check(pixels(page).same(Picture(320, 200, bytes(want))), "other pixels")


@with_page()
def a_hash_that_is_not_that_of_the_canvas_is_told_and_mended(page):
    with FakeGateway([guest("one", width=64, height=48)]) as gateway:
        viewer = open_guest(page, gateway)
        watched = len(said(viewer, "watch"))
        gateway.still(viewer, "xxh64:0123456789abcdef")
        page.wait(VERDICT + " === 'other'", "the difference")
        eventually(lambda: len(said(viewer, "watch")) > watched, "the screen asked for anew")
        page.wait(VERDICT + " === 'same'", "the right picture")


@with_page(complaints=("periscope:",))
def pictures_that_cannot_be_drawn_do_no_harm(page):
    with FakeGateway([guest("one", width=64, height=48)]) as gateway:
        viewer = open_guest(page, gateway)
        viewer.send(2, b"")
        viewer.send(2, b"\x01" * 19)
        viewer.send(2, header(1, 1, frame=9, box=(0, 0, 4, 4), data=b"no PNG"))
        viewer.send(2, header(2, 1, b"one", data=b"no PNG"))
        viewer.send(2, header(3, frame=1, data=b"no PNG"))
        viewer.send(2, header(200))
        viewer.frame += 1
        viewer.rectangle(4_000, 4_000, 16, 16, flat(16, 16, (1, 2, 3)))
        viewer.send(1, b"{")
        viewer.send(1, b'{"t": "constructor"}')
        viewer.send(1, b'{"t": "log", "id": 77, "offset": 5, "text": "of nothing"}')
        watched = len(said(viewer, "watch"))
        eventually(lambda: len(said(viewer, "watch")) > watched, "the screen asked for anew")
        page.wait(VERDICT + " === 'same'", "a picture")


@with_page()
def the_pointer_is_above_the_picture_and_no_part_of_it(page):
    with FakeGateway([guest("one", width=320, height=200)]) as gateway:
        viewer = open_guest(page, gateway)
        viewer.send(2, header(3, frame=5, box=(2, 3, 8, 8), data=png(8, 8, flat(8, 8, (250, 0, 0)))))
        viewer.say("pointer", x=100, y=50, shape=5)
        place = ("const pointer = document.querySelector('[data-pointer]'); if (pointer.hidden) return null;"
                 "const [box, screen] = [pointer, document.querySelector('[data-screen]')].map(e => e.getBoundingClientRect());"
                 "const scale = screen.width / 320; return [Math.round((box.left - screen.left) / scale),"
                 "Math.round((box.top - screen.top) / scale), Math.round(box.width / scale)]")
        equal(page.wait(place, "the pointer"), [98, 47, 8], "place and size")
        check(pixels(page).same(Picture(*gateway.screen("one"))), "the pointer is in the picture")
        viewer.say("pointer", x=100, y=50, shape=None)
        page.wait("return document.querySelector('[data-pointer]').hidden", "no pointer where none is known")


@with_page()
def an_output_is_chosen_and_kept_in_the_address(page):
    with FakeGateway([guest("one", width=64, height=48, outputs=[{"name": "DP-1", "geometry": "64x48+0+0"}, {"name": "HDMI-1"}])]) as gateway:
        viewer = open_guest(page, gateway)
        page.run("const select = document.querySelector('#outputs'); select.value = 'HDMI-1'; select.dispatchEvent(new Event('change'))")
        eventually(lambda: said(viewer, "watch")[-1].get("output") == "HDMI-1", "the output asked for")
        equal(page.run("return [location.search, new URL(document.querySelector('#save').href).search]"), ["?output=HDMI-1"] * 2)


@with_page()
def a_screen_of_another_size_replaces_the_one_before(page):
    with FakeGateway([guest("one", width=320, height=200)]) as gateway:
        viewer = open_guest(page, gateway)
        gateway.guests["one"].update(width=200, height=320)
        del gateway.screens["one"]
        gateway.show(viewer)
        page.wait("return document.querySelector('#size').textContent === '200 × 320'", "the size in words")
        page.wait(VERDICT + " === 'same'", "the new picture")
        box = page.run("const box = document.querySelector('[data-screen]').getBoundingClientRect(); return [box.width, box.height]")
        check(abs(box[0] / box[1] - 200 / 320) < 0.01, f"the wrong aspect: {box}")


@with_page()
def without_a_worker_the_page_itself_draws(page):
    with FakeGateway([guest("one", width=320, height=200)]) as gateway:
        open_guest(page, gateway, path="?main")
        check(pixels(page).same(Picture(*gateway.screen("one"))), "other pixels")


@with_page()
def the_log_is_followed_until_somebody_scrolls_away(page):
    with FakeGateway([guest("one", width=64, height=48)]) as gateway:
        gateway.texts["log"] = "".join(f"2026-01-01T00:00:00Z line {i} {MARKUP}\n" for i in range(5000))
        open_guest(page, gateway)
        last = "return [...document.querySelectorAll('.row')].some(row => row.textContent.includes(arguments[0]))"
        page.wait(last, "the end of the log", "line 4999 ")
        gateway.follow("log", "2026-01-01T00:00:01Z one ")
        gateway.follow("log", "more line\n")
        page.wait(last, "a line that came in two parts", "one more line")
        check(page.run("return document.querySelectorAll('.row').length") < 120, "rows that nobody sees")
        page.run("document.querySelector('#content').scrollTop = 0")
        page.wait(last, "the first line", "line 0 ")
        gateway.follow("log", "the newest\n")
        page.wait("return document.querySelector('#more').textContent.startsWith('1 new')", "that there is a new line")
        check(page.run(last, "line 0 "), "the list moved though somebody reads it")
        page.click("#more")
        page.wait(last, "the newest line", "the newest")
        equal(page.run("return document.querySelectorAll('#content img, #content b').length"), 0, "elements made of text")


@with_page()
def a_fault_in_the_log_is_marked_and_a_client_that_left_is_none(page):
    faults = ["the capture of card0 failed: no answer", "vm: /bin/x crashed"]
    others = ["10.0.0.1:4000: connection ended: receiving failed: Connection reset by peer", "it was put in default order"]
    with FakeGateway([guest("one", width=64, height=48)]) as gateway:
        gateway.texts["log"] = "".join(f"2026-01-01T00:00:00Z {line}\n" for line in [*faults, *others])
        open_guest(page, gateway)
        page.wait("return document.querySelectorAll('.row').length === 4", "the lines")
        marked = page.run("return [...document.querySelectorAll('.row.wrong')].map(row => row.lastChild.textContent)")
        equal(marked, faults, "lines that are marked")


@with_page()
def lists_and_facts_show_text_as_text(page):
    with FakeGateway([guest("one", width=64, height=48, properties={MARKUP: MARKUP})]) as gateway:
        gateway.files[".periscope/windows.txt"] = f"{MARKUP}\tXTerm\t12\t484x316+0+0\t1\nPanel\\tbar\tpanel\t13\t9x9+0+0\t0\n".encode()
        gateway.files[".periscope/console.txt"] = f"vt=1\n{MARKUP}\n".encode()
        gateway.files["processes"] = f"child\tpid=7\tstate=running\tran-ms=4100\tcommand={MARKUP}\nprocess\tchild=7\tpid=8\tname=x\n".encode()
        gateway.texts["events"] = f"1\t1790000000\tgpu\t{MARKUP}\n"
        open_guest(page, gateway, path="#windows")
        for tab, want in (("windows", MARKUP), ("console", MARKUP), ("facts", MARKUP), ("events", MARKUP), ("processes", MARKUP)):
            page.click(f"#tab-{tab}")
            page.wait("return document.querySelector('#content').textContent.includes(arguments[0])", f"{tab} with the text", want)
            equal(page.run("return document.querySelectorAll('#content img, #content b').length"), 0, "elements made of text")
        check(page.run("return document.title") != "led-astray", "a guest's text was run")


@with_page()
def states_without_a_picture_have_words(page):
    with FakeGateway([guest("one", width=64, height=48), guest("no", "refused", reasons=["not in its allow list"])]) as gateway:
        page.open(gateway.address("/guest/no"))
        page.wait("return document.querySelector('#veil').textContent.includes('not in its allow list')", "why there is no picture")
        page.open(gateway.address("/guest/nobody"))
        page.wait("return document.querySelector('#notice h2')?.textContent.includes('nobody')", "that there is no such guest")
        viewer = open_guest(page, gateway)
        viewer.say("lost", guest="one", reason="no answer for 5 s")
        page.wait("return document.body.classList.contains('lost') && document.querySelector('#veil').textContent.includes('5 s')",
                  "that the guest is lost")
        viewer.say("back", guest="one")
        page.wait("return !document.body.classList.contains('lost')", "that it is back")


@with_page()
def keys_go_to_the_guest_by_their_place_and_are_let_go(page):
    with FakeGateway([guest("one", width=640, height=400)]) as gateway:
        viewer = open_guest(page, gateway)
        page.press("x")
        page.click("#drive")
        page.wait("return document.querySelector('#drive').getAttribute('aria-checked') === 'true'", "the switch")
        equal(page.text("#drive-word"), "You drive")
        page.press("a", "ArrowLeft", "Tab")
        eventually(lambda: actions(viewer)[-1:] == ["key=Tab,up"], "the last key")
        equal(actions(viewer), [f"key={code},{way}" for code in ("KeyA", "ArrowLeft", "Tab") for way in ("down", "up")])
        page.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [
            {"type": "keyDown", "value": "\ue008"}, {"type": "keyDown", "value": "b"}]}]})
        page.run("document.querySelector('#stage').blur()")
        eventually(lambda: actions(viewer)[-1:] == ["release=all"], "all keys let go")
        page.call("DELETE", "/actions")


@with_page()
def pointer_wheel_and_text_go_to_the_guest(page):
    with FakeGateway([guest("one", width=640, height=400)]) as gateway:
        viewer = open_guest(page, gateway)
        page.click("#drive")
        page.wait("return document.body.classList.contains('driving')", "the switch")
        box = page.run("const box = document.querySelector('[data-screen]').getBoundingClientRect(); return [box.left, box.top, box.width]")
        scale = box[2] / 640
        place = {"x": round(box[0] + 100 * scale), "y": round(box[1] + 50 * scale)}
        page.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [
            {"type": "pointerMove", **place, "duration": 0}, {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0}]}]})
        page.call("POST", "/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [
            {"type": "scroll", **place, "deltaX": 0, "deltaY": 200, "duration": 0}]}]})
        eventually(lambda: actions(viewer)[-1:] == ["wheel=0,2"], "the wheel")
        done = actions(viewer)
        x, y = (int(part) for part in done[0].removeprefix("move=").split(","))
        check(abs(x - 100) <= 2 and abs(y - 50) <= 2, f"another place: {done[0]}")
        check("button=left,down" in done and done.index("button=left,up") > done.index("button=left,down"), f"no click: {done}")
        page.run("document.querySelector('#text').showModal(); document.querySelector('#text-field').value = 'Grüße\\n€'")
        page.click("#text .primary")
        eventually(lambda: "text=Grüße\n€" in actions(viewer), "the text")


@with_page()
def a_page_sees_that_another_one_takes_over(page):
    with FakeGateway([guest("one", width=64, height=48), guest("deaf", width=64, height=48, input=False)]) as gateway:
        open_guest(page, gateway)
        page.run("localStorage.setItem('periscope.name', 'ann')")
        page.click("#drive")
        page.wait("return document.body.classList.contains('driving')", "the switch")
        other = another_page(gateway.address("/guest/one"))
        other.wait(VERDICT + " === 'same'", "a picture")
        other.click("#drive")
        other.wait("return document.body.classList.contains('driving')", "the other's switch")
        page.wait("return !document.body.classList.contains('driving')", "the end of the first one's turn")
        check("somebody drives" in page.text("#drive-word"), f"who drives: {page.text('#drive-word')}")
        other.close()
        page.open(gateway.address("/guest/deaf"))
        page.wait("return document.querySelector('#drive').disabled", "no switch where the agent takes no input")


@with_page()
def nothing_hangs_over_the_edge_of_a_phone_or_a_desktop(page):
    with FakeGateway([guest("one-with-a-name-that-is-longer-than-a-tile-is-wide-by-far", "testing", test="a:" * 90), *made_up(12)]) as gateway:
        for width, phone in ((390, True), (1440, False)):
            for path in ("/", "/guest/one-with-a-name-that-is-longer-than-a-tile-is-wide-by-far"):
                page.emulate(width, 844, dark=phone, phone=phone)
                page.open(gateway.address(path))
                page.wait("return document.readyState === 'complete'", "the page")
                page.settle()
                equal(page.run(OVERFLOW), [], f"over the edge of {path} at {width} pixels")
                equal(page.run("return document.documentElement.scrollWidth"), width, f"width of {path}")


@with_page()
def nothing_is_asked_of_anybody_but_the_gateway(page):
    with FakeGateway([guest("one", width=64, height=48)]) as gateway:
        for path in ("/", "/guest/one"):
            page.open(gateway.address(path))
            page.settle(0.5)
            names = page.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
            check(names and all(name.startswith((gateway.address(), "blob:")) for name in names), f"asked for: {names}")


PAST = """const past = document.querySelector('#past'); if (past.hidden) return null;
const data = past.getContext('2d').getImageData(0, 0, past.width, past.height).data; let text = '';
for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(...data.slice(i, i + 3));
return btoa(text)"""


def past_is(page, picture, what):
    eventually(lambda: (shown := page.run(PAST)) and base64.b64decode(shown) == picture.pixels, what)


def over(picture, x, y, width, height, rgb):
    pixels_of = bytearray(picture.pixels)
    for row in range(height):
        at = 3 * ((y + row) * picture.width + x)
        pixels_of[at:at + 3 * width] = rgb[3 * width * row:3 * width * (row + 1)]
    return Picture(picture.width, picture.height, bytes(pixels_of))


@with_page()
def the_last_changes_can_be_looked_at_again_while_the_screen_goes_on(page):
    with FakeGateway([guest("one", width=200, height=130)]) as gateway:
        viewer = open_guest(page, gateway)
        check(page.run("return document.querySelector('#rewind-button').disabled"), "there is nothing to go back to")
        shown = [Picture(*gateway.screen("one"))]

        def change(*boxes):
            viewer.frame += 1
            for i, (x, y, width, height, colour) in enumerate(boxes):
                viewer.rectangle(x, y, width, height, flat(width, height, colour), last=i + 1 == len(boxes))
                shown[len(shown) - (i > 0):] = [over(shown[-1], x, y, width, height, flat(width, height, colour))]
            eventually(lambda: viewer.drawn == viewer.frame, "the frame is drawn")
        change((0, 0, 64, 64, (255, 0, 0)), (128, 64, 72, 66, (0, 255, 0)))
        change((64, 0, 64, 130, (0, 0, 255)))
        change((10, 10, 30, 20, (9, 9, 9)), (100, 50, 64, 64, (7, 8, 9)))
        page.press("r")
        past_is(page, shown[-2], "the change before the last")
        change((0, 0, 200, 130, (1, 2, 3)))
        equal(pixels(page).pixels, shown[-1].pixels, "the live screen, below")
        past_is(page, shown[-3], "the moment that is looked at stays")
        for picture in shown[-4::-1]:
            page.press(",")
            past_is(page, picture, "one change further back")
        check(page.run("return document.querySelector('#earlier').disabled"), "there is more before the first")
        for picture in shown[1:]:
            page.press(".")
            past_is(page, picture, "one change further on")
        page.press("Escape")
        page.wait("return document.querySelector('#past').hidden && document.querySelector('#rewind').hidden", "the live screen")


@with_page()
def what_can_be_looked_at_again_is_bounded_and_right_at_the_bound(page):
    with FakeGateway([guest("one")]) as gateway:
        open_guest(page, gateway)
        bytes_kept, frames, wrong = page.run_async("""
            const {History} = await import(new URL('static/rewind.js', new URL('..', location.href)));
            const history = new History({bytes: 20000, ms: 1e9, frames: 100});
            const [width, height] = [300, 200];
            history.size(width, height);
            const truth = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true});
            const sums = new Map();
            const sum = data => data.reduce((all, value, i) => (all * 31 + value * (i % 251 + 1)) % 1000000007, 7);
            for (let i = 0; i < 250; i++) {
                const box = i ? {x: i * 37 % 200, y: i * 53 % 120, width: 20 + i % 80, height: 20 + i % 60} : {x: 0, y: 0, width, height};
                if (i % 3) Object.assign(box, {x: box.x & ~63, y: box.y & ~63, width: 64, height: 64});
                const small = new OffscreenCanvas(box.width, box.height).getContext('2d');
                small.fillStyle = `rgb(${i}, ${i * 7 % 256}, ${i * 29 % 256})`;
                small.fillRect(0, 0, box.width, box.height);
                truth.drawImage(small.canvas, box.x, box.y);
                const png = new Uint8Array(await (await small.canvas.convertToBlob()).arrayBuffer());
                history.add({...box, png, last: true}, null);
                await history.trimming;
                sums.set(history.frames.at(-1), sum(truth.getImageData(0, 0, width, height).data));
            }
            let wrong = 0;
            for (const frame of history.frames) {
                const canvas = document.createElement('canvas');
                await history.draw(canvas, frame);
                wrong += sum(canvas.getContext('2d').getImageData(0, 0, width, height).data) !== sums.get(frame);
            }
            return [history.bytes, history.frames.length, wrong];""")
        check(bytes_kept <= 20000 and 10 < frames <= 100, f"{frames} frames with {bytes_kept} bytes")
        equal(wrong, 0, "moments that are other than they were")


if __name__ == "__main__":
    run_all()
