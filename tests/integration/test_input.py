#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The RPC input on X servers, as another X client sees what comes of it."""
import contextlib
import os
import signal
import subprocess

import harness
import machine
import wire
from cli import periscope, target
from harness import Agent, check, equal, eventually, refused, refused_saying, test, with_agent
from isolation import isolate, need_isolation
from xserver import Server, need_program

KEY_A, SHIFT = 38, 50  # keycodes: evdev's numbers and 8


def act(client, *actions):
    """The facts of the answer."""
    return send(client, *[wire.s(action) for action in actions])


def send(client, *entries):
    reply = client.call(wire.INPUT, *entries)
    client.checked("s" * len(reply), reply)
    return dict(entry.text.split("=", 1) for entry in reply)


@contextlib.contextmanager
def scene(*options, server_options=(), **settings):
    """A server with a window that gets all, and an agent for it."""
    need_isolation()  # no other X server is to be seen
    with Server(*server_options, screens=("320x200x24",)) as server:
        window = server.client()
        window.do("watch")
        with Agent("--input", *options, env=server.environment(), **settings) as agent:
            yield server, window, agent


@contextlib.contextmanager
def running(command, **settings):
    with subprocess.Popen(command, **settings) as process:
        try:
            yield process
        finally:
            process.kill()


def held(window):
    """The keycodes that are down, the pointer's place and the state of its buttons."""
    *keys, place, mask = window.do("held").split()
    return [int(key) for key in keys], place, int(mask)


def nothing_is_held(window):
    return held(window)[0] == [] and held(window)[2] == 0


@with_agent()
def input_is_off_by_default(agent):
    client = agent.client()
    refused("input is off: the agent's configuration has no 'input = yes'", act, client, "key=KeyA,press")
    equal(client.property("periscope.input"), "off", "periscope.input")


@with_agent("--input", "--allow-rpc", "ping,getproperties")
def input_can_be_kept_from_hosts(agent):
    client = agent.client()
    check("input" not in client.property("periscope.rpcs"), "it is not listed")
    refused_saying("input", act, client, "key=KeyA,press")


@test
def input_presses_keys_and_buttons_in_order():
    with scene() as (_, window, agent):
        client = agent.client()
        equal(client.property("periscope.input"), "on", "periscope.input")
        facts = act(client, "driver=somebody", "key=ControlLeft,down", "key=KeyA,press", "key=ControlLeft,up",
                    "move=17,99", "button=left,click", "button=right,down", "button=right,up", "wheel=-1,2",
                    "button=back,click")
        equal((facts["by"], facts["driver"]), ("xtest", "somebody"), "facts")
        equal(window.do("events").split(), "k37 k38 K38 K37 b1 B1 b3 B3 b5 B5 b5 B5 b6 B6 b8 B8".split(), "events")
        equal(held(window), ([], "17,99", 0), "held")


@test
def input_holds_until_it_is_let_go():
    with scene() as (_, window, agent):
        client = agent.client()
        act(client, "key=KeyA,down", "key=ShiftLeft,down", "button=left,down")
        equal(held(window)[0], [KEY_A, SHIFT], "keys that are down")
        check(held(window)[2] & 1 << 8, "the left button is down")
        act(client, "release=all")
        check(nothing_is_held(window), held(window))


@test
def input_is_let_go_when_its_client_leaves():
    with scene() as (_, window, agent):
        client = agent.client()
        act(client, "key=KeyA,down", "button=left,down")
        client.close()
        eventually(lambda: nothing_is_held(window), "all is let go")


@test
def input_is_let_go_when_the_agent_or_its_worker_ends():
    for end in ("worker", "agent"):
        with scene() as (_, window, agent):
            act(agent.client(), "key=KeyA,down", "button=left,down")
            agent.expect_end = end == "agent"
            os.kill(agent.pid if end == "agent" else next(iter(harness.children_of(agent.pid))), signal.SIGKILL)
            eventually(lambda: nothing_is_held(window), f"all is let go after the {end}'s end")


@test
def input_of_another_driver_begins_with_nothing_held():
    with scene() as (_, window, agent):
        first, second = agent.client(), agent.client()
        equal(act(first, "driver=one", "key=ControlLeft,down").get("taken-from"), None, "taken from")
        equal(act(second, "driver=two", "key=KeyA,down").get("taken-from"), "one", "taken from")
        equal(held(window)[0], [KEY_A], "keys that are down")
        first.close()
        act(second, "key=ShiftLeft,down")
        equal(held(window)[0], [KEY_A, SHIFT], "keys of who drives, after the other has left")
        equal(act(second, "driver=two").get("taken-from"), None, "taken from itself")
        second.close()
        eventually(lambda: nothing_is_held(window), "all is let go")


@test
def input_with_a_mistake_does_nothing():
    with scene() as (_, window, agent):
        client = agent.client()
        for wrong, why in {
                "key=KeyÄ,press": "there is no key 'KeyÄ'", "key=KeyA": "is not key=CODE,down|up|press",
                "key=KeyA,push": "is not key=CODE,down|up|press", "move=320,0": "is not on the screen of 320x200",
                "move=0,200": "is not on the screen of 320x200", "move=-1,0": "is not move=X,Y",
                "move=1": "is not move=X,Y", "button=side,click": "is not button=left|middle|right|back|forward",
                "wheel=101,0": "is not wheel=DX,DY", "release=some": "is not release=all", "text=a\x01": "control",
                "driver=late": "unknown action", "deadline-ms=5": "unknown action", "": "unknown action"}.items():
            refused_saying(why, act, client, "key=KeyA,press", wrong)
        refused_saying("more than 1000 actions", act, client, *["key=KeyA,press"] * 1001)
        refused_saying("more than 8192 characters", act, client, *["text=" + "a" * 4000] * 3)
        refused_saying("not UTF-8", send, client, wire.raw("s", b"text=\xff\0"))
        refused_saying("driver's name", act, client, "driver=" + "x" * 64)
        equal(window.do("events"), "", "events")


@test
def input_by_the_verbs():
    with scene() as (_, window, agent):
        periscope("key", target(agent), "ctrl+a", "Delete")
        result = periscope("click", "--json", "--button", "right", "--double", target(agent), "30", "40").json
        equal((result["status"], result["by"]), ("ok", "xtest"), "reply")
        periscope("type", target(agent), "aA")
        equal(window.do("events").split(), ["k37", "k38", "K38", "K37", "k119", "K119", "b3", "B3", "b3", "B3", "k38",
                                            "K38", "k50", "k38", "K38", "K50"], "events")
        equal(held(window)[1], "30,40", "the pointer's place")
        for wrong in ["nosuch"], ["ctrl+"], ["a+b+c+d+e+f+g+h+i"]:
            periscope("key", target(agent), *wrong, code=2)
        periscope("click", target(agent), "320", "0", code=122)


@test
def input_types_text_into_a_terminal():
    need_program("xterm")
    text = "Zeile 1: äöü ß € 中文字 {[]}\\|~@ \"'`^\nAB ñ Ж ☃ 🙂 end\n"
    with scene() as (server, window, agent):
        path = agent.path("typed")
        with running(["xterm", "-en", "UTF-8", "-fn", "fixed", "-e", f"cat > {path}"],
                              env={**server.environment(), "LC_ALL": "C.UTF-8"}, stderr=subprocess.DEVNULL):
            window.close()
            eventually(lambda: os.path.exists(path) and b"xterm" in server.run("xwininfo", "-root", "-tree"), "xterm")
            client = agent.client()
            act(client, "move=60,60")
            mapping = server.run("xmodmap", "-pke")
            act(client, "text=" + text)
            eventually(lambda: agent.read("typed").decode().count("\n") == 2, "both lines")
            equal(agent.read("typed").decode(), text, "typed")
            check(server.run("xmodmap", "-pke") != mapping, "spare keys have the characters that the layout lacks")
            client.close()
            eventually(lambda: server.run("xmodmap", "-pke") == mapping, "the keymap is what it was")


if __name__ == "__main__":
    isolate()
    if "PERISCOPE_TEST_ISOLATED" in os.environ:
        machine.interface_up("lo")
    harness.main()
