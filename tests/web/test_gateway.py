#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The gateway, by HTTP and WebSocket: before real agents on X servers, and before agents that are none."""
import contextlib
import http.client
import itertools
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_agent import PROPERTIES, FakeAgent, digest, ppm, reply, solid  # noqa: E402
from gateway import COMMAND, Gateway, need_gateway  # noqa: E402
from harness import Agent, Skip, check, end_process, equal, eventually, generator, main, scaled, test, thread_fields  # noqa: E402
from picture import Picture, decode_png  # noqa: E402
import wire  # noqa: E402
from websocket import Binary, Closed, WebSocket, frame  # noqa: E402
from xserver import Server  # noqa: E402

LONG = int(os.environ.get("PERISCOPE_FRAMES") or 0)  # malformed frames, where many are wanted


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0" + bytes(2000)  # its size is all that is read


class Canvas:
    """What a page has drawn from the messages of a watch."""

    def __init__(self, ws):
        self.ws, self.picture, self.frames, self.other = ws, None, 0, []

    def take(self, message):
        """Draws; returns the message if it is no rectangle."""
        if isinstance(message, dict):
            if message["t"] == "screen":
                self.picture = bytearray(3 * message["width"] * message["height"])
                self.size = message["width"], message["height"]
            return message
        binary = Binary(message)
        if binary.kind != 1:
            return binary
        part = decode_png(binary.png)
        equal((part.width, part.height), (binary.width, binary.height), "the rectangle's size")
        width, height = self.size
        check(binary.x + part.width <= width and binary.y + part.height <= height, "a rectangle lies outside")
        for row in range(part.height):
            at = 3 * ((binary.y + row) * width + binary.x)
            self.picture[at:at + 3 * part.width] = part.pixels[3 * row * part.width:3 * (row + 1) * part.width]
        if binary.last:
            self.frames += 1
            self.ws.send({"t": "drawn", "frame": binary.frame})
        return None

    def until(self, kind):
        """The next text message of that kind."""
        while True:
            message = self.take(self.ws.receive())
            if isinstance(message, dict) and message["t"] == kind:
                return message

    def hash(self):
        return digest(Picture(*self.size, bytes(self.picture)))


def get(gateway, path, headers=(), method="GET", host=None):
    """(status, headers, body)."""
    port = int(gateway.base.rsplit(":", 1)[1].strip("/"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, path, skip_host=host is not None, skip_accept_encoding=True)
    if host is not None:
        connection.putheader("Host", host)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, body


def port_of(gateway):
    return int(gateway.base.rsplit(":", 1)[1].strip("/"))


def state_of(gateway, name):
    return json.loads(get(gateway, f"/api/guests/{name}")[2])["state"]


def metric(gateway, name):
    for line in get(gateway, "/metrics")[2].decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"there is no metric {name}")


@contextlib.contextmanager
def real_guest(*options):
    need_gateway()
    with Server(screens=("320x240x24",)) as server, Agent(env=server.environment()) as agent, \
            Gateway({"one": agent}, *options) as gateway:
        gateway.server, gateway.agent = server, agent
        yield gateway


@contextlib.contextmanager
def fake_guest(*options, picture=None):
    need_gateway()
    with FakeAgent(picture) as agent, Gateway({"one": agent}, *options) as gateway:
        eventually(lambda: state_of(gateway, "one") == "ready", "the guest is ready")
        yield gateway, agent


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
        still = canvas.until("still")
        equal(canvas.hash(), still["hash"], "the canvas' hash")
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
            still = canvas.until("still")
            while canvas.size != (width, height):
                still = canvas.until("still")
            equal((canvas.hash(), still["hash"]), (agent.hash, agent.hash), f"{width}x{height}")


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


def threads_of(gateway):
    return len(os.listdir(f"/proc/{gateway.process.pid}/task"))


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
        still = canvas.until("still")
        while still["hash"] != agent.hash:
            still = canvas.until("still")
        equal(canvas.hash(), agent.hash, "the canvas of the page that reads")
        # When it reads again it gets what is, not ten old frames.
        late = Canvas(stopped)
        late.until("still")
        equal(late.hash(), agent.hash, "the canvas of the page that had stopped")
        check(late.frames <= 3, f"{late.frames} frames for the page that had stopped")


def switches(pid):
    """How often each thread of a process has gone to sleep, which it must wake from."""
    return sum(int(words[0]) for words in thread_fields(pid, "voluntary_ctxt_switches").values())


@test
def two_hundred_guests_and_twenty_pages_take_little():
    need_gateway()
    with FakeAgent(solid(320, 200, (1, 2, 3))) as agent:
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
            check(resident(gateway) < 64 << 20, f"{resident(gateway)} bytes of memory")


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
        still = canvas.until("still")
        while still["hash"] != agent.hash:
            still = canvas.until("still")
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


# ---- who may ----

def everything(gateway, headers=(), host=None):
    """The statuses of all there is."""
    paths = ("/", "/guest/one", "/static/index.html", "/api/guests", "/api/guests/one", "/api/guests/one/screenshot.png",
             "/api/guests/one/thumbnail.png", "/api/guests/one/file?path=.periscope/log.txt", "/api/link", "/metrics",
             "/healthz", "/none")
    return {path: get(gateway, path, headers, host=host)[0] for path in paths}


def socket_status(gateway, **options):
    try:
        with WebSocket(port_of(gateway), **options):
            return 101
    except Closed as closed:
        return closed.code


@test
def without_a_token_nothing_is_served_where_one_is_needed():
    with fake_guest_with_token() as (gateway, link):
        equal(set(everything(gateway).values()), {401}, "statuses")
        equal(set(everything(gateway, [("Cookie", "periscope=" + "0" * 32)]).values()), {401}, "with a wrong cookie")
        equal(set(everything(gateway, [("Authorization", "Bearer wrong-wrong-wrong-wrong")]).values()), {401}, "a wrong secret")
        check(socket_status(gateway) != 101, "a WebSocket was let in")
        secret = [("Authorization", "Bearer correct-horse-battery")]
        equal(get(gateway, "/api/guests", secret)[0], 200, "with the secret")
        equal(get(gateway, "/?token=" + "f" * 32)[0], 401, "with a wrong token")
        status, headers, _ = get(gateway, link)
        equal(status, 200, "with the token")
        cookie = headers["set-cookie"]
        check("HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie, cookie)
        equal(get(gateway, link)[0], 401, "with the token again")
        session = [("Cookie", "other=1; " + cookie.split(";")[0])]
        equal(get(gateway, "/api/guests", session)[0], 200, "with the cookie")
        equal(socket_status(gateway, headers=[f"Cookie: {cookie.split(';')[0]}"]), 101, "a WebSocket with the cookie")
        further = json.loads(get(gateway, "/api/link", session)[2])["path"]
        equal(get(gateway, further)[0], 200, "with a further token")


@contextlib.contextmanager
def fake_guest_with_token():
    need_gateway()
    with tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp") as folder:
        path = os.path.join(folder, "secret")
        with open(path, "w", encoding="ascii") as file:
            file.write("correct-horse-battery\n")
        with FakeAgent() as agent, Gateway({"one": agent}, "--token-file", path) as gateway:
            yield gateway, eventually(lambda: printed_link(gateway), "the address with the token")


def printed_link(gateway):
    for line in gateway.text().splitlines():
        if line.startswith("http") and "?token=" in line:
            return "/" + line.split("/", 3)[3]
    return None


@test
def other_sites_and_other_names_get_nothing():
    with fake_guest() as (gateway, _):
        port = port_of(gateway)
        for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "", "a b"):
            found = set(everything(gateway, host=host).values())
            check(found <= {400, 403}, f"Host: {host}: {found}")
            check(socket_status(gateway, host=host or " ") != 101, f"a WebSocket to {host!r} was let in")
        for origin in ("http://evil.example", "null", f"http://127.0.0.1:{port + 1}", f"ftp://127.0.0.1:{port}", f"http://127.0.0.1:{port}.evil.example"):
            equal(set(everything(gateway, [("Origin", origin)]).values()), {403}, f"Origin: {origin}")
            check(socket_status(gateway, headers=[f"Origin: {origin}"]) != 101, f"a WebSocket from {origin} was let in")
        equal(socket_status(gateway, headers=[f"Origin: http://127.0.0.1:{port}"]), 101, "our own page")
        equal(get(gateway, "/api/guests", [("Sec-Fetch-Site", "cross-site")])[0], 403, "a picture in another site's page")
        equal(get(gateway, "/guest/one", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")])[0], 200, "a link")
        equal(socket_status(gateway, path="/"), None, "a WebSocket elsewhere")
        equal(socket_status(gateway, protocol=None), None, "a WebSocket without our protocol")


@test
def no_path_leads_out():
    with fake_guest() as (gateway, _):
        for path in ("/static/../gateway.c", "/static/..%2f..%2fetc%2fpasswd", "/static/%2e%2e/%2e%2e/etc/passwd", "/..%5c..%5cwindows",
                     "/static//etc/passwd", "/guest/../../etc/passwd", "/static/" + "a" * 3000, "/static/a%00.js",
                     "/api/guests/one/file?path=/etc/passwd", "/api/guests/one/file?path=.periscope/../../etc/passwd",
                     "/api/guests/one/file?path=.periscope/dump-1.dmp", "/api/guests/one/file", "/api/guests/one/file?path=" + "x" * 3000):
            try:
                status, _, body = get(gateway, path)
            except (http.client.HTTPException, ConnectionError):
                continue  # closed without a word
            check(status in (400, 403, 404, 414), f"{path[:60]}: {status}")
            check(b"root:" not in body, f"{path[:60]} has led out")
        equal(get(gateway, "/healthz")[0], 200, "after all that")


# ---- what is no message ----

def malformed_frames(count):
    random = generator()
    texts = [b"", b"{", b"[]", b"null", b'"t"', b'{"t":1}', b'{"t":"none"}', b'{"t":"watch"}', b'{"t":"watch","guest":""}',
             b'{"t":"drawn","frame":-1}', b'{"t":"drawn","frame":99999999999}', b'{"t":"wall","view":{}}', b'{"t":"input","actions":[1]}',
             b'{"t":"watch","guest":"\\u0000"}', b"[" * 60000, b'{"a":' * 12000, b'{"t":"wall","view":[' + b'"x",' * 2000 + b'"x"]}',
             b'{"t":"watch","guest":"one","output":"' + b"x" * 5000 + b'"}', b"\xff\xfe", b'{"t":"\xed\xa0\x80"}']
    for _ in range(count):
        kind = random.randrange(8)
        if kind < 4:
            yield frame(1, random.choice(texts))
        elif kind == 4:
            yield frame(1, b"x" * 10, length=random.choice((1 << 62, 1 << 40, 70000)))
        elif kind == 5:
            yield frame(random.choice((2, 3, 5, 11, 15)), random.randbytes(random.randrange(200)))
        elif kind == 6:
            yield frame(1, b'{"t":"ping"}', mask=False)
        else:
            yield random.randbytes(random.randrange(1, 64))


@test
def frames_that_are_none_cost_nothing_lasting():
    with fake_guest() as (gateway, _):
        port = port_of(gateway)
        sent, ws = 0, None
        count = LONG or scaled(300, 20)
        for data in malformed_frames(count):
            try:
                ws = ws or WebSocket(port)
                ws.send_raw(data)
                sent += 1
                if sent % 3 == 0:
                    ws.close()
                    ws = None
            except (Closed, OSError):
                ws = None
        check(sent > count / 2, f"only {sent} of {count} frames were sent")
        eventually(lambda: metric(gateway, "periscope_sockets_open") <= 1, "the sockets are closed")
        with WebSocket(port) as good:
            good.send({"t": "ping"})
            good.until(lambda m: isinstance(m, dict) and m["t"] == "pong")
        check(resident(gateway) < 40 << 20, f"{resident(gateway)} bytes of memory")


def resident(gateway):
    with open(f"/proc/{gateway.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


@test
def a_page_that_floods_is_closed():
    with fake_guest() as (gateway, _), WebSocket(port_of(gateway)) as ws:
        flood = frame(1, b'{"t":"ping"}') * 5000
        try:
            ws.send_raw(flood)
            ws.until(lambda _: False)
        except Closed as closed:
            check(closed.code in (1008, None), f"closed with {closed.code}")
        except OSError:
            pass
        with WebSocket(port_of(gateway)) as bad:
            for _ in range(20):
                with contextlib.suppress(OSError):
                    bad.send_raw(frame(1, b"{"))
            with contextlib.suppress(OSError, Closed):
                bad.until(lambda _: False)
        equal(get(gateway, "/healthz")[0], 200, "after all that")


@test
def a_hundred_reconnections_leave_nothing():
    with fake_guest() as (gateway, _):
        port = port_of(gateway)
        for _ in range(5):
            reconnect(port)
        files = len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
        for _ in range(100):
            reconnect(port)
        eventually(lambda: len(os.listdir(f"/proc/{gateway.process.pid}/fd")) <= files + 2 and threads_of(gateway) <= 2,
                   lambda: f"{files} descriptors became {len(os.listdir(f'/proc/{gateway.process.pid}/fd'))}, {threads_of(gateway)} threads")


def reconnect(port):
    with WebSocket(port) as ws:
        ws.send({"t": "wall", "view": ["one"]})
        ws.send({"t": "watch", "guest": "one", "output": None})
        ws.send({"t": "follow", "id": 1, "guest": "one", "what": "events"})
        ws.receive()


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


# ---- starting ----

def ends(*options):
    result = subprocess.run([*COMMAND, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                            check=False)
    return result.returncode, result.stderr.decode()


@test
def a_wrong_configuration_is_named_with_its_file_and_line():
    need_gateway()
    cases = (("guest = one", "FILE:1: guest is 'one', not NAME HOST[:PORT] [group=GROUP]"),
             ("# x\nguest = a h\nguest = a h", "FILE:3: there are two guests with the name 'a'"),
             ("guest = a<b h", "FILE:1: a guest's name 'a<b' has a character"),
             ("guest = a h:0", "'0' is not a port"), ("listen = [::1", "FILE:1: listen is '[::1'"),
             ("nonsense = 1", "FILE:1: unknown option 'nonsense'"), ("keep-alive = 0", "not seconds from 1 to 600"),
             ("prefix = a", "prefix is 'a', not a path"), ("token-file = /none", "FILE:1: token-file '/none': No such file"),
             ("certificate = x\nguest = a h", "certificate and key are needed together"), ("", "there is no guest to show"),
             ("x", "is not of the form 'name = value'"))
    with tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp") as folder:
        path = os.path.join(folder, "file")
        for text, wanted in cases:
            with open(path, "w", encoding="ascii") as file:
                file.write(text + "\n")
            status, said = ends("--config", path)
            equal(status, 2, f"the exit status of {text!r}: {said}")
            check(wanted.replace("FILE", path) in said, f"{text!r}: {said}")
            equal(said.count("\n"), 1, "lines")


@test
def with_a_certificate_it_is_tls_and_nothing_else():
    if not shutil.which("openssl"):
        raise Skip("there is no openssl to make a certificate")
    need_gateway()
    with tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp") as folder, FakeAgent() as agent:
        names = [os.path.join(folder, name) for name in ("key", "certificate")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x",
                        "-keyout", names[0], "-out", names[1]], check=True, stderr=subprocess.DEVNULL)
        with subprocess.Popen([*COMMAND, "--listen", "127.0.0.1:0", "--token", "yes", "--key", names[0], "--certificate", names[1],
                               f"127.0.0.1:{agent.port}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            link = process.stdout.readline().decode().strip()
            check(link.startswith("https://127.0.0.1:"), link)
            context = ssl.create_default_context(cafile=names[1])
            context.check_hostname = False
            port = int(link.split(":")[2].split("/")[0])
            connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
            connection.request("GET", "/" + link.split("/", 3)[3])
            response = connection.getresponse()
            equal(response.status, 200, "with the token")
            check("; Secure" in response.getheader("set-cookie"), response.getheader("set-cookie"))
            with socket.create_connection(("127.0.0.1", port), 30) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                with contextlib.suppress(ConnectionError):
                    check(b"200 OK" not in plain.recv(100), "an answer without TLS")
            process.terminate()


@test
def the_folder_of_novnc_is_served_to_who_is_let_in():
    need_gateway()
    with tempfile.TemporaryDirectory(prefix="periscope-web-", dir="/tmp") as folder, FakeAgent() as agent:
        os.mkdir(os.path.join(folder, "core"))
        with open(os.path.join(folder, "core", "rfb.js"), "w", encoding="ascii") as file:
            file.write("export default 1;\n")
        os.symlink("/etc/passwd", os.path.join(folder, "link.js"))
        with Gateway({"one": agent}, "--novnc", folder) as gateway:
            status, headers, body = get(gateway, "/novnc/core/rfb.js")
            equal((status, body), (200, b"export default 1;\n"))
            check(headers["cache-control"] in ("no-store", "no-cache"), headers["cache-control"])
            equal(get(gateway, "/novnc/core/rfb.js", host="evil.example")[0], 403, "by another name")
            for path in ("/novnc/link.js", "/novnc/../../../etc/passwd", "/novnc/%2e%2e/%2e%2e/etc/passwd", "/novnc/core"):
                check(b"root:" not in get(gateway, path)[2], path)


@test
def behind_a_prefix_all_paths_have_it():
    with FakeAgent() as agent, Gateway({"one": agent}, "--prefix", "/farm/") as gateway:
        equal(get(gateway, "/farm/api/guests")[0], 200)
        equal(get(gateway, "/api/guests")[0], 404)
        status, headers, _ = get(gateway, "/farm")
        equal((status, headers["location"].endswith("/farm/")), (303, True), "the prefix without its slash")
        equal(socket_status(gateway, path="/farm/ws"), 101)
        equal(socket_status(gateway, path="/ws"), None)


if __name__ == "__main__":
    main()
