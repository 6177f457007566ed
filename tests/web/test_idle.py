#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the gateway does while nothing happens, as strace sees it: each return from a call that waits is a wake-up.

PERISCOPE_IDLE_S: for how many seconds (2); `make check-viewers` takes 60, with the keep-alive that the gateway has by itself.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_agent import FakeAgent, solid  # noqa: E402
from gateway import Gateway, need_gateway  # noqa: E402
from harness import SANITIZED, Skip, check, eventually, main, test  # noqa: E402
from page import Canvas, get, metric, port_of, real_guest  # noqa: E402
from websocket import WebSocket  # noqa: E402
from xserver import need_program  # noqa: E402

SECONDS = int(os.environ.get("PERISCOPE_IDLE_S") or 2)
KEEP_ALIVE_S = 25 if SECONDS >= 60 else 1
SERVICE_S = 30  # libwebsockets looks at its own so often
WAITS = "poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,nanosleep,clock_nanosleep,pause,restart_syscall,accept,accept4"
RETURN = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)[ (].*\) += ")


class Strace:
    """For `with`. The waits of all threads of a process that have ended, as {thread: {call: count}}."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="periscope-web-", dir="/tmp")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen(["strace", "-f", "-e", f"trace={WAITS},futex", "-o", self.file.name, "-p", str(self.pid)],
                                        stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        if "attached" not in said:
            self.process.wait()
            raise Skip(f"strace can't attach: {said.strip()}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()
        self.calls = {}
        with open(self.file.name, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if (found := RETURN.match(line)) and "detached" not in line:
                    of_thread = self.calls.setdefault(int(found[1]), {})
                    of_thread[found[2]] = of_thread.get(found[2], 0) + 1
        self.file.close()

    def count(self, threads, calls):
        return sum(number for thread, of_thread in self.calls.items() if threads(thread)
                   for call, number in of_thread.items() if call in calls)


def count_wakes(guests):
    need_gateway()
    need_program("strace")
    if SANITIZED:
        raise Skip("the sanitizers have threads of their own")
    with FakeAgent(solid(96, 64, (1, 2, 3))) as agent, \
            Gateway({f"guest-{number}": agent for number in range(guests)}, "--keep-alive", str(KEEP_ALIVE_S)) as gateway:
        eventually(lambda: get(gateway, "/api/guests")[2].count(b'"ready"') == guests, "all guests are ready")
        eventually(lambda: metric(gateway, "periscope_sockets_open") == 0, "no page is open")
        service = gateway.process.pid
        began, before = time.monotonic(), dict(agent.asked)
        with Strace(service) as trace:
            time.sleep(SECONDS)
        took, asked = time.monotonic() - began, {name: number - before[name] for name, number in agent.asked.items()}
        signs = asked["events"] + asked["properties"]
        of_guests = trace.count(lambda thread: thread != service, WAITS.split(","))
        of_service = trace.count(lambda thread: thread == service, WAITS.split(",") + ["futex"])
        locks = trace.count(lambda thread: thread != service, ["futex"])
        print(f"# {guests} guests, {took:.0f} s, keep-alive {KEEP_ALIVE_S} s: {signs} answers, {of_guests} wake-ups for them, {locks} waits "
              f"for locks, {of_service} wake-ups of the service thread")
        check(asked["screenshot"] == asked["connections"] == 0, f"asked: {asked}")
        check(asked["events"] <= guests * (took / KEEP_ALIVE_S + 1), f"{asked['events']} keep-alives")
        # Each guest may have had an answer on its way when it began.
        check(of_guests <= signs + guests, f"{of_guests} wake-ups, and {signs} answers of guests")
        check(locks <= signs, f"{locks} waits for locks, and {signs} answers")
        check(of_service <= took / SERVICE_S + 1, f"the service thread woke up {of_service} times in {took:.0f} s")


@test
def a_gateway_without_viewers_wakes_up_for_the_answer_of_its_guest_alone():
    count_wakes(1)


@test
def a_gateway_of_two_hundred_guests_wakes_up_for_their_answers_alone():
    count_wakes(200)


@test
def a_still_guest_costs_no_picture_bytes_and_no_message():
    with real_guest() as gateway, WebSocket(port_of(gateway)) as ws:
        canvas = Canvas(ws)
        ws.send({"t": "wall", "view": []})
        ws.send({"t": "watch", "guest": "one", "output": None})
        canvas.until("still")
        before, began = metric(gateway, "periscope_picture_bytes_total"), time.monotonic()
        ws.socket.settimeout(0.5)
        while time.monotonic() < began + SECONDS:
            try:
                message = canvas.take(ws.receive())
            except TimeoutError:
                continue
            check(message is None or message.get("t") in ("guest", "driver", "pointer"), f"a message: {str(message)[:200]}")
        print(f"# {metric(gateway, 'periscope_picture_bytes_total') - before:.0f} picture bytes in {time.monotonic() - began:.0f} s")
        check(metric(gateway, "periscope_picture_bytes_total") == before, "picture bytes of a still guest")


if __name__ == "__main__":
    main()
