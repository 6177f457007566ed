# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real gateway for a test, with agents of the test's own.

PERISCOPE_GATEWAY is the program (build/periscope-gateway of this tree when unset).
"""
import os
import shlex
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

from harness import PATIENCE, TOP, Agent, Skip, check, eventually

COMMAND = shlex.split(os.environ.get("PERISCOPE_GATEWAY") or os.path.join(TOP, "build", "periscope-gateway"))


# A gateway leaves up to three workers behind, for pictures, changes and input, which the agent keeps for a while.
Agent.FD_SLACK = 14


def need_gateway():
    if not os.path.exists(COMMAND[0]):
        raise Skip(f"{COMMAND[0]} is not built: it needs libwebsockets-dev")


class Gateway:
    """For `with`. guests: {name: agent}."""

    def __init__(self, guests, *options):
        need_gateway()
        self.guests, self.options = guests, options

    def __enter__(self):
        self.log = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        while not self.start():
            pass
        return self

    def start(self):
        """False where the port was taken meanwhile: the gateway has no way to choose one itself."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        named = [word for name, agent in self.guests.items() for word in ("--guest", f"{name} 127.0.0.1:{agent.port}")]
        self.process = subprocess.Popen([*COMMAND, "--listen", f"127.0.0.1:{port}", *named, *self.options],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.base = f"http://127.0.0.1:{port}/"
        return eventually(lambda: self.answers(port) or self.taken(), lambda: f"an answer of the gateway: {self.text()}") is True

    def taken(self):
        if self.process.poll() is None:
            return None
        check("in use" in self.text(), f"the gateway ended: {self.text()}")
        return "taken"

    def answers(self, port):
        if self.process.poll() is not None:
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz"):
                return True
        except urllib.error.HTTPError:  # it wants a token, or has another prefix
            return True
        except OSError:
            return False

    def text(self):
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode("utf-8", "replace")

    def address(self, path="/"):
        return self.base.rstrip("/") + path

    def __exit__(self, kind, *_):
        alive = self.process.poll() is None
        self.process.terminate()
        self.process.wait(PATIENCE)
        if kind is None:
            check(alive, f"the gateway ended: {self.text()[-500:]}")
        self.log.close()
