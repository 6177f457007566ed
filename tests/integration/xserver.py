# SPDX-License-Identifier: LGPL-2.1-or-later
"""X servers of the tests' own, what draws on them, and other programs' ways to read them."""
import contextlib
import os
import random
import select
import shutil
import struct
import subprocess
import tempfile

from harness import COMMAND, PATIENCE, Skip, check
from isolation import need_isolation
from picture import Picture

TOOLS = os.path.join(os.path.dirname(COMMAND[0]), "tests", "tools")  # built beside the agent
CLIENT = os.path.join(TOOLS, "x11_client")
TOOL_WORKER = os.path.join(TOOLS, "x11_worker")


def need_program(*names):
    for name in names:
        if not shutil.which(name):
            raise Skip(f"{name} is not installed")


DUMMY = """
Section "Device"
    Identifier "device"
    Driver "dummy"
EndSection
Section "Screen"
    Identifier "screen"
    Device "device"
    DefaultDepth 24
EndSection
"""
DUMMY_DRIVER = "/usr/lib/xorg/modules/drivers/dummy_drv.so"


def need_xorg():
    need_program("Xorg")
    if not os.path.exists(DUMMY_DRIVER) or os.geteuid() != 0:
        raise Skip("Xorg needs its dummy driver, and root")


class Server:
    """An X server on a display of its own choice, for `with`. Xvfb's framebuffer is a file, which also holds the cursor
    that the server draws. Xorg has the dummy driver, which has sixteen outputs."""

    def __init__(self, *options, screens=("641x479x24",), program="Xvfb", variables=None, comes_back=False):
        """comes_back: it can be killed and started again. It has a number that no other takes meanwhile: they look for a
        free one from 0 on."""
        need_program(program)
        self.program, self.options, self.screens = program, options, screens
        self.folder = tempfile.mkdtemp(prefix="periscope-test-x11-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.variables = variables or {}
        self.process, self.number = None, None
        self.clients, self.files = [], []
        self.start(random.randrange(1000, 50000) if comes_back else None)

    def start(self, number=None):
        """number: where an earlier one of the same tests was. Servers that start side by side may spoil each other's
        compiled keymap, which is none of ours: that one is started again."""
        for _ in range(5):
            if self.try_start(number):
                return
            self.process.wait(timeout=PATIENCE)
        raise AssertionError(f"{self.program} does not start: {self.log()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def try_start(self, number):
        command = [self.program, "-noreset", "-nolisten", "tcp", *self.options]
        if self.program == "Xorg":
            config = os.path.join(self.folder, "xorg.conf")
            with open(config, "w", encoding="ascii") as file:
                file.write(DUMMY)
            command += ["-config", config, "-logfile", os.path.join(self.folder, "log"), "-novtswitch", "-sharevts"]
        else:
            command += ["-fbdir", self.folder]
            for i, screen in enumerate(self.screens):
                command += ["-screen", str(i), screen]
        read, write = os.pipe()
        with open(read, "rb") as numbers:
            command += ["-displayfd", str(write)] + ([f":{number}"] if number is not None else [])
            with open(os.path.join(self.folder, "output"), "ab") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                pass_fds=[write])
            os.close(write)
            line = numbers.readline() if select.select([numbers], [], [], PATIENCE)[0] else b""
            if not line and "Failed to compile keymap" in self.log():
                return False
            check(line, f"{self.program} does not start: {self.log()}")
        self.number = int(line)
        self.files = [f"/tmp/.X{number}-lock", f"/tmp/.X11-unix/X{number}"] if number is not None else []
        self.display = f":{self.number}"
        return True

    def log(self):
        with open(os.path.join(self.folder, "output"), encoding="utf-8", errors="replace") as log:
            return log.read()[-500:]

    @property
    def pid(self):
        return self.process.pid

    def environment(self, screen=0):
        return {**os.environ, **self.variables, "DISPLAY": f"{self.display}.{screen}"}

    def run(self, *command, screen=0):
        """What another program prints."""
        need_program(command[0])
        done = subprocess.run(command, env=self.environment(screen), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        check(done.returncode == 0, f"{command[0]} on {self.display}: {done.stderr.decode('utf-8', 'replace')}")
        return done.stdout

    def client(self, screen=0):
        client = Client(self.environment(screen))
        self.clients.append(client)
        return client

    def as_xwd_reads_it(self, screen=0, *options):
        return read_xwd(self.run("xwd", "-root", "-silent", *options, screen=screen))

    def framebuffer(self, screen=0):
        """The pixels with the cursor in them. The file's own colour map is not that of the screen."""
        colors = self.run("xwd", "-root", "-silent", screen=screen)
        with open(os.path.join(self.folder, f"Xvfb_screen{screen}"), "rb") as file:
            return read_xwd(file.read(), colors)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        for file in self.files:
            with contextlib.suppress(FileNotFoundError):
                os.remove(file)


@contextlib.contextmanager
def named(name, before=(), lock=None):
    """A server whose process has this name, started by the words before it, if there are any. It has a lock, which Xvfb does
    not make with -displayfd: its own, or one of that process; 0: none. Only for tests that are isolated."""
    need_isolation()
    need_program("Xvfb")
    with tempfile.TemporaryDirectory(prefix="periscope-test-x11-", dir="/tmp") as folder:
        program = start = os.path.join(folder, name)
        shutil.copy(shutil.which("Xvfb"), program)
        if before:
            start = os.path.join(folder, "start")
            with open(start, "w", encoding="ascii") as file:
                file.write(f'#!/bin/sh\nexec {" ".join(before)} {program} "$@"\n')
            os.chmod(start, 0o755)
        with Server(screens=("64x48x24",), program=start) as server:
            server.client().do("noise", 1)
            path = f"/tmp/.X{server.number}-lock"
            if lock != 0:
                with open(path, "w", encoding="ascii") as file:
                    file.write(f"{lock or server.pid:10}\n")
            yield server
            if lock != 0:
                os.remove(path)


class Client:
    """tests/tools/x11_client on a display."""

    def __init__(self, environment):
        self.process = subprocess.Popen([CLIENT], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        bufsize=0)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        check(line, "the X client ended")
        return line.decode().strip()

    def send(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words).encode() + b"\n")

    def do(self, *words):
        self.send(*words)
        return self.answer()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


# ---- the format of xwd(1), from X11/XWDFile.h ----

HEADER = struct.Struct(">25I")
COLOR = struct.Struct(">IHHHBB")
TRUE_COLOR, DIRECT_COLOR = 4, 5


def channel_values(colors, mask, part):
    """{bits of the pixel that the mask cuts out: 8-bit intensity} by what the server says of some pixels. It cuts an intensity
    of ten bits off at 16, so that one half-way between two of 8 would be rounded down: there it only has to be near."""
    if mask // (mask & -mask) < 256:
        return {color[0] & mask: round(color[part] / 257) for color in colors}
    check(all(0 <= (color[0] & mask) / mask - color[part] / 65535 < 1 / 65535 for color in colors), "uneven steps")
    return {color[0] & mask: round((color[0] & mask) / mask * 255) for color in colors}


def read_colors(data, visual, bits, masks):
    """For each of red, green and blue, by mask, its 8-bit intensities."""
    header = HEADER.unpack_from(data)
    colors = [COLOR.unpack_from(data, header[0] + i * COLOR.size) for i in range(header[19])]
    if visual not in (TRUE_COLOR, DIRECT_COLOR):
        masks = [(1 << bits) - 1] * 3
    return [(mask, channel_values(colors, mask, part)) for part, mask in enumerate(masks, 1)]


def row_pixels(data, width, size, order):
    """Pixels of `size` bytes; three are what xwd makes where windows have visuals of different depths."""
    if size == 3:
        return [int.from_bytes(data[at:at + 3], order) for at in range(0, 3 * width, 3)]
    return struct.unpack_from((">" if order == "big" else "<") + str(width) + " BH I"[size], data)


def read_xwd(data, colors=None):
    """The pixels as the server's own colour map shows them, which colors (another xwd file) may hold."""
    (header_size, version, _, _, width, height, _, byte_order, _, _, _, bits, stride, visual, red, green, blue, _, _,
     count, *_) = HEADER.unpack_from(data)
    check(version == 7 and bits in (8, 16, 24, 32), f"an xwd file of version {version} with {bits} bits a pixel")
    channels = read_colors(colors or data, visual, bits, (red, green, blue))
    order = "big" if byte_order else "little"
    start = header_size + count * COLOR.size
    shown, pixels = {}, []
    for at in range(start, start + height * stride, stride):
        for pixel in row_pixels(data[at:at + stride], width, bits // 8, order):
            if pixel not in shown:
                shown[pixel] = bytes(table[pixel & mask] for mask, table in channels)
            pixels.append(shown[pixel])
    return Picture(width, height, b"".join(pixels))
