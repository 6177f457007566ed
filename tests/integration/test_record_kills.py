#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent is killed at random moments while it records a screen that changes all the time.

PERISCOPE_RECORD_KILLS is how often; `make check-record` takes 100."""
import os
import signal
import threading
import time

import harness
import wire
from harness import check, generator, test
from recording import Scene, begin

KILLS = int(os.environ.get("PERISCOPE_RECORD_KILLS") or 10)


@test
def nothing_named_is_missing_after_a_kill_at_any_moment():
    with Scene() as scene:
        stop, told = threading.Event(), 0

        def draw():
            seed = 0
            while not stop.is_set():
                seed += 1
                scene.screen.do("noise", seed)
                time.sleep(0.08)
        drawer = threading.Thread(target=draw)
        drawer.start()
        try:
            for _ in range(KILLS):
                with wire.Client(scene.agent.port) as client:
                    facts = begin(client, "rate=20", "settle-ms=20", "max-ms=50", "files=8")
                time.sleep(generator().random() * 0.6)
                scene.agent.process.send_signal(signal.SIGKILL)
                scene.agent.process.wait()
                lines, pictures = scene.read(facts, hashes=False)
                told += len(pictures)
                scene.agent.start()
        finally:
            stop.set()
            drawer.join()
        print(f"# {KILLS} kills, {told} pictures")
        check(told > KILLS, f"only {told} pictures")


if __name__ == "__main__":
    harness.main()
