#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command periscope against a guest that lies, drips, floods and never ends: its time-outs, --total-limit and
signals hold in every phase, its memory has bounds, and what it prints can't control a terminal."""
import glob
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import cli
import wire
from cli import FAILED, INTERRUPTED, NO_AGENT, REFUSED, TIMED_OUT, one_line, periscope
from harness import PATIENCE, Skip, check, equal, eventually, main, need_root, test

BANNER = wire.raw("s", b"testagentd 1.7\0")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EVERY = 0.02  # seconds between two bytes of a drip
EVIL = "a\x1b[2J\x9b31mb\u202ecod\u2066\u200b\u2028\x7f"
# Each verb that talks to the agent, with operands for which it does.
VERBS = {
    "ping": [], "info": [], "property": ["x"], "wait-boot": [], "settime": [], "get": ["remote", "local"],
    "put": [__file__, "remote"], "rm": ["remote"], "run": ["true"], "wait": ["5"], "kill": ["5"],
    "upgrade": [__file__], "restart": ["x"], "screenshot": ["picture.png"], "crc": [], "displays": [],
    "test": [__file__, "unit"],
}


def drip(connection, data):
    """Sends byte after byte; endless data for ever."""
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(EVERY)


def endless(head=b"", byte=b"x"):
    yield from head
    while True:
        yield from byte


class Guest(cli.Server):
    """A guest whose agent answers each request by answer(connection), or sends no banner but calls it at once."""

    def __init__(self, answer, banner=BANNER):
        super().__init__(self.talk)
        self.answer, self.banner = answer, banner

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def talk(self, connection, _):
        connection.sendall(self.banner)
        if not self.banner or connection.recv(1):  # else the host's time was over before it asked
            self.answer(connection)


def drip_a_list(connection):
    """A reply of a million small texts."""
    drip(connection, endless(wire.u32(1000000), wire.raw("s", b"\0")))


def drip_a_file(connection):
    drip(connection, endless(wire.u32(1) + wire.header("d", 100 << 20)))


def flood_with_skipped_data(connection):
    """A reply of another length than any, whose only entry has nearly endless data."""
    connection.sendall(wire.u32(999999) + wire.header("d", 1 << 62))
    while True:
        connection.sendall(bytes(1 << 20))


def flood_with_texts(connection):
    connection.sendall(wire.u32(1000000))
    while True:
        connection.sendall(wire.raw("s", b"x" * 1000 + b"\0") * 1000)


def be_silent(connection):
    while connection.recv(65536):
        pass


PHASES = {
    "a dripped list": (drip_a_list, BANNER), "a dripped file": (drip_a_file, BANNER),
    "a flood": (flood_with_skipped_data, BANNER), "silence": (be_silent, BANNER),
    "no banner": (be_silent, b""), "a dripped banner": (lambda c: drip(c, endless(wire.header("s", 4000))), b""),
}


def was_seen_through(result):
    """What the guest sent was seen to be wrong before the time was over."""
    return (result.code == NO_AGENT and "malformed" in result.err) or \
        (result.code == FAILED and "exceed the limit" in result.err)


def within_limit(guest, verb, *options):
    """The verb ends in time; leaves no file."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        result = periscope(verb, *options, guest.address, *VERBS[verb], code=None, cwd=folder)
        check(time.monotonic() - begin < PATIENCE, "it took too long")
        equal(os.listdir(folder), [], "files left")
        return result


@test
def total_limit_ends_every_verb_in_every_phase():
    for name, (answer, banner) in PHASES.items():
        for verb in VERBS:
            with Guest(answer, banner) as guest:
                result = within_limit(guest, verb, "--total-limit", "0.5", "--timeout", "20")
                at = f"{verb}, {name}: {result.err!r}"
                check(result.code == TIMED_OUT or was_seen_through(result), f"{result.code}: {at}")
                check(was_seen_through(result) or "in total is over" in result.err or verb == "wait-boot", at)


@test
def timeout_ends_a_dripped_file_and_leaves_none():
    with Guest(drip_a_file) as guest:
        result = within_limit(guest, "get", "--timeout", "0.5")
        equal(result.code, TIMED_OUT, result.err)
        one_line(result, "timed out while receiving a file")
        result = periscope("get", "--timeout", "0.5", guest.address, "remote", "-", code=TIMED_OUT)
        equal(result.out, b"", "standard output")
        one_line(periscope("screenshot", "--timeout", "0.1", "--deadline", "0.5", guest.address, code=TIMED_OUT),
                 "timed out while waiting for the reply to screenshot")


@test
def timeout_ends_a_flood():
    """There is always something to receive, so nothing is ever waited for."""
    with Guest(flood_with_skipped_data) as guest:
        for verb in ("ping", "settime", "get"):
            result = within_limit(guest, verb, "--timeout", "0.5")
            equal(result.code, TIMED_OUT, f"{verb}: {result.err}")
    with Guest(drip_a_list) as guest:
        equal(within_limit(guest, "info", "--timeout", "0.5").code, TIMED_OUT)


@test
def slow_but_steady_transfer_is_no_drip():
    """Faster than 16 KiB in each time-out, though it takes many of them."""
    content = os.urandom(200_000)

    def answer(connection):
        connection.sendall(wire.u32(1) + wire.header("d", len(content)))
        for at in range(0, len(content), 10_000):
            connection.sendall(content[at:at + 10_000])
            time.sleep(0.15)
        connection.recv(1000)

    with Guest(answer) as guest:
        check(periscope("get", "--timeout", "1", guest.address, "remote", "-").out == content, "the content differs")


def writes_in(process, folder):
    """Whether it has a file of the folder open, which may have no name yet."""
    links = glob.glob(f"/proc/{process.pid}/fd/*")
    return any(os.path.lexists(link) and os.readlink(link).startswith(folder + "/") for link in links)


def heed_signals():
    """What a job in the background ignores."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def end_by(number, guest, verb, folder, wrapper=(), started=None):
    process = subprocess.Popen([*wrapper, *cli.COMMAND, verb, "--timeout", "60", guest, *VERBS[verb]],
                               env=cli.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd=folder, preexec_fn=heed_signals)
    eventually(lambda: started(process), f"{verb} begins")
    process.send_signal(number)
    begin = time.monotonic()
    result = cli.finish(process)
    check(result.code in (INTERRUPTED, -number) or was_seen_through(result),
          f"{verb}, signal {number}: {result.code}: {result.err!r}")
    check(time.monotonic() - begin < PATIENCE, "it took too long")
    equal(os.listdir(folder), [], f"{verb}, signal {number}: files left")


@test
def signals_end_every_verb_in_every_phase():
    for name, (answer, banner) in PHASES.items():
        for at, verb in enumerate(VERBS):
            number = SIGNALS[at % len(SIGNALS)]
            with Guest(answer, banner) as guest, tempfile.TemporaryDirectory() as folder:
                end_by(number, guest.address, verb, folder, started=lambda _: guest.accepted)


@test
def each_signal_ends_a_transfer_and_leaves_no_file():
    for number in SIGNALS:
        with Guest(drip_a_file) as guest, tempfile.TemporaryDirectory() as folder:
            end_by(number, guest.address, "get", folder, started=lambda process: writes_in(process, folder))


@test
def ignored_signals_stay_ignored():
    """As by nohup."""
    with Guest(drip_a_file) as guest, tempfile.TemporaryDirectory() as folder:
        process = cli.start("get", "--total-limit", "2", guest.address, "remote", "local", cwd=folder,
                            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        eventually(lambda: writes_in(process, folder), "the beginnings of a file")
        process.send_signal(signal.SIGHUP)
        result = cli.finish(process)
        equal(result.code, TIMED_OUT, result.err)


# ---- names ----

class Silent:
    """A name server that never answers, in a mount namespace where it is the only one."""

    ADDRESS = "127.9.9.9"

    def __enter__(self):
        need_root()
        if not shutil.which("unshare"):
            raise Skip("no unshare")
        self.folder = tempfile.mkdtemp()
        for name, text in (("resolv.conf", f"nameserver {self.ADDRESS}\n"), ("nsswitch.conf", "hosts: dns\n")):
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write(text)
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.server.bind((self.ADDRESS, 53))
        except OSError as reason:
            raise Skip(f"port 53: {reason}") from reason
        script = f"mount --bind {self.folder}/resolv.conf /etc/resolv.conf && " \
                 f"mount --bind {self.folder}/nsswitch.conf /etc/nsswitch.conf && exec \"$@\""
        self.wrapper = ["unshare", "-m", "sh", "-c", script, "sh"]
        tried = subprocess.run([*self.wrapper, "true"], capture_output=True, check=False)
        if tried.returncode:
            raise Skip(f"no mount namespace: {tried.stderr.decode().strip()}")
        return self

    def __exit__(self, *_):
        self.server.close()
        shutil.rmtree(self.folder)

    def asked(self):
        """Whether a name was asked for."""
        self.server.settimeout(0.05)
        try:
            return self.server.recv(1000)
        except TimeoutError:
            return None

    def periscope(self, *arguments):
        done = subprocess.run([*self.wrapper, *cli.COMMAND, *arguments], capture_output=True, check=False,
                              env=cli.environment(), timeout=PATIENCE)
        return cli.Result(done.returncode, done.stdout, done.stderr.decode())


HOST = "guest.example:9000"


@test
def silent_name_server_is_within_the_limits():
    with Silent() as names:
        result = names.periscope("ping", "--connect-timeout", "0.5", HOST)
        equal(result.code, NO_AGENT, result.err)
        one_line(result, "could not resolve 'guest.example': no name server answered in time")
        result = names.periscope("ping", "--total-limit", "0.5", HOST)
        equal(result.code, TIMED_OUT, result.err)
        one_line(result, "guest.example:9000: the limit of 0.5 s in total is over while connecting")
        equal(names.periscope("wait-boot", "--timeout", "1", HOST).code, TIMED_OUT)
        equal(names.periscope("run", "--connect-timeout", "0.5", HOST, "true").code, NO_AGENT)


@test
def signals_end_the_resolving_of_a_name():
    with Silent() as names:
        for number in SIGNALS:
            for verb in ("get", "run", "test", "ping"):
                with tempfile.TemporaryDirectory() as folder:
                    end_by(number, HOST, verb, folder, names.wrapper, lambda _: names.asked())


# ---- memory ----

def least_memory():
    """For a child: far less than a guest offers, and enough for the largest list."""
    resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))


def with_little_memory(guest, verb, *options, code):
    with tempfile.TemporaryDirectory() as folder:
        result = cli.finish(cli.start(verb, *options, guest.address, *VERBS[verb], cwd=folder,
                                      preexec_fn=None if os.environ.get("PERISCOPE_SANITIZED") else least_memory))
        equal(result.code, code, result.err)
        equal(os.listdir(folder), [], "files left")
        return result


@test
def endless_lists_and_texts_are_bounded_and_named():
    def one_long_text(connection):
        connection.sendall(wire.u32(3) + wire.header("s", 1 << 62))
        be_silent(connection)

    def many_short_texts(connection):
        connection.sendall(wire.u32(1000000) + wire.raw("s", b"\0") * 100000)
        be_silent(connection)

    for verb in ("property", "crc", "displays", "kill"):
        with Guest(flood_with_texts) as guest:
            one_line(with_little_memory(guest, verb, code=NO_AGENT), "PERISCOPE_STRINGS_MAX")
        with Guest(many_short_texts) as guest:
            one_line(with_little_memory(guest, verb, code=NO_AGENT), "PERISCOPE_STRINGS_COUNT_MAX")
        with Guest(one_long_text) as guest:
            one_line(with_little_memory(guest, verb, code=NO_AGENT), "exceeds the limit of 1048576")


@test
def endless_pictures_are_refused_before_they_are_received():
    def picture(connection):
        connection.sendall(wire.u32(2) + wire.raw("s", b"backend=x\0") + wire.header("d", 1 << 62))
        be_silent(connection)

    with Guest(picture) as guest:
        one_line(with_little_memory(guest, "screenshot", code=FAILED), "exceed the limit of 872415232")


# ---- the terminal ----

def texts(kind, *values):
    return lambda connection: (connection.sendall(wire.u32(len(values)) + b"".join(
        wire.raw(kind, value.encode("utf-8", "surrogateescape") + b"\0") for value in values)), be_silent(connection))


def check_harmless(result):
    for name, data in (("output", result.out), ("error", result.err.encode())):
        text = data.decode()
        wrong = [c for c in text if c in EVIL and ord(c) > 0x7a or ord(c) < 0x20 and c != "\n"]
        equal(wrong, [], f"standard {name} {text!r}")


@test
def texts_of_the_guest_cannot_control_the_terminal():
    for raw in (EVIL, "raw\udc9b31m"):  # the second is a byte 9b that is not UTF-8
        with Guest(texts("e", raw)) as guest:
            for verb in ("info", "get", "rm", "kill", "screenshot", "crc", "displays", "property", "run"):
                check_harmless(within_limit(guest, verb, "--timeout", "5"))
        with Guest(texts("s", f"display.0.name={raw}", f"x={raw}", f"warning={raw}", f"crc={raw} {raw} {raw}")) as guest:
            for verb in ("property", "displays", "crc", "kill"):
                check_harmless(within_limit(guest, verb, "--total-limit", "5"))


@test
def json_escapes_what_controls_a_terminal_and_keeps_it():
    with Guest(texts("s", f"x={EVIL}")) as guest:
        result = periscope("crc", "--json", guest.address)
        check(all(byte >= 0x20 for byte in result.out[:-1]) and result.out.isascii(), result.out)
        equal(result.json["facts"]["x"], EVIL)


@test
def refusals_of_the_guest_keep_their_status():
    with Guest(texts("e", "no\u202eway")) as guest:
        result = within_limit(guest, "rm", "--timeout", "5")
        equal(result.code, REFUSED)
        one_line(result, "no?way")


if __name__ == "__main__":
    main()
