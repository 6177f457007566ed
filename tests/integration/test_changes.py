#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures that are waited for: screenshot with wait-ms, delta and the facts of the pointer, on an X server that tests draw
on."""
import atexit
import concurrent.futures
import contextlib
import itertools
import os
import random
import re
import signal
import tempfile
import threading
import time

import harness
import picture
import wire
from changes import compose
from harness import Agent, Skip, check, children_of, equal, eventually, refused_saying, test
from wire import s
from worker import Facts
from xserver import Server

WORKERS = 8  # at once
LONG = 60000  # ms: longer than any test
WIDTH, HEIGHT = 641, 479


@contextlib.contextmanager
def screen(size=f"{WIDTH}x{HEIGHT}", env=None):
    """A program that draws on a server, and an agent that shows it."""
    with Server(screens=(f"{size}x24",)) as server:
        draws = server.client()
        draws.do("noise", 7)
        with Agent(env={"DISPLAY": server.display, **(env or {})}) as agent:
            agent.server_pid = server.pid
            yield draws, agent


shared = contextlib.ExitStack()  # what most tests use, one after the other
atexit.register(shared.close)
screens = []


@contextlib.contextmanager
def shared_screen():
    """One of which no test before this has seen what it shows."""
    if not screens:
        screens.append(shared.enter_context(screen()))
    screens.append(None)
    screens[0][0].do("noise", len(screens))
    yield screens[0]


def send(client, *options):
    client.send(wire.request(wire.SCREENSHOT, s("backend=x11"), s("format=ppm"), *map(s, options)))


def receive(client):
    reply = client.reply_list()
    if reply[-1].kind == "e":
        raise wire.Refused(reply[-1].text)
    return Facts(entry.text for entry in reply[:-1]), reply[-1].payload if reply[-1].kind == "d" else None


def take(client, *options):
    send(client, *options)
    return receive(client)


def wait_for(client, facts, *options, ms=LONG):
    send(client, f"if-changed={facts['hash']}", f"wait-ms={ms}", *options)


def thread_count(agent):
    return len(os.listdir(f"/proc/{agent.pid}/task"))


def pixel(shot, x, y):
    return shot.pixels[(y * shot.width + x) * 3:][:3].hex()


# ---- waiting ----

@test
def wait_ends_when_the_screen_changes():
    with shared_screen() as (draws, agent):
        client = agent.client()
        facts, _ = take(client)
        for step in range(9):
            wait_for(client, facts)
            time.sleep(0.05 * (step % 3))  # before, while and after it begins to wait
            draws.do("box", step, step, 5, 5, f"{step:02x}55aa")
            facts, file = receive(client)
            shot = picture.decode_ppm(file)
            check("unchanged" not in facts, "it says that nothing changed")
            equal(pixel(shot, step, step), f"{step:02x}55aa", "the pixel that was drawn")


@contextlib.contextmanager
def nothing_told():
    """Variables with which the program finds no library that tells of changes."""
    with tempfile.TemporaryDirectory() as folder:
        for name in "libXdamage.so.1", "libXi.so.6":
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b"no library")
        os.chmod(folder, 0o755)
        yield {"LD_LIBRARY_PATH": folder}


@test
def wait_ends_at_a_change_that_nothing_tells_of():
    with nothing_told() as env, screen(env=env) as (draws, agent):
        client = agent.client()
        facts, _ = take(client)
        for colour in "112233", "445566":
            wait_for(client, facts)
            time.sleep(0.1)
            draws.do("box", 0, 0, 5, 5, colour)
            facts, file = receive(client)
            equal(pixel(picture.decode_ppm(file), 0, 0), colour, "the pixel that was drawn")
        equal(facts.all("warning"), [], "warnings")


@test
def wait_is_over_at_once_when_the_screen_is_another_already():
    with shared_screen() as (draws, agent):
        client = agent.client()
        facts, _ = take(client)
        draws.do("box", 1, 1, 5, 5, "123456")
        wait_for(client, facts)
        equal(pixel(picture.decode_ppm(receive(client)[1]), 1, 1), "123456", "the pixel that was drawn")


@test
def wait_that_sees_no_change_says_so_at_its_end():
    with shared_screen() as (_, agent):
        client = agent.client()
        facts, _ = take(client)
        start = time.monotonic()
        wait_for(client, facts, ms=300)
        again, file = receive(client)
        check(time.monotonic() - start >= 0.3, "it came before the time was over")
        equal((file, again.get("unchanged"), again["hash"]), (None, "1", facts["hash"]), "the answer")


@test
def drawing_the_same_again_is_no_change():
    with shared_screen() as (draws, agent):
        client = agent.client()
        draws.do("box", 0, 0, 50, 50, "998877")
        facts, _ = take(client)
        wait_for(client, facts, ms=500)
        for _ in range(20):
            draws.do("box", 0, 0, 50, 50, "998877")
            time.sleep(0.01)
        equal(receive(client)[0].get("unchanged"), "1", "unchanged")


@test
def many_waits_leave_the_agent_to_others():
    """More of them than there are workers, with equal options and with others."""
    with shared_screen() as (draws, agent):
        client = agent.client()
        facts, _ = take(client)
        waiting = [agent.client() for _ in range(20)]
        regions = {}
        for number, other in enumerate(waiting):
            options = [] if number % 2 else [f"region={WIDTH - number}x{HEIGHT}+0+0"]
            regions[other] = take(client, *options)[0], options
            wait_for(other, regions[other][0], *options)
        for _ in range(3):
            client.ping()
            equal(take(client)[0]["hash"], facts["hash"], "the picture of another client")
        draws.do("box", 9, 9, 5, 5, "aabbcc")
        for other in waiting:
            found, file = receive(other)
            equal(pixel(picture.decode_ppm(file), 9, 9), "aabbcc", "the pixel that was drawn")
            check(found["hash"] != regions[other][0]["hash"], "the old hash")


@test
def clients_that_leave_free_everything():
    with shared_screen() as (draws, agent):
        client = agent.client()
        facts, _ = take(client)
        few = thread_count(agent)
        waiting = [agent.client() for _ in range(20)]
        for other in waiting:
            wait_for(other, facts)
        eventually(lambda: thread_count(agent) >= few + 20, "a thread for each")
        for other in waiting:
            other.close()
        eventually(lambda: thread_count(agent) <= few + 1, "the threads of those that left to end")
        draws.do("box", 9, 9, 5, 5, "aabbcc")
        check(take(client)[0]["hash"] != facts["hash"], "the old hash")


@test
def virtual_files_are_not_made_for_who_has_left():
    """While a server that is stopped keeps all workers busy, they wait for one."""
    names = ("windows.txt", "screenshot.png", "status.txt", "evidence-{}.txt", "dump-{}.dmp", "console.txt")
    with screen() as (_, agent):
        client = agent.client()
        child = agent.cleanup(client.execute("sleep", "1000"))
        few, busy = thread_count(agent), [agent.client() for _ in range(WORKERS)]
        os.kill(agent.server_pid, signal.SIGSTOP)
        for number, other in enumerate(busy):
            send(other, f"region={WIDTH - number}x{HEIGHT}+0+0", "deadline-ms=20000")
        eventually(lambda: len(children_of(agent.pid)) >= WORKERS + 1, "a worker for each")
        for name in names:
            with agent.client() as other:
                other.send(wire.request(wire.GETFILE, s(".periscope/" + name.format(child))))
                eventually(lambda: thread_count(agent) >= few + WORKERS + 1, "its thread")
            eventually(lambda: thread_count(agent) <= few + WORKERS, f"the end of the thread for {name}")
        log = client.get(".periscope/log.txt").decode()
        for name in ("windows.txt", "screenshot.png", f"dump-{child}.dmp", "console.txt"):  # the others have such reasons in them
            check(f"'.periscope/{name}' for reading: the client left while it waited for its turn" in log, log)
        os.kill(agent.server_pid, signal.SIGCONT)


@test
def server_that_ends_is_told_to_who_waits():
    with Server(screens=("64x48x24",)) as server, Agent(env={"DISPLAY": server.display}) as agent:
        client = agent.client()
        facts, _ = take(client)
        wait_for(client, facts)
        time.sleep(0.1)
        server.kill()
        refused_saying("X server", receive, client)


@test
def agent_that_starts_again_ends_the_waits():
    with screen() as (draws, agent):
        client = agent.client()
        facts, _ = take(client)
        wait_for(client, facts)
        time.sleep(0.1)
        agent.client().expect("", wire.RESTART, s(harness.COMMAND[-1]), s(str(agent.port)))
        check(client.ended(), "the connection stays")
        client = agent.client()
        draws.do("box", 9, 9, 5, 5, "aabbcc")
        wait_for(client, facts)
        equal(pixel(picture.decode_ppm(receive(client)[1]), 9, 9), "aabbcc", "the pixel that was drawn")


# ---- only what differs ----

@test
def rectangles_over_the_old_picture_are_the_new_one():
    rng = random.Random(12)
    with shared_screen() as (draws, agent):
        client = agent.client()
        facts, file = take(client, "delta=1")
        equal(facts["delta"], "whole", "without an old picture")
        shot, least = picture.decode_ppm(file), WIDTH * HEIGHT * 3
        for _ in range(40):
            for _ in range(rng.choice((1, 1, 2, 5))):
                draws.do("box", rng.randrange(WIDTH), rng.randrange(HEIGHT), rng.choice((1, 3, 70, 300)),
                         rng.choice((1, 5, 64, 200)), f"{rng.randrange(1 << 24):06x}")
            facts, file = take(client, "delta=1", f"if-changed={facts['hash']}")
            equal(int(facts["delta"]), len(facts.all("rect")), "the number of rectangles")
            least = min(least, len(file))
            shot = compose(shot, facts, file)
            whole, file = take(client)
            equal(whole["hash"], facts["hash"], "the hash of what differs")
            check(shot.ppm() == file, "the composed picture is not the whole one")
        check(least < WIDTH * HEIGHT * 3 / 10, f"the smallest answer has {least} bytes")


def follow(client, facts, shot, *options):
    """The next picture as the rectangles make it, which must be the whole one."""
    facts, file = take(client, "delta=1", "cursor=0", f"if-changed={facts['hash']}", *options)
    if "unchanged" not in facts:
        check(facts["delta"] != "whole", "all of it came")
        shot = compose(shot, facts, file)
    whole, file = take(client, "cursor=0", *options)
    equal(whole["hash"], facts["hash"], "the hash of what differs")
    check(shot.ppm() == file, "the composed picture is not the whole one")
    return facts, shot


@test
def pictures_made_of_what_was_drawn_are_the_whole_ones():
    """Without the pointer in them the server is asked for what was drawn alone: in rectangles, in windows, and from below
    windows that move."""
    rng = random.Random(13)
    with shared_screen() as (draws, agent):
        client = agent.client()
        for region in [], [f"region={WIDTH - 41}x{HEIGHT - 37}+23+19"]:
            facts, file = take(client, "delta=1", "cursor=0", *region)
            shot, windows = picture.decode_ppm(file), []
            for step in range(40):
                for _ in range(rng.choice((0, 1, 1, 2, 20))):
                    draws.do("box", rng.randrange(-50, WIDTH), rng.randrange(-50, HEIGHT), rng.choice((1, 3, 70, 300)),
                             rng.choice((1, 5, 64, 200)), f"{rng.randrange(1 << 24):06x}")
                if step % 4 == 1:
                    windows.append(draws.do("window", rng.randrange(WIDTH), rng.randrange(HEIGHT), 90, 70, "o", "-", "-", "w"))
                if step % 4 == 3:
                    draws.do("move", windows[-1], rng.randrange(WIDTH), rng.randrange(HEIGHT))
                if step % 10 == 9:
                    draws.do("destroy", windows.pop(0))
                facts, shot = follow(client, facts, shot, *region)
            for window in windows:
                draws.do("destroy", window)


def draw_on_and_on(draws, stop):
    """On the left, and then on the right, without waiting for answers in between."""
    for step in itertools.count(1):
        for x in 0, 600:
            draws.send("box", x, 0, 20, 400, f"{step:06x}")
        if stop.is_set():
            return
        if step > 20:
            draws.answer(), draws.answer()


@test
def a_program_that_draws_on_and_on_is_never_seen_in_halves():
    """What is on the right is never newer than what is on the left."""
    stop = threading.Event()
    with screen() as (draws, agent), concurrent.futures.ThreadPoolExecutor(1) as pool:
        client = agent.client()
        for x in 0, 600:
            draws.do("box", x, 0, 20, 400, "000000")
        facts, file = take(client, "delta=1", "cursor=0")
        shot, seen = picture.decode_ppm(file), set()
        drawing = pool.submit(draw_on_and_on, draws, stop)
        try:
            for _ in range(300):
                facts, file = take(client, "delta=1", "cursor=0", f"if-changed={facts['hash']}")
                shot = compose(shot, facts, file) if file else shot
                left, right = int(pixel(shot, 5, 5), 16), int(pixel(shot, 605, 5), 16)
                check(right <= left <= right + 1, f"{left} on the left, {right} on the right")
                equal((pixel(shot, 5, 399), pixel(shot, 605, 399)), (pixel(shot, 5, 5), pixel(shot, 605, 5)), "last rows")
                seen.add(right)
        finally:
            stop.set()
            drawing.result()
        check(len(seen) > 1, seen)


@test
def viewers_of_what_was_drawn_at_different_paces_each_get_what_they_lack():
    with shared_screen() as (draws, agent):
        client = agent.client()
        facts, file = take(client, "delta=1", "cursor=0")
        seen = [(facts, picture.decode_ppm(file))] * 3
        for step in range(6):
            draws.do("box", 50 * step, 30 * step, 50, 9, f"0102{step:02x}")
            for number in range(3):
                if step % (number + 1) == 0:
                    seen[number] = follow(client, *seen[number])


@test
def screen_that_gets_another_size_is_seen_whole_and_what_no_output_shows_is_black():
    with Server(screens=("640x480x24",)) as server, Agent(env={"DISPLAY": server.display}) as agent:
        client, draws = agent.client(), server.client()
        server.run("xrandr", "--newmode", "small", "10", "320", "321", "322", "323", "240", "241", "242", "243")
        server.run("xrandr", "--addmode", "screen", "small")
        draws.do("noise", 3)
        facts, file = take(client, "delta=1", "cursor=0")
        for size, mode in ("320x240", "small"), ("640x480", "640x480"), ("640x480", "small"):
            server.run("xrandr", "--output", "screen", "--mode", mode, "--fb", size)
            draws.do("box", 3, 3, 9, 9, "aabbcc")
            facts, file = take(client, "delta=1", "cursor=0", f"if-changed={facts['hash']}")
            equal(facts["geometry"], f"{size}+0+0", "geometry")
            whole, plain = take(client, "cursor=0")
            equal(facts["hash"], whole["hash"], "hash")
            if mode != "small" or size == "320x240":
                equal((facts["delta"], file), ("whole", plain), "the picture")
        draws.do("box", 300, 200, 200, 200, "ddeeff")
        facts, shot = follow(client, facts, picture.decode_ppm(plain))
        equal((pixel(shot, 310, 230), pixel(shot, 330, 250)), ("ddeeff", "000000"), "pixels")


@test
def what_was_drawn_is_told_with_what_else_has_changed():
    """The lock and the layout at once, as the server tells of them; the screen saver and the gamma table within 2 s."""
    with Server(screens=("640x480x24",)) as server, Agent(env={"DISPLAY": server.display}) as agent:
        client, draws = agent.client(), server.client()
        draws.do("noise", 3)
        facts = take(client, "delta=1", "cursor=0")[0]

        def next_facts():
            draws.do("box", 0, 0, 9, 9, f"{random.randrange(1 << 24):06x}")
            return take(client, "delta=1", "cursor=0", f"if-changed={facts['hash']}")[0]

        def warnings():
            return " ".join(next_facts().all("warning"))

        equal(warnings(), "", "before")
        for atom, said in ("LOCK", True), ("BLANK", False):
            server.run("xprop", "-root", "-f", "_SCREENSAVER_STATUS", "32a", "-set", "_SCREENSAVER_STATUS", atom)
            equal("screen locked (xscreensaver)" in warnings(), said, atom)
        server.run("xrandr", "--setmonitor", "LEFT", "300/100x480/100+0+0", "screen")
        server.run("xrandr", "--setmonitor", "RIGHT", "340/100x480/100+300+0", "none")
        eventually(lambda: next_facts().get("output.1") == "RIGHT 340x480+300+0", "the monitors")
        server.run("xset", "s", "activate")
        eventually(lambda: "screen saver active" in warnings(), "the screen saver")
        server.run("xset", "s", "reset")
        server.run("xrandr", "--output", "screen", "--gamma", "1:0.9:0.6")
        eventually(lambda: "tints the picture" in warnings(), "the gamma table")


@test
def picture_that_the_agent_does_not_have_is_answered_with_the_whole():
    with shared_screen() as (draws, agent):
        client = agent.client()
        known, _ = take(client, "delta=1")
        for options in (f"if-changed=xxh64:{0:016x}",), ("region=600x400+0+0", f"if-changed={known['hash']}"):
            facts, file = take(client, "delta=1", *options)
            equal((facts["delta"], facts.all("rect")), ("whole", []), "facts")
            equal(picture.decode_ppm(file).hash(), facts["hash"], "hash")


@test
def more_rectangles_than_the_bound_are_answered_with_the_whole():
    with shared_screen() as (draws, agent):
        client = agent.client()
        facts, _ = take(client, "delta=1")
        for y in range(0, HEIGHT, 64):
            for x in range(y % 128, WIDTH, 128):
                draws.do("box", x, y, 1, 1, "010203")
        few, _ = take(client, "delta=1", f"if-changed={facts['hash']}")
        check(20 < int(few["delta"]) <= 64, f"delta={few['delta']}")
    with screen("1921x1080") as (draws, agent):
        client = agent.client()
        facts, _ = take(client, "delta=1")
        for y in range(0, 1080, 64):
            for x in range(y % 128, 1921, 128):
                draws.do("box", x, y, 1, 1, "010203")
        facts, file = take(client, "delta=1", f"if-changed={facts['hash']}")
        equal(facts["delta"], "whole", "delta")
        equal(picture.decode_ppm(file).hash(), facts["hash"], "hash")


@test
def viewers_at_different_paces_each_get_what_they_lack():
    with shared_screen() as (draws, agent):
        client = agent.client()
        facts, file = take(client, "delta=1")
        seen = [(facts, picture.decode_ppm(file))] * 3
        for step in range(6):
            draws.do("box", 60 * step, 60 * step, 50, 9, f"0102{step:02x}")
            for number in range(3):
                if step % (number + 1) == 0:
                    old, shot = seen[number]
                    facts, file = take(client, "delta=1", f"if-changed={old['hash']}")
                    check(facts["delta"] != "whole", "the picture was forgotten")
                    shot = compose(shot, facts, file)
                    check(shot.ppm() == take(client)[1], "the composed picture is not the whole one")
                    seen[number] = facts, shot


# ---- the pointer ----

def read_pam(file):
    head, pixels = file.split(b"ENDHDR\n", 1)
    words = dict(line.split(b" ", 1) for line in head.splitlines()[1:])
    equal((head[:2], words[b"DEPTH"], words[b"MAXVAL"], words[b"TUPLTYPE"]), (b"P7", b"4", b"255", b"RGB_ALPHA"), "PAM")
    return int(words[b"WIDTH"]), int(words[b"HEIGHT"]), pixels


def draw_pointer(shot, facts, shape):
    """The picture with the pointer over it, as its facts tell."""
    pixels = bytearray(shot.pixels)
    width, height, hot_x, hot_y = map(int, re.fullmatch(r"(\d+)x(\d+)\+(\d+)\+(\d+)", facts["pointer.size"]).groups())
    equal(shape[:2], (width, height), "the shape's size")
    left, top = (at - hot for at, hot in zip(map(int, facts["pointer"].split(",")), (hot_x, hot_y)))
    for y in range(max(0, -top), min(height, shot.height - top)):
        for x in range(max(0, -left), min(width, shot.width - left)):
            *colour, alpha = shape[2][(y * width + x) * 4:][:4]
            at = ((top + y) * shot.width + left + x) * 3
            for i in range(3):
                pixels[at + i] = round((colour[i] * alpha + pixels[at + i] * (255 - alpha)) / 255)
    return picture.Picture(shot.width, shot.height, bytes(pixels))


def furthest(one, other):
    return max(abs(a - b) for a, b in zip(one.pixels, other.pixels))


@test
def pointer_drawn_by_its_facts_is_where_the_screen_has_it():
    with shared_screen() as (draws, agent):
        client = agent.client()
        for place in (100, 60), (0, 0), (WIDTH - 1, HEIGHT - 1), (33, HEIGHT - 3):
            draws.do("cursor", 21, 33, 7, 9, place[0])
            draws.do("warp", *place)
            bare, file = take(client, "cursor=0")
            equal(bare["pointer"], f"{place[0]},{place[1]}", "its place")
            facts, pam = take(client, "pointer-shape=1")
            equal(facts["pointer.hash"], bare["pointer.hash"], "hash of the shape")
            drawn = picture.decode_ppm(take(client)[1])
            got = draw_pointer(picture.decode_ppm(file), bare, read_pam(pam))
            check(furthest(got, drawn) <= 2, f"at {place} it differs by {furthest(got, drawn)}")
            check("pointer.pixels" not in facts, "the pixels are a fact")


@test
def place_of_the_pointer_is_that_in_the_picture():
    with shared_screen() as (draws, agent):
        client = agent.client()
        draws.do("warp", 100, 60)
        equal(take(client, "cursor=0", "region=99x99+90+70")[0]["pointer"], "10,-10", "in a region")
        check("pointer" not in take(client)[0], "it is drawn and told")


@test
def wait_ends_when_the_pointer_is_another():
    with shared_screen() as (draws, agent):
        client = agent.client()
        facts, _ = take(client, "cursor=0")
        known = f"pointer={facts['pointer.hash']},{facts['pointer']}"
        wait_for(client, facts, "cursor=0", known)
        time.sleep(0.1)
        draws.do("cursor", 21, 33, 7, 9, 5)
        new, file = receive(client)
        equal((file, new["hash"], new["unchanged"]), (None, facts["hash"], "1"), "the picture")
        check(new["pointer.hash"] != facts["pointer.hash"], "the old shape")
        wait_for(client, new, "cursor=0", "pointer=unknown")
        equal(receive(client)[0]["pointer.hash"], new["pointer.hash"], "to who knows none")
        wait_for(client, new, "cursor=0", f"pointer={new['pointer.hash']},{new['pointer']}")
        time.sleep(0.1)
        if draws.do("motion", 55, 66) != "ok":
            raise Skip("libXtst is not installed: nothing can move the pointer as a person does")
        equal(receive(client)[0]["pointer"], "55,66", "its place")


# ---- bad input ----

@test
def options_that_are_wrong_are_refused():
    with shared_screen() as (_, agent):
        client = agent.client()
        for option in ("wait-ms=60001", "wait-ms=", "wait-ms=-1", "wait-ms=soon", "delta=2", "delta=", "pointer-shape=yes",
                       "pointer=", "pointer=0,0", "pointer=xxh64:0123456789abcdef,1", "pointer=xxh64:0123456789abcdef,1,2,3",
                       "pointer=xxh64:0123456789abcdef,1,x"):
            text = client.refusal(wire.SCREENSHOT, s("backend=x11"), s(option))
            check(option.split("=", maxsplit=1)[0] in text and "\n" not in text, f"{option}: {text}")
            client.ping()


@test
def nothing_is_left_behind():
    """Of all the tests before: the agent's own checks of its end."""
    shared.close()


if __name__ == "__main__":
    harness.main()
