#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Replays tests/golden against the agent, byte for byte."""
import os

import golden
import harness
import wire
from harness import Agent, equal


def compare(client, message, values):
    """Receives the message and compares it; learns the placeholders. Returns what came."""
    came = b""
    for data, name, size in message.pieces(values):
        try:
            piece = client.receive(size)
        except (wire.Closed, TimeoutError) as reason:
            raise AssertionError(f"in '{message.title}': {reason}") from reason
        if data is None:
            values[name] = piece
        elif piece != data:
            raise AssertionError(f"'{message.title}': {piece!r} instead of {data!r}")
        came += piece
    return came


def take_rest(client, came):
    """What stands in place of "...": bytes up to the end of the list."""
    while True:
        try:
            return wire.parse_list(came)
        except ValueError:
            came += client.receive(1)


def replay(conversation):
    values = {}
    if ["unix"] in conversation.directives:
        harness.need_unix("the bytes are those of a Unix guest")
    with Agent(*conversation.words("options")) as agent:
        for name in conversation.words("mkdir"):
            os.mkdir(agent.path(name))
        for size in conversation.words("workdir"):
            values["cwd"] = os.path.realpath(agent.folder).encode()
            if len(values["cwd"]) != int(size):
                raise harness.Skip(f"the working folder {values['cwd']} has not {size} bytes")
        client = agent.client(banner=False)
        for message in conversation.messages:
            if message.from_host:
                client.send(message.bytes(values))
            else:
                came = compare(client, message, values)
                if message.partial:
                    take_rest(client, came)
        client.send(wire.request(wire.PING))
        equal(client.receive(4), wire.u32(0), "the reply to a last ping")


def parses(conversation):
    """Each message is one whole list, a request's after its id, and the banner one entry."""
    for index, message in enumerate(conversation.messages):
        data = message.bytes({})
        if message.partial:
            continue
        if index == 0:
            end = wire.parse_entry(data, 0)[1]
        else:
            end = wire.parse_list(data, 4 if message.from_host else 0)[1]
        equal(end, len(data), f"bytes of '{message.title}' that are its list")


def register(conversation):
    def run():
        parses(conversation)
        if not conversation.example:
            replay(conversation)
    run.__name__ = f"golden_{conversation.name}" + ("_is_well_formed" if conversation.example else "")
    harness.test(run)


for one in golden.conversations():
    register(one)


@harness.test
def golden_covers_every_rpc():
    sent = {message.bytes({})[:4] for one in golden.conversations() for message in one.messages if message.from_host}
    every = [*range(14), wire.SCREENSHOT, wire.EXEC, wire.KILL, wire.CRC, wire.DISPLAYS, wire.WAITREADY, wire.SHUTDOWN, wire.EVENTS]
    equal([rpc for rpc in every if wire.u32(rpc) not in sent], [], "RPCs without golden bytes")


if __name__ == "__main__":
    harness.main()
