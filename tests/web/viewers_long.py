#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twenty pages and two hundred guests: how long a change takes to each page, with all of them reading and with one that has
stopped. Not for a busy machine: `make check-viewers`."""
import contextlib
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_agent import FakeAgent, solid  # noqa: E402
from gateway import Gateway, need_gateway  # noqa: E402
from harness import check, eventually, main, test  # noqa: E402
from page import get, port_of, resident  # noqa: E402
from picture import Picture  # noqa: E402
from websocket import Binary, WebSocket  # noqa: E402

CHANGES, PAGES, GUESTS = 100, 20, 200


class Page(threading.Thread):
    """Notes when each frame has come. It does not decode: the gateway is what is measured."""

    def __init__(self, port, name, stopped):
        super().__init__(daemon=True)
        self.ws = WebSocket(port, receive_buffer=4096 if stopped else None)
        self.times, self.stopped = [], stopped
        self.ws.send({"t": "wall", "view": []})
        self.ws.send({"t": "watch", "guest": name, "output": None})

    def run(self):
        with contextlib.suppress(Exception):
            while not self.stopped:
                message = self.ws.receive()
                if isinstance(message, bytes) and Binary(message).last:
                    self.times.append(time.monotonic())
                    self.ws.send({"t": "drawn", "frame": Binary(message).frame})


def measure(gateway, agent, stopped):
    """The times in ms from each change to each page that reads."""
    pages = [Page(port_of(gateway), f"guest-{number}", stopped and number == 0) for number in range(PAGES)]
    for page in pages:
        page.start()
    reading = pages[1:]
    eventually(lambda: all(page.times for page in reading), "the first frames")
    took = []
    for turn in range(CHANGES):
        before = [len(page.times) for page in reading]
        began = time.monotonic()
        agent.show(Picture(320, 200, bytes((turn, 0, 0)) * 64 + NOISE[192:]))
        eventually(lambda seen=before: all(len(page.times) > count for page, count in zip(reading, seen)), "a frame for each page")
        took += [1000 * (page.times[count] - began) for page, count in zip(reading, before)]
    for page in pages:
        page.ws.close()
    return sorted(took)


NOISE = os.urandom(3 * 320 * 200)


def line(what, took):
    print(f"# {what}: median {statistics.median(took):.1f} ms, 95 % {took[len(took) * 95 // 100]:.1f} ms", flush=True)
    return took[len(took) * 95 // 100]


@test
def a_page_that_has_stopped_costs_the_others_nothing():
    need_gateway()
    with FakeAgent(solid(320, 200, (1, 2, 3))) as agent, \
            Gateway({f"guest-{number}": agent for number in range(GUESTS)}) as gateway:
        eventually(lambda: get(gateway, "/api/guests")[2].count(b'"ready"') == GUESTS, "all guests are ready")
        measure(gateway, agent, False)  # to warm up
        all_read = line("all read", measure(gateway, agent, False))
        one_stopped = line("one has stopped", measure(gateway, agent, True))
        print(f"# {resident(gateway) / (1 << 20):.1f} MB resident")
        check(one_stopped <= all_read * 1.1 + 5, f"95 % within {one_stopped:.1f} ms, and {all_read:.1f} ms with all reading")
        check(resident(gateway) < 64 << 20, f"{resident(gateway)} bytes of memory")


if __name__ == "__main__":
    main()
