# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the command periscope as a person or a script would.

PERISCOPE is its command line (build/periscope of this tree when unset).
"""
import json
import os
import shlex
import socket
import subprocess
import threading

from harness import PATIENCE, TOP, check, equal

COMMAND = shlex.split(os.environ.get("PERISCOPE") or os.path.join(TOP, "build", "periscope"))

OK, FAILED, USAGE = 0, 1, 2
UNCHANGED, NO_AGENT, TIMED_OUT, REFUSED, UNSUPPORTED, INTERRUPTED = 119, 120, 121, 122, 123, 130


def environment(**changes):
    """Without what the person who runs the tests has set."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PERISCOPE_")}
    return {**env, **changes}


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def text(self):
        return self.out.decode()

    @property
    def json(self):
        """The one object on standard output, and nothing else there."""
        lines = self.out.decode().split("\n")
        equal(lines[1:], [""], "what follows the JSON object")
        return json.loads(lines[0])


def periscope(*arguments, code=OK, data=b"", env=None, cwd=None):
    """One call, whose exit status must be `code` (None: any)."""
    done = subprocess.run([*COMMAND, *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment(**(env or {})), cwd=cwd, timeout=PATIENCE, check=False)
    result = Result(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))
    if code is not None:
        equal(result.code, code, f"exit status (standard error: {result.err.strip()!r})")
    return result


def start(*arguments, **options):
    """The same in the background."""
    options = {"stdin": subprocess.DEVNULL, **options}
    return subprocess.Popen([*COMMAND, *arguments], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **options)


def finish(process):
    out, err = process.communicate(timeout=PATIENCE)
    return Result(process.returncode, out, err.decode("utf-8", "replace"))


def target(agent):
    return f"127.0.0.1:{agent.port}"


def one_line(result, text):
    """The failure is one line on standard error that ends as given (a hint in parentheses may follow)."""
    lines = result.err.splitlines()
    equal(len(lines), 1, f"lines on standard error ({result.err!r})")
    check(lines[0].startswith("periscope: "), f"{lines[0]!r} does not say who speaks")
    check(text in lines[0], f"{lines[0]!r} does not say {text!r}")


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Serves each connection by serve(socket, its number from 0) in a thread, for `with`."""

    def __init__(self, serve):
        self.serve = serve
        self.failures = []
        self.accepted = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.loop, daemon=True).start()
        return self

    def __exit__(self, kind, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if kind is None:
            equal(self.failures, [], "failures of the server")

    def loop(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection, self.accepted), daemon=True).start()
            self.accepted += 1

    def one(self, connection, number):
        with connection:
            connection.settimeout(PATIENCE)
            try:
                self.serve(connection, number)
            except (ConnectionError, BrokenPipeError):
                pass
            except Exception as reason:  # told by the test, which is another thread
                self.failures.append(f"connection {number}: {type(reason).__name__}: {reason}")
