# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proxies whose connections break."""
import select
import socket
import threading

import cli

CHUNK = 65536


class Proxy(cli.Server):
    """Between a host and an agent. cuts: for each connection in turn, (bytes from the agent, bytes from the host) after
    which it breaks; None where it does not; later connections are left alone."""

    def __init__(self, agent, *cuts):
        super().__init__(self.relay)
        self.agent, self.cuts = agent, cuts

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def relay(self, host, number):
        limits = self.cuts[number] if number < len(self.cuts) else (None, None)
        with socket.create_connection(("127.0.0.1", self.agent.port)) as agent:
            ways = {agent: [host, limits[0]], host: [agent, limits[1]]}
            while True:
                for source in select.select(list(ways), [], [])[0]:
                    there, left = ways[source]
                    data = source.recv(CHUNK if left is None else min(CHUNK, left + 1))
                    there.sendall(data[:left])
                    if not data or (left is not None and len(data) > left):
                        return
                    if left is not None:
                        ways[source][1] = left - len(data)


def cut_from_agent(size):
    return size, None


def cut_from_host(size):
    return None, size


class Gate(cli.Server):
    """Between a host and an agent that can be away: connections then end without a byte, and those that were there too."""

    def __init__(self, agent):
        super().__init__(self.relay)
        self.agent, self.away, self.refused = agent, threading.Event(), 0

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def relay(self, host, _):
        if self.away.is_set():
            self.refused += 1
            return
        with socket.create_connection(("127.0.0.1", self.agent.port)) as agent:
            there = {agent: host, host: agent}
            while not self.away.is_set():
                for source in select.select(list(there), [], [], 0.02)[0]:
                    data = source.recv(CHUNK)
                    there[source].sendall(data)
                    if not data:
                        return
