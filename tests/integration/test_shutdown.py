#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""shutdown: whom the agent asks, when it refuses, and how the command knows that the machine is off. Each test is isolated,
with a /run of its own: whatever breaks, it is not this machine that ends."""
import json
import os
import signal
import subprocess
import threading

import harness
import wire
from cli import REFUSED, TIMED_OUT, USAGE, one_line, periscope, target
from harness import PATIENCE, Agent, Skip, check, equal
from isolation import isolate
from logind import own_run, system_bus
from qmp import Monitor
from wire import s

CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
NO = b"\0\0\0\0"  # a boolean


def notice_of(call):
    member, signature, body = call
    equal((member, signature), ("SetWallMessage", "sb"), "what logind is told first")
    size = int.from_bytes(body[:4], "little")
    equal(body[4 + size:], b"\0" * (-(4 + size + 1) % 4 + 1) + b"\1\0\0\0", "what follows the text")
    return body[4:4 + size].decode()


def shut(client, *options):
    return dict(entry.text.split("=", 1) for entry in client.call(wire.SHUTDOWN, *(s(option) for option in options)))


@harness.test
def logind_is_asked_and_those_who_wait_are_told():
    with system_bus() as bus, Agent() as agent:
        client = agent.client()
        for action, member in (("off", "PowerOff"), ("reboot", "Reboot")):
            bus.calls.clear()
            equal(shut(client, f"action={action}"), {"action": action, "by": "logind", "flushed": "1"}, "the answer")
            equal(bus.calls[1:], [(member, "b", NO)], "what logind is asked")
            check("127.0.0.1" in notice_of(bus.calls[0]), "the host in what is written on terminals")
        waiting = client.call(wire.WAITREADY, s("state=shutting-down"), s("deadline-ms=60000"))
        equal(waiting[0].text, "ready=1", "a wait for the end")
        equal(client.property("desktop.state"), "shutting-down", "the property")
        log = client.get(".periscope/events.txt").decode()
        check("\tshutdown\t" in log and "asked for reboot, by logind" in log, log)
        equal(bus.failures, [], "what the D-Bus did not understand")


@harness.test
def the_session_at_the_screen_is_logged_off():
    with system_bus() as bus, Agent() as agent:
        equal(shut(agent.client(), "action=log-off")["action"], "log-off", "the answer")
        equal(bus.calls, [("TerminateSession", "s", b"\1\0\0\0007\0")], "what logind is asked")
        equal(bus.failures, [], "what the D-Bus did not understand")


@harness.test
def programs_of_a_host_refuse_it_unless_it_is_forced():
    with system_bus() as bus, Agent() as agent:
        client = agent.client()
        pid = client.run("sleep", "1000")
        for action in ("off", "reboot", "log-off"):
            equal(client.refusal(wire.SHUTDOWN, s(f"action={action}")),
                  "shutdown: refused while programs of a host run (1): force=1 ends them", "the refusal")
        equal(bus.calls, [], "what logind is asked")
        equal(shut(client, "action=off", "force=1")["by"], "logind", "who does it")
        equal([call[0] for call in bus.calls], ["SetWallMessage", "PowerOff"], "what logind is asked")
        client.call(wire.KILL, wire.Q(pid), s("grace-ms=0"))


@harness.test
def what_logind_refuses_is_told_in_its_words():
    refuse = {"PowerOff": ("org.freedesktop.DBus.Error.AccessDenied", "Permission denied"),
              "Reboot": ("org.freedesktop.login1.OperationInProgress", "There's already a shutdown in progress")}
    with system_bus(refuse=refuse), Agent() as agent:
        client = agent.client()
        equal(client.refusal(wire.SHUTDOWN, s("action=off")), "could not power off: Permission denied", "a denial")
        equal(client.refusal(wire.SHUTDOWN, s("action=reboot")),
              "could not reboot: There's already a shutdown in progress", "a refusal")
        equal(client.call(wire.WAITREADY, s("state=shutting-down"), s("deadline-ms=300"))[0].text, "ready=0",
              "the state after both")


@harness.test
def a_request_that_does_not_say_what_is_a_mistake():
    with system_bus() as bus, Agent() as agent:
        client = agent.client()
        for options, error in (((), "shutdown: no action= given"), (("force=1",), "shutdown: no action= given"),
                               (("action=",), "shutdown: 'action=' is not off, reboot or log-off"),
                               (("action=OFF",), "shutdown: 'action=OFF' is not off, reboot or log-off"),
                               (("action=off", "force=2"), "shutdown: unknown option 'force=2'"),
                               (("action=off", "now"), "shutdown: unknown option 'now'")):
            equal(client.refusal(wire.SHUTDOWN, *(s(option) for option in options)), error, f"the answer to {options}")
        equal(bus.calls, [], "what logind is asked")


@harness.test
def an_agent_that_is_not_to_end_the_system_does_not():
    with system_bus() as bus, Agent("--allow-rpc", "ping,waitready") as agent:
        equal(agent.client().refusal(wire.SHUTDOWN, s("action=off"), s("force=1")),
              "the RPC 'shutdown' is not allowed here (allow-rpc)", "the refusal")
        equal(bus.calls, [], "what logind is asked")


@harness.test
def without_logind_the_kernel_ends_it_once_the_answer_has_left():
    """The kernel ends a container's first process with SIGINT for a power-off and with SIGHUP for a restart: reboot(2)."""
    if subprocess.run([*CONTAINER, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise Skip("unshare(1) can't make a container here")
    for action, number in (("off", signal.SIGINT), ("reboot", signal.SIGHUP)):
        with own_run(), Agent(wrapper=CONTAINER) as agent:
            client = agent.client()
            error = client.refusal(wire.SHUTDOWN, s(f"action={action}"))
            check("there is no logind" in error and "force=1 asks the kernel" in error, error)
            agent.expect_end = True
            equal(shut(client, f"action={action}", "force=1")["by"], "the kernel", "who does it")
            check(agent.process.wait(PATIENCE) in (-number, 128 + number), f"the end of the container: {action}")


# ---- the command ----

def with_event(name):
    """A monitor that says so as soon as it is spoken to."""
    def answer(request):
        event = {"event": name, "data": {"guest": True, "reason": "guest-shutdown"}, "timestamp": {"seconds": 1}}
        reply = {"return": {}, "id": request["id"]}
        return b"".join(json.dumps(one).encode() + b"\r\n" for one in (reply, {"event": "RTC_CHANGE"}, event))
    return Monitor(answer=answer)


@harness.test
def the_command_ends_when_qemu_says_that_the_machine_is_off():
    with system_bus() as bus, Agent() as agent:
        with with_event("SHUTDOWN") as monitor:
            done = periscope("shutdown", "--wait", "--qmp", monitor.address, target(agent))
            check("is off, as QEMU says after" in done.err, done.err)
        equal([call[0] for call in bus.calls], ["SetWallMessage", "PowerOff"], "what logind is asked")
        with with_event("STOP") as monitor:
            done = periscope("shutdown", "--wait", "--qmp", monitor.address, "--timeout", "0.3", target(agent), code=TIMED_OUT)
            one_line(done, "QEMU does not say that the machine is off")


@harness.test
def the_command_does_not_call_silence_an_end():
    """The agent ends a while after logind was asked; the command says no more than that nobody answers."""
    pids = []

    def end_later(member):
        if member == "PowerOff":
            threading.Timer(0.5, os.kill, (pids[0], signal.SIGKILL)).start()
    with system_bus(on_call=end_later), Agent() as agent:
        pids.append(agent.pid)
        agent.expect_end = True
        reply = periscope("shutdown", "--wait", "--json", target(agent)).json
        equal(reply["end"], "no longer answering; whether it is off, --qmp would tell", "what is said of the end")


@harness.test
def wrong_usage_asks_nobody():
    with system_bus() as bus, Agent() as agent:
        for words in (("--reboot", "--log-off"), ("--qmp", "/nowhere/qmp"), ("--wait", "--reboot", "--qmp", "/nowhere/qmp")):
            periscope("shutdown", *words, target(agent), code=USAGE)
        periscope("shutdown", "--wait", "--qmp", "/nowhere/qmp", target(agent), code=1)
        client = agent.client()
        client.run("sleep", "1000")
        one_line(periscope("shutdown", target(agent), code=REFUSED), "refused while programs of a host run")
        equal(bus.calls, [], "what logind is asked")


if __name__ == "__main__":
    isolate()
    harness.main()
