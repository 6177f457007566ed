#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""getproperties, setproperty, settime, and the count of restarts."""
import os
import re
import time

import harness
import wire
from harness import Agent, check, equal, need_root, need_unix, with_agent
from machine import NO_CLOCK, FakeClock
from wire import I, Q, s


@with_agent()
def properties_begin_as_the_ancestors(agent):
    names = [name for name, _ in agent.client().properties()]
    equal(names[:3], ["protocol.version", "server.arch", "start.count"], "the first names")
    values = dict(agent.client().properties())
    equal((values["protocol.version"], values["start.count"]), ("testagentd 1.7", "0"), "values")
    arch = ("linux64", "linux32") if harness.NATIVE else ("win32",)
    check(values["server.arch"] in arch, f"server.arch={values['server.arch']}")


@with_agent("--protocol", "1.8")
def properties_of_1_8(agent):
    client = agent.client()
    equal(client.banner, "testagentd 1.8", "banner")
    properties = client.properties()
    argc = int(dict(properties)["server.argc"])
    names = ["protocol.version", "server.argc", *(f"server.argv[{i}]" for i in range(argc)), "server.arch",
             "start.count"]
    equal([name for name, _ in properties[:len(names)]], names, "the first names")
    arguments = [value for name, value in properties if name.startswith("server.argv[")]
    equal(arguments[-3:], ["--protocol", "1.8", "0"], "arguments")


@with_agent("--protocol", "1.7")
def properties_pass_an_old_clients_check(agent):
    """Clients up to 2019 give up the whole list for one name that they don't like."""
    reply = agent.client().call(wire.GETPROPERTIES)
    check(len(reply) > 10, f"only {len(reply)} properties")
    for entry in reply:
        check(entry.kind == "s" and re.match(r"[a-zA-Z0-9.]+=", entry.text), f"{entry}")
        check("\n" not in entry.text and "\r" not in entry.text, f"a line break in {entry.text!r}")
    names = [entry.text.partition("=")[0] for entry in reply]
    equal(len(names), len(set(names)), "different names")


@with_agent("--card-class", "no-driver=virtual", "--card-class", "other-driver=emulated")
def rule_that_is_of_no_card_is_told(agent):
    """By the properties, with each picture's reasons, and in the log, once."""
    client = agent.client()
    for _ in range(2):
        values = dict(client.properties())
        for i, rule in enumerate(("no-driver=virtual", "other-driver=emulated")):
            told = values[f"card.class.unused.{i}"]
            check(told.startswith(f"'{rule}' is of no card here: "), told)
    log = client.get(".periscope/log.txt").decode()
    equal(log.count("--card-class: 'no-driver=virtual' is of no card here"), 1, "lines in the log")


@with_agent()
def properties_of_periscope(agent):
    check("card.class.unused.0" not in dict(agent.client().properties()), "a rule that nobody has made")
    values = dict(agent.client().properties())
    for name in ("periscope.version", "periscope.rpcs", "boot.id", "boot.time", "agent.start", "os.name", "os.kernel",
                 "display.count", "capture.backends", "security.mode"):
        check(name in values, f"no {name}")
    if harness.NATIVE:
        with open("/proc/stat", encoding="ascii") as file:
            booted = next(int(line.split()[1]) for line in file if line.startswith("btime "))
        check(abs(int(values["boot.time"]) - booted) <= 2, f"boot.time={values['boot.time']} instead of {booted}")
        check(os.uname().release in values["os.kernel"], f"os.kernel={values['os.kernel']}")


@harness.test
def boot_and_start_tell_agents_apart():
    with Agent() as one, Agent() as two:
        first, second = one.client(), two.client()
        equal(first.property("boot.id"), second.property("boot.id"), "boot.id of one boot")
        equal(first.property("agent.start"), one.client().property("agent.start"), "agent.start of one agent")


@with_agent()
def setproperty_start_count(agent):
    client = agent.client()
    for value in ("7", "0", "4294967295"):
        client.expect("", wire.SETPROPERTY, s("start.count"), s(value))
        equal(client.property("start.count"), value, "start.count")
    for value in ("many", "1x", "x1"):
        equal(client.refusal(wire.SETPROPERTY, s("start.count"), s(value)),
              f"'{value}' is not a valid start.count value", "error text")
    equal(client.property("start.count"), "4294967295", "start.count after refusals")


@with_agent()
def setproperty_refusals(agent):
    client = agent.client()
    for name in ("protocol.version", "server.arch"):
        equal(client.refusal(wire.SETPROPERTY, s(name), s("1")), f"{name} is read-only", "error text")
    for name in ("start", "start.count.more", "", "Start.Count", "%s%n"):
        equal(client.refusal(wire.SETPROPERTY, s(name), s("1")), f"unknown property {name}", "error text")


# ---- settime ----

@harness.test
def settime_leeway():
    """Within the leeway nothing is set; without one, always."""
    with FakeClock() as clock, Agent(wrapper=NO_CLOCK, env=clock.env) as agent:
        clock.verify(agent)
        client = agent.client()
        for delta, leeway, is_set in ((20, 30, False), (-20, 30, False), (0, 30, False), (300, 30, True),
                                      (-300, 30, True), (100, 4294967295, False), (5, 0, True)):
            clock.ahead = 0
            client.expect("", wire.SETTIME, Q(int(time.time()) + delta), I(leeway))
            want = delta if is_set else 0
            check(abs(clock.ahead - want) <= 2, f"{clock.ahead} s ahead after {delta} s with a leeway of {leeway} s")


@with_agent(wrapper=NO_CLOCK)
def settime_that_is_not_permitted(agent):
    need_unix("its text has the number")
    client = agent.client()
    now = int(time.time())
    equal(client.refusal(wire.SETTIME, Q(now + 864000), I(30)),
          "failed to set the time: Operation not permitted", "error text")
    client.expect("", wire.SETTIME, Q(now), I(3600))
    for absurd in ((1 << 64) - 1, 1 << 63):
        check(client.refusal(wire.SETTIME, Q(absurd), I(0)).startswith("failed to set the time"), "error text")


@with_agent("--set-time-only", wrapper=NO_CLOCK)
def set_time_only(agent):
    client = agent.client()
    client.ping()
    client.expect("", wire.SETTIME, Q(int(time.time())), I(3600))
    equal(client.refusal(wire.GETCWD), "the getcwd RPC is not allowed", "error text")
    equal(client.refusal(wire.RUN, I(0), s(""), s(""), s(""), s("true")), "the run RPC is not allowed", "error text")
    client.ping()


# ---- --show-restarts ----

def restart(agent):
    """Ends the agent and starts it again in the same folder, as a reboot does."""
    agent.stop()
    agent.start()
    return agent.client()


@with_agent("--show-restarts", copy=True)
def starts_are_counted(agent):
    client = agent.client()
    equal(client.property("start.count"), "1", "start.count")
    equal(restart(agent).property("start.count"), "2", "start.count after a restart")
    data = harness.PROGRAM + ".data"
    equal(agent.read(data).decode().strip(), "2", f"content of {data}")
    client = restart(agent)
    equal(client.property("start.count"), "3", "start.count after two")
    client.expect("", wire.SETPROPERTY, s("start.count"), s("0"))
    equal(client.property("start.count"), "0", "start.count once set")
    equal(restart(agent).property("start.count"), "1", "start.count of the start after it was set to 0")


@with_agent("--show-restarts", copy=True)
def count_that_is_damaged(agent):
    data = harness.PROGRAM + ".data"
    for content in (b"", b"many", b"\xff" * 5000):
        agent.write(data, content)
        equal(restart(agent).property("start.count"), "1", f"start.count after {content[:8]!r}")


@with_agent("--show-restarts", copy=True)
def count_of_somebody_else_s_is_not_taken(agent):
    """Others may write in the working folder: what they leave under the file's name says nothing, and leads nowhere."""
    data, elsewhere = agent.path(harness.PROGRAM + ".data"), agent.path("elsewhere")
    agent.write("elsewhere", b"41\n")

    def link():
        os.symlink(elsewhere, data)

    def other_name():
        os.link(elsewhere, data)

    def open_to_all():
        agent.write(os.path.basename(data), b"41\n")
        os.chmod(data, 0o666)

    def foreign():
        need_root()
        agent.write(os.path.basename(data), b"41\n")
        os.chown(data, 12345, 12345)

    # On Windows a file's rights are not its mode, and Wine takes a link of Unix for the file itself.
    for forge in (link, other_name, open_to_all, foreign) if harness.NATIVE else (other_name,):
        agent.stop()
        os.unlink(data)
        forge()
        agent.start()
        equal(agent.client().property("start.count"), "1", f"start.count of a {forge.__name__}")
        equal(agent.read("elsewhere"), b"41\n", "content of the other file")
        equal(agent.read(os.path.basename(data)), b"1\n", "content of the agent's own file")
        check(b"is not read, the starts are counted anew" in agent.client().get(".periscope/log.txt"), "not logged")


@with_agent()
def starts_are_not_counted_unasked(agent):
    equal(agent.client().property("start.count"), "0", "start.count")
    equal(restart(agent).property("start.count"), "0", "start.count after a restart")
    equal(os.listdir(agent.folder), [], "files")


if __name__ == "__main__":
    harness.main()
