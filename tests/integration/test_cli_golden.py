#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command periscope against the bytes of tests/golden: each request must be one that stands there, and gets the
answer that stands there too."""
import os
import tempfile

import cli
import golden
import wire
from cli import REFUSED, TIMED_OUT, one_line, periscope
from harness import check, equal, main, test

CONVERSATIONS = {conversation.name: conversation for conversation in golden.conversations()}
VALUES = {"pid": wire.u64(0x12345)}
EXTRA = {wire.u32(wire.PING) + wire.u32(0): wire.u32(0)}  # with which the host looks whether a connection lives


def answers(name):
    """{request: reply} of one conversation. A reply that only a real agent knows is left out."""
    messages = CONVERSATIONS[name].messages
    pairs = {}
    for request, reply in zip(messages[1::2], messages[2::2]):
        check(request.from_host and not reply.from_host, f"{name}: not question and answer")
        if not reply.partial:
            pairs.setdefault(request.bytes(VALUES), reply.bytes(VALUES))
    return pairs


def replay(name, **more):
    """A server that knows the conversation; more: further ones whose requests may come between."""
    known = dict(EXTRA)
    for each in (name, *more.get("also", ())):
        known.update(answers(each))
    banner = CONVERSATIONS[name].messages[0].bytes(VALUES)
    used = set()

    def serve(connection, _):
        connection.sendall(banner)
        request = b""
        while True:
            data = connection.recv(1)
            if not data:
                check(not request, f"{name} has no request that is {request.hex(' ')}")
                return
            request += data
            if request in known:
                used.add(request)
                connection.sendall(known[request])
                request = b""
            elif not any(each.startswith(request) for each in known):
                raise AssertionError(f"{name} has no request that begins with {request.hex(' ')}")

    server = cli.Server(serve)
    server.used = used
    return server


def speak(server, verb, *arguments, **options):
    return periscope(verb, f"--host=127.0.0.1:{server.port}", "--timeout=5", *arguments, **options)


@test
def golden_ping():
    with replay("00-ping") as server:
        speak(server, "ping", "-c", "2")


@test
def golden_getfile():
    with replay("01-getfile") as server:
        equal(speak(server, "get", "v1", "-").out, b"hi")
        equal(speak(server, "get", "empty", "-").out, b"")
        one_line(speak(server, "get", "v2", "-", code=REFUSED), "unable to open 'v2' for reading: No such file or directory")


@test
def golden_sendfile():
    with replay("02-sendfile") as server:
        speak(server, "put", "-", "v1", data=b"hi")
        speak(server, "put", "-x", "-", "v1", data=b"#!/bin/sh\n\x00\xff\r\n")
        one_line(speak(server, "put", "-", "no/v1", data=b"hi", code=REFUSED), "No such file or directory")


@test
def golden_rm():
    with replay("05-rm") as server:
        names = golden_names("05-rm", "remove a missing file and a folder")
        one_line(speak(server, "rm", *names, code=REFUSED), "Could not delete")
        speak(server, "rm", *golden_names("05-rm", "remove it, and what is not there"))


def golden_names(name, title):
    """The strings among the arguments of a request."""
    request = next(message for message in CONVERSATIONS[name].messages if message.title == title).bytes(VALUES)
    texts, at = [], 8
    while at < len(request):
        kind, size = request[at:at + 1], int.from_bytes(request[at + 1:at + 9], "big")
        if kind == b"s":
            texts.append(request[at + 9:at + 8 + size].decode())
        at += 9 + size
    return texts


@test
def golden_settime_and_properties():
    with replay("07-settime") as server:
        request = next(iter(answers("07-settime")))
        seconds, leeway = int.from_bytes(request[17:25], "big"), int.from_bytes(request[34:38], "big")
        speak(server, "settime", str(seconds), "--leeway", str(leeway))
    with replay("12-setproperty") as server:
        speak(server, "property", *golden_names("12-setproperty", "start.count"))
        for title in ("not a number", "the version", "the architecture", "no property"):
            check(speak(server, "property", *golden_names("12-setproperty", title), code=REFUSED).err, title)


@test
def golden_upgrade_and_restart():
    request = next(iter(answers("09-upgrade")))
    with replay("09-upgrade") as server, tempfile.NamedTemporaryFile() as file:
        file.write(request[17:])
        file.flush()
        speak(server, "upgrade", file.name)
    with replay("13-restart") as server:
        speak(server, "restart", *golden_names("13-restart", "a missing file"), code=REFUSED)


@test
def golden_wait_and_forget():
    with replay("06-wait2", also=["11-getcwd"]) as server:
        one_line(speak(server, "wait", "--timeout=0", "1", code=REFUSED), "the 1 process does not exist")
        speak(server, "wait", "-q", "--timeout=0", str(0x12345), code=TIMED_OUT)
        speak(server, "wait", "-q", "--timeout=1", str(0x12345), code=TIMED_OUT)
    with replay("10-rmchildproc", also=["11-getcwd", "81-exec"]) as server:
        speak(server, "wait", "--timeout=20", str(0x12345))
        check(any(request.startswith(wire.u32(wire.RMCHILDPROC)) for request in server.used), "it was not forgotten")


@test
def golden_exec():
    with replay("81-exec", also=["11-getcwd", "10-rmchildproc"]) as server:
        options = golden_names("81-exec", "run a shell")
        script = next(text[4:] for text in options if text.startswith("arg=pwd"))
        equal(speak(server, "run", "--no-wait", "--append", "--env", "COLOUR=blue", "--env", "HOME", "--cwd", "sub",
                    "--stdin", "/dev/null", "--stdout", "log", "--stderr", "log", "/bin/sh", "-c", script).text, "74565\n")
        one_line(speak(server, "run", "--no-stream", "x", code=REFUSED), "could not run 'x': No such file or directory")


@test
def golden_kill():
    with replay("82-kill") as server:
        one_line(speak(server, "kill", "--grace", "0.1", "1", code=REFUSED), "the 1 process does not exist")


@test
def golden_screenshot():
    with replay("80-screenshot") as server, tempfile.TemporaryDirectory() as folder:
        result = speak(server, "screenshot", "--output", "pattern", "--format", "ppm", "-")
        equal(result.out, b"P6\n2 1\n255\n\xff\0\0\0\0\xff")
        options = dict(text.split("=", 1) for text in golden_names("80-screenshot", "unless it has this hash"))
        speak(server, "screenshot", "-o", options["output"], "-i", options["if-changed"], code=cli.UNCHANGED, cwd=folder)
        equal(speak(server, "screenshot", "-").out, b"\x89PNG\r\n\x1a\n")
        one_line(speak(server, "screenshot", "-o", "HDMI-9", code=REFUSED, cwd=folder), "no output 'HDMI-9'")
        equal(os.listdir(folder), [])


@test
def golden_crc():
    with replay("83-crc") as server:
        reply = speak(server, "crc", "--json", "-o", "card0-Virtual-1", "--no-cursor").json
        equal(reply["crcs"], [{"source": source, "value": "0x81e38dc7", "output": "card0-Virtual-1"}
                              for source in ("software", "debugfs")])
        reply = speak(server, "crc", "--json").json
        equal(reply["crcs"], [{"source": "debugfs", "value": "0x1,0x2", "output": "card0-DP-1"}])
        equal(len(reply["refused"]), 1)


@test
def golden_displays():
    with replay("84-displays") as server:
        reply = speak(server, "displays", "--json").json
        equal(reply["displays"], [{"name": "card0-Virtual-1", "card": "card0", "driver": "bochs-drm", "pci": "0000:00:02.0",
                                   "class": "emulated", "mode": "1280x800@75", "geometry": "1280x800+0+0",
                                   "sources": ["drm", "qemu"]}])
        equal(reply["refused"], ["x11: no X server runs here"])


@test
def golden_waitready():
    with replay("85-waitready") as server:
        reply = speak(server, "wait-ready", "--json", "-o", "any", "-m", "1920x1080", "-t", "60").json
        equal({phase["name"]: (phase["met"], phase["text"]) for phase in reply["phases"]},
              {"agent": (True, "testagentd 1.7"), "output": (True, "DP-1 1920x1080"),
               "desktop": (True, "ready: the window manager FVWM has :0; session 2 has seat0 (x11, active)")})


@test
def golden_shutdown():
    with replay("86-shutdown") as server:
        one_line(speak(server, "shutdown", code=REFUSED), "refused while programs of a host run (1)")
    with replay("86-shutdown") as server:
        reply = speak(server, "shutdown", "--force", "--json").json
        equal((reply["action"], reply["by"]), ("off", "logind"))


if __name__ == "__main__":
    main()
