# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes recordings, and reads them from docs/recording.md: not from the programs' own code."""
import contextlib
import os
import re
import zlib
from collections import namedtuple

import picture
import wire
from harness import Agent, check, equal, eventually
from wire import s
from xserver import Server

SMALL = ("160x120x24",)

Line = namedtuple("Line", "mono wall kind fields")
HASH = re.compile(r"xxh64:[0-9a-f]{16}$")
FIELDS = {"picture": 4, "part": 6, "same": 1, "fail": 1, "event": 3, "dropped": 2, "stop": 1, "start": 1, "input": 1}


def read_line(raw):
    """A line of the index, or None for a bad one."""
    crc, _, rest = raw.partition(b" ")
    if len(crc) != 8 or f"{zlib.crc32(rest):08x}".encode() != crc or len(raw) >= 4096:
        return None
    words = rest.decode("utf-8").split(" ")
    if len(words) < 3 or not words[0].isdigit() or len(words) - 3 < FIELDS.get(words[2], 0):
        return None
    return Line(int(words[0]), int(words[1]), words[2], words[3:])


def read_index(data):
    """The lines up to the first bad one, and how many bytes are behind them."""
    lines, at = [], 0
    while (end := data.find(b"\n", at)) >= 0:
        line = read_line(data[at:end])
        if line is None:
            break
        lines.append(line)
        at = end + 1
    return lines, len(data) - at


def check_lines(lines):
    """What holds of each index: the order, the numbers, and what parts and repeats refer to."""
    equal(lines[0].kind, "start", "the first line")
    check("version=1" in lines[0].fields, lines[0])
    pictures, last = {}, 0
    for line in lines[1:]:
        if line.kind in ("picture", "part", "same", "fail", "stop"):
            check(line.mono >= last, f"{line} is before {last}")
            last = line.mono
        if line.kind in ("picture", "part"):
            number = int(line.fields[0])
            equal(number, len(pictures) + 1, "a picture's number")
            check(HASH.match(line.fields[1]), line)
            equal(line.fields[3], f"{number:06}.png", "its file")
            if line.kind == "part":
                base = pictures[int(line.fields[4].removeprefix("base="))]
                equal(base.kind, "picture", "what a part is drawn on")
                equal(base.fields[2], line.fields[2], "the size of a part's picture")
            pictures[number] = line
        elif line.kind in ("same", "dropped"):
            check(int(line.fields[0]) in pictures, f"{line} names what is not there")
    return pictures


def numbers_shown(lines):
    """What the screen showed, as the numbers of pictures, in order."""
    return [int(line.fields[0]) for line in lines if line.kind in ("picture", "part", "same")]


def dropped(lines):
    return {int(line.fields[0]) for line in lines if line.kind == "dropped"}


def compose(folder, pictures, number):
    """The whole picture of that number."""
    line = pictures[number]
    with open(os.path.join(folder, line.fields[3]), "rb") as file:
        got = picture.decode_png(file.read())
    if line.kind == "picture":
        return got
    base = compose(folder, pictures, int(line.fields[4].removeprefix("base=")))
    x, y = (int(word) for word in line.fields[5].removeprefix("at=").split("+")[1:])
    equal(line.fields[5].removeprefix("at=").split("+")[0], f"{got.width}x{got.height}", "the size of a part")
    rows = bytearray(base.pixels)
    for row in range(got.height):
        at = ((y + row) * base.width + x) * 3
        rows[at:at + got.width * 3] = got.pixels[row * got.width * 3:(row + 1) * got.width * 3]
    return picture.Picture(base.width, base.height, bytes(rows))


def check_folder(folder, hashes=True):
    """The index of a recording, of which each picture is there and, composed, is what the index says."""
    with open(os.path.join(folder, "index.txt"), "rb") as file:
        lines, _ = read_index(file.read())
    pictures = check_lines(lines)
    gone = dropped(lines)
    for number, line in pictures.items():
        if number in gone:
            continue
        check(line.kind == "picture" or int(line.fields[4][5:]) not in gone, f"{line}: its base was dropped")
        if hashes:
            whole = compose(folder, pictures, number)
            equal(f"{whole.width}x{whole.height}", line.fields[2], f"the size of picture {number}")
            equal(whole.hash(), line.fields[1], f"the hash of picture {number}")
        else:
            check(os.path.exists(os.path.join(folder, line.fields[3])), f"{line}: there is no such file")
    return lines, pictures


def facts_of(reply):
    if [entry.kind for entry in reply] == ["e"]:
        raise wire.Refused(reply[0].text)
    return dict(entry.text.split("=", 1) for entry in reply)


def begin(client, *options):
    return facts_of(client.call(wire.RECORDSTART, *map(s, options)))


def end(client, facts, *options):
    return facts_of(client.call(wire.RECORDSTOP, s(facts["id"]), *map(s, options)))


def listed(client):
    """The recordings by id."""
    found, last = {}, {}
    for entry in client.call(wire.RECORDLIST):
        key, _, value = entry.text.partition("=")
        if key == "id":
            last = found[value] = {}
        last[key] = value
    return found


class Scene:
    """An agent with a small screen of its own."""

    def __init__(self, *options, screens=SMALL, server=(), comes_back=False, env=None, **settings):
        """comes_back: of the X server."""
        self.env, self.comes_back = env or {}, comes_back
        self.options, self.screens, self.server_options, self.settings = options, screens, server, settings

    def __enter__(self):
        with contextlib.ExitStack() as begun:
            self.server = begun.enter_context(Server(*self.server_options, screens=self.screens, comes_back=self.comes_back))
            env = {"DISPLAY": self.server.display, **self.env}
            self.agent = begun.enter_context(Agent(*self.options, env=env, **self.settings))
            self.screen, self.client = self.server.client(), self.agent.client(timeout=60)
            self.begun = begun.pop_all()
        return self

    def __exit__(self, *reason):
        self.begun.__exit__(*reason)

    def looks(self, facts):
        """How often the screen was written down."""
        now = listed(self.client)[facts["id"]]
        return int(now["pictures"]) + int(now["same"])

    def shows(self, facts, *words):
        """Changes the screen, and waits until that was seen."""
        before = self.looks(facts)
        got = self.screen.do(*words)
        eventually(lambda: self.looks(facts) > before, f"a picture after {words}")
        return got

    def read(self, facts, hashes=True):
        return check_folder(self.agent.path(facts["folder"]), hashes)

    def answers(self):
        try:
            self.agent.ping()
        except (OSError, wire.Closed):
            return False
        return True

    def hash(self):
        reply = self.client.call(wire.SCREENSHOT, s("cursor=0"))
        return dict(entry.text.split("=", 1) for entry in reply[:-1])["hash"]
