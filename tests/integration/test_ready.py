#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""waitready and the state of the desktop, on an X server whose window manager is a stub that sets what EWMH demands."""
import contextlib
import signal
import threading

import harness
import wire
from cli import TIMED_OUT, finish, one_line, periscope, start, target
from harness import Agent, check, equal, eventually
from verb_test import INCOMPLETE, SAMPLE
from wire import s
from xserver import Server


def ask(client, *options):
    """What waitready answers: {condition: (met, text)} and the other facts."""
    conditions, facts = {}, {}
    for entry in client.call(wire.WAITREADY, *(s(option) for option in options)):
        key, _, value = entry.text.partition("=")
        if key in ("met", "unmet"):
            name, age, text = value.split(" ", 2)
            check(int(age) >= 0, f"an age of {age}")
            conditions[name] = (key == "met", text)
        else:
            facts[key] = value
    return conditions, facts


class Scene:
    """An agent whose DISPLAY is a server of its own."""

    def __enter__(self):
        with contextlib.ExitStack() as begun:
            self.server = begun.enter_context(Server())
            self.agent = begun.enter_context(Agent(env={"DISPLAY": self.server.display}))
            self.screen = self.server.client()
            self.client = self.agent.client()
            self.begun = begun.pop_all()
        return self

    def __exit__(self, *reason):
        if self.server.process.poll() is None:
            self.server.process.send_signal(signal.SIGCONT)
        self.begun.__exit__(*reason)


@harness.test
def ready_is_what_ewmh_says_and_not_what_is_left_of_it():
    with Scene() as scene:
        texts = dict(scene.client.properties())
        equal(texts["desktop.state"], "starting", "the state without a window manager")
        check("no window manager" in texts["desktop.reason"], texts["desktop.reason"])
        equal(texts["desktop.unmanaged"], "1", "the property of a bare screen")
        window = scene.screen.do("window", 0, 0, 10, 10, "-", "-", "-", "claimed")
        other = scene.screen.do("window", 20, 0, 10, 10, "-", "-", "-", "other")
        for named in (0, other):
            scene.screen.do("claim", window, named)
            equal(scene.client.property("desktop.state"), "starting", "the state with a window that does not name itself")
        manager = scene.screen.do("manager", "Stub", "of", "tests")
        texts = dict(scene.client.properties())
        equal(texts["desktop.state"], "ready", "the state with a window manager")
        check("Stub of tests" in texts["desktop.reason"], texts["desktop.reason"])
        check("desktop.unmanaged" not in texts, "a screen with a window manager is not bare")
        scene.screen.do("destroy", manager)
        equal(scene.client.property("desktop.state"), "starting", "the state after the window manager has ended")


@harness.test
def test_waits_for_the_desktop_before_its_first_unit():
    with Scene() as scene:
        call = periscope("test", "--wait-ready", "1", "--screenshot", "never", target(scene.agent), SAMPLE, "pass",
                         code=INCOMPLETE)
        one_line(call, "the guest's desktop is not ready: starting")
        job = start("test", "--wait-ready", str(harness.PATIENCE), "--screenshot", "never", target(scene.agent), SAMPLE, "pass")
        scene.screen.do("manager", "Stub")
        equal(finish(job).code, 0, "exit status")


@harness.test
def answers_are_not_older_than_their_request():
    """What the watch knows of the screen is, until the event of a change has come and it has looked again."""
    for _ in range(3):
        with Scene() as scene:
            manager = scene.screen.do("manager", "Stub")
            equal(ask(scene.client, f"deadline-ms={harness.PATIENCE}000")[1]["ready"], "1", "with a window manager")
            scene.screen.do("destroy", manager)
            equal(ask(scene.client, "deadline-ms=0")[1]["ready"], "0", "as soon as it has ended")


@harness.test
def a_wait_ends_with_the_event_and_tells_what_is_not_met():
    with Scene() as scene:
        wanted = ["output=any", "mode=641x479", "gpu=no-such-driver"]
        conditions, facts = ask(scene.client, *wanted, "deadline-ms=1")
        equal((facts["ready"], conditions["desktop"][0]), ("0", False), "before")
        manager = threading.Timer(0.3, lambda: scene.screen.do("manager", "Stub"))
        manager.start()
        while not conditions["output"][0]:
            conditions, facts = ask(scene.client, *wanted, "deadline-ms=60000", f"seen={facts['token']}")
            equal(facts["ready"], "0", "ready without the card")
        manager.join()
        equal((conditions["desktop"][0], conditions["gpu"][0]), (True, False), "the desktop and the card")
        check("Stub" in conditions["desktop"][1], conditions["desktop"][1])
        _, again = ask(scene.client, *wanted, "deadline-ms=300", f"seen={facts['token']}")
        equal(again["token"], facts["token"], "the token, as nothing has changed")
        equal(ask(scene.client, "output=any", "deadline-ms=60000")[1]["ready"], "1", "without the card")


@harness.test
def a_screen_that_changes_is_not_still():
    with Scene() as scene:
        scene.screen.do("manager", "Stub")
        _, facts = ask(scene.client, "still-ms=400", "deadline-ms=60000")
        equal(facts["ready"], "1", "a still screen")
        stop = threading.Event()

        def draw():
            seed = 0
            while not stop.is_set():
                seed += 1
                scene.screen.do("noise", seed)
        artist = threading.Thread(target=draw)
        artist.start()
        eventually(lambda: not ask(scene.client, "still-ms=1", "deadline-ms=0")[0]["still"][0], "a change that is seen")
        conditions, facts = ask(scene.client, "still-ms=1000", "deadline-ms=1500")
        stop.set()
        artist.join()
        equal((facts["ready"], conditions["still"][0]), ("0", False), "a screen on which noise is drawn")
        check("has not yet shown the same" in conditions["still"][1], conditions["still"][1])


@harness.test
def a_silent_server_is_a_reason_and_holds_nobody_up():
    with Scene() as scene:
        scene.screen.do("manager", "Stub")
        equal(ask(scene.client, "deadline-ms=60000")[1]["ready"], "1", "before")
        scene.server.process.send_signal(signal.SIGSTOP)
        conditions, facts = ask(scene.client, "state=starting", "deadline-ms=60000")
        equal(facts["ready"], "1", "starting, with a server that does not answer")
        check("does not answer" in conditions["desktop"][1], conditions["desktop"][1])
        equal(scene.agent.client().call(wire.PING), [], "a ping meanwhile")
        scene.server.process.send_signal(signal.SIGCONT)
        equal(ask(scene.client, "deadline-ms=60000")[1]["ready"], "1", "once the server goes on")


@harness.test
def bad_options_are_named_and_cost_nothing():
    with Agent() as agent:
        client = agent.client()
        for option, text in (("state=dancing", "waitready: state='dancing' is not a state of the desktop"),
                             ("mode=0x5", "waitready: mode='0x5' is not WxH"),
                             ("mode=99999999x5", "waitready: mode='99999999x5' is not WxH"),
                             ("still-ms=0", "waitready: still-ms='0' is not 1 to 60000"),
                             ("still-ms=60001", "waitready: still-ms='60001' is not 1 to 60000"),
                             ("cpu=101", "waitready: cpu='101' is not 0 to 100"),
                             ("cpu=-1", "waitready: cpu='-1' is not 0 to 100"),
                             ("idle-ms=199", "waitready: idle-ms='199' is not 200 to 10000"),
                             ("output=", "waitready: output='' is not the name of an output, or any"),
                             ("deadline-ms=3600001", "waitready: 'deadline-ms=3600001' is not from 0 to 3600000"),
                             ("deadline-ms=18446744073709551616",
                              "waitready: 'deadline-ms=18446744073709551616' is not from 0 to 3600000"),
                             ("colour=red", "waitready: unknown option 'colour=red'"), ("", "waitready: unknown option ''")):
            equal(client.refusal(wire.WAITREADY, s(option)), text, f"the answer to {option!r}")
        equal(client.call(wire.PING), [], "a ping")


@harness.test
def many_waits_share_one_watch_and_leave_nothing_behind():
    with Scene() as scene:
        clients = [scene.agent.client() for _ in range(30)]
        for client in clients:
            client.send(wire.request(wire.WAITREADY, s("deadline-ms=60000")))
        eventually(lambda: len(harness.children_of(scene.agent.pid)) == 1, "one watching worker for 30 waits")
        for client in clients[:10]:
            client.close()
        scene.screen.do("manager", "Stub")
        for client in clients[10:]:
            check(b"ready=1" in client.receive(4 + 9 + 8), "an answer for each")
            client.close()
        eventually(lambda: not harness.children_of(scene.agent.pid), "no worker once nobody waits")


# ---- the command ----

@harness.test
def the_command_shows_phases_and_what_it_gave_up_for():
    with Scene() as scene:
        reply = periscope("wait-ready", "--json", "--timeout", "3", "--output", "any", target(scene.agent),
                          code=TIMED_OUT).json
        check("desktop: starting: no window manager" in reply["error"], reply["error"])
        equal({phase["name"]: phase["met"] for phase in reply["phases"]},
              {"agent": True, "desktop": False, "output": False}, "the phases of a wait for nothing")
        scene.screen.do("manager", "Stub")
        done = periscope("wait-ready", "--output", "any", "--mode", "641x479", "--still", "0.3", target(scene.agent))
        names = [line.split()[0] for line in done.text.splitlines()]
        equal((names[0], sorted(names)), ("agent", ["agent", "desktop", "output", "still"]), "phases")
        check("is ready after" in done.err, done.err)


if __name__ == "__main__":
    harness.main()
