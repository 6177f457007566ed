#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The RPC and the verb crc, with the agent's synthetic screen; tests/vm holds the hardware's CRC against it."""
import os
import tempfile
import time

import picture
import wire
from cli import REFUSED, UNCHANGED, USAGE, finish, one_line, periscope, start, target
from harness import Agent, check, equal, main, test, with_agent

PATTERN = ("--backend", "pattern")


def software(agent, *options):
    """The software's CRC, as the one line that it has."""
    crcs = periscope("crc", "--json", target(agent), *PATTERN, *options).json["crcs"]
    equal([(crc["source"], crc["output"]) for crc in crcs], [("software", "PATTERN-1")])
    return crcs[0]["value"]


@with_agent(env={"PERISCOPE_PATTERN": "203x101"})
def crc_is_that_of_the_picture(agent):
    with tempfile.TemporaryDirectory() as folder:
        for options in ([], ["--no-cursor"], ["--region", "31x17+5+9"]):
            periscope("screenshot", target(agent), "a.ppm", *PATTERN, *options, cwd=folder)
            with open(os.path.join(folder, "a.ppm"), "rb") as file:
                pixels = picture.decode_ppm(file.read()).pixels
            equal(software(agent, *options), f"0x{picture.crc(pixels):08x}", " ".join(options))


@with_agent(env={"PERISCOPE_PATTERN": "2x1,solid-ff8000"})
def crc_of_a_known_picture(agent):
    """The value of two orange pixels, by the definition bit by bit."""
    value = 0
    for byte in bytes.fromhex("ffff ffff 8080 0000" * 2):
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xedb88320 if value & 1 else 0)
    equal(software(agent, "--no-cursor"), f"0x{value:08x}")


@with_agent(env={"PERISCOPE_PATTERN": "64x48"})
def crc_tells_people(agent):
    said = f"crc       software {software(agent)} PATTERN-1"
    equal(periscope("crc", target(agent), *PATTERN).text.splitlines(), [said], "the lines without --verbose")
    lines = periscope("crc", "--verbose", target(agent), *PATTERN).text.splitlines()
    check(said in lines, lines)
    check("backend   pattern" in lines, lines)


@with_agent(env={"PERISCOPE_PATTERN": "64x48"})
def change_that_does_not_come(agent):
    begin = time.monotonic()
    reply = periscope("crc", "--json", "-w", "-t", "1", target(agent), *PATTERN, code=UNCHANGED).json
    equal((reply["status"], reply["ok"], len(reply["crcs"])), ("unchanged", True, 1))
    check(time.monotonic() - begin >= 1, "it did not wait")


@with_agent(env={"PERISCOPE_PATTERN": "64x48,counter"})
def change_that_comes(agent):
    reply = periscope("crc", "--json", "-w", target(agent), *PATTERN).json
    equal((reply["status"], len(reply["crcs"])), ("ok", 1))


@test
def change_of_a_screen_that_goes_away():
    """The agent ends while a change is waited for: an error, neither a change nor none."""
    with Agent(env={"PERISCOPE_PATTERN": "64x48"}) as agent:
        waiting = start("crc", "-w", "--connect-timeout", "1", target(agent), *PATTERN)
        time.sleep(0.5)
        agent.expect_end = True
        agent.stop()
        result = finish(waiting)
        equal(result.code, 120, "exit status")
        equal(result.out, b"")


@with_agent(env={"PERISCOPE_PATTERN": "64x48"})
def wrong_requests(agent):
    client = agent.client()
    for option in ("format=ppm", "if-changed=xxh64:0123456789abcdef"):
        equal(client.refusal(wire.CRC, wire.s(option)), f"unknown option '{option}'")
    one_line(periscope("crc", target(agent), "--deadline", "x", code=USAGE), "--deadline is 'x'")
    one_line(periscope("crc", target(agent), "--backend", "none", code=REFUSED), "there is no capture backend 'none'")
    one_line(periscope("crc", target(agent), "-o", "HDMI-9", *PATTERN, code=REFUSED), "HDMI-9")
    client.ping()


@with_agent(env={"PERISCOPE_PATTERN": "64x48,hang"})
def hanging_source_ends_by_the_deadline(agent):
    one_line(periscope("crc", target(agent), *PATTERN, "--deadline", "3", code=REFUSED), "waiting for the picture")
    agent.ping()


if __name__ == "__main__":
    main()
