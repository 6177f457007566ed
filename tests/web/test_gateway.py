#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The gateway, by HTTP and WebSocket: before real agents on X servers, and before agents that are none."""
import contextlib
import itertools
import json
import os
import socket
import struct
import subprocess
import sys
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_agent import PROPERTIES, FakeAgent, Pointer, digest, ppm, reply, solid  # noqa: E402
from gateway import Gateway, need_gateway  # noqa: E402
from harness import SANITIZED, Agent, check, end_process, equal, eventually, generator, main, test  # noqa: E402
from page import Canvas, fake_guest, get, metric, port_of, real_guest, resident, state_of, switches, threads_of  # noqa: E402
from picture import Picture, decode_png  # noqa: E402
import wire  # noqa: E402
from websocket import Binary, WebSocket  # noqa: E402

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0" + bytes(2000)  # its size is all that is read


# ---- what it tells ----

@test
def the_api_tells_what_the_agent_tells():
    with real_guest() as gateway:
        eventually(lambda: state_of(gateway, "one") not in ("unknown", "off"), "an answer of the guest")
        guests = json.loads(get(gateway, "/api/guests")[2])["guests"]
        equal([(guest["name"], guest["width"], guest["height"]) for guest in guests], [("one", 320, 240)])
        detailed = json.loads(get(gateway, "/api/guests/one")[2])
        with wire.Client(gateway.agent.port) as client:
            properties = dict(entry.text.split("=", 1) for entry in client.call(8))
        equal(detailed["properties"]["boot.id"], properties["boot.id"], "the boot")
        check(any("agent\t" in event for event in detailed["events"]), "no event tells of the agent's start")
        equal(properties["desktop.state"], "starting", "what the agent says of a bare X server")
        eventually(lambda: state_of(gateway, "one") == "ready", "a bare X server is a screen that is ready")
        equal(get(gateway, "/api/guests/none")[0], 404, "a guest that there is not")
        equal(get(gateway, "/api/guests/one", method="POST")[0], 405, "a POST")
        equal(get(gateway, "/api/guests/one", method="HEAD")[2], b"", "the body of a HEAD")


@test
def a_saved_picture_has_the_pixels_of_the_agents():
    with real_guest() as gateway:
        status, headers, body = get(gateway, "/api/guests/one/screenshot.png")
        equal((status, headers["content-type"]), (200, "image/png"))
        with wire.Client(gateway.agent.port) as client:
            entries = client.call(0x50530001, wire.s("format=png"))
        check(decode_png(body).pixels == decode_png(entries[-1].payload).pixels, "other pixels")
        check(wire.s("hash=" + headers["x-periscope-hash"])[9:] in [entry.payload for entry in entries], "another hash")


@test
def a_still_canvas_is_the_agents_picture_whatever_changed_before():
    with real_guest() as gateway, WebSocket(port_of(gateway)) as ws:
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        canvas.until("still")
        for colour in ("red", "#102030", "blue"):
            subprocess.run(["xsetroot", "-solid", colour], env=gateway.server.environment(), check=True)
        subprocess.run(["xsetroot", "-mod", "5", "7"], env=gateway.server.environment(), check=True)
        still = canvas.until("still")
        equal(canvas.hash(), still["hash"], "the canvas' hash")
        equal(len(set(canvas.picture[i:i + 3].hex() for i in range(0, len(canvas.picture), 3))), 2, "colours of a pattern")


@test
def a_page_gets_the_next_frame_only_when_it_has_drawn_the_last():
    with fake_guest() as (gateway, agent), WebSocket(port_of(gateway), timeout=1) as ws:
        ws.send({"t": "watch", "guest": "one", "output": None})
        first = Binary(ws.until(lambda m: isinstance(m, bytes)))
        agent.show(solid(64, 64, (9, 9, 9)))
        with contextlib.suppress(socket.timeout):
            while True:
                check(not isinstance(ws.receive(), bytes), "a frame came though the last was not drawn")
        ws.send({"t": "drawn", "frame": first.frame})
        second = Binary(ws.until(lambda m: isinstance(m, bytes)))
        equal(decode_png(second.png).pixels, solid(64, 64, (9, 9, 9)).pixels, "the frame is of what is shown now")


@test
def a_change_of_a_tile_sends_that_tile_alone():
    before = solid(640, 400, (0, 0, 0))
    changed = bytearray(before.pixels)
    at = 3 * (130 * 640 + 70)
    changed[at:at + 3] = b"\xff\0\xff"
    with fake_guest(picture=before) as (gateway, agent), WebSocket(port_of(gateway)) as ws:
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        canvas.until("still")
        agent.show(Picture(640, 400, bytes(changed)))
        parts = [Binary(ws.until(lambda m: isinstance(m, bytes)))]
        equal([(part.x, part.y, part.width, part.height, part.last) for part in parts], [(64, 128, 64, 64, 1)])


@test
def another_size_in_the_middle_is_told_before_its_pixels():
    with fake_guest(picture=solid(300, 200, (5, 5, 5))) as (gateway, agent), WebSocket(port_of(gateway)) as ws:
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        for width, height in ((300, 200), (64, 1000), (1, 1), (513, 65)):
            agent.show(solid(width, height, (width % 256, 7, 7)))
            canvas.until_shown(agent.hash)
            equal(canvas.size, (width, height), "the canvas' size")


@test
def the_test_that_runs_is_named_by_its_tag_or_its_command():
    with real_guest() as gateway, wire.Client(gateway.agent.port) as client:
        started = client.call(0x50530002, wire.s("tag=d3d11:nightly"), wire.s("arg=sleep"), wire.s("arg=600"))
        with WebSocket(port_of(gateway)) as ws:
            ws.send({"t": "wall", "view": ["one"]})
            tested = ws.until(lambda m: isinstance(m, dict) and any(g["test"] for g in m.get("guests", [m.get("guest", {"test": None})])))
            guest = tested.get("guest") or tested["guests"][0]
            equal((guest["state"], guest["test"]), ("testing", "d3d11:nightly"))
        client.call(0x50530003, wire.Q(started[0].number), wire.I(0))


# ---- what it costs ----

@test
def a_still_screen_costs_no_picture():
    with fake_guest() as (gateway, agent), WebSocket(port_of(gateway)) as ws:
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        canvas.until("still")
        before = metric(gateway, "periscope_picture_bytes_total"), agent.asked["screenshot"]
        time.sleep(1.5)
        after = metric(gateway, "periscope_picture_bytes_total"), agent.asked["screenshot"]
        equal(after[0], before[0], "picture bytes")
        check(after[1] - before[1] <= 1, f"{after[1] - before[1]} questions for a picture in 1.5 s")


@test
def nobody_looks_and_the_guest_is_asked_for_signs_of_life_alone():
    with fake_guest() as (gateway, agent):
        with WebSocket(port_of(gateway)) as ws:
            ws.send({"t": "wall", "view": ["one"]})
            ws.send({"t": "watch", "guest": "one", "output": None})
            ws.until(lambda m: isinstance(m, bytes))
        eventually(lambda: metric(gateway, "periscope_sockets_open") == 0, "the page is gone")
        eventually(lambda: threads_of(gateway) <= 2, "the threads that looked are gone")
        before = dict(agent.asked)
        time.sleep(1.5)
        check(sum(agent.asked.values()) - sum(before.values()) <= 2, f"{before} became {agent.asked}")


@test
def a_page_that_stopped_reading_delays_no_other():
    noise = generator().randbytes(3 * 500 * 400)
    with fake_guest(picture=Picture(500, 400, noise)) as (gateway, agent), \
            WebSocket(port_of(gateway), receive_buffer=4096) as stopped, WebSocket(port_of(gateway)) as ws:
        stopped.send({"t": "watch", "guest": "one", "output": None})
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        for turn in range(10):
            agent.show(Picture(500, 400, noise[turn * 3:] + noise[:turn * 3]))
            stopped.send({"t": "drawn", "frame": turn})
        canvas.until_shown(agent.hash)
        # When it reads again it gets what is, not ten old frames.
        late = Canvas(stopped)
        late.until_shown(agent.hash)
        check(late.frames <= 3, f"{late.frames} frames for the page that had stopped")


@test
def two_hundred_guests_and_twenty_pages_take_little():
    need_gateway()
    with FakeAgent(solid(96, 64, (1, 2, 3))) as agent:
        agent.thumbnail = PNG
        names = [f"guest-{number}" for number in range(200)]
        with Gateway({name: agent for name in names}) as gateway, contextlib.ExitStack() as stack:
            eventually(lambda: get(gateway, "/api/guests")[2].count(b'"ready"') == 200, "200 guests are ready")
            before = switches(gateway.process.pid)
            time.sleep(1)
            check(switches(gateway.process.pid) - before < 20, f"{switches(gateway.process.pid) - before} wake-ups a second with no page")
            pages = [stack.enter_context(WebSocket(port_of(gateway))) for _ in range(20)]
            for number, ws in enumerate(pages):
                ws.send({"t": "wall", "view": names[number * 10:number * 10 + 10]})
                ws.send({"t": "watch", "guest": names[number], "output": None})
            for number, ws in enumerate(pages[1:], 1):  # the first never reads
                canvas, small = Canvas(ws), set()
                while canvas.frames < 1 or len(small) < 10:
                    other = canvas.take(ws.receive())
                    small |= {other.name} if isinstance(other, Binary) else set()
                equal(small, set(names[number * 10:number * 10 + 10]), "the small pictures")
            print(f"# {resident(gateway) / (1 << 20):.1f} MB for 200 guests and 20 pages")
            check(SANITIZED or resident(gateway) < 64 << 20, f"{resident(gateway)} bytes of memory")


# ---- the pointer ----

def until_pointer(canvas, x, y):
    """Draws until the pointer is told to be there; returns its shape's number, and the shapes that came meanwhile."""
    came = []
    while True:
        message = canvas.take(canvas.ws.receive())
        if isinstance(message, Binary) and message.kind == 3:
            came.append(message)
        elif isinstance(message, dict) and message["t"] == "pointer" and (message["x"], message["y"]) == (x, y) and message["shape"]:
            return message["shape"], came


def rgba_of(png):
    """The size and the pixels of a file as the gateway writes shapes."""
    width, height = struct.unpack(">II", png[16:24])
    size, = struct.unpack(">I", png[33:37])
    rows = zlib.decompress(png[41:41 + size])
    equal((png[24], png[25]), (8, 6), "bits and colours")
    return width, height, b"".join(rows[y * (4 * width + 1) + 1:(y + 1) * (4 * width + 1)] for y in range(height))


@test
def a_pointer_that_moves_costs_no_picture_and_each_shape_is_sent_once():
    arrow, hand = (lambda x, y: Pointer(x, y, (255, 0, 0, 128))), (lambda x, y: Pointer(x, y, (0, 0, 255, 255), 3, 4))
    with fake_guest() as (gateway, agent), WebSocket(port_of(gateway)) as ws:
        agent.pointer = arrow(10, 11)
        agent.thumbnail = PNG
        canvas = Canvas(ws)
        ws.send({"t": "wall", "view": ["one"]})
        ws.send({"t": "watch", "guest": "one", "output": None})
        first, came = until_pointer(canvas, 10, 11)
        equal([(shape.frame, shape.x, shape.y, shape.width, shape.height) for shape in came], [(first, 1, 2, 5, 7)], "its shape")
        equal(rgba_of(came[0].png), (5, 7, bytes((255, 0, 0, 128)) * 35), "its pixels")
        canvas.until("still")
        equal(canvas.hash(), agent.hash, "the canvas, without the pointer")
        before = metric(gateway, "periscope_picture_bytes_total")
        for step in range(20):
            agent.point(arrow(step - 5, 2 * step))
            equal(until_pointer(canvas, step - 5, 2 * step), (first, []), "the shape, which is there already")
        equal(metric(gateway, "periscope_picture_bytes_total"), before, "picture bytes of 20 movements")
        agent.point(hand(7, 7))
        second, came = until_pointer(canvas, 7, 7)
        equal((second != first, len(came)), (True, 1), "another shape")
        agent.point(arrow(8, 8))
        equal(until_pointer(canvas, 8, 8), (first, []), "the first again")
        small = [values for values in agent.options if "scale" in values]
        check(0 < len(small) < 5 and all(values["cursor"] == "0" for values in small), f"small pictures: {small}")


@test
def a_pointer_that_a_source_does_not_tell_is_in_the_picture():
    with fake_guest() as (gateway, agent), WebSocket(port_of(gateway)) as ws:
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        canvas.until("still")
        equal([values.get("cursor") for values in agent.options[:2]], ["0", None], "the first two questions")
        agent.show(solid(64, 64, (3, 4, 5)))
        canvas.until_shown(agent.hash)
        check(all("cursor" not in values for values in agent.options[1:]), "it is asked again and again")


@test
def an_agent_that_knows_no_pointer_is_watched_with_it():
    def older(values):
        wrong = next((f"{name}={values[name]}" for name in ("pointer", "pointer-shape") if name in values), None)
        return reply(wire.raw("e", f"unknown option '{wrong}'".encode() + b"\0")) if wrong else None
    with fake_guest() as (gateway, agent), WebSocket(port_of(gateway)) as ws:
        agent.answer = older
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        canvas.until("still")
        equal(canvas.hash(), agent.hash, "the canvas' hash")


@test
def shapes_that_no_agent_sends_leave_the_pointer_in_the_picture():
    good = Pointer(1, 1, (1, 2, 3, 4)).pam()
    with fake_guest() as (gateway, agent):
        for wrong in (b"", b"P6\n1 1\n255\n\1\2\3", good[:-1], good + b"x", good.replace(b"WIDTH 5", b"WIDTH 999"),
                      good.replace(b"WIDTH 5", b"WIDTH 0"), good.replace(b"DEPTH 4", b"DEPTH 3"), good.replace(b"P7", b"P7\0")):
            agent.pointer = Pointer(1, 1, (1, 2, 3, 4))
            agent.pointer.pam = lambda wrong=wrong: wrong
            agent.options = []
            with WebSocket(port_of(gateway)) as ws:
                canvas = Canvas(ws)
                ws.send({"t": "watch", "guest": "one", "output": None})
                canvas.until_shown(agent.hash)
                equal([values.get("pointer-shape", values.get("cursor")) for values in agent.options[:3]], ["0", "1", None], "what is asked")
            eventually(lambda: threads_of(gateway) <= 2, "the thread that looked is gone")


@test
def the_pointer_of_a_real_guest_is_told_apart():
    with real_guest() as gateway, WebSocket(port_of(gateway)) as ws:
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        still = canvas.until("still")
        with wire.Client(gateway.agent.port) as client:
            bare = dict(e.text.split("=", 1) for e in client.call(0x50530001, wire.s("cursor=0"), wire.s("format=ppm"))[:-1])
        equal(still["hash"], bare["hash"], "the hash is that of the picture without the pointer")
        before = metric(gateway, "periscope_picture_bytes_total")
        gateway.server.run("xdotool", "mousemove", "33", "44")
        shape, came = until_pointer(canvas, 33, 44)
        check(shape and len(came) <= 1, "its shape")
        check(metric(gateway, "periscope_picture_bytes_total") - before < 2000, "pictures of a movement")


# ---- guests that are not as they should be ----

@test
def a_guest_that_is_lost_comes_back():
    with real_guest() as gateway, WebSocket(port_of(gateway)) as ws:
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        canvas.until("still")
        port = gateway.agent.port
        gateway.agent.expect_end = True
        end_process(gateway.agent.process.pid)
        gateway.agent.process.wait()
        check(canvas.until("lost")["reason"], "no reason")
        eventually(lambda: state_of(gateway, "one") == "off", "the guest is off")
        with Agent(port=str(port), env=gateway.server.environment()):
            canvas.until("back")
            still = canvas.until("still")
            equal(canvas.hash(), still["hash"], "the canvas' hash")
            eventually(lambda: state_of(gateway, "one") != "off", "the guest is back")


@test
def answers_that_no_agent_gives_cost_a_line_each():
    def malformed(values):
        del values
        return next(answers)
    whole = solid(64, 64, (1, 2, 3))
    fact = [wire.s("hash=xxh64:0123456789abcdef"), wire.s("delta=1")]
    good = reply(wire.s("hash=" + digest(whole)), wire.d(ppm(whole)))
    bad = (reply(wire.s("hash=nonsense"), wire.d(b"P6\n9 9\n255\nshort")),
           reply(*fact, wire.s("rect=64x64+1+0"), wire.d(struct.pack(">I", len(ppm(whole))) + ppm(whole))),
           reply(*fact, wire.s("rect=4294967295x1+0+0"), wire.d(b"")),
           reply(*fact, wire.s("rect=8x8+0+0"), wire.d(b"\xff\xff\xff\xffP6")),
           reply(wire.d(b"P6\n32767 32767\n255\n")), b"\0\0\0\1?\0\0\0\0\0\0\0\0")
    answers = itertools.chain((answer for wrong in bad for answer in (wrong, good)), itertools.repeat(None))
    with fake_guest() as (gateway, agent), WebSocket(port_of(gateway)) as ws:
        agent.answer = malformed
        canvas = Canvas(ws)
        ws.send({"t": "watch", "guest": "one", "output": None})
        check(canvas.until("lost")["reason"], "no reason")
        while canvas.until("still")["hash"] != agent.hash:
            pass
        equal(canvas.hash(), agent.hash, "the canvas' hash")


@test
def texts_of_a_guest_are_texts():
    markup = "</script><img src=x>\u2028\x01\"'&"
    with fake_guest() as (gateway, agent), WebSocket(port_of(gateway)) as ws:
        agent.properties = [*PROPERTIES, f"run.error={markup}", "gpu.0.name=\N{SNOWMAN}"]
        ws.send({"t": "wall", "view": ["one"]})
        guest = ws.until(lambda m: isinstance(m, dict) and m["t"] == "guest" and markup in m["guest"]["reasons"])["guest"]
        equal(guest["gpu"], "\N{SNOWMAN}", "a name")
        equal(get(gateway, "/api/guests")[1]["content-type"], "application/json")


# ---- texts that are followed ----

@test
def a_log_is_followed_and_ends():
    with real_guest() as gateway, WebSocket(port_of(gateway)) as ws:
        ws.send({"t": "follow", "id": 7, "guest": "one", "what": "log"})
        ws.send({"t": "follow", "id": 8, "guest": "one", "what": "events"})
        ws.send({"t": "follow", "id": 9, "guest": "one", "what": "child:999999"})
        ws.send({"t": "follow", "id": 10, "guest": "one", "what": "/etc/passwd"})
        found = {}
        while set(found) < {7, 8, 9, "error"}:
            message = ws.receive()
            if isinstance(message, dict) and message["t"] in ("log", "logend", "error"):
                found[message.get("id", "error")] = message
        check("999999" in found[9]["reason"], found[9])
        check("can't be followed" in found["error"]["message"], found["error"])
        with wire.Client(gateway.agent.port) as client:
            client.send(wire.request(0x50530099))
            client.reply_list()
        ws.until(lambda m: isinstance(m, dict) and m["t"] == "log" and m["id"] == 7 and "unknown RPC" in m["text"])


if __name__ == "__main__":
    main()
