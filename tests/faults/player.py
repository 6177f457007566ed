# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays a scene with a fresh agent, in which one call fails, and looks at what is left."""
import ctypes
import mmap
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

import wire
from scenes import Wrong, as_they_are, normal_reason

PATIENCE = 10  # seconds for an answer: no deadline of the script is longer
SETTLED = 5    # seconds until all is as before
CALLS_MAX = 128
IPC_RMID = 0
NOTHING = CALLS_MAX  # the number of a function that there is not
OPTIONS = ("--run-as", "agent", "--io-timeout", "5", "--show-restarts", "--journal", "../journal", "0")
OWN_FILES = {"periscoped", "periscoped.data", "file", "in", "out", "err", "go", "folder"}


class Control(ctypes.Structure):
    """As in faults.c."""
    _fields_ = [("armed", ctypes.c_uint32), ("function", ctypes.c_uint32), ("nth", ctypes.c_uint32),
                ("code", ctypes.c_int32), ("fired", ctypes.c_uint32), ("fired_pid", ctypes.c_uint32),
                ("fired_from", ctypes.c_uint64), ("counts", ctypes.c_uint32 * CALLS_MAX)]


def numbers():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def stat_of(pid):
    """(name, state, parent), or None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    rest = text[text.rindex(")") + 2:].split()
    return text[text.index("(") + 1:text.rindex(")")], rest[0], int(rest[1])


def runs(pid):
    """The name of its executable; "" when it has none any more."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def segments():
    """Numbers of the segments of shared memory in this namespace."""
    with open("/proc/sysvipc/shm", encoding="ascii") as file:
        return [int(line.split()[1]) for line in file.readlines()[1:]]


def leaves_segments():
    """Whether a segment outlives all processes that had it; it is removed then, or the next scene would find it."""
    end = time.monotonic() + SETTLED
    while segments() and time.monotonic() < end:
        time.sleep(0.002)
    left = segments()
    for number in left:
        ctypes.CDLL(None).shmctl(number, IPC_RMID, None)
    return bool(left)


class Play:
    """One scene, once. In a namespace of processes of its own: what is there and is not in `ours` is the agent's."""
    options = OPTIONS

    def __init__(self, library, program, display, ours):
        self.base = tempfile.mkdtemp(prefix="periscope-faults-", dir="/tmp")
        self.folder = os.path.join(self.base, "work")
        self.temporary = os.path.join(self.base, "tmp")
        os.mkdir(self.folder)
        os.mkdir(self.temporary)
        shutil.copy(program, self.path("periscoped"))
        with open(os.path.join(self.base, "control"), "w+b") as file:
            file.truncate(ctypes.sizeof(Control))
            self.control = Control.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(Control)))
        self.control.function = NOTHING
        self.ours = ours
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LD_PRELOAD": library, "DISPLAY": display, "HOME": self.base,
                    "FAULTS": os.path.join(self.base, "control"), "TMPDIR": self.temporary, "PERISCOPED_TEST_SYSTEM": "/nonexistent"}
        self.cleans = False
        self.outcomes, self.client, self.refused, self.allowed = {}, None, False, set(OWN_FILES)
        self.process = None

    # ---- the agent ----

    def launch(self):
        """Returns whether it listens; else it has ended."""
        self.process = subprocess.Popen([self.path("periscoped"), *OPTIONS], cwd=self.folder, env=self.env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        text, end = b"", time.monotonic() + PATIENCE
        while b"\n" not in text.partition(b"READY port ")[2]:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise Wrong("it neither listens nor ends")
            more = os.read(self.process.stdout.fileno(), 4096)
            if not more:
                return False
            text += more
        self.port = int(text.partition(b"READY port ")[2].split()[0])
        return True

    def start(self):
        if not self.launch():
            raise Wrong("the agent does not start: " + self.process.stderr.read().decode("utf-8", "replace"))
        self.threads, self.descriptors = self.count("task"), self.count("fd")

    def start_again(self):
        """The start is what fails: then it says why, and the next one is as if nothing had been."""
        self.end_agent()
        if self.launch():
            self.outcomes["start"] = ("ok", None)
        else:
            code, reason = self.process.wait(PATIENCE), self.process.stderr.read().decode("utf-8", "replace")
            self.calm()
            if code < 0 or not reason.strip():
                raise Wrong(f"the start ends with {code}: '{reason.strip()}'")
            self.outcomes["start"] = ("e", reason)
            self.start()

    def end_agent(self):
        if self.client:
            self.client.close()
        self.client = None
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process.stderr.close()
        self.process = None

    def count(self, what):
        return len(os.listdir(f"/proc/{self.process.pid}/{what}"))

    def executable(self):
        return None

    def has_become_next(self):
        """Then its log begins anew."""
        with open(f"/proc/{self.process.pid}/cmdline", "rb") as file:
            return b"\0--resume=" in file.read()

    def become_next(self, _):
        """Waits until the agent has become another executable, or has told that it could not."""
        if self.client:
            self.client.close()
            self.client = None
        end = time.monotonic() + SETTLED
        while time.monotonic() < end:
            if self.has_become_next():
                return
            time.sleep(0.002)
        self.calm()
        with wire.Client(self.port, timeout=PATIENCE) as client:
            if not client.property("upgrade.error"):
                raise Wrong("the upgrade was answered, and neither happened nor was it undone")

    def logged(self, text):
        """The line of the log that has the text, or None."""
        self.calm()
        with wire.Client(self.port, timeout=PATIENCE) as client:
            lines = client.get(".periscope/log.txt").decode().splitlines()
        return next((line for line in lines if text in line), None)

    # ---- what a scene calls ----

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def may_leave(self, name):
        self.allowed.add(name)

    def now(self):
        return int(time.time())

    def storm(self):
        self.control.armed = 1

    def calm(self):
        self.control.armed = 0

    def name_of(self, pid):
        return (stat_of(pid) or [None])[0]

    def children_of(self, pid):
        """Their names."""
        found = [stat_of(one) for one in numbers()]
        return [info[0] for info in found if info and info[2] == pid and info[1] != "Z"]

    def clean_up(self):
        """Ends what the scene has left running, also when nobody has learnt its number, and what is not the program yet."""
        self.cleans = True
        self.left()

    def left(self):
        others = self.others()
        for pid in others if self.cleans else ():
            self.kill(pid)
        return others

    def was_not_executed(self):
        """The child of the scene is none of what it waits for: run tells that by its status, and the scene is over."""
        self.outcomes["run"] = ("e", "it exits with 1")
        self.clean_up()

    @staticmethod
    def kill(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def eventually(self, probe, what, seconds=SETTLED):
        end = time.monotonic() + seconds
        while not probe():
            if time.monotonic() > end:
                raise Wrong(f"not within {seconds} s: {what() if callable(what) else what}")
            time.sleep(0.002)

    def step(self, label, rpc, *entries, normal=as_they_are, refusal=None):
        """The answer's entries; None when it is a refusal, or the connection has ended without one. refusal: gives the text
        of an answer that is a refusal in another form than an error entry, or None."""
        self.refused = False
        try:
            if not self.client:
                self.client = wire.Client(self.port, timeout=PATIENCE)
            answer = self.client.call(rpc, *entries)
        except (wire.Closed, ConnectionError):
            self.outcomes[label] = ("ended",)
            self.client = None
            return None
        except TimeoutError:
            raise Wrong(f"{label}: no answer within {PATIENCE} s") from None
        except wire.Refused as reason:  # in place of the banner
            self.outcomes[label] = ("e", str(reason))
            self.client = None
            return None
        error = answer[0].text if [entry.kind for entry in answer] == ["e"] else refusal and refusal(answer)
        self.refused = error is not None
        self.outcomes[label] = ("e", normal_reason(error)) if self.refused else ("ok", normal(answer))
        return None if self.refused else answer

    # ---- the whole ----

    def perform(self, scene, function, nth, code):
        """Fills `outcomes`, or raises Wrong."""
        try:
            self.start()
            self.control.function, self.control.nth, self.control.code = function, nth, code
            self.storm()
            scene(self)
            self.calm()
            self.check_rest()
        finally:
            self.discard()

    def others(self):
        """{pid: (name, state)} of what is there and neither ours nor the agent, its workers or theirs."""
        infos = {pid: stat_of(pid) for pid in numbers() - self.ours}
        own = {self.process.pid}
        for _ in range(4):  # generations
            own |= {pid for pid, info in infos.items() if info and info[2] in own and runs(pid).startswith("periscoped")}
        return {pid: info[:2] for pid, info in infos.items()
                if info and pid not in own and not (info[1] == "Z" and info[2] in own - {self.process.pid})}

    def check_rest(self):
        """That the agent goes on and has left nothing."""
        if self.process.poll() is not None:
            said = self.process.stderr.read().decode("utf-8", "replace").strip()
            raise Wrong(f"the agent has ended with {self.process.returncode}: {said}")
        ended = [label for label, outcome in self.outcomes.items() if outcome[0] == "ended"]
        if self.client:
            self.client.close()
            self.client = None
        try:
            with wire.Client(self.port, timeout=PATIENCE) as client:
                client.ping()
                log = client.get(".periscope/log.txt").decode() if ended else "ended"
        except (OSError, wire.Closed, wire.Refused, wire.ProtocolError) as reason:
            raise Wrong(f"the next client is not served: {reason!r}") from None
        if not self.has_become_next() and not re.search("ended|refused|could not|no memory|fail|Cannot", log):
            raise Wrong(f"{ended[0]}: the connection has ended, and the log does not tell why: {log}")
        self.eventually(lambda: not self.left(), lambda: f"processes are left: {self.others()}")
        self.eventually(lambda: self.count("task") <= self.threads,
                        lambda: f"{self.count('task')} threads, {self.threads} before")
        self.eventually(lambda: self.count("fd") <= self.descriptors + 2, self.descriptors_left)
        left = set(os.listdir(self.folder)) - self.allowed
        if left or os.listdir(self.temporary):
            raise Wrong(f"files are left: {left or os.listdir(self.temporary)}")

    def descriptors_left(self):
        links = [os.readlink(f"/proc/{self.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{self.process.pid}/fd")]
        return f"{len(links)} descriptors, {self.descriptors} before: {links}"

    def discard(self):
        """Ends all that is left, also of a scene that went wrong."""
        self.end_agent()
        end = time.monotonic() + PATIENCE
        while (left := numbers() - self.ours) and time.monotonic() < end:
            for pid in left:
                self.kill(pid)
            time.sleep(0.001)
        shutil.rmtree(self.base, ignore_errors=True)
