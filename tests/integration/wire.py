# SPDX-License-Identifier: LGPL-2.1-or-later
"""The host's side of the wire, written from its description: what the tests hold the agent against.

Nothing here knows the agent's sources. A Client speaks to one agent over one connection; what it can't read as the
protocol is a ProtocolError, an end of the connection is a Closed, an `e` entry in place of a reply is a Refused.
"""
import socket
import struct
from collections import namedtuple

import guest

PING, GETFILE, SENDFILE, RUN, WAIT, RM, WAIT2 = range(7)
SETTIME, GETPROPERTIES, UPGRADE, RMCHILDPROC, GETCWD, SETPROPERTY, RESTART = range(7, 14)
SCREENSHOT, EXEC, KILL, CRC, DISPLAYS = 0x50530001, 0x50530002, 0x50530003, 0x50530004, 0x50530005
WAITREADY, SHUTDOWN = 0x50530006, 0x50530007
RECORDSTART, RECORDSTOP, RECORDLIST = 0x5053000D, 0x5053000E, 0x5053000F
PS, EVENTS, INPUT = 0x5053000A, 0x5053000B, 0x5053000C
LIST, STAT, MKDIR, DF = range(0x50530010, 0x50530014)
GETRANGE, PUTRANGE, GETTREE, PUTTREE, RMTREE = range(0x50530014, 0x50530019)
FOLLOW, WRITE, TERMINAL = 0x50530008, 0x50530009, 0x50530019
WRITE_CLOSE = 1

RUN_DNT, RUN_DNTRUNC_OUT, RUN_DNTRUNC_ERR = 1, 2, 4
SEND_EXE = 1
FOREVER = 0xFFFFFFFF

COUNT_MAX = 65536
COUNT_FATAL = 1 << 20
STRING_MAX = 1 << 20
REQUEST_MAX = 16 << 20

TIMED_OUT = "timed out waiting for the child process"


class Closed(Exception):
    """The agent ended the connection."""


class ProtocolError(Exception):
    """The agent sent what is no part of the protocol."""


class Refused(Exception):
    """The agent answered with an error entry; str() is its text."""


def u32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack(">Q", value)


def header(kind, size):
    return kind.encode() + u64(size)


def raw(kind, payload):
    return header(kind, len(payload)) + payload


def I(value):
    return raw("I", u32(value))


def Q(value):
    return raw("Q", u64(value))


def s(text):
    return raw("s", (text.encode() if isinstance(text, str) else text) + b"\0")


def d(data):
    return raw("d", data)


def request(rpc, *entries, count=None):
    return u32(rpc) + u32(len(entries) if count is None else count) + b"".join(entries)


class Entry(namedtuple("Entry", "kind payload")):
    @property
    def text(self):
        if self.kind not in "se" or self.payload[-1:] != b"\0" or b"\0" in self.payload[:-1]:
            raise ProtocolError(f"not a text: {self}")
        return self.payload[:-1].decode()

    @property
    def number(self):
        if (self.kind, len(self.payload)) not in (("I", 4), ("Q", 8)):
            raise ProtocolError(f"not a number: {self}")
        return int.from_bytes(self.payload, "big")


def parse_entry(data, at):
    """(entry, offset behind it) of the entry at an offset; ValueError when it is not whole."""
    if len(data) < at + 9:
        raise ValueError(f"an entry's header is cut short at {at}")
    end = at + 9 + int.from_bytes(data[at + 1:at + 9], "big")
    if end > len(data):
        raise ValueError(f"an entry's payload is cut short at {at}")
    return Entry(chr(data[at]), bytes(data[at + 9:end])), end


def parse_list(data, at=0):
    """(entries, offset behind the list)."""
    count, at = int.from_bytes(data[at:at + 4], "big"), at + 4
    entries = []
    for _ in range(count):
        entry, at = parse_entry(data, at)
        entries.append(entry)
    return entries, at


class Client:
    """One connection. `timeout` bounds every wait for the agent; it is there so that a hang fails a test."""

    def __init__(self, port, host="127.0.0.1", timeout=30, source=None, banner=True):
        self.socket = socket.create_connection((host, port), timeout, (source, 0) if source else None)
        self.banner = self.entry().text if banner else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # ---- bytes and entries ----

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def receive(self, size):
        data = bytearray()
        while len(data) < size:
            try:
                more = self.socket.recv(min(size - len(data), 1 << 20))
            except ConnectionError as reason:
                raise Closed(f"{reason} after {len(data)} of {size} bytes") from reason
            if not more:
                raise Closed(f"end of file after {len(data)} of {size} bytes")
            data += more
        return bytes(data)

    def entry_header(self):
        head = self.receive(9)
        return chr(head[0]), int.from_bytes(head[1:], "big")

    def entry(self):
        kind, size = self.entry_header()
        if kind not in "IQsdue" or size > 1 << 31:
            raise ProtocolError(f"an entry of type {kind!r} and size {size}")
        return Entry(kind, self.receive(size))

    def reply_list(self):
        count = int.from_bytes(self.receive(4), "big")
        if count > COUNT_MAX:
            raise ProtocolError(f"a reply of {count} entries")
        return [self.entry() for _ in range(count)]

    def ended(self):
        """Whether the agent ends the connection without a further byte (within the time-out)."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    # ---- requests ----

    def call(self, rpc, *entries):
        """The reply's entries, whatever they are."""
        self.send(request(rpc, *entries))
        return self.reply_list()

    def expect(self, kinds, rpc, *entries):
        return self.checked(kinds, self.call(rpc, *entries))

    @staticmethod
    def checked(kinds, reply):
        """The reply, whose types must be these; a lone error entry is raised."""
        if [entry.kind for entry in reply] == ["e"]:
            raise Refused(reply[0].text)
        if "".join(entry.kind for entry in reply) != kinds:
            raise ProtocolError(f"a reply of {[entry.kind for entry in reply]} instead of {list(kinds)}")
        return reply

    def refusal(self, rpc, *entries):
        """The text of the one error entry that the request must be answered with."""
        reply = self.call(rpc, *entries)
        if [entry.kind for entry in reply] != ["e"]:
            raise ProtocolError(f"not refused: {reply}")
        return reply[0].text

    def ping(self):
        self.expect("", PING)

    def get(self, path):
        return self.expect("d", GETFILE, s(path))[0].payload

    def get_begin(self, path):
        """Asks for a file and reads as far as its size, which is returned."""
        self.send(request(GETFILE, s(path)))
        if self.receive(4) != u32(1):
            raise ProtocolError("not one entry")
        kind, size = self.entry_header()
        if kind != "d":
            raise Refused(self.receive(size)[:-1].decode())
        return size

    def put(self, path, data, flags=0):
        self.expect("", SENDFILE, s(path), I(flags), d(data))

    def run(self, *argv, flags=0, stdin="", stdout="", stderr=""):
        return self.expect("Q", RUN, I(flags), s(stdin), s(stdout), s(stderr), *map(s, guest.command(argv)))[0].number

    def shell(self, script, **redirects):
        return self.run("/bin/sh", "-c", script, **redirects)

    def wait(self, pid, seconds=FOREVER):
        return guest.status_word(self.expect("I", WAIT2, Q(pid), I(seconds))[0].number)

    def forget(self, pid):
        self.expect("", RMCHILDPROC, Q(pid))

    def remove(self, *paths):
        return self.call(RM, *map(s, paths))

    def properties(self):
        """The list of (name, value), in order."""
        reply = self.call(GETPROPERTIES)
        self.checked("s" * len(reply), reply)
        return [tuple(entry.text.split("=", 1)) for entry in reply]

    def property(self, name):
        return dict(self.properties()).get(name)

    def execute(self, *argv, **options):
        """The RPC exec: options are its keys, lists for those that repeat."""
        texts = [f"arg={arg}" for arg in guest.command(argv)]
        for key, value in options.items():
            texts += [f"{key}={one}" for one in (value if isinstance(value, list) else [value])]
        return self.expect("Q", EXEC, *map(s, texts))[0].number

    def kill(self, pid, *options):
        """The processes ended, as [(pid, name)]."""
        reply = self.call(KILL, Q(pid), *map(s, options))
        self.checked("s" * len(reply), reply)
        processes = [entry.text for entry in reply if entry.text[0].isdigit()]  # the others are of a Windows screen
        return [(int(number), name) for number, name in (text.split(" ", 1) for text in processes)]

    def terminal(self, pid, *options):
        self.expect("", TERMINAL, Q(pid), *map(s, options))

    def ps(self, *options):
        """The RPC ps: a dictionary for each line, with its first word as its kind."""
        reply = self.call(PS, *map(s, options))
        self.checked("s" * len(reply), reply)
        lines = [entry.text.split("\t") for entry in reply]
        return [{"kind": line[0], **dict(field.partition("=")[::2] for field in line[1:])} for line in lines]

    def events(self, *options):
        """The answer's facts as a dictionary, and its events as lists of number, time, kind and text."""
        facts, events = {}, []
        reply = self.call(EVENTS, *map(s, options))
        self.checked("s" * len(reply), reply)
        for name, value in (entry.text.split("=", 1) for entry in reply):
            if name == "event":
                number, *rest = value.split("\t")
                events.append([int(number), *rest])
            else:
                facts[name] = value
        return facts, events

    def follow(self, *data, **options):
        """The RPC follow: (facts, data...), one piece for each stream or file; out, err and file are options too."""
        names = {key.rstrip("_").replace("_", "-"): value for key, value in options.items()}
        reply = self.call(FOLLOW, *(s(f"{key}={value}") for key, value in names.items()), *data)
        if [entry.kind for entry in reply] == ["e"]:
            raise Refused(reply[0].text)
        facts = dict(entry.text.split("=", 1) for entry in reply if entry.kind == "s")
        return (facts, *(entry.payload for entry in reply if entry.kind == "d"))

    def write(self, pid, data, offset=0, flags=0):
        """The RPC write: how many bytes the child's input has taken in all."""
        return self.expect("Q", WRITE, Q(pid), Q(offset), I(flags), d(data))[0].number
