#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all clients together can make the agent hold: half-sent requests and replies that are not taken."""
import harness
import wire
from harness import Agent, check, equal, eventually, need_plain_build, need_unix, test, with_agent
from wire import s

MIB = 1 << 20
REQUESTS = 64 * MIB   # docs/protocol.md, Limits
REPLIES = 256 * MIB
LEAST = 30 * MIB      # what the agent itself, and what is not counted of each of these clients, may take
STRINGS = 15          # of a request just below the limit of 16 MiB
HOSTILE = 40
PICTURE = {"PERISCOPE_PATTERN": "6000x6000"}


def need_memory():
    need_unix("Wine's own memory is counted in it")
    need_plain_build()


def bytes_held(agent):
    return agent.memory("VmRSS") << 10


def half_request(strings=STRINGS, size=MIB):
    """All but the last string of a request."""
    return wire.u32(wire.EXEC) + wire.u32(strings + 1) + wire.raw("s", b"x" * (size - 1) + b"\0") * strings


def others_go_on(agent):
    """Everything that ordinary hosts do is answered as ever."""
    agent.write("small", b"content")
    with wire.Client(agent.port) as client:
        client.ping()
        equal(client.get("small"), b"content")
        client.put("sent", b"x" * MIB)
        check(client.properties(), "no properties")
        picture = client.call(wire.SCREENSHOT, s("backend=pattern"), s("region=64x48+0+0"))
        equal(picture[-1].kind, "d", f"the picture: {picture[-1]}")
        equal(client.wait(client.run("true")), 0)


def send_halves(agent, clients, half):
    """Sends them; those beyond the bound are read and dropped by the agent, so that all can be sent."""
    for client in clients:
        client.send(half)


@with_agent(env=PICTURE)
def half_sent_requests_of_forty_clients_are_bounded_and_given_back(agent):
    need_memory()
    others_go_on(agent)
    start = bytes_held(agent)
    clients = [agent.client() for _ in range(HOSTILE)]
    send_halves(agent, clients, half_request())
    eventually(lambda: bytes_held(agent) > start + REQUESTS // 2, "the requests arrive")
    others_go_on(agent)
    held = bytes_held(agent)
    check(held < start + REQUESTS + LEAST, f"{held // MIB} MiB are held")
    for client in clients:
        client.close()
    eventually(lambda: bytes_held(agent) < start + 8 * MIB,
               lambda: f"{bytes_held(agent) // MIB} MiB instead of {start // MIB} are held by nobody")
    others_go_on(agent)


@with_agent(env=PICTURE)
def half_sent_requests_of_many_small_strings_are_given_back(agent):
    """The worst for the allocator: 65 000 blocks each, whose heads count too."""
    need_memory()
    others_go_on(agent)
    start = bytes_held(agent)
    clients = [agent.client() for _ in range(HOSTILE)]
    send_halves(agent, clients, half_request(65000, 40))
    others_go_on(agent)
    held = bytes_held(agent)
    check(held < start + REQUESTS + LEAST, f"{held // MIB} MiB are held")
    for client in clients:
        client.close()
    eventually(lambda: bytes_held(agent) < start + 8 * MIB,
               lambda: f"{bytes_held(agent) // MIB} MiB instead of {start // MIB} are held by nobody")


@with_agent()
def request_beyond_the_bound_is_refused_and_the_next_one_understood(agent):
    clients = [agent.client() for _ in range(6)]
    half, rest = half_request(), s("arg=true")
    for client in clients:
        client.send(half)
    replies = []
    for client in clients:  # the ones that hold the memory keep it until the end
        client.send(rest)
    for client in clients:
        replies.append(client.reply_list())
        client.ping()
    texts = {reply[0].text for reply in replies}
    crowded = {text for text in texts if text.startswith("the requests of all clients hold ")}
    check(crowded and all(text.endswith("MB: try again") for text in crowded), texts)
    check(len(texts - crowded) == 1, f"none was read: {texts}")  # exec's own refusal of such a word


@with_agent()
def claimed_sizes_take_no_memory(agent):
    """Sizes and counts that are only told, by 280 clients: one address has at most 300."""
    need_memory()
    agent.ping()
    start = bytes_held(agent)
    clients = [agent.client() for _ in range(280)]
    for client in clients:
        client.send(wire.u32(wire.EXEC), wire.u32(wire.COUNT_MAX), wire.header("s", MIB), b"x")
    agent.ping()
    held = bytes_held(agent)
    check(held < start + 280 * 64 * 1024, f"{held // MIB} MiB are held, {start // MIB} before")
    with wire.Client(agent.port) as client:  # nor a part of the bound
        text = client.refusal(wire.EXEC, *[s("x" * (MIB - 1))] * STRINGS)
        check(text.startswith("exec: unknown option"), text)


@with_agent("--io-timeout", "1")
def half_sent_request_ends_by_its_time(agent):
    with wire.Client(agent.port) as client:
        client.send(half_request())
        check(client.ended(), "an answer to half a request")


def hostile_readers(agent):
    """Eight clients that ask for 108 MB each and take none of it."""
    clients = [agent.client() for _ in range(8)]
    for client in clients:
        client.send(wire.request(wire.SCREENSHOT, s("backend=pattern"), s("format=ppm"), s("deadline-ms=60000")))
    return clients


@test
def unread_pictures_of_eight_clients_are_bounded_and_given_back():
    need_memory()
    with Agent(env=PICTURE) as agent:
        others_go_on(agent)
        start = bytes_held(agent)
        clients = hostile_readers(agent)
        first = [client.receive(4) for client in clients]  # each reply begins
        held = bytes_held(agent)
        check(held < start + REPLIES + LEAST, f"{held // MIB} MiB are held")
        refused = [client for client, count in zip(clients, first) if count == wire.u32(1)]
        check(4 <= len(refused) <= 7, f"{len(refused)} of 8 were refused")
        for client in refused:
            text = client.entry().text
            check(text.startswith("the replies of all clients hold ") and text.endswith("MB: try again"), text)
            client.ping()
        others_go_on(agent)
        for client in clients:
            client.close()
        eventually(lambda: bytes_held(agent) < start + 8 * MIB,
                   lambda: f"{bytes_held(agent) // MIB} MiB instead of {start // MIB} are held by nobody")
        others_go_on(agent)


@test
def one_picture_larger_than_the_bound_is_sent_while_no_other_is():
    need_plain_build()
    with Agent(env={"PERISCOPE_PATTERN": "11000x9000"}) as agent:
        client = agent.client(timeout=120)
        client.send(wire.request(wire.SCREENSHOT, s("backend=pattern"), s("format=ppm"), s("deadline-ms=60000")))
        picture = client.reply_list()[-1]
        equal((picture.kind, len(picture.payload)), ("d", len(b"P6\n11000 9000\n255\n") + 3 * 11000 * 9000))


if __name__ == "__main__":
    harness.main()
