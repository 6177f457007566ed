#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many children, many clients, large files. PERISCOPE_LOAD_PERCENT scales the counts."""
import concurrent.futures
import hashlib

import guest
import harness
import wire
from harness import check, equal, eventually, need_plain_build, scaled, with_agent
from wire import I, Q, s

GIBIBYTE = 1 << 30
PATIENCE = 120  # seconds, for the agent's answer and for a child: hundreds of them start at once


def exit_codes(agent, worker, count):
    """Starts children in batches, waits for each one and forgets it; those that had another code than theirs."""
    wrong = []
    with wire.Client(agent.port, timeout=PATIENCE) as client:
        for start in range(0, count, 25):
            codes = [(worker * 31 + number) % 256 for number in range(start, min(start + 25, count))]
            batch = {client.shell(f"exit {code}"): code for code in codes}
            for pid, code in batch.items():
                status = client.wait(pid, PATIENCE)
                if status != code << 8:
                    wrong.append((pid, status, code))
                client.forget(pid)
    return wrong


@with_agent()
def no_status_is_lost(agent):
    workers, count = 8, scaled(10000, 200) // 8
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(lambda worker: exit_codes(agent, worker, count), range(workers)))
    equal([wrong for result in results for wrong in result], [], "children whose status is wrong")


@with_agent()
def statuses_are_kept_until_forgotten(agent):
    """Waited for long after the exit, from another connection."""
    client, count = agent.client(timeout=PATIENCE), scaled(2000, 100)
    pids = [client.shell(f"exit {number % 256}") for number in range(count)]
    client.close()
    client = agent.client(timeout=PATIENCE)
    equal([client.wait(pid, PATIENCE) for pid in pids], [number % 256 << 8 for number in range(count)], "statuses")
    equal([client.wait(pid, 0) for pid in reversed(pids)], [number % 256 << 8 for number in reversed(range(count))],
          "statuses asked for again")
    eventually(lambda: agent.fd_count() <= agent.fds + 1, f"no descriptors for {count} statuses")


@with_agent("--max-clients", "1000")
def one_more_client_is_answered(agent):
    with open(agent.path("big"), "wb") as file:
        file.truncate(GIBIBYTE)
    idle = [agent.client() for _ in range(200)]
    stopped_reading, stopped_sending = agent.client(), agent.client()
    equal(stopped_reading.get_begin("big"), GIBIBYTE, "size")
    stopped_sending.send(wire.u32(wire.SENDFILE), wire.u32(3), s("upload"), I(0), wire.header("d", GIBIBYTE), b"x")
    agent.ping()
    with wire.Client(agent.port, timeout=PATIENCE) as client:
        equal(client.wait(client.run("true"), PATIENCE), 0, "status")
        client.put("small", b"x")
        equal(client.get("small"), b"x", "content")
        check(client.property("periscope.version"), "no properties")
    for client in idle:
        client.ping()


@with_agent()
def as_many_clients_as_the_default_allows(agent):
    """At least the 202 of the test before, without an option."""
    clients = [agent.client() for _ in range(203)]
    for client in clients:
        client.ping()


@with_agent("--max-clients", "4000")
def clients_come_and_go(agent):
    """Those that have left are still counted until the agent comes to see it, which on a busy machine may take a while."""
    def visit(number):
        with wire.Client(agent.port) as client:
            if number % 3 == 0:
                client.ping()
            elif number % 3 == 1:
                client.send(wire.request(wire.GETPROPERTIES))
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(visit, range(scaled(3000, 300))))
    agent.ping()


@with_agent()
def clients_come_while_programs_start(agent):
    """None of them may be overlooked: Wine is told of a connection by its server, which starts the programs as well."""
    def visits(run_program):
        for _ in range(scaled(600, 25) if run_program else scaled(3000, 250)):
            with wire.Client(agent.port, timeout=PATIENCE) as client:
                if run_program:
                    equal(client.wait(client.run("true"), PATIENCE), 0, "status")
                else:
                    client.ping()
    with concurrent.futures.ThreadPoolExecutor(7) as pool:
        list(pool.map(visits, [True] * 4 + [False] * 3))


def get_while_children_exit(agent, size):
    """A sparse file with marks at its ends, and a child that ends in each of its 64 MiB."""
    marks = b"first", b"last!"
    with open(agent.path("big"), "wb") as file:
        file.write(marks[0])
        file.seek(size - len(marks[1]))
        file.write(marks[1])
    getter, busy = agent.client(), agent.client()
    equal(getter.get_begin("big"), size, "size")
    done, first, last = 0, b"", b""
    scratch = bytearray(4 << 20)
    while done < size:
        got = getter.socket.recv_into(scratch, min(len(scratch), size - done))
        check(got, f"the end after {done} bytes")
        first = first or bytes(scratch[:len(marks[0])])
        last = (last + bytes(scratch[max(0, got - 5):got]))[-5:]
        if done % (64 << 20) + got >= 64 << 20:
            equal(busy.wait(busy.run("true"), 20), 0, "status")
        done += got
    equal((first, last), marks, "the first and last bytes")
    getter.ping()


def put_blocks(agent, count):
    """That many MiB, compared by hash with what is then on the disk."""
    client, block = agent.client(), harness.random_bytes(1 << 20)
    client.send(wire.u32(wire.SENDFILE), wire.u32(3), s("upload"), I(0), wire.header("d", count << 20))
    for _ in range(count):
        client.send(block)
    equal(client.reply_list(), [], "reply")
    digest, want = hashlib.sha256(), hashlib.sha256()
    with open(agent.path("upload"), "rb") as file:
        for _ in range(count):
            digest.update(file.read(1 << 20))
            want.update(block)
        equal(file.read(), b"", "what follows")
    equal(digest.hexdigest(), want.hexdigest(), "content")


@with_agent()
def large_transfers(agent):
    get_while_children_exit(agent, scaled(1024, 64) << 20)
    put_blocks(agent, scaled(256, 32))


@with_agent()
def large_transfers_use_little_memory(agent):
    """More than 4 GB, so that a size of 32 bits shows as well."""
    need_plain_build()
    idle = 0 if harness.NATIVE else agent.memory("VmRSS")  # most of it Wine's
    get_while_children_exit(agent, 5 * GIBIBYTE)
    put_blocks(agent, 128)
    check(agent.memory("VmHWM") - idle < 10 << 10, f"{agent.memory('VmHWM')} kB were used, at first {idle}")


@with_agent("--max-clients", "1000")
def many_wait_for_many(agent):
    """Each client waits for a child of its own; all end at once."""
    clients = [agent.client(timeout=PATIENCE) for _ in range(scaled(100, 25))]
    pids = [client.shell(f"until [ -e go ]; do sleep 0.2; done; exit {number}")
            for number, client in enumerate(clients)]
    for client, pid in zip(clients, pids):
        client.send(wire.request(wire.WAIT2, Q(pid), I(wire.FOREVER)))
    agent.client().put("go", b"")
    equal([guest.status_word(client.checked("I", client.reply_list())[0].number) for client in clients],
          [number << 8 for number in range(len(clients))], "statuses")


if __name__ == "__main__":
    harness.main()
