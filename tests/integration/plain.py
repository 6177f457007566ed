# SPDX-License-Identifier: LGPL-2.1-or-later
"""An agent as a plain testagentd 1.7 is to a host."""
import wire
from cli import Server
from harness import equal

PRIVATE = 0x50530000


class Proxy(Server):
    """`picture`: what getfile answers for .periscope/screenshot.png; None: that there is no such file."""

    def __init__(self, agent, picture=None):
        super().__init__(self.relay)
        self.agent, self.picture, self.refused = agent, picture, []

    def relay(self, connection, _):
        with wire.Client(self.agent.port) as inner:
            connection.sendall(wire.s(inner.banner))
            while True:
                try:
                    request = self.request(connection)
                except wire.Closed:
                    return
                reply = self.own_answer(request) or inner.call(*request)
                body = [entry if isinstance(entry, bytes) else wire.raw(entry.kind, entry.payload) for entry in reply]
                connection.sendall(wire.u32(len(body)) + b"".join(body))

    @staticmethod
    def request(connection):
        """(RPC, its entries as bytes)."""
        reader = wire.Client.__new__(wire.Client)
        reader.socket = connection
        rpc = int.from_bytes(reader.receive(4), "big")
        return rpc, *(wire.raw(entry.kind, entry.payload) for entry in reader.reply_list())

    def own_answer(self, request):
        rpc, *entries = request
        if rpc >= PRIVATE:
            self.refused.append(rpc)
            return [wire.raw("e", f"unknown RPC {rpc}".encode() + b"\0")]
        if rpc == wire.RUN:
            # testagentd on Linux opens these files but can't write to them.
            equal(entries[1:4], [wire.s("")] * 3, "redirections that a plain agent would lose")
        if rpc == wire.GETFILE and b".periscope/" in entries[0]:
            if self.picture is not None:
                return [wire.d(self.picture)]
            return [wire.raw("e", b"unable to open '.periscope' for reading: No such file or directory\0")]
        return None
