# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent under Wine, asked through the command periscope. tests/wine/run sets WINE, WINEPREFIX and DISPLAY."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "integration"))

from harness import Skip, end_processes_in  # noqa: E402 (the path to it is set above)
from picture import Picture  # noqa: E402
from xserver import read_xwd  # noqa: E402

PERISCOPE = os.path.join(TOP, "build", "periscope")
WINE = os.environ.get("WINE", "wine")
WINESERVER = os.environ.get("WINESERVER", "wineserver")
PATIENCE = 60  # seconds: running into it is a failure; a call of the command has twice that


build = os.environ.get("WIN_BUILD", "win64")  # which of the agents is tested


def exe(name):
    return os.path.join(TOP, "build", build, name)


def drive_c():
    return os.path.join(os.environ.get("WINEPREFIX") or os.path.expanduser("~/.wine"), "drive_c")


def windows_path(path):
    on_c = os.path.relpath(path, drive_c())
    return "Z:" + path.replace("/", "\\") if on_c.startswith("..") else "C:\\" + on_c.replace("/", "\\")


def reg(*arguments):
    """(exit status, output) of reg.exe. On a busy machine one process of Wine's in some thousands ends before it begins,
    which start.exe, that looks for it, calls an internal error: it is started again then."""
    for _ in range(3):
        done = subprocess.run([WINE, "reg", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        out = done.stdout.decode("utf-8", "replace").replace("\r", "")
        if done.returncode == 0 or "ShellExecuteEx failed: Internal error" not in out:
            break
    return done.returncode, out


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    """Whether an agent on that port sends its banner."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
            return bool(connection.recv(1))
    except ConnectionError:
        return False


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def facts(self):
        """{name: value} of what was printed in two columns."""
        return dict(line.split(None, 1) for line in self.out.decode().splitlines() if len(line.split(None, 1)) == 2)


class Agent:
    """An agent in a folder of its own, for `with`. desktop: the size of a Wine desktop of its own to run it on. console:
    in a console with a window, as somebody who logs on has it; else there is none."""

    def __init__(self, *options, desktop=None, wrapper=(), console=False):
        self.console = console
        self.folder = tempfile.mkdtemp(prefix="periscope-wine-", dir="/tmp")
        self.name = f"d{os.getpid()}-{time.monotonic_ns() % 1000000}"
        self.desktop = desktop
        self.wrapper = wrapper  # a command in front of Wine's
        shutil.copy(exe("periscoped.exe"), self.path("periscoped.exe"))
        self.out = open(self.path("stdout"), "ab")
        # The desktop's program gives no output on since Wine 9, so the port can't be read there.
        port = free_port() if desktop else 0
        self.process = self.start_program(self.path("periscoped.exe"), "--bind", "127.0.0.1", *options, str(port),
                                          out=self.out)
        self.port = port or self.wait_for_port()
        if desktop:
            eventually(lambda: answers(port), f"an agent on port {port} of the desktop {self.name}")

    def path(self, name):
        return os.path.join(self.folder, name)

    def start_program(self, *command, out=subprocess.DEVNULL):
        """On the agent's desktop, but not by it."""
        front = [*self.wrapper, WINE]
        if self.console:
            front += [exe("tools/launch.exe"), "new"]
        if self.desktop:
            # Wine 10 gives each program of its explorer a console, whose window has the keyboard and a cursor that blinks.
            front += ["explorer", f"/desktop={self.name},{self.desktop}", windows_path(exe("tools/launch.exe")), "hidden",
                      windows_path(command[0])]
            command = command[1:]
        return subprocess.Popen([*front, *command], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.STDOUT if out is not subprocess.DEVNULL else out)

    def wait_for_port(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in self.read("stdout").decode("utf-8", "replace").splitlines():
                if "READY port " in line:
                    return int(line.rpartition(" ")[2])
            time.sleep(0.05)
        raise AssertionError(f"no READY within {PATIENCE} s: {self.read('stdout')}")

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def last_words(self):
        """Of an agent in the foreground, for who asks why it failed."""
        if "process" not in vars(self):
            return "it is a service"
        return f"its process: {self.process.poll()}; its last words: {self.read('stdout')[-500:]}"

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def periscope(self, verb, *arguments, code=0, before=()):
        """One call, whose exit status must be `code` (None: any). before: options, in front of the agent's address."""
        if verb in ("screenshot", "crc"):
            before = ("--verbose", *before)
        done = subprocess.run([PERISCOPE, verb, *before, f"127.0.0.1:{self.port}", *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=2 * PATIENCE, check=False)
        err = done.stderr.decode("utf-8", "replace")
        if code is not None and done.returncode != code:
            raise AssertionError(f"{verb} {' '.join(arguments)}: exit status {done.returncode}, not {code}: {err}; "
                                 f"{self.last_words()}")
        return Result(done.returncode, done.stdout, err)

    def at(self, host, verb, *arguments):
        """One call by this address."""
        done = subprocess.run([PERISCOPE, verb, f"{host}:{self.port}", *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=2 * PATIENCE, check=False)
        return Result(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))

    def run(self, *command, code=0, before=()):
        """What the program printed, once it has ended with that exit status."""
        self.periscope("run", *command, code=code, before=("--no-stdin", "--no-stream", "--stdout", "out.txt", *before))
        return self.read("out.txt").decode("utf-8", "replace").splitlines()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self.out.close()
        # An agent that was upgraded, or is on a desktop, is no child of ours: it is told to end by its own folder's name.
        end_processes_in(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


class OwnWine:
    """A fresh prefix, for `with`: what is changed there, of the machine, no other test meets."""

    def __enter__(self):
        self.outer = os.environ.get("WINEPREFIX")
        self.prefix = tempfile.mkdtemp(prefix="periscope-prefix-", dir="/tmp")
        os.environ["WINEPREFIX"] = self.prefix
        subprocess.run([WINESERVER, "-p"], check=True, timeout=PATIENCE)
        # Not `wineboot -i`, which in a fresh prefix starts a second service control manager.
        subprocess.run([WINE, "cmd", "/c", "exit"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True, timeout=3 * PATIENCE)

    def __exit__(self, *_):
        subprocess.run([WINESERVER, "-k"], stderr=subprocess.DEVNULL, check=False, timeout=PATIENCE)
        shutil.rmtree(self.prefix, ignore_errors=True)
        if self.outer:
            os.environ["WINEPREFIX"] = self.outer


def eventually(probe, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = probe()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def read_screen():
    """What xwd reads from the X server, which fails while the screen changes its size. In its corner Wine has a window of one
    pixel there, which is no window of its desktop's: the next pixel stands for it."""
    def read():
        done = subprocess.run(["xwd", "-root", "-silent"], stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
        return done.stdout if done.returncode == 0 else None
    screen = read_xwd(eventually(read, "a screen that xwd can read"))
    return Picture(screen.width, screen.height, screen.pixels[3:6] + screen.pixels[3:])


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def equal(got, want, what):
    check(got == want, f"{what}: {got!r:.400} instead of {want!r:.400}")


def main(tests):
    """Runs the tests and prints what tests/run reads."""
    failed = False
    for test in tests:
        try:
            test()
        except Skip as why:
            print(f"SKIP {test.__name__}: {why}", flush=True)
        except Exception as reason:  # any failure of a test is reported and the next one runs
            failed = True
            print(f"FAIL {test.__name__}: {type(reason).__name__}: {reason}".replace("\n", " "), flush=True)
        else:
            print(f"ok {test.__name__}", flush=True)
    sys.exit(failed)
