#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command periscope before it has a connection: names with dead addresses, name services in any state, and signals
that whoever started it has set to be ignored."""
import contextlib
import os
import signal
import socket
import subprocess
import tempfile

import cli
import wire
from cli import NO_AGENT, TIMED_OUT, finish, one_line
from harness import PATIENCE, Agent, check, equal, eventually, main, test
from names import Hosts

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
VERBS = {"get": ["remote", "local"], "put": [__file__, "remote"], "run": ["true"], "test": [__file__, "unit"],
         "screenshot": ["picture.png"], "info": []}


class Dead:
    """An address that does not answer: a listener with a full queue, to which the kernel lets nobody."""

    def __init__(self, address, port=0):
        self.listener = socket.socket()
        self.listener.bind((address, port))
        self.listener.listen(0)
        self.address, self.port = self.listener.getsockname()
        self.waiting = []

    def __enter__(self):
        while not self.waiting or self.answers():
            self.waiting.append(socket.socket())
            self.waiting[-1].setblocking(False)
            self.waiting[-1].connect_ex((self.address, self.port))
        return self

    def answers(self):
        try:
            socket.create_connection((self.address, self.port), timeout=0.2).close()
            return True
        except TimeoutError:
            return False

    def __exit__(self, *_):
        for one in (*self.waiting, self.listener):
            one.close()


def periscope_among(names, verb, *options, host, patience=PATIENCE):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([*names.wrapper, *cli.COMMAND, verb, *options, host, *VERBS.get(verb, [])], cwd=folder,
                              env=cli.environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=patience,
                              check=False)
        return cli.Result(done.returncode, done.stdout, done.stderr.decode()), os.listdir(folder)


@test
def a_dead_address_does_not_keep_the_next_one_waiting():
    """For a fraction of the time-out: half of it, 30 s, would be beyond patience."""
    with Hosts("127.0.0.2 guest", "127.0.0.3 guest", "127.0.0.4 guest") as names, Dead("127.0.0.2") as dead, \
            Dead("127.0.0.3", dead.port), Agent("--bind", "127.0.0.4", port=dead.port) as agent:
        guest = f"guest:{dead.port}"
        for verb in ("ping", "info"):
            result, _ = periscope_among(names, verb, "--connect-timeout", "60", host=guest, patience=20)
            equal(result.code, 0, result.err)
        agent.write("remote", b"content")
        result, files = periscope_among(names, "get", "--connect-timeout", "60", host=guest, patience=20)
        equal((result.code, files), (0, ["local"]), result.err)


@test
def dead_addresses_are_within_the_time_out_of_all():
    with Hosts("127.0.0.2 guest", "127.0.0.3 guest") as names, Dead("127.0.0.2") as dead, Dead("127.0.0.3", dead.port):
        guest = f"guest:{dead.port}"
        for verb in VERBS:
            result, files = periscope_among(names, verb, "--connect-timeout", "0.4", host=guest)
            equal((result.code, files), (NO_AGENT, []), f"{verb}: {result.err}")
            one_line(result, f"could not connect to guest port {dead.port}: no answer in time")
        result, _ = periscope_among(names, "ping", "--total-limit", "0.4", host=guest)
        equal(result.code, TIMED_OUT, result.err)


@test
def a_name_that_nobody_knows_is_told_by_every_verb():
    with Hosts("127.0.0.2 guest") as names:
        for state in "hosts: files", "hosts: nosuchservice":  # with none at all glibc 2.36 reads beyond its list
            names.write("nsswitch.conf", state)
            for verb in VERBS:
                result, files = periscope_among(names, verb, host="nobody:9000")
                equal((result.code, files), (NO_AGENT, []), f"{state}, {verb}: {result.err}")
                one_line(result, "could not resolve 'nobody': ")


def be_silent(connection, _):
    connection.sendall(wire.raw("s", b"testagentd 1.7\0"))
    while connection.recv(65536):
        pass


@test
def ignored_signals_stay_ignored_by_every_verb():
    """As by nohup(1), and as SIGINT is in the background of a script."""
    def ignore():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    with contextlib.ExitStack() as stack:
        server = stack.enter_context(cli.Server(be_silent))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        started = [(verb, cli.start(verb, "--total-limit", "1.5", f"127.0.0.1:{server.port}", *VERBS[verb], cwd=folder,
                                    preexec_fn=ignore)) for verb in VERBS]
        eventually(lambda: server.accepted == len(VERBS), "connections of all verbs")
        for number in SIGNALS:
            for _, process in started:
                process.send_signal(number)
        for verb, process in started:
            result = finish(process)
            check(result.code == TIMED_OUT, f"{verb}: {result.code}: {result.err!r}")
        equal(os.listdir(folder), [], "files left")


if __name__ == "__main__":
    main()
