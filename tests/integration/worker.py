# SPDX-License-Identifier: LGPL-2.1-or-later
"""The capture worker, started and spoken to over its standard input and output as the agent does."""
import os
import shutil
import struct
import subprocess
import tempfile

import picture
from harness import COMMAND, PATIENCE, check, equal, sanitizer_environment
from wire import Refused


def string(text):
    data = (text if isinstance(text, bytes) else text.encode()) + b"\0"
    return b"s" + struct.pack(">Q", len(data)) + data


def request(*texts):
    return struct.pack(">I", len(texts)) + b"".join(string(text) for text in texts)


class Facts(dict):
    """The first value of each key; all() gives the others."""

    def __init__(self, lines):
        pairs = [line.split("=", 1) for line in lines]
        super().__init__(reversed(pairs))
        self.pairs = pairs

    def all(self, key):
        return [value for name, value in self.pairs if name == key]


class Worker:
    """A worker with these variables beside the test's own environment (None takes one away), for `with`. At the end it
    must leave with status 0 when its input ends, unless the test has seen it end. `backend` is asked of each picture.
    """

    def __init__(self, variables, backend, command=(*COMMAND, "--capture-worker"), **settings):
        self.backend = backend
        self.folder = tempfile.mkdtemp(prefix="periscope-test-")
        env = {**os.environ, **sanitizer_environment(self.folder), **variables}
        self.stderr = open(os.path.join(self.folder, "stderr"), "w+b")
        self.process = subprocess.Popen(command, env={key: value for key, value in env.items() if value is not None},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr, bufsize=0,
                                        **settings)

    def send(self, data):
        self.process.stdin.write(data)

    def read(self, size):
        parts = []
        while size:
            data = self.process.stdout.read(size)
            check(data, f"the worker's answer ends {size} bytes early")
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def entry(self):
        kind, size = struct.unpack(">cQ", self.read(9))
        return kind, self.read(size)

    def answer(self):
        """The lines, and the file (None when there is none) of one answer; raises Refused for an `e`."""
        lines, file = [], None
        for _ in range(struct.unpack(">I", self.read(4))[0]):
            kind, data = self.entry()
            if kind == b"e":
                raise Refused(data[:-1].decode())
            if kind == b"s":
                lines.append(data[:-1].decode())
            else:
                check(kind == b"d" or (kind == b"u" and not data), f"an entry of type {kind}")
                file = data if kind == b"d" else b""
        return lines, file

    def ask(self, *texts):
        self.send(request(*texts))
        return self.answer()

    def screenshot(self, *options):
        lines, file = self.ask("screenshot", f"backend={self.backend}", *options)
        return Facts(lines), file

    def png(self, *options):
        facts, file = self.screenshot(*options)
        return facts, picture.decode_png(file)

    def ppm(self, *options):
        facts, file = self.screenshot("format=ppm", *options)
        return facts, picture.decode_ppm(file)

    def ended(self):
        """Its exit status, which must come without its being told."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker still runs after {PATIENCE} s") from None

    def errors(self):
        self.stderr.seek(0)
        return self.stderr.read().decode("utf-8", "replace")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process.returncode is None:
                self.process.stdin.close()
                equal(self.ended(), 0, f"exit status at the end of the input ({self.errors()})")
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.stderr.close()
            shutil.rmtree(self.folder, ignore_errors=True)
