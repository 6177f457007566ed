# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a page does with what the gateway sends, and questions to a gateway."""
import contextlib
import http.client
import json
import os

from fake_agent import FakeAgent, digest
from gateway import Gateway, need_gateway
from harness import Agent, check, equal, eventually, thread_fields
from picture import Picture, decode_png
from websocket import Binary
from xserver import Server


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

    def until_shown(self, wanted):
        """Draws until the canvas has that hash, at the end of a frame."""
        shown = False
        while not shown:
            frames = self.frames
            self.take(self.ws.receive())
            shown = self.frames > frames and self.hash() == wanted

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


def threads_of(gateway):
    return len(os.listdir(f"/proc/{gateway.process.pid}/task"))


def switches(pid):
    """How often each thread of a process has gone to sleep, which it must wake from."""
    return sum(int(words[0]) for words in thread_fields(pid, "voluntary_ctxt_switches").values())


def resident(gateway):
    with open(f"/proc/{gateway.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))
