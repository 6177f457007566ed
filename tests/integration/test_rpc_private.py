#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Periscope's own RPCs: screenshot, exec, kill."""
import os
import sys

import harness
import picture
import wire
from harness import check, equal, eventually, refused, with_agent, need_unix
from wire import Q, s

NO_CHILD = "the {} process does not exist or is not a child process".format

# ---- exec ----


@with_agent(env={"COLOUR": "blue", "SHAPE": "round"})
def exec_environment(agent):
    client = agent.client()
    pid = client.execute("sh", "-c", "env", env=["SIZE=1=2", "SHAPE=flat", "EMPTY="], unset="COLOUR", out="out")
    equal(client.wait(pid, 20), 0, "status")
    lines = client.get("out").decode().splitlines()
    equal(sorted(line for line in lines if line.split("=")[0] in ("COLOUR", "SHAPE", "SIZE", "EMPTY")),
          ["EMPTY=", "SHAPE=flat", "SIZE=1=2"], "environment")
    pid = client.shell("echo $COLOUR $SHAPE", stdout="out")
    equal(client.wait(pid, 20), 0, "status")
    equal(client.get("out"), b"blue round\n", "environment of the next child")


@with_agent()
def exec_path_is_searched_in_the_childs_environment(agent):
    need_unix("it runs no Unix scripts")
    client = agent.client()
    os.mkdir(agent.path("bin"))
    client.put("bin/own-tool", b"#!/bin/sh\nexit 8\n", wire.SEND_EXE)
    pid = client.execute("own-tool", env=f"PATH={agent.path('bin')}:/bin:/usr/bin")
    equal(client.wait(pid, 20), 8 << 8, "status")


@with_agent()
def exec_folder_and_redirections(agent):
    """Redirections are named from the agent's folder, as everywhere; relative programs from the child's."""
    need_unix("it runs no Unix scripts")
    client = agent.client()
    os.mkdir(agent.path("sub"))
    client.put("sub/script", b"#!/bin/sh\npwd\ncat\necho complaint >&2\nexit 4\n", wire.SEND_EXE)
    client.put("in", b"input\n")
    pid = client.execute("./script", cwd="sub", **{"in": "in"}, out="out", err="err")
    equal(client.wait(pid, 20), 4 << 8, "status")
    equal(client.get("out").decode(), os.path.realpath(agent.path("sub")) + "\ninput\n", "output")
    equal(client.get("err"), b"complaint\n", "errors")


@with_agent()
def exec_appends_where_told(agent):
    client = agent.client()
    for append, out, err in (([], b"new\n", b"new\n"), (["out"], b"old\nnew\n", b"new\n"),
                             (["err"], b"new\n", b"old\nnew\n"), (["out", "err"], b"old\nnew\n", b"old\nnew\n")):
        agent.write("out", b"old\n")
        agent.write("err", b"old\n")
        pid = client.execute("sh", "-c", "echo new; echo new >&2", out="out", err="err", append=append)
        equal(client.wait(pid, 20), 0, "status")
        equal((client.get("out"), client.get("err")), (out, err), f"content with append={append}")


@with_agent()
def exec_untracked(agent):
    client = agent.client()
    pid = client.execute("sh", "-c", "echo done > made", untracked="1")
    refused(NO_CHILD(pid), client.wait, pid, 0)
    eventually(lambda: os.path.exists(agent.path("made")), "the child's work")


@with_agent()
def exec_tells_a_missing_folder_from_a_missing_program(agent):
    client = agent.client()
    agent.write("file", b"")
    for folder, why in (("none", "No such file or directory"), ("file", "Not a directory")):
        text = client.refusal(wire.EXEC, s("arg=true"), s(f"cwd={folder}"))
        check(text.endswith(f": the working folder '{folder}': {why}"), text)
    check(client.refusal(wire.EXEC, s("arg=./none"), s("cwd=.")).endswith(" in .: No such file or directory"), "a program")


@with_agent()
def exec_has_bounds_and_values_for_its_options(agent):
    client = agent.client()
    for console in ("shared", "new", "none"):
        equal(client.wait(client.execute("true", console=console), 20), 0, f"status with console={console}")
    refused("exec: console='big' is not shared, new or none", client.execute, "true", console="big")
    equal(client.wait(client.execute("true", env=[f"A{i}=x" for i in range(4000)], unset=[f"B{i}" for i in range(96)]), 20),
          0, "status with as many variables as there may be")
    refused("exec: more than 4096 options env and unset", client.execute, "true", env=[f"A{i}=x" for i in range(60000)])


@with_agent()
def exec_refusals(agent):
    need_unix("it runs no Unix scripts")
    client = agent.client()
    client.put("text", b"no program")
    missing = "No such file or directory"
    refused(f"could not run 'x': {missing}", client.execute, "x")
    refused(f"could not run './x': {missing}", client.execute, "./x", "argument")
    refused("could not run './text': Permission denied", client.execute, "./text")
    refused(f"unable to open 'none' for reading: {missing}", client.execute, "true", **{"in": "none"})
    refused(f"unable to open 'no/out' for writing: {missing}", client.execute, "true", out="no/out")
    for options in (["arg=true", "cwd=none"], [], ["cwd=."], ["arg=true", "colour=blue"], ["arg=true", "arg"], [""],
                    ["arg=true", "env=NOVALUE"], ["arg=true", "append=in"], ["arg=true", "untracked=maybe"]):
        text = client.refusal(wire.EXEC, *map(s, options))
        check(text and "\n" not in text, f"{options}: {text!r}")
        client.ping()
    check("none" in client.refusal(wire.EXEC, s("arg=true"), s("cwd=none")), "the folder is not named")
    check("colour" in client.refusal(wire.EXEC, s("arg=true"), s("colour=blue")), "the option is not named")


# ---- kill ----

def pid_from(agent, name):
    """The pid that a script wrote into this file, once it has."""
    def whole_line():
        try:
            return agent.read(name).endswith(b"\n")
        except FileNotFoundError:
            return False
    eventually(whole_line, f"the file {name}")
    return agent.cleanup(int(agent.read(name)))


def check_all_gone(pids):
    eventually(lambda: not any(map(harness.alive, pids)), lambda: f"the end of {list(filter(harness.alive, pids))}")


@with_agent()
def kill_asks_first(agent):
    need_unix("tests/wine/test_run.py has its kill, which closes windows and ends trees")
    client = agent.client()
    pid = client.shell("trap 'echo asked > asked; exit 3' TERM; echo ready > ready; while :; do sleep 0.05; done")
    eventually(lambda: os.path.exists(agent.path("ready")), "the trap to be set")
    killed = client.kill(pid, "grace-ms=20000")
    check(pid in dict(killed), f"not told: {killed}")
    equal(client.wait(pid, 20), 3 << 8, "status")
    equal(client.get("asked"), b"asked\n", "what the child wrote when asked")


@with_agent()
def kill_lets_who_is_stopped_hear_it(agent):
    """A stopped process gets its SIGTERM only once it goes on."""
    need_unix("tests/wine/test_run.py has its kill, which closes windows and ends trees")
    client = agent.client()
    pid = client.shell("trap 'echo asked > asked; exit 3' TERM; kill -STOP $$; echo went-on > went-on; sleep 100")
    eventually(lambda: harness.stat_fields(pid)[0] == b"T", "the child to be stopped")
    client.kill(pid, "grace-ms=15000")
    equal(client.wait(pid, 20), 3 << 8, "status")
    equal(client.get("asked"), b"asked\n", "what the child wrote when asked")


@with_agent()
def kill_ends_who_ignores_sigterm(agent):
    need_unix("tests/wine/test_run.py has its kill, which closes windows and ends trees")
    client = agent.client()
    pid = client.shell("trap '' TERM; echo $$ > child; while :; do sleep 0.05; done")
    pid_from(agent, "child")
    killed = client.kill(pid, "grace-ms=200")
    equal(dict(killed).get(pid), "sh", "name")
    equal(client.wait(pid, 20), 9, "status")


# Runs a command in a process group of its own, as a shell with job control does.
OWN_GROUP = f"{sys.executable} -c 'import os, sys; os.setpgid(0, 0); os.execvp(sys.argv[1], sys.argv[1:])'"
STUBBORN = """sh -c 'echo $$ > {0}; trap "" TERM; while :; do sleep 0.05; done'"""
RELATIVES = f"""
sleep 1000 & echo $! > same-group
{OWN_GROUP} {STUBBORN.format("own-group")} &
sh -c "sleep 1000 & echo \\$! > orphan"
({OWN_GROUP} {STUBBORN.format("stubborn-orphan")} &)
"""
OWN_SESSION = f"setsid {STUBBORN.format('own-session')} &\n"


def family(agent, client, script):
    """A child with descendants in groups and sessions of their own, some of them without a parent; their pids."""
    names = ["same-group", "own-group", "orphan", "stubborn-orphan"] + ["own-session"] * (OWN_SESSION in script)
    child = client.shell(script)
    pids = {name: pid_from(agent, name) for name in names}
    for name in names:
        os.unlink(agent.path(name))
    return child, pids


@with_agent()
def kill_ends_the_whole_family(agent):
    need_unix("tests/wine/test_run.py has its kill, which closes windows and ends trees")
    client = agent.client()
    bystander, others = family(agent, client, RELATIVES + OWN_SESSION + "wait; wait; sleep 1000")
    child, relatives = family(agent, client, RELATIVES + OWN_SESSION + "wait; wait; sleep 1000")
    killed = dict(client.kill(child, "grace-ms=300"))
    check_all_gone([child, *relatives.values()])
    check({child, *relatives.values()} <= set(killed), f"not all of {child}, {relatives} are told in {killed}")
    equal((killed[relatives["same-group"]], killed[relatives["own-session"]]), ("sleep", "sh"), "names")
    check(client.wait(child, 20) in (9, 15), "status of the child")
    for pid in [bystander, *others.values(), agent.pid]:
        check(harness.alive(pid), f"{pid}, who is no relation, was ended")
    client.kill(bystander, "grace-ms=0")
    check_all_gone([bystander, *others.values()])


@with_agent()
def kill_ends_what_an_exited_child_left(agent):
    need_unix("what has lost its parent can't be told from others")
    client = agent.client()
    child, relatives = family(agent, client, RELATIVES + "exit 7")
    equal(client.wait(child, 20), 7 << 8, "status")
    client.kill(child, "grace-ms=300")
    check_all_gone(relatives.values())
    equal(client.wait(child, 0), 7 << 8, "status afterwards")


@with_agent()
def kill_of_the_dead_ends_nobody(agent):
    client = agent.client()
    pid = client.run("true")
    equal(client.wait(pid, 20), 0, "status")
    equal(client.kill(pid), [], "processes told")
    equal(client.wait(pid, 0), 0, "status")


@with_agent()
def kill_refusals(agent):
    need_unix("children are not ended by signals")
    client = agent.client()
    for pid in (0, 1, agent.pid, (1 << 64) - 1):
        equal(client.refusal(wire.KILL, Q(pid)), NO_CHILD(pid), "error text")
    equal(client.refusal(wire.KILL), "expected a pid and options", "error text")
    pid = agent.cleanup(client.run("sleep", "1000"))
    for option in ("grace-ms=soon", "grace-ms=-1", "colour=blue", "grace-ms", "grace-ms=99999999999999999999"):
        check(client.refusal(wire.KILL, Q(pid), s(option)), f"no reason for {option}")
        refused(wire.TIMED_OUT, client.wait, pid, 0)
    client.kill(pid)
    check(client.wait(pid, 20) in (9, 15), "status")


@with_agent()
def kill_delays_nobody(agent):
    need_unix("what has no window is ended at once")
    client = agent.client()
    pid = client.shell("trap '' TERM; echo $$ > child; while :; do sleep 0.05; done")
    pid_from(agent, "child")
    client.send(wire.request(wire.KILL, Q(pid), s("grace-ms=3000")))
    agent.ping()
    other = agent.client()
    equal(other.wait(other.run("true"), 2), 0, "status of another child meanwhile")
    refused(wire.TIMED_OUT, other.wait, pid, 0)
    check(client.reply_list(), "nobody was ended")


# ---- screenshot ----

def facts_of(entries):
    return dict(entry.text.split("=", 1) for entry in entries)


@with_agent()
def screenshot_facts_and_file(agent):
    client = agent.client()
    reply = client.call(wire.SCREENSHOT, s("backend=pattern"))
    equal("".join(entry.kind for entry in reply), "s" * (len(reply) - 1) + "d", "kinds of entries")
    facts, shot = facts_of(reply[:-1]), picture.decode_png(reply[-1].payload)
    check(facts["geometry"].startswith(f"{shot.width}x{shot.height}+"), f"{shot.width}x{shot.height}: {facts}")
    equal((facts["backend"], facts["hash"]), ("pattern", shot.hash()), "backend and hash")
    check(facts["time"].endswith("Z"), f"facts: {facts}")

    ppm = client.call(wire.SCREENSHOT, s("backend=pattern"), s("format=ppm"))
    check(picture.decode_ppm(ppm[-1].payload).same(shot), "another picture as PPM")

    same = client.call(wire.SCREENSHOT, s("backend=pattern"), s(f"if-changed={facts['hash']}"))
    equal((same[-1].kind, facts_of(same[:-1]).get("unchanged")), ("u", "1"), "reply when nothing changed")


@with_agent()
def smaller_picture_has_the_means_of_the_larger_ones_pixels(agent):
    client = agent.client()
    large = picture.decode_png(client.call(wire.SCREENSHOT, s("backend=pattern"))[-1].payload)
    reply = client.call(wire.SCREENSHOT, s("backend=pattern"), s("scale=1/7"))
    facts, small = facts_of(reply[:-1]), picture.decode_png(reply[-1].payload)
    equal((small.width, small.height), (-(-large.width // 7), -(-large.height // 7)), "its size")
    equal((facts["scale"], facts["hash"]), ("1/7", small.hash()), "scale and hash")
    check(facts["geometry"].startswith(f"{large.width}x{large.height}+"), f"what it shows: {facts['geometry']}")
    for column, line in ((0, 0), (small.width // 2, small.height // 2), (small.width - 1, small.height - 1)):
        box = [large.pixels[(y * large.width + x) * 3:][:3] for y in range(line * 7, min(line * 7 + 7, large.height))
               for x in range(column * 7, min(column * 7 + 7, large.width))]
        equal(list(small.pixels[(line * small.width + column) * 3:][:3]),
              [(2 * sum(channel) + len(box)) // (2 * len(box)) for channel in zip(*box)], f"pixel {column},{line}")


@with_agent()
def more_pictures_at_once_than_workers_are_all_answered(agent):
    """Other pictures and equal ones."""
    sizes = [f"{8 + number % 20}x9+0+0" for number in range(40)]
    clients = [agent.client() for _ in sizes]
    for client, size in zip(clients, sizes):
        client.send(wire.request(wire.SCREENSHOT, s("backend=pattern"), s(f"region={size}"), s("deadline-ms=60000")))
    for client, size in zip(clients, sizes):
        reply = client.reply_list()
        shot = picture.decode_png(reply[-1].payload)
        equal(f"{shot.width}x{shot.height}+0+0", size, "the picture")


@with_agent()
def screenshot_refusals(agent):
    client = agent.client()
    for option in ("output=no-such-output", "backend=no-such-backend", "region=all", "region=0x0+0+0", "format=gif",
                   "cursor=maybe", "deadline-ms=soon", "colour=blue", "backend"):
        text = client.refusal(wire.SCREENSHOT, s("backend=pattern"), s(option))
        check(text and "\n" not in text, f"{option}: {text!r}")
        client.ping()


if __name__ == "__main__":
    harness.main()
