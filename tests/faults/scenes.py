# SPDX-License-Identifier: LGPL-2.1-or-later
"""The script of all RPCs, in scenes: each is played with every call failing once.

A scene asks with step(), which gives the answer or None; what depends on an answer that was not given is left out. What a
step promises is looked at from outside, right after it, by hold().
"""
import hashlib
import os
import re
import shutil

import wire
from wire import I, Q, d, s

SCENES = []
SMALL, LARGE = b"small\r\n\0\xff" * 30, bytes(range(256)) * 1500
PROC = "/proc/version"
SIZE = "320x200"


class Wrong(Exception):
    """An answer that does not hold, or a state that no answer has told."""


def scene(function):
    SCENES.append(function)
    return function


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


# ---- answers that differ each time, made comparable ----

def as_they_are(entries):
    return [(entry.kind, entry.payload) for entry in entries]


def kinds(entries):
    """Of numbers that are another each time."""
    return [entry.kind for entry in entries]


def facts(*names):
    """Those facts of a list, and whether there is a file behind them."""
    def pick(entries):
        texts = [entry.text for entry in entries if entry.kind == "s"]
        return sorted(text for text in texts if text.partition("=")[0] in names), entries[-1].kind
    return pick


CHANGING = {"agent.start", "journal.error", "boot.time", "start.count", "children.running", "children.exited", "server.argv"}


def properties(entries):
    return [entry.text for entry in entries if entry.text.partition("=")[0] not in CHANGING]


def property_lines(entries):
    return [line for line in entries[0].payload.decode().splitlines() if line.partition("=")[0] not in CHANGING]


def fields_of_processes(entries):
    """Kind and name of each line: numbers and states change."""
    lines = [line.split("\t") for line in entries[0].payload.decode().splitlines()]
    return [(line[0], line[3] if line[0] == "process" else "") for line in lines]


def not_all_named(entries):
    return next((entry.text for entry in entries if entry.text.startswith("processes=")), None)


def names_of_processes(entries):
    return sorted(entry.text.split(" ", 1)[1] for entry in entries)


def something(entries):
    return [(entry.kind, len(entry.payload) > 0) for entry in entries]


def png(entries):
    return [(entry.kind, entry.payload[:8], entry.payload[-8:]) for entry in entries]


# ---- the wire ----

@scene
def ping(play):
    play.step("ping", wire.PING)
    play.step("ping again", wire.PING)


@scene
def what_is_no_request(play):
    play.step("unknown", 999, s("x"), I(1))
    play.step("too few", wire.GETFILE)
    play.step("wrong type", wire.WAIT2, s("x"), I(0))
    play.step("ping", wire.PING)


# ---- files ----

@scene
def getfile_small(play):
    play.write("file", SMALL)
    play.step("get", wire.GETFILE, s("file"))


@scene
def getfile_large(play):
    play.write("file", LARGE)
    play.step("get", wire.GETFILE, s("file"))


@scene
def getfile_without_size(play):
    play.step("get", wire.GETFILE, s(PROC))


@scene
def getfile_of_nothing(play):
    play.step("get", wire.GETFILE, s("none"))
    play.step("get a folder", wire.GETFILE, s("."))


def uploaded(play, label, content, before):
    """What a sendfile has made of the file: the whole of what it says."""
    answer = play.step(label, wire.SENDFILE, s("file"), I(1), d(content))
    now = read(play.path("file"))
    if answer is not None and now != content:
        raise Wrong(f"{label} was answered, and the file has {len(now or b'')} bytes")
    if answer is None and now != before and (play.refused or now != content):
        raise Wrong(f"{label} was refused, and the file has {len(now or b'')} bytes")


@scene
def sendfile_new(play):
    uploaded(play, "send", LARGE, None)


@scene
def sendfile_over(play):
    play.write("file", SMALL)
    uploaded(play, "send", LARGE, SMALL)


@scene
def sendfile_empty(play):
    uploaded(play, "send", b"", None)


@scene
def putrange_in_two_parts(play):
    half = len(LARGE) // 2
    first = play.step("first", wire.PUTRANGE, s("file"), s("token=t"), s("part=1"), d(LARGE[:half]))
    if first is not None:
        last = play.step("rest", wire.PUTRANGE, s("file"), s("token=t"), s(f"offset={half}"), s("mode=0640"),
                         s("mtime=1234567890.000000000"), s("sha256=" + hashlib.sha256(LARGE).hexdigest()), d(LARGE[half:]))
        if last is not None and read(play.path("file")) != LARGE:
            raise Wrong("putrange was answered, and the file is another")
    if first is None and read(play.path("file")) is not None:
        raise Wrong("putrange was refused, and there is a file")
    # What waits would be an open file at the end of the scene.
    for turn in ("once", "twice"):
        play.step(f"end {turn}", wire.PUTRANGE, s("file"), s("token=t"), s("size=9"), d(b""))


@scene
def getrange(play):
    play.write("file", LARGE)
    play.step("get", wire.GETRANGE, s("file"), s("offset=1000"), s("sha256=1"), normal=facts("size", "sha256"))
    play.step("get of /proc", wire.GETRANGE, s(PROC), s("offset=3"), normal=facts("size"))


def clear(play):
    """Another failure starts from the beginning; and what is left is what the scene has told of."""
    for name in ("tree", "new", "one"):
        shutil.rmtree(play.path(name), ignore_errors=True)


def some_tree(play):
    os.makedirs(play.path("tree/sub"))
    play.write("tree/file", SMALL)
    play.write("tree/sub/large", LARGE)


def left_out(entries):
    """What a tree lacks stands in its answer."""
    notes = [entry.text for entry in entries if entry.kind == "s" and entry.text.startswith("note=")]
    return "; ".join(notes) if notes else None


@scene
def looking(play):
    some_tree(play)
    play.step("list", wire.LIST, s("tree"), s("recursive=1"), normal=names_of_list, refusal=unknown_in_list)
    play.step("stat", wire.STAT, s("tree/file"), s("sha256=1"), normal=facts("type", "size", "sha256"))
    play.step("df", wire.DF, s("tree"), normal=kinds)
    clear(play)


def unknown_in_list(entries):
    """A folder that can't be opened is listed as unknown."""
    unknown = [entry.text for entry in entries if entry.text.startswith("unknown ")]
    return "; ".join(unknown) if unknown else None


def names_of_list(entries):
    return [entry.text.split(" ", 4)[4] for entry in entries]


@scene
def mkdir(play):
    if play.step("mkdir", wire.MKDIR, s("one/two")) is not None and not os.path.isdir(play.path("one/two")):
        raise Wrong("mkdir was answered, and there is no folder")
    clear(play)


@scene
def trees(play):
    some_tree(play)
    answer = play.step("get", wire.GETTREE, s("tree"), s("token=t"), normal=something, refusal=left_out)
    play.step("finish", wire.GETTREE, s("tree"), s("token=t"), s("finish=1"), normal=something)
    if answer:
        done = play.step("put", wire.PUTTREE, s("new"), s("token=t"), s("end=1"), d(answer[-1].payload), refusal=left_out)
        if done is not None and not play.refused and read(play.path("new/sub/large")) != LARGE:
            raise Wrong("puttree was answered, and a file is another")
    for turn in ("once", "twice"):  # the first may be what fails: what waits then would be an open folder
        play.step(f"end {turn}", wire.PUTTREE, s("new"), s("token=t"), s("end=1"), d(b""))
        play.step(f"finish {turn}", wire.GETTREE, s("tree"), s("token=t"), s("finish=1"), normal=something)
    play.step("remove", wire.RMTREE, s("tree"), refusal=left_out)
    if [name for _, _, files in os.walk(play.path("new")) for name in files if name not in ("file", "large")]:
        raise Wrong("puttree has left a file of another name")
    clear(play)


def not_removed(entries):
    """rm has an entry for each file, and the reason in it."""
    texts = [entry.text for entry in entries if entry.kind == "s"]
    return "; ".join(texts) if texts else None


@scene
def rm(play):
    play.write("file", SMALL)
    os.makedirs(play.path("folder"))
    answer = play.step("rm", wire.RM, s("file"), refusal=not_removed)
    if answer == [] and read(play.path("file")) is not None:
        raise Wrong("rm was answered, and the file is there")
    play.step("rm of a folder", wire.RM, s("folder"), s("none"), refusal=not_removed)


@scene
def getcwd(play):
    answer = play.step("getcwd", wire.GETCWD, normal=kinds)
    if answer and answer[0].text != os.path.realpath(play.folder):
        raise Wrong(f"getcwd answers {answer[0].text}")


# ---- programs ----

SCRIPT = "read line; echo \"got $line\"; echo wrong >&2; exit 7"


def not_executed(entries):
    """run says so by the status: the protocol's."""
    return "it exits with 1" if entries[0].number == 1 << 8 else None


def ended(play, answer, refusal=None):
    """Waits for the child of an answer, and forgets it."""
    if answer is None:
        return None
    pid = answer[0].number
    word = play.step("wait2", wire.WAIT2, Q(pid), I(20), refusal=refusal)
    play.step("rmchildproc", wire.RMCHILDPROC, Q(pid))
    return word and word[0].number


def check_output(play, word, out, err):
    """The output is there when the status has been answered."""
    if word == 7 << 8 and (read(play.path("out")), read(play.path("err"))) != (out, err):
        raise Wrong(f"the child has exited with {word}, and its output is {read(play.path('out'))}")


@scene
def run(play):
    play.write("in", b"a line\n")
    answer = play.step("run", wire.RUN, I(0), s("in"), s("out"), s("err"), s("/bin/sh"), s("-c"), s(SCRIPT), normal=kinds)
    check_output(play, ended(play, answer, not_executed), b"got a line\n", b"wrong\n")


@scene
def run_appending(play):
    play.write("out", b"before\n")
    answer = play.step("run", wire.RUN, I(6), s(""), s("out"), s("out"), s("/bin/echo"), s("after"), normal=kinds)
    if ended(play, answer, not_executed) == 0 and read(play.path("out")) != b"before\nafter\n":
        raise Wrong(f"the child has exited with 0, and its output is {read(play.path('out'))}")


@scene
def run_of_nothing(play):
    play.step("run", wire.RUN, I(0), s("none"), s(""), s(""), s("/bin/true"))
    ended(play, play.step("run", wire.RUN, I(0), s(""), s(""), s(""), s("/no/such/program"), normal=kinds),
          not_executed)


@scene
def execute(play):
    os.makedirs(play.path("folder"))
    options = ("arg=/bin/sh", "arg=-c", "arg=pwd; echo $WORD; cat; exit 7", "cwd=folder", "env=WORD=word", "in=in",
               "out=out", "err=err", "append=err")
    play.write("in", b"a line\n")
    answer = play.step("exec", wire.EXEC, *map(s, options), normal=kinds)
    out = os.path.realpath(play.path("folder")).encode() + b"\nword\na line\n"
    check_output(play, ended(play, answer), out, b"")


@scene
def execute_nothing(play):
    play.step("exec", wire.EXEC, s("arg=/no/such/program"))
    play.step("exec", wire.EXEC, s("arg=/bin/true"), s("cwd=none"))


def follow(play, pid, offset):
    """The facts and what comes from there on, or None."""
    answer = play.step("follow", wire.FOLLOW, s(f"pid={pid}"), s(f"out={offset}"), s("wait-ms=20000"),
                       normal=lambda entries: entries[-1].kind)  # how much has come by then varies
    if answer is None:
        return None
    return dict(entry.text.split("=", 1) for entry in answer[:-1]), answer[-1].payload


def stream_to_end(play, pid):
    """What the child has written, or None where an answer lacks some of it, or is none."""
    data = b""
    while True:
        answer = follow(play, pid, len(data))
        if answer is None or "out.dropped" in answer[0]:
            return None
        data += answer[1]
        if "end" in answer[0]:
            return data


@scene
def streams(play):
    options = ("arg=/bin/sh", "arg=-c", "arg=echo first; cat; exit 7", "stream=in", "stream=merged")
    play.threads += 1  # that reads streams, from the first one on
    play.descriptors += 3  # what it waits with, and the spool
    answer = play.step("exec", wire.EXEC, *map(s, options), normal=kinds)
    if answer is None:
        return play.clean_up()
    pid = answer[0].number
    written = play.step("write", wire.WRITE, Q(pid), Q(0), I(1), wire.d(b"a line\n"))
    if written is None:
        play.step("write again", wire.WRITE, Q(pid), Q(0), I(1), wire.d(b"a line\n"))
    play.step("wait", wire.WAIT2, Q(pid), I(20))
    data = stream_to_end(play, pid)
    if ended(play, answer) == 7 << 8 and data is not None and data != b"first\na line\n":
        raise Wrong(f"the child has exited with 7, and its output is {data}")


@scene
def wait_for_ever(play):
    answer = play.step("run", wire.RUN, I(0), s(""), s(""), s(""), s("/bin/sh"), s("-c"), s("exit 3"), normal=kinds)
    if answer:
        play.step("wait", wire.WAIT, Q(answer[0].number), refusal=not_executed)
    play.step("wait for nobody", wire.WAIT2, Q(4000000), I(0))


@scene
def wait_and_kill(play):
    command = "sleep 1000 & sleep 1000 & wait"
    answer = play.step("run", wire.RUN, I(0), s(""), s(""), s(""), s("/bin/sh"), s("-c"), s(command), normal=kinds)
    if not answer:
        return play.clean_up()
    pid = answer[0].number
    play.eventually(lambda: play.children_of(pid) == ["sleep", "sleep"] or play.name_of(pid) not in ("sh", "periscoped"),
                    "two children of the shell")
    if not play.children_of(pid):
        return play.was_not_executed()
    play.step("wait2", wire.WAIT2, Q(pid), I(0))
    killed = play.step("kill", wire.KILL, Q(pid), s("grace-ms=1000"), normal=names_of_processes,
                       refusal=not_all_named)
    if killed is not None and play.children_of(pid):
        raise Wrong("kill was answered, and a process of the tree is alive")
    if killed is not None:
        play.step("wait2 after it", wire.WAIT2, Q(pid), I(5), normal=kinds)
    play.clean_up()


def kinds_of_lines(entries):
    """Of ps: the kind of each line, and the child's state."""
    lines = [entry.text.split("\t") for entry in entries]
    return [(line[0], [field for field in line if field.startswith("state=") and line[0] == "child"]) for line in lines]


def not_all_listed(entries):
    return next((entry.text for entry in entries if entry.text.startswith("no-processes")), None)


@scene
def found_again(play):
    play.threads += 2  # that reads streams, and that waits for time limits, from the first one on
    play.descriptors += 4  # theirs
    answer = play.step("exec", wire.EXEC, s("arg=/bin/cat"), s("pty=80x24"), s("tag=t"), s("limit-ms=60000"), normal=kinds)
    if not answer:
        return play.clean_up()
    pid = answer[0].number
    play.eventually(lambda: play.name_of(pid) != "periscoped", "the program")
    play.step("ps", wire.PS, s("tree=1"), normal=kinds_of_lines, refusal=not_all_listed)
    play.step("size", wire.TERMINAL, Q(pid), s("size=100x30"))
    play.step("kill", wire.KILL, Q(0), s("tag=t"), s("grace-ms=1000"), normal=names_of_processes, refusal=not_all_named)
    play.clean_up()


@scene
def evidence(play):
    answer = play.step("run", wire.RUN, I(0), s(""), s(""), s(""), s("/bin/sleep"), s("1000"), normal=kinds)
    if not answer:
        return play.clean_up()
    pid = answer[0].number
    play.eventually(lambda: play.name_of(pid) != "periscoped", "the program")
    if play.name_of(pid) != "sleep":
        return play.was_not_executed()
    play.step("processes", wire.GETFILE, s(f".periscope/processes-{pid}.txt"), normal=fields_of_processes,
              refusal=not_looked_at)
    play.step("evidence", wire.GETFILE, s(f".periscope/evidence-{pid}.txt"), normal=fields_of_processes,
              refusal=not_looked_at)
    play.clean_up()


# ---- the system ----

@scene
def settime(play):
    play.step("settime", wire.SETTIME, Q(play.now()), I(100000))


@scene
def getproperties(play):
    play.step("getproperties", wire.GETPROPERTIES, normal=properties)
    play.step("events", wire.EVENTS, s("since=0"), normal=lambda entries: [entry.text.rpartition("\t")[0][:6] for entry in entries])


@scene
def setproperty(play):
    play.step("set", wire.SETPROPERTY, s("start.count"), s("5"))
    play.step("set another", wire.SETPROPERTY, s("server.arch"), s("5"))
    play.step("type, which is not allowed", wire.INPUT, s("key=KeyA,press"))


@scene
def virtual_status(play):
    play.step("status", wire.GETFILE, s(".periscope/status.txt"), normal=property_lines)


@scene
def virtual_log(play):
    play.step("log", wire.GETFILE, s(".periscope/log.txt"), normal=something)


def from_elsewhere(entries):
    """The first line says where the text is from, and what is not known of it."""
    head = entries[0].payload.split(b"\n")[0].decode()
    return head if "mode=unknown" in head or "source=vcsa" in head else None


@scene
def virtual_console(play):
    play.step("console", wire.GETFILE, s(".periscope/console.txt"),
              refusal=from_elsewhere)


@scene
def virtual_dump(play):
    play.step("dump", wire.GETFILE, s(".periscope/dump-1.dmp"))


# ---- the screen ----

HASH = facts("hash", "backend", "geometry")


def warned(entries):
    """A picture that lacks something says so: the cursor, say; or, in pieces, the rest."""
    return next((entry.text for entry in entries if entry.kind == "e" or
                 entry.kind == "s" and entry.text.startswith("warning=")), None)


def not_looked_at(entries):
    """The evidence says what it lacks."""
    return next((line for line in entries[0].payload.decode().splitlines() if line.startswith("no-")), None)


@scene
def screenshot(play):
    play.step("screenshot", wire.SCREENSHOT, s("backend=x11"), s("deadline-ms=4000"), normal=HASH, refusal=warned)
    play.step("in pieces", wire.SCREENSHOT, s("backend=x11"), s("pieces=1"), normal=HASH, refusal=warned)


@scene
def screenshot_chosen(play):
    play.step("screenshot", wire.SCREENSHOT, s("deadline-ms=4000"), s("format=ppm"), s("region=100x100+0+0"), normal=HASH,
              refusal=warned)


@scene
def screenshot_unknown(play):
    play.step("screenshot", wire.SCREENSHOT, s("backend=none"))


@scene
def virtual_screenshot(play):
    play.step("screenshot.png", wire.GETFILE, s(".periscope/screenshot.png"), normal=png)


@scene
def virtual_windows(play):
    play.step("windows.txt", wire.GETFILE, s(".periscope/windows.txt"))


@scene
def crc(play):
    play.step("crc", wire.CRC, s("backend=x11"), s("deadline-ms=4000"), normal=facts("crc"), refusal=warned)


@scene
def displays(play):
    play.step("displays", wire.DISPLAYS, s("deadline-ms=4000"), normal=lambda entries: [entry.text for entry in entries])


@scene
def waitready(play):
    play.step("waitready", wire.WAITREADY, s("output=any"), s("deadline-ms=0"), normal=kinds)


# ---- another executable ----

def goes_on(play, label, answer, pid, was):
    """After an upgrade or a restart: who answers, and what it knows of the child."""
    if answer is not None:
        play.become_next(was)
    play.write("go", b"")
    if pid:
        play.step(f"wait2 after the {label}", wire.WAIT2, Q(pid), I(20), refusal=not_executed)


def with_child(play):
    command = "until [ -e go ]; do sleep 0.02; done; exit 5"
    answer = play.step("run", wire.RUN, I(0), s(""), s(""), s(""), s("/bin/sh"), s("-c"), s(command), normal=kinds)
    return answer and answer[0].number


@scene
def upgrade(play):
    was = play.executable()
    with open(play.path("periscoped"), "rb") as file:
        content = file.read()
    play.calm()
    pid = with_child(play)
    play.storm()
    answer = play.step("upgrade", wire.UPGRADE, d(content))
    goes_on(play, "upgrade", answer, pid, was)
    if read(play.path("periscoped")) != content:
        raise Wrong("the executable is not there under its name")
    play.may_leave("periscoped.old")


@scene
def restart(play):
    was = play.executable()
    play.calm()
    pid = with_child(play)
    play.storm()
    answer = play.step("restart", wire.RESTART, s(play.path("periscoped")), *map(s, play.options))
    goes_on(play, "restart", answer, pid, was)


def count_of_starts(entries):
    return [entry.text for entry in entries if entry.text.startswith("start.count")]


@scene
def start(play):
    """The start itself; what fails in it is said on standard error, and the next start is as if nothing had been."""
    play.start_again()
    play.step("ping", wire.PING)
    play.step("count", wire.GETPROPERTIES, normal=count_of_starts, refusal=lambda _: play.logged("the starts"))


def normal_reason(text):
    """An error's text without what changes: pids."""
    return re.sub(r"\d+", "N", text)
