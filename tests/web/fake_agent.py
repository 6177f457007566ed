# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that there are none of: an agent that speaks the wire, for any number of connections, on one port.

Its screen is a picture that the test sets. It can be told to answer otherwise than an agent ever would.
"""
import asyncio
import os
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import wire  # noqa: E402
from picture import Picture, xxh64  # noqa: E402

PROPERTIES = ("protocol.version=testagentd 1.7", "server.arch=linux64", "boot.id=fake", "desktop.state=ready",
              "children.running=0", "display.count=1", "display.0.name=fake")
GETPROPERTIES, SCREENSHOT, EVENTS = 8, 0x50530001, 0x5053000b


def solid(width, height, colour):
    return Picture(width, height, bytes(colour) * (width * height))


def ppm(picture):
    return b"P6\n%d %d\n255\n" % (picture.width, picture.height) + picture.pixels


def digest(picture):
    return f"xxh64:{xxh64(ppm(picture)):016x}"


def reply(*entries):
    return wire.u32(len(entries)) + b"".join(entries)


class Pointer:
    """A shape of one colour, with its hot spot at 1, 2."""

    def __init__(self, x, y, rgba, width=5, height=7):
        self.x, self.y, self.rgba, self.width, self.height = x, y, bytes(rgba), width, height

    def hash(self):
        return f"xxh64:{self.width:04x}{self.height:04x}{self.rgba.hex()}"

    def facts(self):
        return [f"pointer={self.x},{self.y}", f"pointer.hash={self.hash()}", f"pointer.size={self.width}x{self.height}+1+2"]

    def pam(self):
        return (b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" % (self.width, self.height) +
                self.rgba * (self.width * self.height))

    def over(self, picture):
        """The picture with it, where it hides what is below."""
        pixels = bytearray(picture.pixels)
        for y in range(max(0, self.y - 2), min(picture.height, self.y - 2 + self.height)):
            for x in range(max(0, self.x - 1), min(picture.width, self.x - 1 + self.width)):
                at = 3 * (y * picture.width + x)
                pixels[at:at + 3] = self.rgba[:3]
        return Picture(picture.width, picture.height, bytes(pixels))


class FakeAgent:
    """For `with`. pointer: what the facts tell of it; None: nothing. answers: how each screenshot is answered in place of the picture: a function (options) -> bytes, or
    None. png: the bytes of each small picture."""

    def __init__(self, picture=None, properties=PROPERTIES):
        self.shown, self.hash = None, None
        self.properties = list(properties)
        self.answer = None
        self.pointer = None
        self.options = []  # of each question for a picture
        self.silent = False
        self.asked = {"screenshot": 0, "properties": 0, "events": 0, "connections": 0}
        self.loop = asyncio.new_event_loop()
        self.changed = None
        self.thumbnail = b""
        self._picture = picture or solid(64, 64, (1, 2, 3))

    def __enter__(self):
        ready = threading.Event()

        async def run():
            self.changed = asyncio.Condition()
            self.server = await asyncio.start_server(self._client, "127.0.0.1", 0, backlog=500)
            self.port = self.server.sockets[0].getsockname()[1]
            self._set(self._picture)
            ready.set()
            await self.stop.wait()
            self.server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.stop = asyncio.Event()
        self.thread = threading.Thread(target=lambda: self.loop.run_until_complete(run()), daemon=True)
        self.thread.start()
        ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join()

    def _set(self, picture):
        self.shown, self.hash = picture, digest(picture)
        self.small = {}

    def show(self, picture):
        """Draws another picture, as far as those who wait know at the same moment."""
        async def change():
            async with self.changed:
                self._set(picture)
                self.changed.notify_all()
        asyncio.run_coroutine_threadsafe(change(), self.loop).result()

    def point(self, pointer):
        """Moves the pointer, or changes its shape."""
        async def change():
            async with self.changed:
                self.pointer = pointer
                self.changed.notify_all()
        asyncio.run_coroutine_threadsafe(change(), self.loop).result()

    async def _entry(self, reader):
        kind, size = struct.unpack(">cQ", await reader.readexactly(9))
        return wire.Entry(kind.decode(), await reader.readexactly(size))

    async def _client(self, reader, writer):
        self.asked["connections"] += 1
        try:
            writer.write(wire.s("testagentd 1.7"))
            while True:
                rpc, count = struct.unpack(">II", await reader.readexactly(8))
                entries = [await self._entry(reader) for _ in range(count)]
                if self.silent:
                    await asyncio.sleep(3600)
                writer.write(await self._answer(rpc, [entry.text for entry in entries]))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, rpc, options):
        if rpc == GETPROPERTIES:
            self.asked["properties"] += 1
            return reply(*(wire.s(text) for text in self.properties))
        values = dict(option.split("=", 1) for option in options)
        if rpc == EVENTS:
            self.asked["events"] += 1
            await asyncio.sleep(int(values.get("wait-ms", "0")) / 1000)
            return reply(wire.s("id=1"), wire.s("last=0"))
        if rpc == SCREENSHOT:
            self.asked["screenshot"] += 1
            return await self._screenshot(values)
        return reply(wire.raw("e", b"unknown RPC\0"))

    def _small(self, scale):
        """What a scaled picture is known by: of one colour here, whatever the scale."""
        if scale not in self.small:
            size = [max(1, -(-side // int(scale.partition("/")[2]))) for side in (self.shown.width, self.shown.height)]
            self.small[scale] = digest(Picture(*size, self.shown.pixels[:3] * (size[0] * size[1])))
        return self.small[scale]

    async def _screenshot(self, values):
        known = values.get("if-changed")
        scale = values.get("scale")
        self.options.append(values)

        def pointed():
            return self.pointer and "pointer" in values and values["pointer"] != f"{self.pointer.hash()},{self.pointer.x},{self.pointer.y}"

        def current():
            return self._small(scale) if scale else self.hash
        if known and known == current() and "wait-ms" in values:
            async with self.changed:
                try:
                    await asyncio.wait_for(self.changed.wait_for(lambda: current() != known or pointed()), int(values["wait-ms"]) / 1000)
                except asyncio.TimeoutError:
                    pass
        if self.answer:
            answer = self.answer(values)
            if answer is not None:
                return answer
        facts = [wire.s(f"hash={current()}"), wire.s("output=fake"),
                 wire.s(f"geometry={self.shown.width}x{self.shown.height}+0+0")]
        if self.pointer and values.get("cursor") == "0":
            facts += [wire.s(fact) for fact in self.pointer.facts()] + [wire.s("backend=fake")]
        if values.get("pointer-shape") == "1" and self.pointer:
            return reply(*facts, wire.d(self.pointer.pam()))
        if known == current():
            return reply(*facts, wire.s("unchanged=1"), wire.raw("u", b""))
        content = ppm(self.shown) if values.get("format") == "ppm" else self.thumbnail
        return reply(*facts, *([wire.s("delta=whole")] if "delta" in values else []), wire.d(content))
