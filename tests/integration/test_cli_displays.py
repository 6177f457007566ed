#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The RPC and the verb displays: with the synthetic screen, with X servers, and with agents that tell what they are told
to."""
import cli
import wire
import xserver
from cli import REFUSED, UNSUPPORTED, USAGE, one_line, periscope, target
from harness import Agent, check, equal, main, test, with_agent

PATTERN = ("--backend", "pattern")


def guest(*facts):
    """A server that is an agent whose displays are these."""
    def serve(connection, _):
        connection.sendall(wire.s("testagentd 1.7"))
        stream = connection.makefile("rb")
        while stream.read(8) == wire.u32(wire.DISPLAYS) + wire.u32(0):
            connection.sendall(wire.u32(len(facts)) + b"".join(map(wire.s, facts)))
    return cli.Server(serve)


def listed(*facts):
    with guest(*facts) as server:
        return periscope("displays", "--json", f"127.0.0.1:{server.port}").json["displays"]


def display(number, **keys):
    return [f"display.{number}.{key}={value}" for key, value in keys.items()]


# ---- the agent ----

@with_agent(env={"PERISCOPE_PATTERN": "203x101"})
def one_source_by_name(agent):
    reply = agent.client().call(wire.DISPLAYS, wire.s("backend=pattern"))
    facts = [entry.text for entry in reply]
    check({"display.count=1", "display.0.name=PATTERN-1", "display.0.backend=pattern"} <= set(facts), facts)
    lines = periscope("displays", target(agent), *PATTERN).text.splitlines()
    equal([line.split() for line in lines],
          [["NAME", "CARD", "DRIVER", "PCI", "CLASS", "MODE", "SOURCES"],
           ["PATTERN-1", "-", "-", "-", "unknown", "203x101", "pattern"]])


@test
def every_source():
    """That there is no kernel's screen is told beside the X server's output; the synthetic one is no screen."""
    with xserver.Server(screens=("641x479x24",)) as server, Agent(env={"DISPLAY": server.display}) as agent:
        reply = periscope("displays", "--json", target(agent)).json
        own = [shown for shown in reply["displays"] if shown["sources"] == ["x11"]]
        equal([(shown["name"], shown["mode"]) for shown in own], [("screen", "641x479")])
        check(all(shown["sources"][0] != "pattern" for shown in reply["displays"]), reply)
        check(any(why.startswith("drm: ") for why in reply["refused"]) or len(reply["displays"]) > 1, reply)


@with_agent(env={"PERISCOPE_PATTERN": "64x48"})
def wrong_requests(agent):
    client = agent.client()
    equal(client.refusal(wire.DISPLAYS, wire.s("cursor=0")), "unknown option 'cursor=0'")
    one_line(periscope("displays", "--deadline", "x", target(agent), code=USAGE), "--deadline is 'x'")
    one_line(periscope("displays", "--deadline", "0.01", target(agent), code=REFUSED), "deadline-ms")


# ---- the table ----

@test
def outputs_that_two_sources_see():
    """One line for an output that X and the kernel name differently, on the same card; two for those of two cards."""
    card = {"driver": "i915", "pci": "0000:01:00.0"}
    shown = listed(*display(0, name="HDMI-1", geometry="1920x1080+0+0", backend="x11", **card),
                   *display(1, name="DP-1", geometry="800x600+1920+0", backend="x11", **card),
                   *display(2, name="card1-HDMI-A-1", geometry="1920x1080+0+0", backend="drm", mode="1920x1080@60",
                            **{"class": "passed-through"}, **card),
                   *display(3, name="card0-DP-1", geometry="1280x800+1920+0", backend="drm", driver="bochs-drm",
                            pci="0000:00:02.0", **{"class": "emulated"}))
    equal([(each["name"], each["card"], each["class"], each["mode"], each["sources"]) for each in shown],
          [("card1-HDMI-A-1", "card1", "passed-through", "1920x1080@60", ["x11", "drm"]),
           ("DP-1", None, "unknown", "800x600", ["x11"]),
           ("card0-DP-1", "card0", "emulated", "1280x800", ["drm", "qemu"])])


@test
def what_a_guest_may_say():
    """Lines that are no display's, numbers that are none, and names that would do something to a terminal."""
    equal(listed("display.count=3", "display.x.name=a", "display.99999.name=b", "display.1", "display.1.name", "name=c"), [])
    with guest("display.0.name=a\x1b[2Jb", "display.0.backend=x11") as server:
        text = periscope("displays", f"127.0.0.1:{server.port}").text
        check("a?[2Jb" in text, text)
    with guest() as server:
        equal(len(periscope("displays", f"127.0.0.1:{server.port}").text.splitlines()), 1)


@test
def agent_without_the_rpc():
    def serve(connection, _):
        connection.sendall(wire.s("testagentd 1.7"))
        connection.recv(8)
        connection.sendall(wire.u32(1) + wire.raw("e", b"unknown RPC %d\0" % wire.DISPLAYS))
    with cli.Server(serve) as server:
        periscope("displays", f"127.0.0.1:{server.port}", code=UNSUPPORTED)


if __name__ == "__main__":
    main()
