# SPDX-License-Identifier: LGPL-2.1-or-later
"""A proxy whose connections break."""
import select
import socket

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
