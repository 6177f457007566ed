#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that are found again: tags, the RPC ps, what a child has left behind, and the end of all of these."""
import os
import signal
import subprocess
import sys

import harness
import wire
from cli import OK, REFUSED, USAGE, one_line, periscope, target
from harness import (Agent, alive, check, equal, eventually, name_of, need_root, need_unix, refused, refused_saying,
                     stat_fields, test, with_agent)

NO_TAG = "{}: no child has the tag '{}'".format
HEADLESS = """
import ctypes, signal, sys, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
threading.Thread(target=lambda: ctypes.CDLL(None).sleep(1000)).start()
open(sys.argv[1], "w").write(str(__import__("os").getpid()))
ctypes.CDLL(None).pthread_exit(None)
"""


def listed(client, kind, *options):
    return [line for line in client.ps(*options) if line["kind"] == kind]


def number_in(agent, name, program="sleep"):
    """A pid that a program writes there, once it is that of the program."""
    pid = int(eventually(lambda: os.path.exists(agent.path(name)) and agent.read(name).strip(), f"a pid in {name}"))
    eventually(lambda: program in (None, name_of(pid)), f"{program} as process {pid}")
    return pid


# ---- what is told ----

@with_agent()
def children_are_listed_with_tag_state_and_times(agent):
    client = agent.client()
    done = client.execute("/bin/sh", "-c", "exit 3", tag="done")
    client.wait(done, 20)
    running = agent.cleanup(client.execute("sleep", "1000", tag="of:two", stream=["in", "merged"]))
    plain = agent.cleanup(client.run("sleep", "1000", stdout="out"))
    lines = {int(line["pid"]): line for line in client.ps()}
    equal(sorted(lines), sorted([done, running, plain]), "children")
    equal([lines[done].get(key) for key in ("kind", "state", "tag", "cpu-ms")], ["child", "exited", "done", None], "it")
    check(int(lines[done]["status"]) in (3, 768), "status")
    equal([lines[running].get(key) for key in ("state", "tag", "status", "streams")],
          ["running", "of:two", None, "in,out"], "the tagged one")
    check("sleep 1000" in lines[running]["command"], lines[running]["command"])
    equal([lines[plain].get(key) for key in ("tag", "streams", "out")], [None, None, "out"], "the plain one")
    check(int(lines[running]["cpu-ms"]) < 20000 and int(lines[running]["ran-ms"]) < 60000, "times")
    equal([int(line["pid"]) for line in client.ps("tag=of:two")], [running], "by tag")
    equal([int(line["pid"]) for line in client.ps(f"pid={plain}")], [plain], "by pid")
    equal([line["kind"] for line in client.ps("last=1")], ["child", "more"], "one of three")
    client.forget(done)
    refused_saying("is not a child process", client.ps, f"pid={done}")
    check(done not in [int(line["pid"]) for line in client.ps()], "a forgotten one is listed")


@with_agent()
def wrong_tags_and_options_are_named(agent):
    client = agent.client()
    for tag in ("", "x" * 65, "a b", "a\tb", "a\nb", "\x7f", "ü"):
        refused_saying(" is not 1 to 64 printable characters without blanks", client.execute, "true", tag=tag)
        refused_saying(" is not 1 to 64 printable characters without blanks", client.kill, 0, f"tag={tag}")
    for option, why in (("x=1", "ps: unknown option 'x=1'"), ("pid=x", "ps: pid='x' is not a number"),
                        ("tree=2", "ps: tree='2' is not 0 or 1"), ("last=10001", "ps: last=10001 is more than 10000"),
                        ("tag=", "ps: tag='' is not a text")):
        refused(why, client.ps, option)
    refused(NO_TAG("kill", "nobody"), client.kill, 0, "tag=nobody")
    for options in (["tag=nobody"], ["tag=nobody", "tree=1"]):
        refused(NO_TAG("ps", "nobody"), client.ps, *options)
    refused("kill: pid 5 and tag='a': one of them, the other is 0 or left out", client.kill, 5, "tag=a")
    equal(client.ps(), [], "no child was started")


@with_agent(copy=True)
def tags_and_times_carry_over_an_upgrade(agent):
    agent.expect_end = not harness.NATIVE  # there the next one is another process
    client = agent.client()
    # No file of Windows has such a name.
    odd = {"out": " out\nput\1n", "err": "\\n\1\n", "limit-ms": 3600000, "limit-files": "\n limit\n"} if harness.NATIVE else {}
    pid = agent.cleanup(client.execute("sleep", "1000", tag="kept", **odd))
    done = client.execute("/bin/sh", "-c", "sleep 1000 & echo $! > orphan; exit 0", tag="left")
    orphan = agent.cleanup(number_in(agent, "orphan")) if harness.NATIVE else None
    client.wait(done, 20)
    client.forget(done)
    before = listed(client, "child")
    check(before[0]["tag"] == "kept", "tag")
    with open(harness.COMMAND[-1], "rb") as file:
        client.expect("", wire.UPGRADE, wire.d(file.read()))
    client = eventually(lambda: harness.reconnected(agent), "the next agent")
    after = listed(client, "child", "tree=1")
    for key in ("pid", "tag", "command", "started", "state", "user", "out", "err", "limit-files"):
        equal(after[0].get(key), before[0].get(key), key)
    if harness.NATIVE:
        equal([int(line["pid"]) for line in listed(client, "orphan", "tree=1")], [orphan], "what a forgotten one has left")
        equal([name for _, name in client.kill(0, "tag=left")], ["sleep"], "ended by the tag of a forgotten one")
    check(pid in [number for number, _ in client.kill(0, "tag=kept")], "it is not ended by its tag")


@test
def tags_survive_the_agents_crash():
    need_unix("Wine's processes end with the agent that is killed")
    folder = harness.tempfile.mkdtemp(prefix="periscope-test-", dir="/root" if os.geteuid() == 0 else "/tmp")
    try:
        with Agent("--journal", os.path.join(folder, "journal")) as agent:
            client = agent.client()
            pid = agent.cleanup(client.execute("sleep", "1000", tag="kept"))
            done = client.execute("/bin/sh", "-c", "sleep 1000 & echo $! > orphan; exit 0", tag="left")
            orphan = agent.cleanup(number_in(agent, "orphan"))
            client.wait(done, 20)
            started = [line.get("started", "")[:16] for line in client.ps("tag=kept")]
            agent.process.kill()
            agent.process.wait()
            agent.start()
            client = agent.client()
            equal([(int(line["pid"]), line["state"]) for line in client.ps("tag=kept")], [(pid, "running")], "the child")
            equal([line.get("started", "")[:16] for line in client.ps("tag=kept")], started, "when it was started")
            equal([int(line["pid"]) for line in listed(client, "orphan", "tree=1")], [orphan], "what the other has left")
            client.kill(0, "tag=left")
            check(not alive(orphan), "what it has left is alive")
            client.kill(0, "tag=kept")
    finally:
        harness.shutil.rmtree(folder)


# ---- processes ----

@with_agent()
def tree_lists_descendants_and_orphans_and_no_neighbour(agent):
    need_unix("the same on Windows is tried by wine/test_run.py")
    client = agent.client()
    neighbour = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        script = "sleep 1000 & sleep 1000 & wait"
        pid = agent.cleanup(client.shell(script))
        left = client.execute("/bin/sh", "-c", "sleep 1000 & exit 0", tag="left")
        client.wait(left, 20)
        names = lambda kind, owner: sorted(line["name"] for line in listed(client, kind, "tree=1")
                                           if int(line["child"]) == owner)
        eventually(lambda: names("process", pid) == ["sh", "sleep", "sleep"], "the tree")
        eventually(lambda: names("orphan", left) == ["sleep"], "what is left")
        pids = [int(line["pid"]) for line in client.ps("tree=1")]
        check(neighbour.pid not in pids and agent.pid not in pids, "a stranger is listed")
        client.kill(pid, "grace-ms=100")
        client.kill(left, "grace-ms=100")
        equal(listed(client, "process", "tree=1") + listed(client, "orphan", "tree=1"), [], "afterwards")
        agent.ping()
        check(neighbour.poll() is None, "the neighbour was ended")
    finally:
        neighbour.kill()
        neighbour.wait()


@with_agent()
def fork_tree_with_orphans_and_without_first_threads_is_ended_to_the_last(agent):
    need_unix("there a process has no first thread")
    client = agent.client()
    neighbour = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        agent.write("headless.py", HEADLESS.encode())
        script = (f"(sleep 1000 & sh -c 'sleep 1000 & echo $! > orphan' & wait) & {sys.executable} headless.py headless & "
                  "(trap '' TERM; sleep 1000; sleep 1000) & exec sleep 1000")
        pid = agent.cleanup(client.execute("/bin/sh", "-c", script, tag="tree"))
        orphan = number_in(agent, "orphan")
        headless = number_in(agent, "headless", None)
        eventually(lambda: stat_fields(headless)[0] == b"Z" and stat_fields(orphan)[1] not in (b"0", str(pid).encode()),
                   "an orphan, and a process without its first thread")
        before = {int(line["pid"]) for line in listed(client, "process", "tree=1")}
        check({pid, orphan, headless} <= before, f"{pid}, {orphan} and {headless} are not all in {before}")
        ended = {number for number, _ in client.kill(0, "tag=tree", "grace-ms=100")}
        check(before <= ended, f"{before - ended} were not told as ended")
        for one in before:
            check(not os.path.exists(f"/proc/{one}") or not alive(one), f"process {one} is alive")
        check(client.wait(pid, 0) in (signal.SIGTERM, signal.SIGKILL), "status")
        check(neighbour.poll() is None, "the neighbour was ended")
        agent.ping()
    finally:
        neighbour.kill()
        neighbour.wait()


@with_agent()
def what_a_forgotten_child_has_left_is_found_and_ended(agent):
    need_unix("sleep stands for a program of Windows there")
    client = agent.client()
    pid = client.execute("/bin/sh", "-c", "sleep 1000 & echo $! > orphan; exit 0", tag="gone")
    orphan = agent.cleanup(number_in(agent, "orphan"))
    client.wait(pid, 20)
    client.forget(pid)
    equal([(line["kind"], int(line["child"]), int(line["pid"])) for line in client.ps("tree=1")],
          [("orphan", pid, orphan)], "lines")
    equal(client.kill(pid, "grace-ms=1000"), [(orphan, "sleep")], "ended")
    refused(f"the {pid} process does not exist or is not a child process", client.kill, pid)
    equal(client.ps("tree=1"), [], "afterwards")


@with_agent()
def an_orphan_is_ended_alone_and_a_child_without_its_tree(agent):
    need_unix("wine/test_run.py ends one there")
    client = agent.client()
    script = "sleep 1000 & echo $! > one; sleep 1001 & echo $! > two; exit 0"
    left = client.execute("/bin/sh", "-c", script)
    one, two = (agent.cleanup(number_in(agent, name)) for name in ("one", "two"))
    client.wait(left, 20)
    equal(client.kill(one, "tree=0"), [(one, "sleep")], "ended")
    check(not alive(one) and alive(two), "the other orphan")
    parent = client.execute("/bin/sh", "-c", "trap '' TERM; sleep 1000 & echo $! > kept; wait; wait")
    kept = agent.cleanup(number_in(agent, "kept"))
    equal(client.kill(parent, "tree=0", "grace-ms=50"), [(parent, "sh")], "ended, by force")
    equal(client.wait(parent, 0), signal.SIGKILL, "status, at once")
    check(alive(kept), "what it has started")
    equal(client.kill(kept, "tree=0"), [(kept, "sleep")], "its orphan")
    headless = client.execute(sys.executable, "-c", HEADLESS, "headless")
    number_in(agent, "headless", None)
    eventually(lambda: stat_fields(headless)[0] == b"Z", "a process without its first thread")
    equal([pid for pid, _ in client.kill(headless, "tree=0", "grace-ms=50")], [headless], "ended")
    equal(client.kill(left), [(two, "sleep")], "the rest")


@with_agent()
def a_process_that_is_of_no_child_is_never_ended(agent):
    need_unix("wine/test_run.py names one there")
    client = agent.client()
    neighbour = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        child = agent.cleanup(client.execute("sleep", "1000"))
        for pid in (neighbour.pid, agent.pid, 1, os.getpid(), 0, 2**32 + child, 2**64 - 1, 2**31 - 1):
            refused(f"process {pid} is in no child's tree", client.kill, pid, "tree=0")
        done = client.execute("true")
        client.wait(done, 20)
        refused(f"process {done} is in no child's tree", client.kill, done, "tree=0")
        refused("kill: unknown option 'tree=2'", client.kill, child, "tree=2")
        refused("kill: tree=0 is of one process, and tag='a' names programs", client.kill, 0, "tag=a", "tree=0")
        check(neighbour.poll() is None and alive(child), "one of them was ended")
        equal(client.kill(child, "tree=1"), [(child, "sleep")], "ended with its tree")
    finally:
        neighbour.kill()
        neighbour.wait()


STRANGER = """
import ctypes, os, sys, time
number, name = int(sys.argv[1]), sys.argv[2]
for _ in range(200):  # others may take a number in between
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write(str(number - 1))
    pid = os.fork()
    if pid == 0:
        if os.getpid() != number:
            os._exit(1)
        os.setsid()
        stay = os.fork()
        if stay == 0:
            time.sleep(1000)
        with open(name, "w") as file:
            file.write(str(stay))
        os._exit(0)
    if os.waitpid(pid, 0)[1] == 0 and pid == number:
        sys.exit(0)
sys.exit("the number was not to be had")
"""


@test
def what_a_later_process_of_the_same_number_has_left_is_a_strangers():
    """The child leaves nothing; another session's leader gets its number and leaves a process."""
    need_unix("there a handle keeps the number")
    need_root()
    with Agent(wrapper=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]) as agent:
        try:
            strangers_are_left_alone(agent)
        finally:
            agent.expect_end = True  # unshare(1) takes no SIGTERM
            agent.process.kill()


def strangers_are_left_alone(agent):
    inside = ["nsenter", "-t", str(list(harness.children_of(agent.pid))[0]), "--pid", "--mount", "--root"]
    client = agent.client()
    for forgotten in (False, True):
        pid = client.shell("exit 0")
        client.wait(pid, 20)
        if forgotten:
            client.forget(pid)
        name = agent.path(f"stranger-{forgotten}")
        subprocess.run([*inside, sys.executable, "-c", STRANGER, str(pid), name], check=True)
        equal([line for line in client.ps("tree=1") if line["kind"] != "child"], [], "a stranger is listed")
        try:
            equal(client.kill(pid, "grace-ms=0"), [], "ended")
        except wire.Refused as reason:
            check(forgotten and "is not a child process" in str(reason), str(reason))
        with open(name, encoding="ascii") as file:
            stranger = file.read()
        state = subprocess.run([*inside, "cat", f"/proc/{stranger}/stat"], capture_output=True, check=True).stdout
        check(state.rpartition(b")")[2].split()[0] not in b"ZX", f"the stranger was ended: {state}")


# ---- the command ----

@with_agent()
def ps_and_kill_by_tag_are_verbs(agent):
    need_unix("the command is the same with any guest")
    pid = int(periscope("run", "--no-wait", "--tag", "verb", target(agent), "sleep", "1000").text)
    agent.cleanup(pid)
    text = periscope("ps", target(agent)).text
    check(text.split()[:2] == [str(pid), "running"] and " verb " in text and text.endswith("sleep 1000\n"), text)
    check(f"process of {pid}" in periscope("ps", "--tree", target(agent)).text, "its process")
    reply = periscope("ps", "--json", "--tag", "verb", target(agent)).json
    equal([(line["kind"], line["pid"], line["tag"]) for line in reply["lines"]], [("child", str(pid), "verb")], "JSON")
    for verb in ("ps", "kill"):
        refusal = periscope(verb, "--tag", "none", target(agent), code=REFUSED)
        equal((refusal.err, refusal.text), (f"periscope: {NO_TAG(verb, 'none')}\n", ""), "the verb is named once")
        equal(periscope(verb, "--json", "--tag", "none", target(agent), code=REFUSED).json["error"], NO_TAG(verb, "none"), "JSON")
    one_line(periscope("kill", target(agent), code=USAGE), "either PID or --tag is needed")
    one_line(periscope("kill", "--tag", "verb", target(agent), str(pid), code=USAGE), "either PID or --tag is needed")
    one_line(periscope("kill", "--alone", "--tag", "verb", target(agent), code=USAGE), "--alone needs a PID")
    one_line(periscope("kill", "--alone", target(agent), str(agent.pid), code=REFUSED), "is in no child's tree")
    other = int(periscope("run", "--no-wait", target(agent), "sleep", "1000").text)
    equal(periscope("kill", "--alone", target(agent), str(other)).text, f"{other} sleep\n", "one alone")
    check(f"{pid} sleep" in periscope("kill", "--tag", "verb", target(agent), code=OK).text, "ended")


if __name__ == "__main__":
    harness.main()
