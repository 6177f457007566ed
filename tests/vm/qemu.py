# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine under QEMU with the agent in it, and QEMU's own view of its screen.

The environment tells VM (a folder for what is made) and PERISCOPED.
"""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import wire  # noqa: E402

VM = os.environ.get("VM", "build/vm")
PERISCOPED = os.environ.get("PERISCOPED", "build/periscoped")
PERISCOPE = os.path.join(os.path.dirname(os.path.abspath(PERISCOPED)), "periscope")
PATIENCE = 300  # seconds: without KVM, on a machine with other work, a boot takes its time
AGENT_PORT = 9000

class Monitor:
    """QEMU's own interface (QMP)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.call("qmp_capabilities")

    def call(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            answer = json.loads(self.lines.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]


class Machine:
    """A running machine. `arguments` are QEMU's, for all but the network, the serial line and the monitor; the agent is
    waited for on AGENT_PORT. `more_ports` of the guest are reached too, by self.ports. Used in a with block, at whose end the
    machine is killed as by a power cut."""

    def __init__(self, name, arguments, more_ports=()):
        self.name = name
        self.folder = os.path.join(VM, name)
        os.makedirs(self.folder, exist_ok=True)
        self.others_path = os.path.abspath(os.path.join(self.folder, "qmp-of-others"))
        self.ports = {number: self.free_port() for number in (AGENT_PORT, *more_ports)}
        self.port = self.ports[AGENT_PORT]
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{port}-:{number}" for number, port in self.ports.items())
        socket_path = os.path.join(self.folder, "qmp")
        for path in (socket_path, self.others_path):
            if os.path.exists(path):
                os.remove(path)
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-display", "none", "-nodefaults",
             "-serial", "file:" + self.console_path, "-qmp", f"unix:{socket_path},server=on,wait=off",
             "-qmp", f"unix:{self.others_path},server=on,wait=off",  # it serves one client
             "-netdev", f"user,id=n,restrict=on{forwards}",
             "-device", "e1000,netdev=n,romfile=", *arguments],
            stdin=subprocess.DEVNULL, stdout=open(self.log_path, "w"), stderr=subprocess.STDOUT)
        try:
            self.client = self.connect()
            self.monitor = Monitor(socket_path)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    @property
    def console_path(self):
        return os.path.join(self.folder, "console")

    @property
    def log_path(self):
        return os.path.join(self.folder, "qemu.log")

    def connect(self):
        """QEMU accepts a connection before the guest does, and then ends it without a banner."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.qemu.poll() is not None:
                raise RuntimeError(f"QEMU ended: {open(self.log_path).read()[-400:]}")
            try:
                return wire.Client(self.port, timeout=PATIENCE)
            except (OSError, wire.Closed):
                time.sleep(0.2)
        raise RuntimeError(f"no agent after {PATIENCE} s; the console: {open(self.console_path).read()[-800:]}")

    def close(self):
        self.qemu.kill()
        self.qemu.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- in the guest ----

    def shell(self, script, output="/tmp/out"):
        """What a script prints; RuntimeError when it fails."""
        pid = self.client.shell(script, stdout=output, stderr=output)
        status = self.client.wait(pid, PATIENCE)
        self.client.forget(pid)
        text = self.client.get(output).decode("utf-8", "replace")
        if status:
            raise RuntimeError(f"{script!r} exited with {status}: {text}")
        return text

    def start(self, *argv):
        """Starts a program that prints READY and goes on; its pid."""
        pid = self.client.run(*argv, stdout="/tmp/ready", stderr="/tmp/ready")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            text = self.client.get("/tmp/ready").decode()
            if "READY" in text:
                return pid
            if text.strip():
                break
            time.sleep(0.1)
        self.end(pid)
        raise RuntimeError(f"{argv}: {text.strip() or 'it does not get ready'}")

    def end(self, pid):
        self.client.kill(pid)
        self.client.forget(pid)

    def picture(self, **options):
        """(facts, width, height, RGB bytes) of a screenshot; an option of None is not given."""
        options = {"format": "ppm", "backend": "drm", "deadline-ms": 60000, **options}
        options = {key: text for key, text in options.items() if text is not None}
        reply = self.client.call(wire.SCREENSHOT, *(wire.s(f"{key}={value}") for key, value in options.items()))
        if [entry.kind for entry in reply] == ["e"]:
            raise wire.Refused(reply[0].text)
        facts = [entry.text.split("=", 1) for entry in reply[:-1]]
        return (facts, *parse_ppm(reply[-1].payload))

    # ---- from outside ----

    def screendump(self, device=None):
        """(width, height, RGB bytes) as QEMU sees the screen, the one of a device where its id is given."""
        path = os.path.join(os.path.abspath(self.folder), "screendump.ppm")
        self.monitor.call("screendump", filename=path, **({"device": device} if device else {}))
        return parse_ppm(open(path, "rb").read())


def parse_ppm(data):
    magic, size, depth, pixels = data.split(b"\n", 3)
    width, height = map(int, size.split())
    if magic != b"P6" or depth != b"255" or len(pixels) != width * height * 3:
        raise ValueError(f"not a whole PPM: {data[:40]!r}")
    return width, height, pixels


def write_ppm(path, width, height, pixels):
    with open(path, "wb") as file:
        file.write(b"P6\n%d %d\n255\n" % (width, height) + pixels)
