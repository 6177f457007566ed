#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A gateway without guests, written from docs/gateway.md: it serves the pages, and says of its guests what a test wants.

usage: tests/web/fake_gateway.py [PORT [COUNT]]      serves COUNT made-up guests, for work on the pages
"""
import base64
import contextlib
import hashlib
import json
import os
import random
import socketserver
import struct
import sys
import threading
import time
import urllib.parse
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "integration"))
import picture  # noqa: E402

PAGES = os.path.join(TOP, "host", "web", "page")
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'"
STATES = ("ready", "testing", "booting", "greeter", "locked", "asleep", "stuck", "gpu-lost", "shutting-down", "refused",
          "off", "unknown")
PICTURELESS = ("off", "refused", "unknown", "booting", "asleep", "gpu-lost")


def png(width, height, rgb):
    """A PNG of rows of RGB."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    rows = b"".join(b"\0" + rgb[y * width * 3:(y + 1) * width * 3] for y in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def flat(width, height, colour):
    return bytes(colour) * (width * height)


def desktop(width, height, seed):
    """Pixels that look a little like a screen: a ground, a bar, and windows."""
    generator = random.Random(seed)
    rows = [bytearray(bytes([generator.randrange(20, 90), generator.randrange(60, 110), generator.randrange(90, 150)]) * width)
            for _ in range(height)]
    rows = [bytearray(rows[0]) for _ in range(height)]
    for _ in range(generator.randrange(1, 4)):
        w, h = generator.randrange(width // 4, width * 2 // 3), generator.randrange(height // 4, height * 2 // 3)
        x, y = generator.randrange(0, width - w), generator.randrange(0, height - h)
        title = bytes([generator.randrange(30, 90), generator.randrange(60, 120), generator.randrange(150, 230)])
        for row in range(y, y + h):
            rows[row][x * 3:(x + w) * 3] = (title if row < y + height // 24 else b"\xf4\xf4\xf4") * w
    for row in range(height - height // 20, height):
        rows[row] = bytearray(b"\xe8\xe8\xe8" * width)
    return b"".join(rows)


def header(kind, flags=0, name=b"", frame=0, box=(0, 0, 0, 0), data=b""):
    return struct.pack(">BBHI4HI", kind, flags, len(name), frame, *box, len(data)) + name + data


def guest(name, state="ready", **more):
    now = int(time.time() * 1000)
    return {"name": name, "address": "127.0.0.1:9000", "state": state, "reasons": [], "since": now, "test": None,
            "lastChange": now, "lastSeen": now, "width": 640, "height": 400, "hash": None, "gpu": None, "group": None,
            "input": True, "boot": None, **more}


class Viewer:
    """A page's WebSocket, from the handshake on."""

    def __init__(self, gateway, handler):
        self.gateway, self.handler = gateway, handler
        self.lock = threading.Lock()
        self.received = []
        self.view, self.watched, self.frame, self.drawn = [], None, 0, 0
        self.follows = {}

    def send(self, opcode, data):
        size = len(data)
        head = bytes([0x80 | opcode]) + (bytes([size]) if size < 126 else
                                         b"\x7e" + struct.pack(">H", size) if size < 65536 else b"\x7f" + struct.pack(">Q", size))
        with self.lock, contextlib.suppress(OSError):
            self.handler.wfile.write(head + data)
            self.handler.wfile.flush()

    def say(self, t, **values):
        self.send(1, json.dumps({"t": t, **values}).encode())

    def read(self):
        """The next message of the page, or None at its end."""
        head = self.handler.rfile.read(2)
        if len(head) < 2:
            return None
        size = head[1] & 127
        if size > 125:
            size = struct.unpack(">H" if size == 126 else ">Q", self.handler.rfile.read(2 if size == 126 else 8))[0]
        mask = self.handler.rfile.read(4)
        data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.handler.rfile.read(size)))
        if head[0] & 15 == 8:
            return None
        return json.loads(data) if head[0] & 15 == 1 else {"t": "other"}

    def serve(self):
        while (message := self.read()) is not None:
            self.received.append(message)
            answer = getattr(self, "take_" + message["t"], None)
            if answer:
                answer(message)

    # ---- what a page says ----

    def take_wall(self, message):
        if "wall" not in self.follows:
            self.follows["wall"] = True
            self.say("guests", guests=list(self.gateway.guests.values()))
        for name in set(message["view"]) - set(self.view):
            self.gateway.thumbnail(self, name)
        self.view = message["view"]

    def take_watch(self, message):
        self.watched = message["guest"]
        if self.watched not in self.gateway.guests:
            self.say("error", message=f"there is no guest '{self.watched}'", status=404)
            return
        self.gateway.show(self)

    def take_unwatch(self, _):
        self.watched = None

    def take_drawn(self, message):
        self.drawn = message["frame"]

    def take_ping(self, _):
        self.say("pong")

    def take_follow(self, message):
        self.follows[message["id"]] = message
        text = self.gateway.texts.get(message["what"])
        if text is not None:
            self.say("log", id=message["id"], offset=0, text=text)

    def take_unfollow(self, message):
        self.follows.pop(message["id"], None)

    def take_drive(self, message):
        self.gateway.drive(self, message)

    # ---- what a test lets it say ----

    def rectangle(self, x, y, width, height, rgb, last=True):
        self.send(2, header(1, int(last), frame=self.frame, box=(x, y, width, height), data=png(width, height, rgb)))


class Handler(socketserver.StreamRequestHandler):
    """HTTP, as little of it as the pages need."""

    def handle(self):
        with contextlib.suppress(OSError, ValueError):
            while self.request_served():
                pass

    def request_served(self):
        line = self.rfile.readline(8192).decode("latin-1").split()
        if len(line) != 3:
            return False
        fields = {}
        while (text := self.rfile.readline(8192).decode("latin-1").strip()):
            name, _, value = text.partition(":")
            fields[name.lower()] = value.strip()
        address = urllib.parse.urlsplit(line[1])
        path = urllib.parse.unquote(address.path)
        if not self.server.gateway.allowed:
            return self.answer(401, b"no token", "text/plain")
        if path == "/ws":
            return self.web_socket(fields)
        return self.answer(*self.server.gateway.resource(path, urllib.parse.parse_qs(address.query)), body=line[0] != "HEAD")

    def answer(self, status, data, kind, body=True):
        self.wfile.write((f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n"
                          f"Content-Security-Policy: {POLICY}\r\nX-Content-Type-Options: nosniff\r\n"
                          "Cache-Control: no-cache\r\n\r\n").encode())
        self.wfile.write(data if body else b"")
        return True

    def web_socket(self, fields):
        key = fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.wfile.write(("HTTP/1.1 101 -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: periscope.1\r\n"
                          f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
        viewer = Viewer(self.server.gateway, self)
        self.server.gateway.viewers.append(viewer)
        try:
            viewer.serve()
        finally:
            self.server.gateway.viewers.remove(viewer)
        return False


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


class FakeGateway:
    """For `with`. guests: by name. texts: what "log" and "events" hold. files: by path."""

    def __init__(self, guests=(), port=0):
        self.guests = {each["name"]: each for each in guests}
        self.screens = {}  # name -> (width, height, RGB), where it is not made up
        self.thumbnails = {}  # name -> PNG
        self.texts = {"log": "", "events": ""}
        self.files = {}
        self.viewers = []
        self.allowed = True
        self.driver = None
        self.port = port

    def __enter__(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.gateway = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.drop()

    def drop(self):
        """Ends all connections, as a gateway that dies."""
        for viewer in list(self.viewers):
            with contextlib.suppress(OSError):
                viewer.handler.connection.shutdown(2)

    def address(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def change(self, name, **changes):
        self.guests.setdefault(name, guest(name)).update(changes)
        self.tell("guest", guest=self.guests[name])

    def remove(self, name):
        del self.guests[name]
        self.tell("gone", name=name)

    def tell(self, t, **values):
        for viewer in list(self.viewers):
            viewer.say(t, **values)

    def follow(self, what, text):
        """More of a log that pages follow."""
        offset = len(self.texts[what].encode())
        self.texts[what] += text
        for viewer in list(self.viewers):
            for number, followed in list(viewer.follows.items()):
                if number != "wall" and followed["what"] == what:
                    viewer.say("log", id=number, offset=offset, text=text)

    def drive(self, viewer, message):
        """One page drives: who asks takes over from the one before."""
        if message["on"] and not self.guests[viewer.watched]["input"]:
            viewer.say("driver", who=None, reason="input is off in the agent's configuration")
            return
        self.driver = (viewer, message.get("name")) if message["on"] else None if self.driver and self.driver[0] is viewer else self.driver
        for other in list(self.viewers):
            who = None if not self.driver else "you" if other is self.driver[0] else self.driver[1] or "somebody"
            other.say("driver", who=who, reason="taken over" if message["on"] and other is not viewer else None)

    # ---- pictures ----

    def screen(self, name):
        if name not in self.screens:
            width, height = self.guests[name]["width"], self.guests[name]["height"]
            self.screens[name] = (width, height, desktop(width, height, name))
        return self.screens[name]

    def thumbnail(self, viewer, name):
        if name not in self.guests or self.guests[name]["state"] in PICTURELESS and name not in self.thumbnails:
            return
        if name not in self.thumbnails:
            width, height = self.guests[name]["width"] // 4, self.guests[name]["height"] // 4
            self.thumbnails[name] = png(width, height, desktop(width, height, name))
        viewer.send(2, header(2, 1, name.encode(), data=self.thumbnails[name]))

    def show(self, viewer):
        """The whole screen of the guest that it watches, and that it stands still."""
        name = viewer.watched
        if self.guests[name]["state"] in PICTURELESS:
            viewer.say("lost", guest=name, reason=(self.guests[name]["reasons"] or ["no picture"])[0])
            return
        width, height, rgb = self.screen(name)
        viewer.say("screen", guest=name, width=width, height=height, x=0, y=0, output=None,
                   outputs=self.guests[name].get("outputs", ["Virtual-1"]))
        viewer.frame += 1
        viewer.rectangle(0, 0, width, height, rgb)
        self.still(viewer)

    def still(self, viewer, shown=None):
        width, height, rgb = self.screen(viewer.watched)
        viewer.say("still", hash=shown or picture.Picture(width, height, rgb).hash(), frame=viewer.frame, facts={"backend": "made up"})

    # ---- resources ----

    def resource(self, path, query):
        """(status, bytes, type) of what stands at a path."""
        parts = path.strip("/").split("/")
        if path == "/":
            return self.page("index.html")
        if parts[0] == "static" and len(parts) == 2 and parts[1] in os.listdir(PAGES):
            return self.page(parts[1])
        if parts[0] == "guest" and len(parts) == 2:
            return self.page("guest.html")
        if parts[:2] == ["api", "guests"] and len(parts) == 2:
            return self.json({"guests": list(self.guests.values())})
        if parts[:2] == ["api", "guests"] and parts[2] in self.guests:
            return self.of_guest(parts[2], parts[3:], query)
        return 404, f"there is no {path}".encode(), "text/plain; charset=utf-8"

    @staticmethod
    def page(name):
        with open(os.path.join(PAGES, name), "rb") as file:
            return 200, file.read(), TYPES[os.path.splitext(name)[1]]

    @staticmethod
    def json(value):
        return 200, json.dumps(value).encode(), "application/json"

    def of_guest(self, name, rest, query):
        if not rest:
            return self.json({**self.guests[name], "properties": self.guests[name].get("properties", {}), "events": [], "outputs": []})
        if rest == ["screenshot.png"]:
            return 200, png(*self.screen(name)), "image/png"
        path = rest[0] if rest == ["processes"] else query.get("path", [""])[0]
        if rest in (["file"], ["processes"]) and path in self.files:
            return 200, self.files[path], "text/plain; charset=utf-8"
        return 404, f"unable to open '{path}' for reading: No such file or directory".encode(), "text/plain; charset=utf-8"


def made_up(count):
    generator = random.Random(5)
    now = int(time.time() * 1000)
    for i in range(count):
        state = STATES[generator.choice((0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))]
        yield guest(f"guest-{i + 1}", state, test="comctl32:listview" if state == "testing" else None,
                    lastChange=now - generator.randrange(4_000_000), group=generator.choice(("debian", "windows", None)),
                    reasons=["no answer for 40 s"] if state == "stuck" else [])


def main():
    port, count = (int(given) for given in (sys.argv[1:] + ["8137", "24"][len(sys.argv) - 1:]))
    with FakeGateway(made_up(count), port) as gateway:
        print(gateway.address())
        while True:
            time.sleep(1)
            name = random.choice(list(gateway.guests))
            gateway.change(name, lastChange=int(time.time() * 1000))


if __name__ == "__main__":
    main()
