#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys, text and the pointer by the Windows agent's SendInput, as a window on the same desktop gets them."""
import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import wine
import wire
from wine import Agent, check, equal


def eventually(got, want, what):
    """Waits for these lines."""
    try:
        wine.eventually(lambda: got() == want, what)
    except AssertionError as reason:
        raise AssertionError(f"{reason}: {got()} instead of {want}") from reason


@contextlib.contextmanager
def scene(*options):
    """An agent, and what the window has got, as a function."""
    with Agent(*options, desktop="640x480") as agent:
        agent.start_program(wine.exe("tools/typed.exe"), "typed.txt")
        wine.eventually(lambda: os.path.exists(agent.path("typed.txt")) and b"ready" in agent.read("typed.txt"), "the window")
        yield agent, lambda: agent.read("typed.txt").decode().split("\n")[1:-1]


def act(client, *actions):
    reply = client.call(wire.INPUT, *map(wire.s, actions))
    client.checked("s" * len(reply), reply)
    return dict(entry.text.split("=", 1) for entry in reply)


def settle(client, got):
    """Clicks until the window gets it where it is: Wine takes over the place that the pointer has on its X server when a window
    comes up below that, soon after or later. What comes later still is the same place then. Returns how many lines there are."""
    def clicked():
        count = len(got())
        act(client, "move=30,40", "button=left,click")
        wine.eventually(lambda: len(got()) >= count + 2, "a click")
        return got()[-2:] == ["left 30,40", "LEFT 30,40"]
    wine.eventually(clicked, "a click in its place")
    return len(got())


def input_keys_text_and_pointer_reach_the_window():
    with scene("--input") as (agent, all_got), wire.Client(agent.port) as client:
        before = settle(client, all_got)

        def got():
            return all_got()[before:]
        facts = act(client, "move=30,40", "button=left,click", "button=right,click", "wheel=0,1")
        equal(facts["by"], "sendinput", "by")
        want = ["left 30,40", "LEFT 30,40", "right 30,40", "RIGHT 30,40", "wheel -120"]
        eventually(got, want, "the pointer's messages")
        act(client, "key=ControlLeft,press", "key=ArrowUp,press", "key=ControlRight,press")
        want += ["key 1d", "KEY 1d", "key e048", "KEY e048", "key e01d", "KEY e01d"]
        eventually(got, want, "keys")
        act(client, "text=aÄ€中🙂\n")
        characters = ["U+0061", "U+00C4", "U+20AC", "U+4E2D", "U+D83D", "U+DE42", "U+000D"]
        eventually(lambda: [line[5:] for line in got() if line.startswith("char")], characters, "characters")


def input_is_let_go_when_its_client_leaves():
    with scene("--input") as (agent, all_got):
        def got():
            return [line.split()[0] for line in all_got()[before:]]
        with wire.Client(agent.port) as client:
            # Where the pointer comes into a window, Wine 10 lets go of keys that its X server's keyboard does not hold.
            before = settle(client, all_got)
            act(client, "key=ShiftLeft,down", "move=30,40", "button=left,down")
            eventually(got, ["key", "left"], "held")
        # Where the button goes up is Wine's to say: the pointer on its X server may follow later.
        eventually(got, ["key", "left", "LEFT", "KEY"], "let go")


def input_is_off_by_default():
    with Agent() as agent, wire.Client(agent.port) as client:
        check("input is off" in client.refusal(wire.INPUT, wire.s("key=KeyA,press")), "refused")


if __name__ == "__main__":
    wine.main([input_is_off_by_default, input_keys_text_and_pointer_reach_the_window,
               input_is_let_go_when_its_client_leaves])
