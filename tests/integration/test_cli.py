#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command periscope against the real agent: every verb, its exit status, its text and its JSON."""
import os
import stat
import tempfile

import cli
import wire
from cli import FAILED, NO_AGENT, REFUSED, TIMED_OUT, UNSUPPORTED, USAGE, one_line, periscope, target, unused_port
from harness import Agent, check, equal, main, need_localhost, random_bytes, test, with_agent

VERBS = ("ping wait-boot wait-ready info put get sync ls stat mkdir rm df run shell wait ps kill test screenshot crc compare displays events "
         "gpu-state settime property upgrade restart shutdown").split()


# ---- the command itself ----

@test
def help_and_version():
    text = periscope("--help").text
    equal(periscope("-h").text, text)
    for verb in VERBS:
        check(f"\n  {verb} " in text, f"--help does not list {verb}")
        own = periscope(verb, "--help").text
        check(own.startswith(f"usage: periscope {verb} "), f"{verb} --help begins with {own[:40]!r}")
        check(f"\n  periscope {verb} " in own, f"{verb} --help has no example")
        check("--json" in own, f"{verb} --help does not tell of --json")
    for code in (0, 1, 2, 118, 119, 120, 121, 122, 123, 130):
        check(f"\n  {code:<3}  " in text, f"--help does not tell of the status {code}")
    check(periscope("--version").text.startswith("periscope "), "--version")


@test
def usage_errors():
    one_line(periscope(code=USAGE), "no verb")
    one_line(periscope("dance", code=USAGE), "there is no verb 'dance'")
    for arguments, text in ((("ping",), "no host: give HOST[:PORT] or set PERISCOPE_HOST"),
                            (("ping", "vm1"), "no port for 'vm1': give HOST:PORT or set PERISCOPE_PORT"),
                            (("ping", "vm1:x"), "'x' is not a port (1 to 65535) in vm1:x"),
                            (("ping", "vm1:1", "x"), "1 operands after the host, where HOST[:PORT] is expected"),
                            (("put", "vm1:1"), "0 operands after the host, where HOST[:PORT] LOCAL [REMOTE]"),
                            (("ping", "vm1:1", "--frob"), "there is no option --frob"),
                            (("ping", "vm1:1", "--timeout"), "option --timeout needs an argument: SECONDS"),
                            (("ping", "vm1:1", "--timeout", "soon"), "--timeout is 'soon', not seconds from 0 to"),
                            (("wait", "vm1:1", "none"), "PID is 'none', not a number from 1 to"),
                            (("kill", "vm1:1", "1", "--grace", "31"), "--grace is 31 seconds, more than 30"),
                            (("screenshot", "vm1:1", "--level", "9"), "--level is '9', not fast or small"),
                            (("screenshot", "vm1:1", "--format", "gif"), "--format is 'gif', not png or ppm"),
                            (("put", "vm1:1", "-"), "standard input has no name"),
                            (("get", "vm1:1", "folder/"), "gives the local file no name")):
        result = periscope(*arguments, code=USAGE)
        one_line(result, text)
        equal(result.out, b"")
        reply = periscope(*arguments, "--json", code=USAGE).json if arguments[-1] != "--timeout" else {"ok": False}
        equal(reply["ok"], False)


@test
def json_and_data_do_not_mix():
    one_line(periscope("get", "vm1:1", "a", "-", "--json", code=USAGE), "can't both go to standard output")
    one_line(periscope("screenshot", "vm1:1", "-", "--json", code=USAGE), "can't both go to standard output")


@with_agent()
def host_may_be_a_name(agent):
    need_localhost()
    check(periscope("ping", f"localhost:{agent.port}").text.startswith(f"localhost:{agent.port} answers"), "a name")


@with_agent()
def host_in_all_its_forms(agent):
    port = str(agent.port)
    host = {"PERISCOPE_HOST": "127.0.0.1"}
    both = {**host, "PERISCOPE_PORT": port}
    answer = f"127.0.0.1:{port} answers: testagentd 1.7"
    for arguments, env in (([f"127.0.0.1:{port}"], {}), (["127.0.0.1"], {"PERISCOPE_PORT": port}),
                           (["-"], both), ([], both), ([f":{port}"], {**host, "PERISCOPE_PORT": "1"}),
                           ([], {"PERISCOPE_HOST": f"127.0.0.1:{port}", "PERISCOPE_PORT": "1"}),
                           (["--host", f"127.0.0.1:{port}"], {"PERISCOPE_HOST": "nowhere"}),
                           ([f"-H127.0.0.1:{port}"], {})):
        check(periscope("ping", *arguments, env=env).text.startswith(answer), f"{arguments} with {env}")
    check(periscope("ping", f"[::1]:{port}").text.startswith(f"[::1]:{port} answers"), "IPv6")
    equal(periscope("ping", "--json", "::1", env={"PERISCOPE_PORT": port}).json["host"], "::1")
    periscope("run", "-H", target(agent), "true")
    periscope("run", "-", "true", env=both)


@test
def nobody_there():
    port = unused_port()
    result = periscope("ping", f"127.0.0.1:{port}", code=NO_AGENT)
    one_line(result, f"could not connect to 127.0.0.1 port {port}: Connection refused")
    reply = periscope("ping", f"127.0.0.1:{port}", "--json", code=NO_AGENT).json
    equal((reply["ok"], reply["status"], reply["exit"], reply["verb"]), (False, "no-agent", NO_AGENT, "ping"))
    check("Connection refused" in reply["error"], reply["error"])
    one_line(periscope("ping", "no-such-host.invalid:1", code=NO_AGENT), "no-such-host.invalid")


@test
def what_answers_is_no_agent():
    def talk(connection, _):
        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        connection.recv(1)

    with cli.Server(talk) as server:
        one_line(periscope("ping", f"127.0.0.1:{server.port}", code=NO_AGENT), "not a testagentd: it sent no banner")
    with cli.Server(lambda connection, _: None) as server:
        one_line(periscope("ping", f"127.0.0.1:{server.port}", code=NO_AGENT),
                 "closed the connection without a banner (is this host allowed?)")
    with cli.Server(lambda connection, _: connection.recv(1)) as server:
        one_line(periscope("ping", f"127.0.0.1:{server.port}", "--connect-timeout", "0.2", code=NO_AGENT),
                 "connected, but received no banner within 0.2 s")


@test
def silent_agent_is_timed_out():
    def hang(connection, _):
        connection.sendall(wire.raw("s", b"testagentd 1.7\0"))
        connection.recv(1000)
        connection.recv(1000)

    with cli.Server(hang) as server:
        one_line(periscope("ping", f"127.0.0.1:{server.port}", "-t", "0.2", code=TIMED_OUT),
                 "timed out while waiting for the reply to ping")


@test
def refused_by_the_agent():
    with Agent("--allow", "192.0.2.1") as agent:
        one_line(periscope("ping", target(agent), code=NO_AGENT), "is this host allowed?")


@with_agent()
def standard_output_that_is_full(agent):
    with open("/dev/full", "wb") as full:
        for arguments in (("info",), ("ping", "--json")):
            process = cli.subprocess.run([*cli.COMMAND, *arguments, target(agent)], stdout=full, check=False,
                                         stderr=cli.subprocess.PIPE, env=cli.environment(), timeout=30)
            equal(process.returncode, FAILED)
            check(b"could not write to standard output" in process.stderr, process.stderr)


# ---- the agent ----

@with_agent()
def ping_counts(agent):
    reply = periscope("ping", target(agent), "--count", "20", "--json").json
    equal((reply["count"], reply["banner"], reply["ok"], reply["status"]), (20, "testagentd 1.7", True, "ok"))
    times = reply["microseconds"]
    check(0 <= times["min"] <= times["mean"] <= times["max"], times)


@with_agent()
def info_shows_every_property(agent):
    with agent.client() as client:
        properties = dict(client.properties())
    reply = periscope("info", target(agent), "--json").json
    equal(set(reply["properties"]), set(properties))
    equal(reply["properties"]["boot.id"], properties["boot.id"])
    text = periscope("info", target(agent)).text
    for name in properties:
        check(f"\n{name} " in text, f"{name} is not in the table")
    equal(len({line.index("linux64") for line in text.splitlines() if "server.arch" in line}), 1)


@with_agent()
def property_shown_and_set(agent):
    equal(periscope("property", target(agent), "protocol.version").text, "testagentd 1.7\n")
    periscope("property", target(agent), "start.count", "5")
    equal(periscope("property", target(agent), "start.count", "--json").json["value"], "5")
    one_line(periscope("property", target(agent), "nothing", code=FAILED), "the agent has no property 'nothing'")
    one_line(periscope("property", target(agent), "nothing", "1", code=REFUSED), "unknown property nothing")
    one_line(periscope("property", target(agent), "server.arch", "1", code=REFUSED), "server.arch is read-only")


@with_agent()
def settime_within_the_leeway(agent):
    """The machine's clock is never set: the leeway is 136 years."""
    periscope("settime", target(agent), "--leeway", "4294967295")
    reply = periscope("settime", target(agent), "1000000000", "-l", "4294967295", "--json").json
    equal((reply["time"], reply["leeway"]), (1000000000, 4294967295))
    one_line(periscope("settime", target(agent), "--leeway", "x", code=USAGE), "--leeway is 'x', not a number")


@test
def wait_boot_until_the_agent_is_there():
    port = unused_port()
    waiting = cli.start("wait-boot", f"127.0.0.1:{port}", "--timeout", "25", "--json")
    with Agent(port=port):
        result = cli.finish(waiting)
    equal(result.code, 0, result.err)
    equal(result.json["banner"], "testagentd 1.7")
    one_line(periscope("wait-boot", f"127.0.0.1:{port}", "-t", "0.3", code=TIMED_OUT),
             "the guest did not answer within 0.3 s: could not connect to 127.0.0.1")


@with_agent()
def wait_boot_for_another_boot(agent):
    boot_id = periscope("property", target(agent), "boot.id").text.strip()
    one_line(periscope("wait-boot", target(agent), "-t", "0.3", "--not-boot-id", boot_id, code=TIMED_OUT),
             "still the previous boot")
    periscope("wait-boot", target(agent), "-t", "0.3", "--not-boot-id", "another")


@with_agent("--no-upgrade")
def upgrade_and_restart(agent):
    agent.write("new", b"an agent")
    reply = periscope("upgrade", target(agent), agent.path("new"), "--json").json
    equal((reply["ok"], reply["bytes"]), (True, 8))
    one_line(periscope("upgrade", target(agent), agent.path("none"), code=FAILED), "No such file or directory")
    result = periscope("restart", target(agent), "/no/such/agent", "--option", code=REFUSED)
    one_line(result, "is not allowed (--no-upgrade)")


@with_agent()
def restart_as_nothing(agent):
    result = periscope("restart", target(agent), "/no/such/agent", "--option", code=REFUSED)
    one_line(result, "No such file or directory")


# ---- files ----

def fetched(agent, name, *options):
    """The file through standard output."""
    return periscope("get", target(agent), name, "-", *options).out


@with_agent()
def files_go_there_and_back(agent):
    with tempfile.TemporaryDirectory() as folder:
        for content in (b"", b"\0", b"text\r\n", random_bytes(3_000_000)):
            local, back = os.path.join(folder, "local"), os.path.join(folder, "back")
            with open(local, "wb") as file:
                file.write(content)
            periscope("put", target(agent), local, "remote")
            equal(agent.read("remote") == content, True, f"{len(content)} bytes there")
            reply = periscope("get", target(agent), "remote", back, "--json").json
            equal(reply["bytes"], len(content))
            with open(back, "rb") as file:
                equal(file.read() == content, True, f"{len(content)} bytes back")
            equal(fetched(agent, "remote") == content, True, f"{len(content)} bytes to standard output")
            periscope("put", target(agent), "-", "piped", data=content)
            equal(agent.read("piped") == content, True, f"{len(content)} bytes from standard input")
        equal(sorted(os.listdir(folder)), ["back", "local"])


@with_agent()
def files_keep_their_names(agent):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "name"), "wb") as file:
            file.write(b"x")
        periscope("put", target(agent), os.path.join(folder, "name"))
        equal(agent.read("name"), b"x")
        agent.write("other", b"y")
        periscope("get", target(agent), agent.path("other"), cwd=folder)
        with open(os.path.join(folder, "other"), "rb") as file:
            equal(file.read(), b"y")


@with_agent()
def files_have_their_modes(agent):
    with tempfile.TemporaryDirectory() as folder:
        local = os.path.join(folder, "local")
        old = os.umask(0o027)
        try:
            agent.write("remote", b"x")
            periscope("get", target(agent), "remote", local)
        finally:
            os.umask(old)
        equal(stat.S_IMODE(os.stat(local).st_mode), 0o640)
        periscope("put", target(agent), local, "plain")
        periscope("put", target(agent), "-x", local, "program")
        equal(stat.S_IMODE(os.stat(agent.path("plain")).st_mode) & 0o111, 0)
        equal(stat.S_IMODE(os.stat(agent.path("program")).st_mode) & 0o100, 0o100)


@with_agent()
def get_that_fails_leaves_what_was_there(agent):
    with tempfile.TemporaryDirectory() as folder:
        local = os.path.join(folder, "local")
        with open(local, "wb") as file:
            file.write(b"old")
        one_line(periscope("get", target(agent), "none", local, code=REFUSED),
                 "unable to open 'none' for reading: No such file or directory")
        with open(local, "rb") as file:
            equal(file.read(), b"old")
        agent.write("remote", b"new")
        one_line(periscope("get", target(agent), "remote", folder, code=FAILED), "Is a directory")
        one_line(periscope("get", target(agent), "remote", folder + "/no/x", code=FAILED), "No such file or directory")
        one_line(periscope("put", target(agent), folder + "/none", "x", code=FAILED), "No such file or directory")
        equal(os.listdir(folder), ["local"])


@with_agent()
def rm_removes(agent):
    agent.write("a", b"")
    agent.write("b", b"")
    os.mkdir(agent.path("folder"))
    periscope("rm", target(agent), "a", "none", "b")
    equal(os.listdir(agent.folder), ["folder"])
    one_line(periscope("rm", target(agent), "folder", code=REFUSED), "Could not delete 'folder': Is a directory")
    reply = periscope("rm", target(agent), "none", "folder", "folder", "--json", code=REFUSED).json
    equal(reply["failures"], ["Could not delete 'folder': Is a directory"] * 2)


@with_agent()
def names_that_are_not_utf8(agent):
    """In JSON they are what Python's own decoder makes of them."""
    names = [b"\xff", b"a\xc3(", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80", b"\xc3\xa4\"\\\n\x01"]
    names += [bytes(b for b in random_bytes(40) if b not in b"/\0") for _ in range(20)]
    for name in names:
        reply = periscope("put", target(agent), "--json", "--", b"-", b"x" + name, data=b"1").json
        equal(reply["remote"], "x" + name.decode("utf-8", "replace"))
        with open(os.path.join(os.fsencode(agent.folder), b"x" + name), "rb") as file:
            equal(file.read(), b"1")


# ---- an agent of another kind ----

@test
def guests_words_do_nothing_to_the_terminal():
    value = "\x1b]0;title\x07\x1b[2J\r\x9b31m ä"

    def serve(connection, _):
        connection.sendall(wire.raw("s", b"testagentd 1.7\0"))
        while True:
            head = connection.recv(8, cli.socket.MSG_WAITALL)
            if len(head) < 8:
                return
            answers = {wire.PING: wire.u32(0),
                       wire.GETPROPERTIES: wire.u32(1) + wire.raw("s", b"os.name=" + value.encode() + b"\0")}
            connection.sendall(answers[int.from_bytes(head[:4], "big")])

    with cli.Server(serve) as server:
        host = f"127.0.0.1:{server.port}"
        shown = "?]0;title??[2J??31m ä"
        equal(periscope("info", host).text, f"{host}: testagentd 1.7\nos.name  {shown}\n")
        equal(periscope("property", host, "os.name").text, f"{shown}\n")
        equal(periscope("info", host, "--json").json["properties"], {"os.name": value})



@test
def testagentd_without_exec():
    """Knows run and wait2 alone, as testagentd does."""
    requests = []

    def serve(connection, _):
        connection.sendall(wire.raw("s", b"testagentd 1.7\0"))
        while True:
            head = connection.recv(8, cli.socket.MSG_WAITALL)
            if len(head) < 8:
                return
            rpc, count = (int.from_bytes(part, "big") for part in (head[:4], head[4:]))
            for _ in range(count):
                size = int.from_bytes(connection.recv(9, cli.socket.MSG_WAITALL)[1:], "big")
                connection.recv(size, cli.socket.MSG_WAITALL)
            requests.append(rpc)
            answers = {wire.RUN: wire.Q(5), wire.GETCWD: wire.raw("s", b"C:\\\0"), wire.WAIT2: wire.I(0xc0000005)}
            if rpc in (wire.RMCHILDPROC, wire.PING):
                connection.sendall(wire.u32(0))
            else:
                unknown = wire.raw("e", f"unknown RPC {rpc}".encode() + b"\0")
                connection.sendall(wire.u32(1) + answers.get(rpc, unknown))

    with cli.Server(serve) as server:
        host = f"127.0.0.1:{server.port}"
        result = periscope("run", host, "crash.exe", code=255)
        one_line(result, "the program exited with 3221225477 (0xc0000005 STATUS_ACCESS_VIOLATION), reported here as 255")
        equal(requests, [wire.EXEC, wire.PING, wire.RUN, wire.GETCWD, wire.WAIT2, wire.RMCHILDPROC])
        reply = periscope("run", host, "--json", "crash.exe", code=255).json
        equal(reply["child"], {"exited": True, "code": 0xc0000005, "status": 0xc0000005,
                               "name": "STATUS_ACCESS_VIOLATION"})
        one_line(periscope("run", host, "--env", "A=1", "x", code=UNSUPPORTED), "can't set a program's environment")
        one_line(periscope("kill", host, "5", code=UNSUPPORTED), "this agent (testagentd 1.7) does not know kill")
        one_line(periscope("screenshot", host, "--no-cursor", code=UNSUPPORTED), "takes no options for a screenshot")


if __name__ == "__main__":
    main()
