# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's monitor (QMP) as the command periscope meets it: a scripted one, and a real QEMU whose screen shows its BIOS."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading

import picture
from harness import PATIENCE, Skip, equal, eventually

GREETING = {"QMP": {"version": {"qemu": {"micro": 9, "minor": 2, "major": 7}, "package": "Debian 1:7.2"},
                    "capabilities": ["oob"]}}
EVENT = {"event": "RTC_CHANGE", "data": {"offset": -1, "id": 2, "return": {"error": "no"}},
         "timestamp": {"seconds": 1, "microseconds": 2.5e-3}}


class Monitor:
    """Serves one connection after the other, as QEMU does. `show` gives what the next screendump's file is to hold:
    bytes, or None for no file. `answer`, if given, makes of each request the bytes to send. leaves: the greeting is all."""

    def __init__(self, show=None, greeting=None, answer=None, tcp=False, leaves=False):
        self.show, self.answer, self.leaves = show, answer, leaves
        self.greeting = json.dumps(GREETING).encode() + b"\r\n" if greeting is None else greeting
        self.folder = tempfile.mkdtemp(prefix="periscope-qmp-", dir="/tmp")
        self.failures, self.requests = [], []
        if tcp:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        else:
            self.address = os.path.join(self.folder, "qmp")
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.address)
            self.listener.listen()

    def __enter__(self):
        threading.Thread(target=self.loop, daemon=True).start()
        return self

    def __exit__(self, kind, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        shutil.rmtree(self.folder)
        if kind is None:
            equal(self.failures, [], "failures of the monitor")

    def loop(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(PATIENCE)
                try:
                    self.serve(connection)
                except ConnectionError:
                    pass  # the command has seen enough
                except (ValueError, KeyError, OSError) as reason:
                    self.failures.append(repr(reason))

    def serve(self, connection):
        connection.sendall(self.greeting)
        if self.leaves:
            return
        for line in connection.makefile("rb"):
            request = json.loads(line)
            self.requests.append(request)
            connection.sendall(self.answer(request) if self.answer else self.usual_answer(request))

    def usual_answer(self, request):
        if request["execute"] == "screendump":
            content = self.show()
            if content is not None:
                with open(request["arguments"]["filename"], "wb") as file:
                    file.write(content)
        event = json.dumps(EVENT).encode() + b"\r\n"
        return event + json.dumps({"return": {}, "id": request["id"]}).encode() + b"\r\n" + event


def refusal(text):
    """An `answer` that refuses screendump with these words."""
    def answer(request):
        if request["execute"] == "screendump":
            return json.dumps({"id": request["id"], "error": {"class": "GenericError", "desc": text}}).encode() + b"\r\n"
        return json.dumps({"return": {}, "id": request["id"]}).encode() + b"\r\n"
    return answer


class Qemu:
    """A real one without a guest: its BIOS finds nothing to boot, and its screen then stands still."""

    def __init__(self):
        if not shutil.which("qemu-system-x86_64"):
            raise Skip("there is no qemu-system-x86_64 here")
        self.folder = tempfile.mkdtemp(prefix="periscope-qemu-", dir="/tmp")
        self.address = os.path.join(self.folder, "qmp")
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                ["qemu-system-x86_64", "-accel", "tcg", "-m", "64", "-display", "none", "-nodefaults", "-vga", "std",
                 "-S", "-qmp", f"unix:{self.address},server=on,wait=off"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        try:
            eventually(lambda: self.process.poll() is not None or os.path.exists(self.address), "QEMU's monitor")
            if self.process.poll() is not None:
                with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
                    raise Skip(f"QEMU does not run here: {log.read()[-300:]}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(PATIENCE)
        shutil.rmtree(self.folder)

    def screendump(self):
        """What it shows, asked for by this client."""
        path = os.path.join(self.folder, "dump.ppm")
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(PATIENCE)
            monitor.connect(self.address)
            lines = monitor.makefile("r", encoding="utf-8")
            lines.readline()
            for request in ({"execute": "qmp_capabilities"}, {"execute": "screendump", "arguments": {"filename": path}}):
                monitor.sendall(json.dumps(request).encode())
                while "return" not in json.loads(lines.readline()):
                    pass
        with open(path, "rb") as file:
            return picture.decode_ppm(file.read())
