#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What has happened in the guest: the RPC events and its virtual file."""
import datetime
import os

import harness
import wire
from harness import check, equal, eventually, need_unix, refused, with_agent


@with_agent()
def events_begin_with_the_start_of_the_agent(agent):
    facts, events = agent.client().events()
    equal(events[0][0], 1, "the first number")
    equal([event[2:] for event in events if event[2] == "agent"][0],
          ["agent", f"periscoped {agent.client().property('periscope.version')} listens on port {agent.port}"], "event")
    equal(facts["last"], str(events[-1][0]), "the fact last")


@with_agent()
def events_have_the_boot_at_its_time(agent):
    client = agent.client()
    boot = [event for event in client.events()[1] if event[2] == "boot"][0]
    told = datetime.datetime.strptime(boot[1], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc).timestamp()
    check(abs(told - int(client.property("boot.time"))) < 60, boot)  # a kernel tells it anew when the clock is set
    equal(boot[3], "the system was booted", "text")


@with_agent()
def events_txt_has_the_same_lines(agent):
    _, events = agent.client().events()
    lines = agent.client().get(".periscope/events.txt").decode().splitlines()
    equal([line.split("\t") for line in lines[:len(events)]], [[str(event[0]), *event[1:]] for event in events], "lines")


@with_agent()
def events_since_the_last_are_none(agent):
    client = agent.client()
    facts, _ = client.events()
    facts, events = client.events("since=" + facts["last"], "id=" + facts["id"], "wait-ms=1")
    equal(events, [], "events")


@with_agent()
def events_of_another_agent_are_all_told(agent):
    client = agent.client()
    facts, events = client.events()
    equal(client.events("since=1000000", "id=0123456789abcdef")[1][:len(events)], events, "events")
    refused(f"events: since=1000000 is behind the last event, {facts['last']}", client.events, "since=1000000",
            "id=" + facts["id"])


@with_agent()
def events_refuses_what_it_does_not_know(agent):
    client = agent.client()
    for option, why in {"since=": "is not a number up to 18446744073709551615",
                        "since=18446744073709551616": "is not a number up to 18446744073709551615",
                        "since=-1": "is not a number up to 18446744073709551615",
                        "wait-ms=600001": "is not a number up to 600000",
                        "wait-ms=1s": "is not a number up to 600000"}.items():
        refused(f"events: {option} {why}", client.events, option)
    refused("events: unknown option 'from=1'", client.events, "from=1")


def thread_count(agent):
    need_unix("its threads are counted in /proc")
    return len(os.listdir(f"/proc/{agent.pid}/task"))


@with_agent()
def events_waits_end_with_their_client_and_delay_nobody(agent):
    other = agent.client()
    other.ping()
    before = thread_count(agent)
    waiting = agent.client()
    facts, _ = waiting.events()
    waiting.send(wire.request(wire.EVENTS, wire.s("since=" + facts["last"]), wire.s("wait-ms=600000")))
    other.ping()
    waiting.close()
    eventually(lambda: thread_count(agent) <= before, what="the wait's thread ends")


if __name__ == "__main__":
    harness.main()
