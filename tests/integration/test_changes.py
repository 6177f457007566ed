#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures that are waited for: screenshot with wait-ms, delta and the facts of the pointer, on an X server that tests draw
on."""
import contextlib
import time

import harness
import picture
import wire
from harness import Agent, check, equal, eventually, test
from wire import s
from worker import Facts
from xserver import Server

LONG = 60000  # ms: longer than any test


@contextlib.contextmanager
def screen(*options, size="641x479x24", **settings):
    """A server, a program that draws on it, and an agent that shows it."""
    with Server(*options, screens=(size,)) as server:
        draws = server.client()
        draws.do("noise", 7)
        with Agent(env={"DISPLAY": server.display}, **settings) as agent:
            yield server, draws, agent


def send(client, *options):
    client.send(wire.request(wire.SCREENSHOT, s("backend=x11"), *map(s, options)))


def receive(client):
    reply = client.reply_list()
    if reply[-1].kind == "e":
        raise wire.Refused(reply[-1].text)
    return Facts(entry.text for entry in reply[:-1]), reply[-1]


def take(client, *options):
    send(client, *options)
    return receive(client)


def waits(agent):
    """Whether the agent's session is in a wait: it has a thread more for the watch, which has told something."""
    return eventually(lambda: agent, "a wait")


@test
def wait_ends_when_the_screen_changes():
    with screen() as (_, draws, agent):
        client = agent.client()
        facts, _ = take(client, "format=ppm")
        for step in range(10):
            send(client, "format=ppm", f"if-changed={facts['hash']}", f"wait-ms={LONG}")
            time.sleep(0.05 * (step % 3))  # before, while and after it begins to wait
            start = time.monotonic()
            draws.do("box", step, step, 5, 5, f"{step:02x}55aa")
            facts, file = receive(client)
            print(f"# {1000 * (time.monotonic() - start):.1f} ms", facts.get("time-grab-us"))
            shot = picture.decode_ppm(file.payload)
            equal(facts["hash"], shot.hash(), "hash")
            check("unchanged" not in facts, "it says that nothing changed")
            equal(shot.pixels[(step * shot.width + step) * 3:][:3].hex(), f"{step:02x}55aa", "the pixel that was drawn")


if __name__ == "__main__":
    harness.main()
