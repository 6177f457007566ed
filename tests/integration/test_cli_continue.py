#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""put and get whose connections break are continued, and come whole."""
import os
import stat
import tempfile

from broken import Proxy, cut_from_agent, cut_from_host
from cli import NO_AGENT, one_line, periscope, target
from harness import NATIVE, check, equal, generator, main, random_bytes, with_agent

CONTENT = random_bytes(6_000_000)
BREAKS = 20


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def cuts(cut, size):
    """Twenty places, in parts of the whole of about the same length."""
    step = size // (BREAKS + 1)
    return [cut(generator().randrange(step // 2, step)) for _ in range(BREAKS)]


@with_agent()
def get_that_breaks_twenty_times_sends_no_byte_twice(agent):
    agent.write("remote", CONTENT)
    with tempfile.TemporaryDirectory() as folder, Proxy(agent, *cuts(cut_from_agent, len(CONTENT))) as proxy:
        reply = periscope("get", proxy.address, "remote", "local", "--json", cwd=folder).json
        check(read(folder, "local") == CONTENT, "the content differs")
        equal((reply["bytes"], proxy.accepted), (len(CONTENT), BREAKS + 1))
        equal(os.listdir(folder), ["local"])


@with_agent()
def put_that_breaks_twenty_times_sends_no_byte_twice(agent):
    with tempfile.TemporaryDirectory() as folder, Proxy(agent, *cuts(cut_from_host, len(CONTENT))) as proxy:
        write(folder + "/local", CONTENT)
        periscope("put", proxy.address, folder + "/local", "remote")
        check(agent.read("remote") == CONTENT, "the content differs")
        equal(proxy.accepted, BREAKS + 1)
        equal(os.listdir(agent.folder), ["remote"])


@with_agent()
def what_changes_between_two_connections_is_not_mixed(agent):
    """The size stays the same: only the SHA-256 tells."""
    other = random_bytes(len(CONTENT))
    agent.write("remote", CONTENT)

    class Changing(Proxy):
        def relay(self, host, number):
            if number == 1:
                agent.write("remote", other)
            super().relay(host, number)

    with tempfile.TemporaryDirectory() as folder, Changing(agent, cut_from_agent(3_000_000)) as proxy:
        periscope("get", proxy.address, "remote", "local", cwd=folder)
        check(read(folder, "local") == other, "the content is not that of the new file")


@with_agent()
def changed_source_is_put_as_a_whole(agent):
    other = random_bytes(len(CONTENT) + 1)
    with tempfile.TemporaryDirectory() as folder:
        local = write(folder + "/local", CONTENT)

        class Changing(Proxy):
            def relay(self, host, number):
                if number == 1:
                    write(local, other)
                super().relay(host, number)

        with Changing(agent, cut_from_host(3_000_000)) as proxy:
            periscope("put", proxy.address, local, "remote")
        check(agent.read("remote") == other, "the content is not that of the new file")


@with_agent()
def put_whose_answer_is_lost_is_not_sent_again(agent):
    """The agent has it all, and the host learns so by asking."""
    with tempfile.TemporaryDirectory() as folder, Proxy(agent, cut_from_agent(200)) as proxy:
        # Behind the banner (24) and the answer to the question (4 + 2 * 16 at most) the next answer is cut.
        proxy.cuts = [cut_from_agent(24 + 45)]
        write(folder + "/local", CONTENT)
        periscope("put", proxy.address, folder + "/local", "remote")
        check(agent.read("remote") == CONTENT, "the content differs")
        equal(agent.client().property("start.count") is not None, True)


@with_agent()
def no_continue_begins_anew(agent):
    agent.write("remote", CONTENT)
    with tempfile.TemporaryDirectory() as folder, \
            Proxy(agent, cut_from_agent(4_000_000), cut_from_agent(len(CONTENT) + 2000)) as proxy:
        periscope("get", proxy.address, "--no-continue", "remote", "local", cwd=folder)
        equal(proxy.accepted, 2)
        check(read(folder, "local") == CONTENT, "the content differs")
    with Proxy(agent, *[cut_from_agent(5_000_000)] * 3) as proxy, tempfile.TemporaryDirectory() as folder:
        one_line(periscope("get", proxy.address, "--no-continue", "remote", "local", cwd=folder, code=NO_AGENT),
                 "the connection was closed while receiving a file")


@with_agent()
def mode_and_time_are_kept_both_ways(agent):
    with tempfile.TemporaryDirectory() as folder:
        local = write(folder + "/local", b"x" * 100)
        os.chmod(local, 0o640)
        os.utime(local, ns=(0, 1234567890_123456700))
        periscope("put", target(agent), "--preserve", "--verify", local, "remote")
        os.utime(agent.path("remote"), ns=(0, 987654321_000000100))
        periscope("get", target(agent), "-p", "--verify", "remote", "back", cwd=folder)
        equal(os.stat(folder + "/back").st_mtime_ns, 987654321_000000100, "time of the one that was fetched")
        if NATIVE:
            equal(stat.S_IMODE(os.stat(folder + "/back").st_mode), 0o640, "mode of the one that was fetched")
        periscope("put", target(agent), "-p", local, "remote")
        equal(os.stat(agent.path("remote")).st_mtime_ns, 1234567890_123456700, "time of the one that was sent")


@with_agent("--allow-rpc", "ping,getfile,sendfile")
def agent_without_ranges_is_told(agent):
    """It stands for testagentd, which knows none of this: what needs no range goes on."""
    agent.write("remote", CONTENT)
    with tempfile.TemporaryDirectory() as folder:
        local = write(folder + "/local", CONTENT)
        for verb in (("get", "remote", folder + "/back"), ("put", local, "sent")):
            periscope(verb[0], target(agent), *verb[1:])
        check(read(folder, "back") == CONTENT == agent.read("sent"), "the content differs")


if __name__ == "__main__":
    main()
