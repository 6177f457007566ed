#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who logs on and off, as events, by files as logind writes them: under another name, and then renamed."""
import datetime
import os
import shutil
import socket
import time

import harness
import logind
import wire
from gpu_system import System
from harness import check, equal, eventually, test

FOLDER = "/run/systemd/sessions"


class Logind(System):
    """A system with logind's folder; there: it is there before the agent starts."""

    def __init__(self, there=True, sessions=(), **options):
        super().__init__(**options)
        self.there, self.sessions = there, sessions

    def prepare(self):
        os.makedirs(self.path("/run"))
        if self.there:
            os.makedirs(self.path(FOLDER))
        for session in self.sessions:
            self.session(*session)

    def session(self, number, user, state="active", class_="user", seconds=0):
        """Writes a session that began so many seconds ago."""
        began = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000 - seconds * 1_000_000
        name = f"{FOLDER}/.#{number}XyZ"
        self.write(name, "# This is private data. Do not parse.\n"
                         f"UID=1000\nUSER={user}\nACTIVE=1\nIS_DISPLAY=1\nSTATE={state}\nREMOTE=0\nTYPE=x11\n"
                         f"CLASS={class_}\nSEAT=seat0\nREALTIME=1700000000000000\nMONOTONIC={began}\n")
        os.rename(self.path(name), self.path(f"{FOLDER}/{number}"))

    def end(self, number):
        os.remove(self.path(f"{FOLDER}/{number}"))

    def told(self, *events):
        eventually(lambda: self.events("session")[-len(events):] == list(events),
                   lambda: f"{self.events('session')} instead of {events}")


@test
def a_session_is_told_when_it_begins_and_when_it_ends():
    with Logind() as system:
        system.session(3, "alice", state="opening")
        system.session(3, "alice", state="active")
        system.told("logon alice session=3")
        system.session(3, "alice", state="online")  # another has the seat
        system.session("c4", "bob")
        system.told("logon alice session=3", "logon bob session=c4")
        system.end(3)
        system.told("logon alice session=3", "logon bob session=c4", "logoff alice session=3")


@test
def a_session_that_is_closing_has_ended_though_its_file_stays():
    with Logind() as system:
        system.session(3, "alice")
        system.told("logon alice session=3")
        system.session(3, "alice", state="closing")
        system.told("logon alice session=3", "logoff alice session=3")
        system.session(4, "bob")
        system.end(3)
        system.told("logon alice session=3", "logoff alice session=3", "logon bob session=4")


@test
def a_greeter_is_told_as_one_and_what_is_nobodys_is_not():
    with Logind() as system:
        system.session(1, "root", class_="background")
        system.session(2, "alice", class_="manager-early")
        system.session("c1", "gdm", class_="greeter")
        system.told("logon gdm session=c1 class=greeter")
        equal(len(system.events("session")), 1, "events")


@test
def sessions_from_before_the_agent_have_the_time_of_their_log_on():
    with Logind(sessions=[(7, "alice", "active", "user", 60)]) as system:
        system.told("logon alice session=7")
        age = [time.time() - seconds_of(event) for event in events_of(system) if event[2] == "session"][0]
        check(59 <= age <= 59 + harness.PATIENCE, f"{age} s ago instead of 60")


def events_of(system):
    return system.agent.client().events()[1]


def seconds_of(event):
    """An event's time, since 1970."""
    return datetime.datetime.strptime(event[1], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


@test
def sessions_are_told_though_logind_starts_after_the_agent_and_again():
    with Logind(there=False) as system:
        os.makedirs(system.path(FOLDER))
        system.session(1, "alice")
        system.told("logon alice session=1")
        shutil.rmtree(system.path("/run/systemd"))
        system.told("logon alice session=1", "logoff alice session=1")
        os.makedirs(system.path(FOLDER))
        system.session(2, "bob")
        system.told("logoff alice session=1", "logon bob session=2")


def object_of(session):
    first, *others = str(session)
    return "/org/freedesktop/login1/session/" + (f"_{ord(first):02x}" if first.isdigit() else first) + "".join(others)


class Locks(Logind):
    """A system with a D-Bus on which logind tells of locks. locked: the sessions that are."""

    def __init__(self, locked=(), **options):
        super().__init__(**options)
        self.locked = locked

    def prepare(self):
        super().prepare()
        self.bus = logind.Bus(self.path("/run/dbus/system_bus_socket"))
        self.bus.locked = {object_of(session): True for session in self.locked}

    def __exit__(self, *reason):
        super().__exit__(*reason)
        self.bus.close()
        equal(self.bus.failures, [], "what the D-Bus could not take")

    def told_alone(self, *events):
        self.told(*events)
        equal(self.events("session"), list(events), "all that was told")


@test
def locks_are_told_as_compositors_tell_them_to_logind():
    with Locks() as system:
        system.session(3, "alice")
        system.session(4, "bob")
        eventually(lambda: len(system.events("session")) == 2 and system.bus.listeners, "both, and who listens")
        equal("sender='org.freedesktop.login1'" in system.bus.rules[0], True, system.bus.rules)
        system.bus.set_lock(object_of(4), True)
        system.told("lock bob session=4")
        system.bus.set_lock(object_of(4), True)  # once again
        system.bus.set_lock(object_of(3), True)
        system.told("lock bob session=4", "lock alice session=3")
        system.bus.set_lock(object_of(4), False)
        system.told("lock alice session=3", "unlock bob session=4")


@test
def a_session_that_is_locked_when_the_agent_starts_is_told():
    with Locks(locked=[7], sessions=[(7, "alice")]) as system:
        system.told_alone("logon alice session=7", "lock alice session=7")


@test
def locks_are_told_though_the_d_bus_starts_again_and_not_those_of_greeters():
    with Locks(locked=[3, "c1"]) as system:
        system.session(3, "alice")
        system.told_alone("logon alice session=3", "lock alice session=3")
        old = list(system.bus.listeners)
        for listener in old:
            listener.shutdown(socket.SHUT_RDWR)
        eventually(lambda: len(system.bus.listeners) > len(old), "who listens again")
        system.bus.listeners = system.bus.listeners[len(old):]
        system.session("c1", "gdm", class_="greeter")
        system.told("logon gdm session=c1 class=greeter")
        system.bus.set_lock(object_of(3), False)
        system.told("unlock alice session=3")
        check(object_of("c1") not in system.bus.asked, "a greeter was asked for")


@test
def what_a_session_s_file_lacks_or_lies_about_harms_nobody():
    with Logind() as system:
        system.write(f"{FOLDER}/5", "USER=" + "x" * 9000 + "\n")
        system.write(f"{FOLDER}/6", "UID=12\nUSER=a\tb\x01\nMONOTONIC=-9\nSTATE=active\n")
        os.mkfifo(system.path(f"{FOLDER}/8.ref"))
        os.mkfifo(system.path(f"{FOLDER}/9"))
        os.makedirs(system.path(f"{FOLDER}/10"))
        system.session("x" * 100, "mallory")
        system.session(11, "alice")
        system.await_event("logon alice session=11", kind="session")
        check(any(event.startswith("logon xxx") and event.endswith("session=5") for event in system.events("session")),
              system.events("session"))
        check("logon a?b? session=6" in system.events("session"), system.events("session"))
        check(not any("mallory" in event for event in system.events("session")), system.events("session"))


@test
def a_flood_of_sessions_is_bounded_and_counted():
    with Logind() as system:
        for i in range(40):
            system.session(i, "alice")
        eventually(lambda: system.agent.client().get(".periscope/log.txt").count(b"session: logon alice") == 40, "the log")
        told = len(system.events("session"))
        check(1 <= told <= 24, f"{told} events")


@test
def a_session_is_told_once_over_an_upgrade():
    with Logind(copy=True) as system:
        system.session(3, "alice")
        system.told("logon alice session=3")
        client = system.agent.client()
        client.expect("", wire.UPGRADE, wire.d(system.agent.read(harness.PROGRAM)))
        check(client.ended(), "the connection to the old agent goes on")
        system.session(4, "bob")
        system.told("logon alice session=3", "logon bob session=4")
        system.end(3)
        system.told("logon alice session=3", "logon bob session=4", "logoff alice session=3")


if __name__ == "__main__":
    harness.main()
