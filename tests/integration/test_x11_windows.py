#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The list of top-level windows, with and without a window manager, and while windows come and go."""
import os
import subprocess
from collections import namedtuple

from harness import PATIENCE, check, equal, eventually, main, refused, test
from worker import Worker
from xserver import Server, need_program

Window = namedtuple("Window", "title window_class pid geometry visible")


def look(server):
    return Worker({"DISPLAY": server.display, "XAUTHORITY": None}, "x11")


def listed(worker):
    lines, _ = worker.ask("windows", "backend=x11")
    return [Window(*line.split("\t")) for line in lines]


class Manager:
    """twm, which puts frames round windows and leaves them where they ask to be."""

    def __init__(self, server):
        need_program("twm", "xprop")
        settings = os.path.join(server.folder, "twmrc")
        with open(settings, "w", encoding="ascii") as file:
            file.write('RandomPlacement\nUsePPosition "on"\n')
            for kind in ("Title", "Menu", "Icon", "Resize", "IconManager"):
                file.write(f'{kind}Font "fixed"\n')  # the one that every server has built in
        self.process = subprocess.Popen(["twm", "-f", settings], env={**server.environment(), "LC_ALL": "C"},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE)


def state_of(server, window):
    return server.run("xprop", "-id", window, "WM_STATE").decode()


@test
def none():
    with Server() as server, look(server) as worker:
        equal(listed(worker), [], "windows")


@test
def bottom_to_top_without_a_manager():
    with Server() as server, look(server) as worker:
        client = server.client()
        client.do("window", 10, 20, 300, 200, "-", "Editor", 4321, "first")
        client.do("window", 50, 60, 70, 80, "o", "-", "-", "menu")
        client.do("window", 0, 0, 5, 5, "u", "-", "-", "never mapped")
        client.do("window", 630, 470, 100, 100, "-", "-", "-", "corner")
        client.do("window", -100, -50, 101, 51, "-", "-", "-", "")
        client.do("window", -100, 0, 100, 40, "-", "-", "-", "outside")
        equal(listed(worker), [
            ("first", "Editor", "4321", "300x200+10+20", "1"), ("menu", "", "", "70x80+50+60", "1"),
            ("corner", "", "", "100x100+630+470", "1"), ("", "", "", "101x51-100-50", "1"),
            ("outside", "", "", "100x40-100+0", "0")], "windows")


@test
def text_that_would_break_the_line():
    with Server() as server, look(server) as worker:
        client = server.client()
        client.do("window", 0, 0, 9, 9, "-", "a\\b", "-", "tab%09 newline%0Areturn%0Dback\\slash%1b")
        client.do("window", 0, 0, 9, 9, "-", "-", "-", "not%FFUTF-8%C3")
        client.do("window", 0, 0, 9, 9, "-", "-", "-", "%E2%82%AC%F0%9F%98%80")
        client.do("window", 0, 0, 9, 9, "l", "-", "-", "caf%E9%09")
        windows = listed(worker)
        equal([window.title for window in windows], [
            "tab\\t newline\\nreturn\\rback\\\\slash\\x1b", "not\\xffUTF-8\\xc3", "€😀", "café\\t"], "titles")
        equal(windows[0].window_class, "a\\\\b", "class")


@test
def long_title_says_that_it_is_cut():
    with Server() as server, look(server) as worker:
        window = server.client().do("window", 0, 0, 9, 9, "-", "-", "-", "short")
        server.run("xprop", "-id", window, "-f", "_NET_WM_NAME", "8u", "-set", "_NET_WM_NAME", "x" * 20000)
        equal(listed(worker)[0].title, "x" * 16384 + "... (cut)", "title")


@test
def clients_of_a_window_manager():
    with Server() as server, Manager(server), look(server) as worker:
        client = server.client()
        first = client.do("window", 100, 100, 300, 200, "-", "First", 11, "first")
        eventually(lambda: "Normal" in state_of(server, first), "twm to manage the first window")
        second = client.do("window", 150, 150, 200, 100, "-", "Second", 22, "second")
        eventually(lambda: "Normal" in state_of(server, second), "twm to manage the second window")
        client.do("window", 5, 5, 20, 10, "o", "-", "-", "menu")
        windows = {window.title: window for window in listed(worker)}
        equal([title for title in windows if title], ["first", "second", "menu"], "titles, bottom to top")
        for title, window, name, pid in (("first", first, "First", "11"), ("second", second, "Second", "22")):
            info = server.run("xwininfo", "-id", window).decode()
            x, y, width, height = (int(info.split(key)[1].split()[0]) for key in (
                "Absolute upper-left X:", "Absolute upper-left Y:", "Width:", "Height:"))
            check(x > 100, "the window has no frame")
            equal(windows[title], (title, name, pid, f"{width}x{height}{x:+d}{y:+d}", "1"), title)
        client.do("iconify", first)
        eventually(lambda: "Iconic" in state_of(server, first), "twm to make it an icon")
        windows = {window.title: window for window in listed(worker) if window.window_class}
        equal((windows["first"].visible, windows["second"].visible), ("0", "1"), "visible")


@test
def windows_that_come_and_go_meanwhile():
    with Server() as server, look(server) as worker:
        client = server.client()
        client.do("window", 0, 0, 9, 9, "-", "-", "-", "stays")
        client.send("churn", 30000)
        for _ in range(100):
            check("stays" in (window.title for window in listed(worker)), "a window that stayed is missing")
            worker.screenshot("cursor=0")
        equal(client.answer(), "ok", "the client")


@test
def more_windows_than_are_listed_are_an_error():
    with Server() as server, look(server) as worker:
        client = server.client()
        client.do("fill", 4097)
        refused(f"x11: X server {server.display} has more than 4096 windows", worker.ask, "windows", "backend=x11")


if __name__ == "__main__":
    main()
