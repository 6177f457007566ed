# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts the real agent for a test and looks at it from outside; runs tests and prints what tests/run reads.

PERISCOPED is the agent's command line (build/periscoped of this tree when unset; "wine x.exe" will do).
PERISCOPE_SEED is the seed of what is random.
PERISCOPE_LOAD_PERCENT scales the tests that count on quantity; PERISCOPE_SANITIZED=1 tells that the agent is built
with a sanitizer, so its memory and its size mean nothing.
"""
import glob
import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import wire

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMAND = shlex.split(os.environ.get("PERISCOPED") or os.path.join(TOP, "build", "periscoped"))
COMMAND[0] = os.path.abspath(COMMAND[0]) if "/" in COMMAND[0] else COMMAND[0]
NATIVE = len(COMMAND) == 1
PROGRAM = os.path.basename(COMMAND[-1])
KILLED = 15 if NATIVE else 257  # the status of a child that the RPC kill ended (SIGTERM, which sleep does not survive)
SANITIZED = os.environ.get("PERISCOPE_SANITIZED") == "1"
LOAD_PERCENT = int(os.environ.get("PERISCOPE_LOAD_PERCENT") or 100)
# Seconds: no wait in a test is longer, and running into it is a failure. TESTS_SLOW is for a machine with other work.
PATIENCE = int(30 * float(os.environ.get("TESTS_SLOW") or 1))
TICKS = os.sysconf("SC_CLK_TCK")
# The agent's: a folder in it that may not be read would change what a missing program is answered with.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Skip(Exception):
    """The test can't run here; str() says why."""


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def equal(got, want, what="got"):
    if got != want:
        raise AssertionError(f"{what}: {shorten(got)} instead of {shorten(want)}")


def shorten(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:200]}… ({len(text)} characters)"


def eventually(probe, what, seconds=PATIENCE):
    """The first true result of probe(), tried until then; a failure when the time is over. what: a text, or a function
    that makes it then."""
    end = time.monotonic() + seconds
    while True:
        result = probe()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def refused(text, call, *arguments, **options):
    """The call must be answered with exactly this error text."""
    try:
        result = call(*arguments, **options)
    except wire.Refused as reason:
        equal(str(reason), text, "error text")
    else:
        raise AssertionError(f"{shorten(result)} instead of the error {text!r}")


def refused_saying(text, call, *arguments, **options):
    """The call must be answered with an error that has the text in it."""
    try:
        result = call(*arguments, **options)
    except wire.Refused as reason:
        check(text in str(reason), f"{reason} does not say {text!r}")
    else:
        raise AssertionError(f"{shorten(result)} instead of a refusal")


def removed(client, path):
    """Removes a file; what is told of it is a refusal like any other."""
    for entry in client.remove(path):
        if entry.kind != "u":
            raise wire.Refused(entry.text)


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


def need_plain_build():
    if SANITIZED:
        raise Skip("what a sanitizer costs is not what the agent costs")


_generator = None


def generator():
    """The program's random numbers; their seed is PERISCOPE_SEED, or is picked, and printed."""
    global _generator
    if _generator is None:
        given = os.environ.get("PERISCOPE_SEED")
        seed = int(given, 0) if given else time.time_ns() % 1_000_000
        print(f"# PERISCOPE_SEED={seed}", flush=True)
        _generator = random.Random(seed)
    return _generator


def random_bytes(count):
    return generator().randbytes(count)


def scaled(count, least):
    return max(least, count * LOAD_PERCENT // 100)


# ---- processes seen through /proc ----

def stat_fields(pid):
    """The fields of /proc/PID/stat behind the name: state is [0], parent [1], utime and stime [11] and [12]."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()


def name_of(pid):
    """What the kernel calls a process, or None."""
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def thread_fields(pid, name):
    """{thread: words} of one line of its threads' /proc/PID/task/TID/status; a thread that ends meanwhile is left out."""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii", errors="replace") as file:
                found[int(thread)] = next(line for line in file if line.startswith(name + ":")).split()[1:]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def children_of(parent):
    """{pid: state} of the processes whose parent this is."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = stat_fields(name)
            except OSError:
                continue
            if int(fields[1]) == parent:
                found[int(name)] = fields[0].decode()
    return found


def command_line(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()


def alive(pid):
    """Whether the process exists and is no zombie."""
    try:
        return stat_fields(pid)[0] not in b"ZX"
    except OSError:
        return False


def half_files(pid, folder):
    """What the process is writing to below the folder, whether it has a name there or none yet."""
    links = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{pid}/fd/{name}"))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return [link for link in links if link.startswith(os.path.realpath(folder) + "/")
            and (link.endswith(" (deleted)") or os.path.basename(link).startswith(".periscope-"))]


def need_localhost():
    try:
        socket.getaddrinfo("localhost", None)
    except OSError as reason:
        raise Skip(f"this machine does not know localhost: {reason}") from reason


def need_unix(why):
    """For what an agent for Windows can't have, or has in another form."""
    if not NATIVE:
        raise Skip(f"the agent is the one for Windows: {why}")


def end_processes_in(folder):
    """Those that work in the folder, or in one below it that may be gone."""
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and (os.readlink(f"/proc/{name}/cwd") + "/").startswith(folder + "/"):
                os.kill(int(name), signal.SIGKILL)
        except OSError:
            continue


def end_process(pid):
    need_unix("its process ids are not this system's")
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


# ---- the agent ----

class Agent:
    """An agent in a folder of its own, for `with`. At the end it must be alive and have left no zombie, no descriptor
    and no sanitizer's report, unless its end was expected.

    wrapper: a command in front of the agent's, one that ends in an exec. copy: run a copy of the executable in the
    folder, which the test may replace.
    """

    # A connection and a pidfd of each capture worker that is kept for the next picture, of five kinds: pictures, readiness,
    # changes, input, a recording. For good, once programs were streamed, the spool and two of the thread that fills it, and
    # once one had a time limit, what wakes that thread.
    FD_SLACK = 14

    def __init__(self, *options, port="0", after_port=(), wrapper=(), env=None, copy=False):
        self.base = tempfile.mkdtemp(prefix="periscope-test-", dir="/tmp")
        self.folder = os.path.join(self.base, "work")
        os.mkdir(self.folder)
        os.chmod(self.base, 0o755)
        os.chmod(self.folder, 0o777)
        self.stdout_path = os.path.join(self.base, "stdout")
        self.stderr_path = os.path.join(self.base, "stderr")
        self.expect_end = False
        self.clients = []
        self.strays = []
        command = list(COMMAND)
        if copy:
            command[-1] = self.path(PROGRAM)
            shutil.copy(COMMAND[-1], command[-1])
        self.command = [*wrapper, *command, *options, str(port), *after_port]
        self.env = {**os.environ, "PATH": PATH, "PERISCOPED_TEST_SYSTEM": "/nonexistent", **sanitizer_environment(self.base), **(env or {})}
        self.start()

    def start(self):
        """Starts it (again) and waits until it listens."""
        with open(self.stdout_path, "ab") as out, open(self.stderr_path, "ab") as err:
            seen = os.path.getsize(self.stdout_path)
            self.process = subprocess.Popen(self.command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err)
        self.pid = self.process.pid
        try:
            self.port = eventually(lambda: self.ready_port(seen), "READY on the agent's standard output")
        except AssertionError:
            self.discard()
            shutil.rmtree(self.base, ignore_errors=True)
            raise
        self.fds = self.fd_count()

    def ready_port(self, seen):
        check(self.process.poll() is None, f"the agent ended with {self.process.returncode}: {self.stderr()}")
        return ready_port(self.stdout()[seen:])

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def stdout(self):
        with open(self.stdout_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def stderr(self):
        with open(self.stderr_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def client(self, **options):
        client = wire.Client(self.port, **options)
        self.clients.append(client)
        return client

    def ping(self):
        """A new client must be answered, however badly others behave."""
        with wire.Client(self.port) as client:
            client.ping()

    def fd_count(self):
        return len(os.listdir(f"/proc/{self.pid}/fd")) if NATIVE else 0

    def cpu_ticks(self):
        fields = stat_fields(self.pid)
        return int(fields[11]) + int(fields[12])

    def memory(self, name):
        """Kilobytes: VmRSS, VmHWM and so on; under Wine with what Wine itself takes in each process."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))

    def check_idle(self, seconds=1.0):
        """It must not burn the processor while nothing happens: a busy loop uses every tick there is."""
        before = self.cpu_ticks()
        time.sleep(seconds)
        used = self.cpu_ticks() - before
        check(used < seconds * TICKS / 4, f"{used} ticks of processor time within {seconds} s of nothing to do")

    def cleanup(self, pid):
        """A process that the test leaves behind, to be ended with it."""
        self.strays.append(pid)
        return pid

    # ---- the end ----

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            for client in self.clients:
                client.close()
            for pid in self.strays if NATIVE else ():
                end_process(pid)
            if kind is None and not self.expect_end:
                self.check_health()
            self.stop()
        finally:
            self.discard()
            print_reports(self.base)
            shutil.rmtree(self.base, ignore_errors=True)

    def check_health(self):
        check(self.process.poll() is None, f"the agent ended with {self.process.returncode}: {self.stderr()[-2000:]}")
        self.check_reports()
        if not NATIVE:
            return
        limit = self.fds + self.FD_SLACK
        eventually(lambda: self.fd_count() <= limit, lambda: f"at most {limit} descriptors, not {self.fd_list()}", 10)
        eventually(lambda: "Z" not in children_of(self.pid).values(), "no zombies", 10)

    def fd_list(self):
        names = {}
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                names[name] = os.readlink(f"/proc/{self.pid}/fd/{name}")
            except FileNotFoundError:
                pass
        return names

    def stop(self):
        """Ends it as an administrator would; what it leaked is reported then."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"the agent did not end within {PATIENCE} s of SIGTERM") from None
        self.check_reports()

    def check_reports(self):
        for report in sanitizer_reports(self.base):
            raise AssertionError("a sanitizer reported: " + first_problem(report))

    def discard(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if NATIVE:  # under Wine they end with its server
            end_processes_in(self.folder)


def sanitizer_reports(folder):
    """Their texts. That a process was ended by force while it looked for leaks is none."""
    for path in sorted(glob.glob(os.path.join(folder, "sanitizer.*"))):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = re.sub(r"^==\d+==Unable to get registers from thread \d+\.\n", "", file.read(), flags=re.M)
        if text:
            yield text


def first_problem(report):
    return next((line for line in report.splitlines() if "ERROR" in line or "WARNING" in line or "error:" in line), "?")


def print_reports(folder):
    for report in sanitizer_reports(folder):
        print("\n".join("# " + line for line in report.splitlines()[:60]))


def ready_port(text):
    """The port that a line "periscoped: READY port N" tells, or None while there is none."""
    for line in text.split("\n")[:-1]:
        words = line.split()
        if "READY" in words and "port" in words[words.index("READY"):-1]:
            return int(words[words.index("port") + 1])
    return None


def sanitizer_environment(folder):
    """Reports go to files, since nobody may look at the agent's standard error."""
    path = os.path.join(folder, "sanitizer")
    return {name: ":".join(filter(None, [os.environ.get(name), f"log_path={path}", extra]))
            for name, extra in (("ASAN_OPTIONS", "verify_asan_link_order=0"), ("UBSAN_OPTIONS", "print_stacktrace=1"),
                                ("TSAN_OPTIONS", ""))}


# ---- the registry ----

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def reconnected(agent):
    """A client of an agent that starts again, or None while it does not listen."""
    try:
        client = agent.client()
        client.ping()
        return client
    except (OSError, wire.Closed):
        return None


def with_agent(*options, **settings):
    """A test that gets a fresh agent started with these."""
    def decorate(function):
        def run():
            with Agent(*options, **settings) as agent:
                function(agent)
        run.__name__ = function.__name__
        return test(run)
    return decorate


def run_one(function):
    try:
        function()
    except Skip as why:
        print(f"SKIP {function.__name__}: {why}", flush=True)
    except Exception as reason:  # any failure of a test is reported and the next one runs
        print("# " + traceback.format_exc().rstrip().replace("\n", "\n# "))
        print(f"FAIL {function.__name__}: {type(reason).__name__}: {reason}".replace("\n", " "), flush=True)
        return False
    else:
        print(f"ok {function.__name__}", flush=True)
    return True


def trusted_folder():
    """One that only root can write, as are all above it; None where there is none."""
    for folder in ("/root", "/opt", "/usr/local/lib"):
        if os.path.isdir(folder) and os.stat(folder).st_uid == 0 and not os.statvfs(folder).f_flag & os.ST_NOSUID:
            return tempfile.mkdtemp(prefix="periscope-test-", dir=folder)
    raise Skip("no folder here is root's alone")


def main():
    """Runs the tests, or those named on the command line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # Not as a shell's background job, which ignores them: what a test starts is sent such signals.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    names = sys.argv[1:]
    chosen = [function for function in TESTS if not names or function.__name__ in names]
    if not chosen:
        sys.exit(f"no such test: {' '.join(names)}")
    sys.exit(not all([run_one(function) for function in chosen]))
