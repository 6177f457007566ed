#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Windows agent becomes another process: what it keeps, and what it refuses to become."""
import os
import shutil
import socket
import struct
import subprocess
import time

import wine
from names import Hosts
from wine import Agent, check, equal

TELL = wine.windows_path(wine.exe("tools/tell.exe"))


def started(agent, *arguments):
    return agent.periscope("run", TELL, *arguments, before=("--no-wait",)).out.decode().split()[0]


def listening(agent):
    return agent.periscope("info").facts()["agent.start"]


def upgrade_keeps_the_port_and_the_children():
    with Agent() as agent:
        exited, running = started(agent, "exit=8"), started(agent, "sleep=6000", "exit=9")
        agent.periscope("wait", exited, code=8, before=("--keep",))
        told = agent.periscope("events").out.splitlines()
        agent.periscope("upgrade", wine.exe("periscoped.exe"))
        equal(agent.periscope("events").out.splitlines()[:len(told)], told, "events from before the upgrade")
        equal(agent.periscope("info").facts()["children.running"], "1", "children that run")
        agent.periscope("wait", exited, code=8)
        agent.periscope("wait", running, code=9)
        agent.periscope("run", TELL, "exit=4", code=4)
        agent.process.wait(wine.PATIENCE)  # the first process is gone
        check(os.path.exists(agent.path("periscoped.exe.old")), "the old executable is not kept")


def upgrade_again_and_again():
    with Agent() as agent:
        for _ in range(3):
            agent.periscope("upgrade", wine.exe("periscoped.exe"))
            connections = [socket.create_connection(("127.0.0.1", agent.port)) for _ in range(8)]
            for connection in connections:
                connection.settimeout(wine.PATIENCE)
                connection.sendall(bytes(8))
                with connection, connection.makefile("rb") as stream:
                    equal(stream.read(28)[9:], b"testagentd 1.7\0" + bytes(4), "what the next connections get")


def upgrade_keeps_all_addresses_of_a_name():
    with Hosts("127.0.0.2 here", "127.0.0.3 here") as names, Agent("--bind", "here", wrapper=names.wrapper) as agent:
        def answer():
            return [agent.at(host, "ping").code for host in ("127.0.0.2", "127.0.0.3")] == [0, 0]

        check(answer(), "not both addresses are listened on")
        check(agent.at("127.0.0.1", "ping").code == 120, "somebody on another address")
        for _ in range(2):
            agent.at("127.0.0.3", "upgrade", wine.exe("periscoped.exe"))
            wine.eventually(answer, "answers at both addresses")


def for_machine(number):
    """The agent's executable, made out to be for another processor."""
    image = bytearray(open(wine.exe("periscoped.exe"), "rb").read())
    header = struct.unpack_from("<I", image, 0x3c)[0]
    own = b"\x4c\x01" if wine.build == "win32" else b"\x64\x86"
    equal(image[header:header + 6], b"PE\0\0" + own, "the executable's header")
    struct.pack_into("<H", image, header + 4, number)
    return bytes(image)


def what_is_no_agent_is_refused():
    with Agent() as agent:
        before, original = listening(agent), agent.read("periscoped.exe")
        agent.write("text.exe", b"no program\n")
        agent.write("empty.exe", b"")
        agent.write("cut.exe", original[:5000])
        agent.write("arm64.exe", for_machine(0xaa64))
        for name, told in (("text.exe", ": 193"), ("empty.exe", ": 193"), ("cut.exe", ": 193"), ("arm64.exe", "could not run"),
                           (wine.exe("tools/tell.exe"), "is not a periscoped")):
            refused = agent.periscope("upgrade", agent.path(name), code=122)
            check(told in refused.err, f"{name}: {refused.err}")
            equal(listening(agent), before, "start of the agent")
            equal(agent.read("periscoped.exe"), original, f"the executable after {name}")
        check(not os.path.exists(agent.path("periscoped.exe.new")), "a refused executable is left behind")


def undone(agent):
    """Why the agent did not become another, once it answers again and tells that."""
    result = agent.periscope("info", code=None)
    return result.code == 0 and result.facts().get("upgrade.error")


def bad_executable_is_undone(what, told):
    """It passes the check; then it does what its name says, and the agent is what it was before."""
    with Agent("--show-restarts") as agent:
        original = agent.read("periscoped.exe")
        running = started(agent, "sleep=60000")
        agent.write("impostor.txt", what.encode())
        agent.periscope("upgrade", wine.exe("tools/impostor.exe"))
        why = wine.eventually(lambda: undone(agent), "the old agent, and why it is still there")
        check(told in why, why)
        equal(agent.process.poll(), None, "the agent's process: ended with")
        equal(agent.read("periscoped.exe"), original, "the executable that the next boot starts")
        facts = agent.periscope("info").facts()
        equal((facts["start.count"], facts["children.running"]), ("1", "1"), "starts, children that run")
        agent.periscope("kill", running)
        agent.run(TELL, "exit=4", code=4)
        agent.periscope("screenshot", agent.path("after.png"))
        agent.periscope("upgrade", wine.exe("periscoped.exe"))
        agent.process.wait(wine.PATIENCE)
        check("upgrade.error" not in agent.periscope("info").facts(), "a good executable, but still an error")
        check(not os.path.exists(agent.path("periscoped.exe.new")), "a refused executable is left behind")


def bad_executable_that_ends_is_undone():
    bad_executable_is_undone("die", "the new server ended with 9 ")


def bad_executable_that_hangs_is_undone():
    bad_executable_is_undone("hang", "the new server does not listen after ")


def one_that_never_listens_is_ended_and_the_old_goes_on():
    """It passes the check, but its port is one that it can't have."""
    with Agent() as agent, Agent() as other:
        pid = started(agent, "sleep=60000", "exit=3")
        shutil.copy(wine.exe("periscoped.exe"), agent.path("next.exe"))
        agent.periscope("restart", "next.exe", "--bind", "127.0.0.1", str(other.port), code=None)
        time.sleep(1)
        wine.eventually(lambda: agent.periscope("ping", code=None).code == 0, "the old agent to answer again")
        agent.periscope("wait", pid, code=121, before=("--timeout", "1"))
        agent.periscope("run", TELL, "exit=4", code=4)


def detach_returns_when_it_listens():
    with Agent() as agent:
        path = agent.path("detached")
        with open(path, "wb") as out:
            done = subprocess.run([wine.WINE, agent.path("periscoped.exe"), "--detach", "--bind", "127.0.0.1", "0"],
                                  cwd=agent.folder, stdin=subprocess.DEVNULL, stdout=out, timeout=wine.PATIENCE, check=False)
        equal(done.returncode, 0, "exit status")
        agent.port = int(agent.read("detached").split()[-1])
        agent.periscope("ping")
        failed = subprocess.run([wine.WINE, agent.path("periscoped.exe"), "--detach", "--bind", "127.0.0.1", str(agent.port)],
                                cwd=agent.folder, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, timeout=wine.PATIENCE, check=False)
        equal(failed.returncode, 1, "exit status of one that finds its port taken")


wine.main([upgrade_keeps_the_port_and_the_children, upgrade_again_and_again, upgrade_keeps_all_addresses_of_a_name,
           what_is_no_agent_is_refused, bad_executable_that_ends_is_undone, bad_executable_that_hangs_is_undone,
           one_that_never_listens_is_ended_and_the_old_goes_on, detach_returns_when_it_listens])
