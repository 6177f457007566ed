# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client asks for while others bring the guest under pressure; and control groups to do that in."""
import contextlib
import os
import signal

import wire
from harness import Skip, check, eventually, need_root
from wire import s

CGROUPS = {"pids": "pids.max", "memory": "memory.limit_in_bytes"}  # by name: its limit in version 1
V2_LIMITS = {"pids": "pids.max", "memory": "memory.max"}


class Other:
    """A client that was connected before, with two programs of its own: one to wait for, and one to end."""

    def __init__(self, client, *screenshot):
        self.client = client
        self.screenshot = screenshot
        self.waited, self.ended = client.run("sleep", "1000"), client.run("sleep", "1000")

    def asks(self, may_refuse=()):
        """Each request is answered, as it is without pressure but for those that may be refused: {name: refusal}."""
        refusals = {}
        for name in ("ping", "picture", "wait", "kill"):
            try:
                getattr(self, name)()
            except wire.Refused as reason:
                check(name in may_refuse, f"{name} is refused: {reason}")
                refusals[name] = str(reason)
        return refusals

    def ping(self):
        self.client.ping()

    def picture(self):
        reply = self.client.call(wire.SCREENSHOT, *map(s, self.screenshot))
        self.client.checked("s" * (len(reply) - 1) + "d", reply)
        check(len(reply[-1].payload) > 50, f"a picture of {len(reply[-1].payload)} bytes")

    def wait(self):
        try:
            self.client.wait(self.waited, 1)
        except wire.Refused as reason:
            if str(reason) != wire.TIMED_OUT:
                raise
        else:
            check(False, "a program that sleeps was told to have ended")

    def kill(self):
        killed = self.client.kill(self.ended)
        check(self.ended in [pid for pid, _ in killed], f"{killed} were ended")
        self.client.wait(self.ended, 10)

    def leave(self):
        self.client.kill(self.waited)
        self.client.forget(self.waited)
        self.client.forget(self.ended)
        self.client.close()


class State:
    """What of the agent has to be as before in the end."""

    def __init__(self, agent):
        self.agent = agent
        self.before = self.now()

    def now(self):
        return {"threads": len(os.listdir(f"/proc/{self.agent.pid}/task")), "files": sorted(os.listdir(self.agent.folder)),
                "segments": segments(self.agent.pid)}

    def check_again(self):
        eventually(lambda: self.now() == self.before, lambda: f"{self.now()} instead of {self.before}")


def segments(pid):
    """Shared memory that the process has made."""
    with open("/proc/sysvipc/shm", encoding="ascii") as file:
        return [line.split()[1] for line in file if line.split()[4] == str(pid)]


@contextlib.contextmanager
def control_group(kind, limit="max"):
    """A control group for an agent, with this limit: its folder."""
    need_root()
    folder, name = make_group(kind)
    try:
        set_limit(folder, kind, limit)
        yield folder
    finally:
        end_members(folder)
        eventually(lambda: remove(folder), f"the end of {name}")


def make_group(kind):
    name = f"periscope-{os.getpid()}"
    for top in (f"/sys/fs/cgroup/{kind}", "/sys/fs/cgroup"):
        folder = f"{top}/{name}"
        try:
            os.mkdir(folder)
        except OSError:
            continue
        if os.path.exists(limit_path(folder, kind)):
            return folder, name
        os.rmdir(folder)
    raise Skip(f"no control group for {kind} can be made here")


def limit_path(folder, kind):
    paths = [f"{folder}/{names[kind]}" for names in (CGROUPS, V2_LIMITS)]
    return next((path for path in paths if os.path.exists(path)), paths[0])


def set_limit(folder, kind, limit):
    with open(limit_path(folder, kind), "w", encoding="ascii") as file:
        file.write("-1" if limit == "max" and kind == "memory" and "in_bytes" in file.name else str(limit))


def members(folder):
    with open(f"{folder}/cgroup.procs", encoding="ascii") as file:
        return [int(line) for line in file]


def end_members(folder, but=()):
    for pid in members(folder):
        if pid not in but:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def remove(folder):
    end_members(folder)
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True


def inside(folder):
    """The start of a command line that runs the rest of it in the group."""
    return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', folder]
