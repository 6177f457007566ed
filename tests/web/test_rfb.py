#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""VNC viewers of the gateway: one written here from RFC 6143, over TCP and WebSocket, and TigerVNC's."""
import base64
import contextlib
import io
import os
import socket
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_agent import FakeAgent, Pointer, solid  # noqa: E402
from gateway import Gateway, need_gateway  # noqa: E402
import browser  # noqa: E402
from cli import periscope, target  # noqa: E402
from harness import Agent, Skip, check, equal, eventually, generator, test  # noqa: E402
from picture import Picture, decode_png  # noqa: E402
from websocket import Closed, WebSocket, frame  # noqa: E402
from xserver import Server, need_program  # noqa: E402

RAW, ZRLE, TIGHT_PNG, DESKTOP_SIZE, EXTENDED_SIZE, QEMU, FENCE, STREAM = 0, 16, -260, -223, -308, -258, -312, -313
CURSOR, CURSOR_ALPHA, PLACE = -239, -314, -232
RGB24 = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 0, 8, 16)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Tcp:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.send = self.socket.sendall

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise Closed
        return data


class Web:
    """Over a WebSocket; without a subprotocol, as noVNC."""

    def __init__(self, gateway, protocol):
        port = int(gateway.base.rsplit(":", 1)[1].strip("/"))
        self.ws = WebSocket(port, "/rfb/one", protocol=protocol)

    def send(self, data):
        self.ws.send_raw(frame(2, data))

    def more(self):
        return self.ws.receive()


class Viewer:
    def __init__(self, connection, encodings=(), form=RGB24):
        self.connection, self.got, self.inflate = connection, b"", zlib.decompressobj()
        equal(self.take(12), b"RFB 003.008\n", "version")
        self.send(b"RFB 003.008\n")
        equal(self.take(2), b"\1\1", "security types")
        self.send(b"\1")
        equal(self.take(4), bytes(4), "security result")
        self.send(b"\1")
        self.width, self.height = struct.unpack(">HH", self.take(4))
        self.take(16)
        self.name = self.take(*struct.unpack(">I", self.take(4))).decode()
        self.form = form
        self.send(b"\0\0\0\0" + form)
        self.send(struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings))
        self.pixels, self.seen, self.fences = bytearray(3 * self.width * self.height), [], []
        self.shapes, self.place, self.tiles = [], None, set()

    def send(self, data):
        self.connection.send(data)

    def take(self, size):
        while len(self.got) < size:
            self.got += self.connection.more()
        data, self.got = self.got[:size], self.got[size:]
        return data

    def ask(self, incremental=True):
        self.send(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    def update(self):
        """Takes messages up to the end of an update; returns the encodings of its rectangles."""
        while (kind := self.take(1)[0]) != 0:
            if kind == 248:
                flags, size = struct.unpack(">3xIB", self.take(8))
                self.fences.append((flags, self.take(size)))
            else:
                equal(kind, 150, "message")
        count, = struct.unpack(">xH", self.take(3))
        return [self.rectangle() for _ in range(count)]

    def rectangle(self):
        x, y, width, height, encoding = struct.unpack(">HHHHi", self.take(12))
        if encoding in (RAW, ZRLE, TIGHT_PNG):
            check(x + width <= self.width and y + height <= self.height, "a rectangle beyond the viewer's size")
            {RAW: self.raw, ZRLE: self.zrle, TIGHT_PNG: self.png}[encoding](x, y, width, height)
        elif encoding in (EXTENDED_SIZE, DESKTOP_SIZE):
            if encoding == EXTENDED_SIZE:
                self.seen.append((x, y, self.take(20)))
            self.width, self.height = width, height
            self.pixels = bytearray(3 * width * height)
        elif encoding == CURSOR:
            self.shapes.append((x, y, width, height, self.take(width * height * self.form[0] // 8), self.take((width + 7) // 8 * height)))
        elif encoding == CURSOR_ALPHA:
            equal(self.take(4), bytes(4), "the pointer's encoding")
            self.shapes.append((x, y, width, height, self.take(width * height * 4)))
        elif encoding == PLACE:
            equal((width, height), (0, 0), "the size of a place")
            self.place = x, y
        return encoding

    def draw(self, x, y, width, rows):
        for i, row in enumerate(rows):
            at = 3 * ((y + i) * self.width + x)
            self.pixels[at:at + 3 * width] = row

    def colours(self, data, size, count):
        bits, _, big, _, *fields = struct.unpack(">BBBBHHHBBB", self.form[:13])
        left_out = 8 if size == 3 and min(fields[3:]) >= 8 else 0  # the lowest byte, which has no colour
        out = bytearray()
        for i in range(count):
            value = int.from_bytes(data[i * size:(i + 1) * size], "big" if big else "little") << left_out
            out += bytes((value >> fields[3 + j] & fields[j]) * 255 // fields[j] for j in range(3))
        return bytes(out)

    def raw(self, x, y, width, height):
        size = self.form[0] // 8
        data = self.colours(self.take(width * height * size), size, width * height)
        self.draw(x, y, width, [data[3 * i * width:3 * (i + 1) * width] for i in range(height)])

    def png(self, x, y, width, height):
        equal(self.take(1), b"\xa0", "the kind of Tight")
        size = shift = 0
        while True:
            byte = self.take(1)[0]
            size |= (byte & 127 if shift < 14 else byte) << shift
            shift += 7
            if byte < 128 or shift > 14:
                break
        part = decode_png(self.take(size))
        equal((part.width, part.height), (width, height), "a PNG's size")
        self.draw(x, y, width, [part.pixels[3 * i * width:3 * (i + 1) * width] for i in range(height)])

    def zrle(self, x, y, width, height):
        data = io.BytesIO(self.inflate.decompress(self.take(*struct.unpack(">I", self.take(4)))))
        for top in range(0, height, 64):
            for left in range(0, width, 64):
                w, h = min(64, width - left), min(64, height - top)
                tile = self.zrle_tile(data, w, h)
                equal(len(tile), 3 * w * h, "pixels of a tile")
                self.draw(x + left, y + top, w, [tile[3 * i * w:3 * (i + 1) * w] for i in range(h)])
        equal(data.read(), b"", "bytes behind a ZRLE rectangle")

    def zrle_tile(self, data, width, height):
        """RFC 6143, 7.7.6: a tile, with three bytes a pixel."""
        kind = data.read(1)[0]
        self.tiles.add(0 if kind == 0 else 1 if kind == 1 else 2 if kind < 128 else 128 if kind == 128 else 130)
        check(kind not in range(17, 128) and kind != 129, f"subencoding {kind}")
        if kind == 0:
            return self.colours(data.read(3 * width * height), 3, width * height)
        palette = [self.colours(data.read(3), 3, 1) for _ in range(kind & 127)]
        if kind == 1:
            return palette[0] * (width * height)
        if kind < 128:
            bits = 1 if kind == 2 else 2 if kind <= 4 else 4
            rows = [int.from_bytes(data.read((width * bits + 7) // 8), "big") for _ in range(height)]
            last = (width * bits + 7) // 8 * 8 - bits
            return b"".join(palette[row >> last - i * bits & (1 << bits) - 1] for row in rows for i in range(width))
        tile = b""
        while len(tile) < 3 * width * height:
            place = data.read(1)[0] if palette else 0
            colour = palette[place & 127] if palette else self.colours(data.read(3), 3, 1)
            tile += colour * (self.zrle_run(data) if place & 128 or not palette else 1)
        return tile

    @staticmethod
    def zrle_run(data):
        length = 1
        while (byte := data.read(1)[0]) == 255:
            length += 255
        return length + byte

    def picture(self):
        return Picture(self.width, self.height, bytes(self.pixels))


@contextlib.contextmanager
def fake(picture):
    """A gateway before an agent that there is none of, and the port for viewers."""
    need_gateway()
    with FakeAgent(picture) as agent:
        port = free_port()
        with Gateway({}, "--guest", f"one 127.0.0.1:{agent.port} rfb={port}") as gateway:
            yield gateway, agent, port


def noise(width, height):
    random = generator()
    return Picture(width, height, bytes(random.randrange(256) for _ in range(3 * width * 40)) +
                   bytes((9, 8, 7)) * (width * (height - 40)))


def shows(viewer, picture, everything=True):
    """Asks until the viewer has that picture."""
    viewer.ask(not everything)
    for _ in range(50):
        viewer.update()
        if viewer.picture().pixels == picture.pixels:
            return
        viewer.ask()
    raise AssertionError("the viewer's framebuffer is another picture")


@test
def rfb_encodings_give_the_agents_pixels():
    picture = noise(200, 150)
    with fake(picture) as (gateway, _, port):
        for encodings in (), (ZRLE,), (TIGHT_PNG,), (7, ZRLE, RAW):
            viewer = Viewer(Tcp(port), encodings)
            equal((viewer.width, viewer.height, viewer.name), (200, 150, "one"), "the screen")
            shows(viewer, picture)
        for protocol in None, "binary":
            shows(Viewer(Web(gateway, protocol), (TIGHT_PNG,)), picture)


def tiles_of_each_kind():
    """A picture whose tiles are noise; of one colour; of 2 to 16; lines of many colours; of few, in rows."""
    random, width, height = generator(), 64 * 9 + 30, 64 + 21

    def colour(x, y):
        kind = x // 64
        if kind == 0:
            return bytes(random.randrange(256) for _ in range(3))
        if kind < 6:
            few = (1, 2, 3, 9, 16)[kind - 1]
            return bytes((random.randrange(few) * 11, kind, 200))
        if kind == 6:
            return bytes((y * 3, y, 77)) if x % 64 != 20 else bytes((y, x % 256, y * 2 % 256))
        if kind == 7:
            return bytes((y // 5, 0, 9)) if y < 50 else bytes((y, x // 8 % 3, 9))
        return bytes((y * 2 % 256, (x + y) // 3 % 256, 1))
    return Picture(width, height, b"".join(colour(x, y) for y in range(height) for x in range(width)))


@test
def rfb_tiles_of_each_form_give_the_agents_pixels():
    picture = tiles_of_each_kind()
    with fake(picture) as (_, _, port):
        for form in RGB24, struct.pack(">BBBBHHHBBB3x", 32, 24, 1, 1, 255, 255, 255, 24, 16, 8):
            viewer = Viewer(Tcp(port), (ZRLE,), form)
            shows(viewer, picture)
            equal(viewer.tiles, {0, 1, 2, 128, 130}, "forms of tiles")


@test
def rfb_honours_any_true_colour_format():
    picture = solid(70, 66, (255, 0, 255))
    with fake(picture) as (_, _, port):
        for form in ((8, 8, 0, 1, 7, 7, 3, 0, 3, 6), (16, 16, 1, 1, 31, 63, 31, 11, 5, 0), (32, 24, 1, 1, 255, 255, 255, 8, 16, 24)):
            for encodings in (), (ZRLE,):
                if encodings and form[0] != 32:
                    continue  # tiles have as many bytes a pixel as Raw then, which this reader does not know
                shows(Viewer(Tcp(port), encodings, struct.pack(">BBBBHHHBBB3x", *form)), picture)


@test
def rfb_updates_come_only_when_something_has_changed():
    with fake(solid(128, 128, (1, 2, 3))) as (_, agent, port):
        viewer = Viewer(Tcp(port))
        shows(viewer, solid(128, 128, (1, 2, 3)))
        viewer.ask()
        viewer.connection.socket.settimeout(1)
        try:
            viewer.take(1)
            raise AssertionError("an update of a screen that is still")
        except TimeoutError:
            pass
        viewer.connection.socket.settimeout(20)
        agent.show(solid(128, 128, (4, 5, 6)))
        viewer.update()
        equal(viewer.picture().pixels, bytes((4, 5, 6)) * 128 * 128, "pixels")


@test
def rfb_sizes_are_told_to_who_can_learn_them():
    with fake(solid(100, 80, (1, 2, 3))) as (_, agent, port):
        able, plain, rigid = (Viewer(Tcp(port), more) for more in ((EXTENDED_SIZE, QEMU), (DESKTOP_SIZE,), ()))
        for viewer in able, plain, rigid:
            viewer.ask(False)
        equal(able.update(), [EXTENDED_SIZE, QEMU, RAW], "rectangles")
        equal(able.seen[0][:2], (0, 0), "reason and result")
        plain.update(), rigid.update()
        agent.show(solid(150, 60, (7, 8, 9)))
        for viewer in able, plain, rigid:
            viewer.ask()
            viewer.update()
        equal((able.width, able.height, plain.width, plain.height), (150, 60, 150, 60), "sizes")
        equal((rigid.width, rigid.height), (100, 80), "the size of who can't learn")
        equal(rigid.pixels[:3 * 100 * 60], bytes((7, 8, 9)) * 6000, "its part")
        able.send(struct.pack(">BxHHBxIHHHHI", 251, 640, 480, 1, 0, 0, 0, 640, 480, 0))
        able.ask()
        able.update()
        equal(able.seen[-1][:2], (1, 1), "a wish for another size: reason and result")


@test
def rfb_fences_pace_continuous_updates():
    with fake(solid(64, 64, (1, 2, 3))) as (_, agent, port):
        viewer = Viewer(Tcp(port), (RAW, FENCE, STREAM))
        viewer.send(struct.pack(">B3xIB3s", 248, 0x80000001, 3, b"abc"))
        viewer.send(struct.pack(">BBHHHH", 150, 1, 0, 0, 64, 64))
        viewer.update()
        check((1, b"abc") in viewer.fences, f"the viewer's fence is answered: {viewer.fences}")
        equal(viewer.take(1)[0], 248, "a fence behind the update")
        flags, size = struct.unpack(">3xIB", viewer.take(8))
        ticket = viewer.take(size)
        check(flags & 1 << 31, "it wants an answer")
        agent.show(solid(64, 64, (4, 5, 6)))
        viewer.send(struct.pack(">B3xIB", 248, 1, size) + ticket)
        viewer.update()
        equal(bytes(viewer.pixels), bytes((4, 5, 6)) * 4096, "pixels, which nobody has asked for")


@test
def rfb_pointers_are_painted_for_who_does_not_draw_them():
    ground, pointer = solid(200, 150, (1, 2, 3)), Pointer(63, 64, (200, 100, 50, 255), 9, 6)
    with fake(ground) as (gateway, agent, port):
        agent.pointer = pointer
        viewers = [Viewer(Tcp(port), encodings) for encodings in ((), (ZRLE,), (TIGHT_PNG,), (CURSOR,), (ZRLE, CURSOR_ALPHA))]
        for viewer in viewers:
            shows(viewer, pointer.over(ground))
        for place in (0, 0), (199, 149), (64, 63), (-3, -2), (500, 20):
            agent.point(Pointer(*place, (9, 200, 50, 255), 9, 6))
            for viewer in viewers:
                shows(viewer, agent.pointer.over(ground), False)
        equal([viewer.shapes for viewer in viewers], [[]] * 5, "shapes, for who does not drive")
        check("cursor" in agent.options[-1], "the guest is not asked for the pointer apart")
        del gateway


@test
def rfb_pointers_are_told_to_who_draws_them_and_cost_no_pixels():
    ground, pointer = solid(200, 150, (1, 2, 3)), Pointer(30, 40, (200, 100, 50, 127), 9, 6)
    with fake(ground) as (_, agent, port):
        agent.pointer = pointer
        alpha, plain = (Viewer(Tcp(port), (*more, PLACE)) for more in ((CURSOR, CURSOR_ALPHA), (CURSOR,)))
        for viewer in alpha, plain:
            shows(viewer, ground)
            while not viewer.place:
                viewer.ask()
                viewer.update()
            equal(viewer.place, (30, 40), "place")
        equal(alpha.shapes, [(1, 2, 9, 6, bytes((100, 50, 25, 127)) * 54)], "shape with the alpha multiplied in")
        equal(plain.shapes, [(1, 2, 9, 6, bytes((200, 100, 50, 0)) * 54, bytes(12))], "shape, and nothing of it half seen")
        agent.point(Pointer(31, 41, (200, 100, 50, 127), 9, 6))
        for viewer in alpha, plain:
            viewer.ask()
            equal((viewer.update(), viewer.place), ([PLACE], (31, 41)), "a movement")
        agent.point(Pointer(31, 41, (1, 1, 1, 128), 9, 6))
        plain.ask()
        equal((plain.update(), plain.shapes[-1][5]), ([CURSOR], b"\xff\x80" * 6), "another shape, which is seen")


@test
def rfb_viewers_that_say_nonsense_are_disconnected():
    with fake(solid(64, 64, (1, 2, 3))) as (gateway, _, port):
        for said, why in {
                b"\0\0\0\0" + struct.pack(">BBBBHHHBBB3x", 8, 8, 0, 0, 7, 7, 3, 0, 3, 6): "colour map",
                b"\0\0\0\0" + struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 254, 255, 0, 8, 16): "pixel format",
                b"\0\0\0\0" + struct.pack(">BBBBHHHBBB3x", 24, 24, 0, 1, 255, 255, 255, 0, 8, 16): "pixel format",
                b"\2\0\xff\xff": "encodings", b"\6\0\0\0\x7f\xff\xff\xff": "clipboard", b"\6\0\0\0\x80\0\0\0": "clipboard",
                b"\x63": "unknown type 99", b"\xff\1\0\0" + bytes(8): "QEMU", b"\x96\1" + bytes(8): "continuous",
                struct.pack(">B3xIB", 248, 0, 65): "fence"}.items():
            viewer = Viewer(Tcp(port))
            viewer.send(said)
            with contextlib.suppress(Closed, ConnectionResetError):
                while True:
                    viewer.connection.more()
            eventually(lambda: why in gateway.text(), lambda: f"{why} in the log: {gateway.text()}")  # pylint: disable=cell-var-from-loop
        for said in b"GET / HTTP/1.1\r\n", b"RFB 004.000\n":
            connection = Tcp(port)
            connection.send(said)
            with contextlib.suppress(Closed, ConnectionResetError):
                while True:
                    connection.more()
        shows(Viewer(Tcp(port)), solid(64, 64, (1, 2, 3)))


@test
def rfb_is_off_unless_it_is_asked_for():
    with FakeAgent(solid(64, 64, (1, 2, 3))) as agent, Gateway({"one": agent}, "--token", "yes") as gateway:
        try:
            Web(gateway, None)
            raise AssertionError("a WebSocket without a token is let in")
        except (Closed, ConnectionError, AssertionError, OSError) as reason:
            check("is let in" not in str(reason), reason)


@contextlib.contextmanager
def real(*options):
    """A guest's X server with a window that gets all, and the port for its viewers."""
    need_gateway()
    port = free_port()
    with Server(screens=("320x240x24",)) as server:
        window = server.client()
        window.do("noise", 5)
        for i in range(40):  # tiles of few colours, and of lines
            window.do("box", 130, i * 6, 190, 6, f"{i % 7 * 0x1f1f1f + 0x101010:06x}")
            window.do("box", 140 + i % 5 * 9, i * 6, 3 + i % 4, 4, f"{i * 0x050301:06x}")
        with Agent("--input", env=server.environment()) as agent, \
                Gateway({}, "--guest", f"one 127.0.0.1:{agent.port} rfb={port}", *options) as gateway:
            agent.gateway = gateway
            yield agent, window, port


def shot(agent, *options):
    """The picture that the command gives, with the pointer."""
    path = agent.path("shot.png")
    periscope("screenshot", *options, target(agent), path)
    with open(path, "rb") as file:
        return decode_png(file.read())


@test
def rfb_viewer_drives_the_guest():
    with real() as (agent, window, port):
        window.do("watch")
        viewer = Viewer(Tcp(port), (QEMU,))
        viewer.send(struct.pack(">BBHH", 5, 0, 20, 30) + struct.pack(">BBHH", 5, 1, 20, 30) + struct.pack(">BBHH", 5, 0, 20, 30))
        for code in 0x1e, 0x9d, 0xc8, 0x45:
            for down in 1, 0:
                viewer.send(struct.pack(">BBHII", 255, 0, down, 0, code))
        viewer.send(struct.pack(">BB2xI", 4, 1, 0x41) + struct.pack(">BB2xI", 4, 0, 0x41))
        viewer.send(struct.pack(">BBHH", 5, 16, 20, 30) + struct.pack(">BBHH", 5, 0, 20, 30))
        got = []
        want = "b1 B1 k38 K38 k105 K105 k111 K111 k77 K77 k50 k38 K38 K50 b5 B5".split()
        eventually(lambda: got.extend(window.do("events").split()) or len(got) >= len(want), lambda: f"events: {got}")
        equal(got, want, "events")
        shows(viewer, shot(agent))
        able = Viewer(Tcp(port), (ZRLE, CURSOR))
        shows(able, shot(agent))
        able.send(struct.pack(">BBHH", 5, 1, 25, 36) + struct.pack(">BBHH", 5, 0, 25, 36))
        shows(able, shot(agent, "--no-cursor"))
        eventually(lambda: able.shapes or able.ask() or able.update() and False, "the shape of the pointer that it draws now")
        equal(window.do("held").split()[0], "25,36", "the pointer's place")
        viewer.send(struct.pack(">BBHII", 255, 0, 1, 0, 0x2a))
        eventually(lambda: window.do("held").startswith("50 "), "Shift is down")
        viewer.connection.socket.close()
        eventually(lambda: not window.do("held").startswith("50 "), "Shift is let go of")


@test
def tigervnc_shows_and_drives_the_guest():
    need_program("xtigervncviewer", "xdotool", "xwininfo")
    with real() as (agent, window, port), Server(screens=("400x300x24",)) as desk:
        command = ["xtigervncviewer", "-MenuKey=", f"127.0.0.1::{port}"]
        with subprocess.Popen(command, env={**desk.environment(), "HOME": desk.folder}, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as viewer:
            try:
                eventually(lambda: b"320x240+" in desk.run("xwininfo", "-root", "-tree"), "the viewer's window")
                place = desk.run("xwininfo", "-name", "one - TigerVNC").decode()
                x, y = (int(place.split(f"Absolute upper-left {axis}:")[1].split()[0]) for axis in "XY")
                eventually(lambda: desk.as_xwd_reads_it().crop(x, y, 320, 240).pixels == shot(agent).pixels,
                           "the guest's picture in the viewer, pixel by pixel")
                window.do("watch")
                desk.run("xdotool", "mousemove", str(x + 50), str(y + 60), "click", "1")
                desk.run("xdotool", "search", "--name", "one - TigerVNC", "windowfocus", "--sync", "key", "a", "key", "Up")
                got, want = [], "b1 B1 k38 K38 k111 K111".split()
                eventually(lambda: got.extend(window.do("events").split()) or len(got) >= len(want), lambda: f"keys: {got}")
                equal((got, window.do("held").split()[0]), (want, "50,60"), "events, and the pointer's place")
            finally:
                viewer.kill()


NOVNC = "/usr/share/novnc"
CANVAS = """const canvas = document.querySelector('#noVNC_container canvas');
if (!canvas || canvas.width !== 320) return '';
const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
let text = '';
for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(...data.slice(i, i + 3));
return btoa(text);"""


@browser.with_page(complaints=("",))  # what noVNC's page complains of is not ours
def novnc_shows_and_drives_the_guest(page):
    if not os.path.exists(os.path.join(NOVNC, "vnc.html")):
        raise Skip(f"there is no {NOVNC}")
    with real("--novnc", NOVNC) as (agent, window, _):
        page.open(agent.gateway.address("/novnc/vnc.html?path=rfb/one&autoconnect=1"))
        eventually(lambda: base64.b64decode(page.run(CANVAS)) == shot(agent).pixels, "the guest's picture on noVNC's canvas")
        window.do("watch")
        page.click("#noVNC_container canvas")
        page.press("a")
        got = []
        eventually(lambda: got.extend(window.do("events").split()) or len(got) >= 4, lambda: f"events: {got}")
        equal(got, ["b1", "B1", "k38", "K38"], "events")


if __name__ == "__main__":
    browser.run_all()
