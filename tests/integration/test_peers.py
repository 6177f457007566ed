#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may connect from the agent's own machine, how many may from one address, and which RPCs they get."""
import contextlib
import fcntl
import os
import pwd
import signal
import socket
import struct
import subprocess
import tempfile

import harness
import wire
from harness import Agent, check, equal, eventually, need_root, need_unix, test

OTHER = "nobody"
STRANGER = "daemon"  # neither root nor OTHER
SIOCGIFADDR = 0x8915


def as_user(user, call, *arguments):
    """What the call returns, a text, in a process of that user. An interpreter that it may not read is no matter."""
    account = pwd.getpwnam(user)
    "localhost".encode("idna")  # loads what that user may not be able to read
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.setgroups([])
            os.setresgid(*[account.pw_gid] * 3)
            os.setresuid(*[account.pw_uid] * 3)
            os.write(writer, call(*arguments).encode())
            os._exit(0)
        except BaseException as reason:
            os.write(writer, f"{type(reason).__name__}: {reason}".encode())
            os._exit(1)
    os.close(writer)
    with open(reader, "rb") as file:
        text = file.read().decode()
    _, status = os.waitpid(child, 0)
    equal(status, 0, f"the client of {user}: {text}: status")
    return text


def what_comes(host, port, *interfaces):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as client:
        client.settimeout(harness.PATIENCE)
        for interface in interfaces:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        client.connect((host, port))
        try:
            return "something" if client.recv(100) else "nothing"
        except ConnectionResetError:
            return "nothing"


def send_and_leave(port, request):
    with socket.create_connection(("127.0.0.1", port), harness.PATIENCE) as client:
        client.sendall(request)
    return ""


def lets_in(agent, user, host="127.0.0.1", *options):
    return as_user(user, what_comes, host, agent.port, *options) == "something"


def need_users():
    need_unix("there tests/wine/test_peers.py does it")
    need_root()


def log_lines(client, text):
    return [line for line in client.get(".periscope/log.txt").decode().splitlines() if text in line]


def own_addresses():
    """Addresses of this machine that are no loopback addresses, where it has any."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # it has none
                answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, struct.pack("256s", name.encode()))
                found.append(socket.inet_ntoa(answer[20:24]))
    if os.path.exists("/proc/net/if_inet6"):
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            words = [line.split() for line in file]
        found += [socket.inet_ntop(socket.AF_INET6, bytes.fromhex(word[0])) for word in words if word[3] == "00"]
    return [address for address in found if not address.startswith("127.")]


@test
def users_of_this_machine_may_not_connect():
    need_users()
    hosts = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", *own_addresses()]
    with Agent("--run-as", OTHER, "--allow", "::/0") as agent:
        for host in hosts:
            check(not lets_in(agent, STRANGER, host), f"{STRANGER} by {host}")
            check(not lets_in(agent, OTHER, host), f"{OTHER}, as whom programs run, by {host}")
            check(lets_in(agent, "root", host), f"root by {host}")
        client = agent.client()
        for user in (OTHER, STRANGER):
            line = f"uid {pwd.getpwnam(user).pw_uid} of this machine is not allowed to connect"
            equal(len(log_lines(client, line)), 1, f"lines about {len(hosts)} tries of {user}")
        equal(client.property("security.local"), "own", "security.local")


@test
def a_socket_of_one_interface_is_found_too():
    """The kernel does not find it by its addresses alone."""
    need_users()
    with Agent("--run-as", OTHER) as agent:
        check(lets_in(agent, "root", "127.0.0.1", "lo"), "root, bound to lo")
        try:
            check(not lets_in(agent, STRANGER, "127.0.0.1", "lo"), f"{STRANGER}, bound to lo")
        except AssertionError as reason:
            if "Operation not permitted" in str(reason):
                raise harness.Skip("this kernel lets only root bind a socket to an interface") from reason
            raise


@test
def a_closed_socket_is_nobodys_and_not_roots():
    """What the kernel tells of a socket that its program has closed looks like root's."""
    need_users()
    with Agent("--run-as", OTHER) as agent:
        request = wire.request(wire.RUN, wire.I(1), *map(wire.s, ("", "", "", "/bin/sh", "-c", "id >done")))
        os.kill(agent.pid, signal.SIGSTOP)
        try:
            for _ in range(5):
                as_user(STRANGER, send_and_leave, agent.port, request)
        finally:
            os.kill(agent.pid, signal.SIGCONT)
        client = agent.client()
        line = eventually(lambda: log_lines(client, "not allowed to connect"), "a line about them")
        check("closed already" in line[0], line[0])
        equal(client.wait(client.run("true")), 0, "status")
        check(not os.path.exists(agent.path("done")), "the request of a stranger was served")


@test
def the_agents_own_user_may_connect():
    need_users()
    with Agent("--run-as", "root", wrapper=["setpriv", "--reuid", OTHER, "--clear-groups"]) as agent:
        check(lets_in(agent, OTHER), "the agent's own user")
        check(lets_in(agent, "root"), "root")
        check(not lets_in(agent, STRANGER), "another user")


@test
def allow_local_lets_all_users_in():
    need_users()
    with tempfile.NamedTemporaryFile("w", prefix="periscope-", suffix=".conf", dir="/tmp") as file:
        file.write(f"run-as = {OTHER}\nallow-local = yes\n")
        file.flush()
        with Agent("--config", file.name) as agent:
            check(lets_in(agent, STRANGER), STRANGER)
            equal(agent.client().property("security.local"), "any", "security.local")


@test
def without_run_as_all_users_may_connect():
    """There is no other user whose rights a program could leave, as with testagentd."""
    need_users()
    for options in ((), ("--run-as", "agent")):
        with Agent(*options) as agent:
            check(lets_in(agent, STRANGER), STRANGER)
            equal(agent.client().property("security.local"), "any", "security.local")


# ---- addresses ----

@test
def addresses_are_strict():
    for rule, why in (("010.0.0.1", "is not an address"), ("10/8", "'10' is no address"), ("*", "neither an address nor"),
                      ("10.0.0.1 ", "neither an address nor"), ("1.2.3", "is not an address"),
                      ("10.1.2.3/8", "10.0.0.0/8 is one"), ("fe80::1%lo", "leave out the '%'")):
        done = subprocess.run([*harness.COMMAND, "--allow", rule, "0"], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=harness.PATIENCE, check=False)
        equal(done.returncode, 2, f"exit status with {rule!r}")
        text = done.stderr.decode()
        check(f"'{rule}'" in text and why in text, f"{rule!r}: {text}")
    with Agent("--allow", "[::1]") as agent:
        agent.client(host="::1").ping()
    with Agent("--allow", "::ffff:0:0/96") as agent:
        agent.ping()


def ended_without_a_byte(agent, source):
    client = agent.client(source=source, banner=False)
    return client.ended()


@contextlib.contextmanager
def silent_name_service():
    """Yields (a socket that gets the questions and answers none, a wrapper in which it is the name service)."""
    address = "127.53.53.53"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service, \
            tempfile.NamedTemporaryFile("w", prefix="periscope-", dir="/tmp") as config, \
            tempfile.NamedTemporaryFile("w", prefix="periscope-", dir="/tmp") as switch:
        try:
            service.bind((address, 53))
        except OSError as reason:
            raise harness.Skip(f"no name service can be made here: {reason}") from reason
        service.settimeout(harness.PATIENCE)
        config.write(f"nameserver {address}\noptions timeout:30\n")
        config.flush()
        switch.write("hosts: files dns\n")
        switch.flush()
        script = f'mount --bind {config.name} /etc/resolv.conf && mount --bind {switch.name} /etc/nsswitch.conf && exec "$@"'
        wrapper = ["unshare", "--mount", "sh", "-c", script, "sh"]
        if subprocess.run([*wrapper, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            raise harness.Skip("nothing can be mounted here")
        yield service, wrapper


@test
def a_name_that_is_not_answered_delays_nobody():
    need_unix("its resolver is this system's")
    need_root()
    with silent_name_service() as (service, wrapper):
        with Agent("--allow", "no-answer.example", "--allow", "127.0.0.1", wrapper=wrapper) as agent:
            waiting = agent.client(source="127.0.0.3", banner=False)
            check(b"no-answer" in service.recv(1000), "the name is asked for")
            for _ in range(20):
                agent.ping()
            waiting.socket.settimeout(harness.PATIENCE)
            check(waiting.ended(), "one that no number allows gets no byte")
            client = agent.client()
            equal(len(log_lines(client, "not all names are looked up yet")), 1, "lines about it")
            before = int(client.property("agent.start"))
            client.expect("", wire.RESTART, wire.s(harness.COMMAND[0]), *map(wire.s, ("--allow", "127.0.0.1", str(agent.port))))
            again = eventually(lambda: later_start(agent, before), "the agent that it became")
            check(again >= before, "a restart")


def later_start(agent, before):
    """The start of the agent if it is not the one that looks the name up any more."""
    try:
        with wire.Client(agent.port, timeout=harness.PATIENCE) as client:
            allows = "no-answer" in client.get(".periscope/log.txt").decode()
            return None if allows else int(client.property("agent.start"))
    except (OSError, wire.Closed):
        return None


@test
def an_address_that_is_not_allowed_takes_no_place():
    with Agent("--allow", "127.0.0.2", "--max-clients", "1") as agent:
        strangers = [agent.client(source="127.0.0.3", banner=False) for _ in range(50)]
        agent.client(source="127.0.0.2").ping()
        check(all(client.ended() for client in strangers), "strangers get no byte")


@test
def one_address_does_not_get_all_places():
    need_unix("under Wine all are of one address")
    with Agent("--allow", "127.0.0.0/8", "--allow", "10.0.0.0/8", "--max-clients", "16") as agent:
        clients = [agent.client() for _ in range(12)]
        refused = agent.client(banner=False)
        equal(refused.entry().text, "too many clients from one address: it has 12 of 16 connections (--max-clients)", "text")
        check(refused.ended(), "it is ended")
        clients.pop().close()
        eventually(lambda: is_served(agent), "the place of one that left")


def is_served(agent):
    with wire.Client(agent.port, banner=False) as client:
        return client.entry().kind == "s"


# ---- RPCs ----

@harness.with_agent("--allow-rpc", "getfile,getproperties", "--allow-rpc", "crc")
def only_rpcs_that_are_allowed(agent):
    agent.write("file", b"text")
    client = agent.client()
    for name, rpc, arguments in (("ping", wire.PING, []), ("wait2", wire.WAIT2, [wire.Q(1), wire.I(0)]),
                                 ("sendfile", wire.SENDFILE, [wire.s("file"), wire.I(0), wire.d(b"x" * 100000)]),
                                 ("upgrade", wire.UPGRADE, [wire.d(b"x" * 100000)]),
                                 ("restart", wire.RESTART, [wire.s("file"), wire.s("1")]),
                                 ("screenshot", wire.SCREENSHOT, [])):
        equal(client.refusal(rpc, *arguments), f"the RPC '{name}' is not allowed here (allow-rpc)", name)
        equal(client.get("file"), b"text", f"getfile after {name}")
    equal(client.property("periscope.rpcs"), f"crc:{wire.CRC:#x}", "periscope.rpcs")


@test
def an_rpc_that_does_not_exist_is_an_error():
    for names, wrong in (("ping,pong", "pong"), ("Ping", "Ping"), ("", ""), ("ping,", ""), ("1", "1")):
        done = subprocess.run([*harness.COMMAND, "--allow-rpc", names, "0"], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=harness.PATIENCE, check=False)
        equal(done.returncode, 2, f"exit status with {names!r}")
        check(f"--allow-rpc: there is no RPC '{wrong}'" in done.stderr.decode(), f"{names!r}: {done.stderr.decode()}")


if __name__ == "__main__":
    harness.main()
