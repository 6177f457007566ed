#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Upgrades, restarts and uploads while programs start and end. PERISCOPE_UPGRADES and PERISCOPE_PAIRS are the counts;
`make check-load` takes large ones."""
import concurrent.futures
import os
import random
import threading
import time

import harness
import wire
from harness import PROGRAM, check, children_of, equal, eventually, need_unix, with_agent
from wire import d, s

UPGRADES = int(os.environ.get("PERISCOPE_UPGRADES") or 6)
PAIRS = int(os.environ.get("PERISCOPE_PAIRS") or 300)
CLIENTS, CHILDREN, STARTERS, RUNNERS, UPLOADERS = 20, 200, 4, 6, 2
PATIENCE = 60  # seconds, for one answer
LOST = wire.Closed, OSError


class Load:
    """What the agent is asked to do while it becomes another, and what it must have kept of that."""

    def __init__(self, agent):
        self.agent, self.over = agent, threading.Event()
        self.lock = threading.Lock()
        self.codes = {}      # of the children that a host was told of, and has not forgotten
        self.unanswered = 0  # runs whose connection ended before the answer
        self.checked = 0
        self.wrong = []

    def connected(self, visit):
        """Calls visit(client) again and again, with another connection when one has ended."""
        while not self.over.is_set():
            try:
                with wire.Client(self.agent.port, timeout=PATIENCE) as client:
                    while not self.over.is_set():
                        visit(client)
            except LOST:
                time.sleep(0.01)

    def start_children(self, number):
        numbers = random.Random(number)

        def visit(client):
            if len(self.codes) >= CHILDREN:
                time.sleep(0.005)
                return
            code = numbers.randrange(256)
            try:
                pid = client.shell(f"sleep {numbers.random() * 0.8:.3f}; exit {code}")
            except LOST:
                with self.lock:
                    self.unanswered += 1
                raise
            with self.lock:
                self.codes[pid] = code
        self.connected(visit)

    def take(self):
        with self.lock:
            return self.codes.popitem() if self.codes else (None, None)

    def check_child(self, client, pid, code):
        status = client.wait(pid, 60)
        if status != code << 8:
            self.wrong.append((pid, status, code))
        self.checked += 1
        try:
            client.forget(pid)
        except wire.Refused:
            pass  # an earlier request to forget it was carried out, and its answer lost

    def ask(self, number):
        """One of the clients: waits for a child, or polls, or gets a file."""
        def visit(client):
            pid, code = self.take()
            if pid is None:
                client.ping()
                time.sleep(0.01)
                return
            try:
                self.check_child(client, pid, code)
            except LOST:
                with self.lock:
                    self.codes[pid] = code
                raise
            except wire.Refused as reason:
                self.wrong.append((pid, str(reason), code))
            if number % 4 == 0:
                equal(len(client.get("large")), 1 << 20, "size")
        self.connected(visit)

    def finish(self):
        """Everything that is left: no child that has ended may still run, and none may be a zombie."""
        with wire.Client(self.agent.port, timeout=PATIENCE) as client:
            for pid, code in self.codes.items():
                self.check_child(client, pid, code)
            eventually(lambda: client.property("children.running") == "0",
                       lambda: f"no running child, not {client.property('children.running')}")
            equal(client.property("children.exited"), "0", "children that no host was told of")
        eventually(lambda: set(children_of(self.agent.pid)) == set(), lambda: children_of(self.agent.pid))
        equal(self.wrong, [], "children whose status is wrong")


def become_another(agent, number, executable):
    """An upgrade or a restart, and an answer of the agent after it: the one before it accepts nobody any more."""
    with wire.Client(agent.port, timeout=PATIENCE) as client:
        if number % 2:
            client.expect("", wire.UPGRADE, d(executable))
        else:
            client.expect("", wire.RESTART, *map(s, (agent.path(PROGRAM), str(agent.port))))
        check(client.ended(), "the connection to the old agent goes on")
    with wire.Client(agent.port, timeout=PATIENCE) as client:
        equal(client.property("upgrade.error"), None, "the property upgrade.error")


@with_agent(copy=True)
def no_status_is_lost_by_upgrades_and_restarts(agent):
    need_unix("it becomes another process then")
    load = Load(agent)
    agent.write("large", bytes(1 << 20))
    with open(harness.COMMAND[-1], "rb") as file:
        executable = file.read()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS + STARTERS) as pool:
        jobs = [pool.submit(load.start_children, number) for number in range(STARTERS)]
        jobs += [pool.submit(load.ask, number) for number in range(CLIENTS)]
        try:
            for number in range(UPGRADES):
                become_another(agent, number, executable)
                time.sleep(0.2)
        finally:
            load.over.set()
        for job in jobs:
            job.result()
    load.finish()
    print(f"# {UPGRADES} upgrades and restarts, {load.checked} statuses, {load.unanswered} runs without an answer", flush=True)
    check(load.checked >= UPGRADES * 10, f"only {load.checked} children were checked")


@with_agent()
def what_was_uploaded_runs_while_others_start_programs(agent):
    """No copy of the upload's descriptor may be left in another client's child: "Text file busy"."""
    over, failures = threading.Event(), []

    def keep_running():
        with wire.Client(agent.port, timeout=PATIENCE) as client:
            while not over.is_set():
                pid = client.run("/bin/true")
                client.wait(pid)
                client.forget(pid)

    def upload_and_run(number):
        with wire.Client(agent.port, timeout=PATIENCE) as client:
            for count in range(PAIRS // UPLOADERS):
                name = f"./up{number}"
                client.put(name, b"#!/bin/sh\nexit 7\n", wire.SEND_EXE)
                try:
                    pid = client.execute(name)
                    status = client.wait(pid)
                    client.forget(pid)
                except wire.Refused as reason:
                    status = str(reason)
                if status != 7 << 8:
                    failures.append((count, status))
    need_unix("there a script is run by its name's ending")
    with concurrent.futures.ThreadPoolExecutor(RUNNERS + UPLOADERS) as pool:
        runners = [pool.submit(keep_running) for _ in range(RUNNERS)]
        uploaders = [pool.submit(upload_and_run, number) for number in range(UPLOADERS)]
        try:
            for job in uploaders:
                job.result()
        finally:
            over.set()
        for job in runners:
            job.result()
    equal(failures, [], f"of {PAIRS} programs those that did not run")
    print(f"# {PAIRS} uploads were run", flush=True)


if __name__ == "__main__":
    harness.main()
