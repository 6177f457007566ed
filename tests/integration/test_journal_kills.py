#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent is killed at random moments, while hosts start, wait, forget, send files and restart it: what was answered
holds for the next agent, and nothing else is shown.

PERISCOPE_KILLS is how often; `make check-kills` takes 1000."""
import os
import threading
import time

import harness
import wire
from harness import check, equal, generator, main, need_unix, test
from journal import Journalled

KILLS = int(os.environ.get("PERISCOPE_KILLS") or 12)
HOSTS = 3
LAST_MS = 120  # the agent lives at most so long


class Host(threading.Thread):
    """What one host was told: exactly what was answered before the connection was lost."""

    def __init__(self, agent, number, seed):
        super().__init__(daemon=True)
        self.agent, self.number = agent, number
        self.random = harness.random.Random(seed)
        self.statuses = {}    # {pid: (status, file, content)} that a wait has told
        self.started = {}     # {pid: status it will have}
        self.forgotten = []
        self.sent = {}        # {file: (content that was answered, content that may be there)}
        self.failure = None

    def run(self):
        try:
            client = wire.Client(self.agent.port)
            while True:
                self.random.choice((self.child, self.child, self.child, self.send, self.untold))(client)
        except (OSError, EOFError, wire.Closed):
            pass
        except Exception as reason:  # noqa: BLE001  (told by the test)
            self.failure = reason

    def child(self, client):
        code, name = self.random.randrange(256), f"out-{self.number}-{self.random.getrandbits(32)}"
        pid = client.shell(f"echo {name}; exit {code}", stdout=name)
        self.started[pid] = code << 8
        equal(client.wait(pid), code << 8)
        self.statuses[pid] = (code << 8, name, f"{name}\n".encode())
        if self.random.random() < 0.3:
            del self.statuses[pid], self.started[pid]
            client.forget(pid)
            self.forgotten.append(pid)

    def untold(self, client):
        code = self.random.randrange(256)
        self.started[client.shell(f"exit {code}")] = code << 8

    def send(self, client):
        name, content = f"sent-{self.number}", self.random.randbytes(self.random.randrange(1, 200_000))
        before = self.sent.get(name, (None, None))[0]
        self.sent[name] = (before, content)
        client.put(name, content)
        self.sent[name] = (content, content)


def read(agent, name):
    try:
        return agent.read(name)
    except FileNotFoundError:
        return None


def check_host(agent, client, host):
    for pid, (status, name, content) in host.statuses.items():
        equal(client.wait(pid, 0), status, f"the status of {pid}, which was told")
        equal(read(agent, name), content, f"the output of {pid}")
    for pid, status in host.started.items():
        try:
            equal(client.wait(pid, 20), status, f"the status of {pid}")
        except wire.Refused as reason:
            check(pid not in host.statuses and str(reason).startswith(f"the status of the {pid} process is lost"), reason)
    for pid in host.forgotten:
        harness.refused(f"the {pid} process does not exist or is not a child process", client.wait, pid, 0)
    for name, either in host.sent.items():
        check(read(agent, name) in either, f"{name} is neither what it was nor what it was to be")


@test
def what_was_answered_before_a_kill_holds():
    need_unix("it can't be killed from here")
    with Journalled() as agent:
        told = 0
        for kill in range(KILLS):
            hosts = [Host(agent, f"{kill}-{number}", generator().getrandbits(32)) for number in range(HOSTS)]
            for host in hosts:
                host.start()
            time.sleep(generator().random() * LAST_MS / 1000)
            agent.crash()
            for host in hosts:
                host.join()
                if host.failure:
                    raise host.failure
            with wire.Client(agent.port) as client:
                for host in hosts:
                    check_host(agent, client, host)
            told += sum(len(host.statuses) + len(host.forgotten) + len(host.sent) for host in hosts)
        print(f"# {KILLS} kills, {told} promises")
        check(told > KILLS // 4, f"only {told} promises were made")


if __name__ == "__main__":
    main()
