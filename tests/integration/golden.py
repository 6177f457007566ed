# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads tests/golden; its README tells the form."""
import glob
import os
import re

import harness

FOLDER = os.path.join(harness.TOP, "tests", "golden")


class Message:
    def __init__(self, from_host, title):
        self.from_host = from_host
        self.title = title
        self.parts = []      # bytes, or (name, size) of a placeholder
        self.partial = False  # ends in "..."

    def add(self, word):
        if self.partial:
            raise ValueError(f"{self.title}: bytes after '...'")
        placeholder = re.fullmatch(r"\$(\w+)/(\d+)", word)
        if placeholder:
            self.parts.append((placeholder[1], int(placeholder[2])))
        elif word == "..." and not self.from_host:
            self.partial = True
        elif re.fullmatch("[0-9a-f]{2}", word):
            self.parts.append(bytes.fromhex(word))
        else:
            raise ValueError(f"{self.title}: what is {word!r}?")

    def pieces(self, values):
        """[(bytes or None while unknown, name, size)]: neighbouring bytes joined."""
        joined = []
        for part in self.parts:
            if isinstance(part, tuple):
                name, size = part
                joined.append((values.get(name), name, size))
            elif joined and joined[-1][1] is None:
                joined[-1] = (joined[-1][0] + part, None, joined[-1][2] + 1)
            else:
                joined.append((part, None, 1))
        return joined

    def bytes(self, values):
        """All of it; what is unknown as bytes of 01."""
        return b"".join(b"\1" * size if data is None else data for data, _, size in self.pieces(values))


class Conversation:
    """One file."""

    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.directives = []  # lists of words
        self.messages = []
        with open(path, encoding="utf-8") as file:
            for line in file:
                self.add(line.split("#", 1)[0].rstrip("\n"))

    def add(self, line):
        if line[:1] in (">", "<"):
            self.messages.append(Message(line[0] == ">", line[1:].strip()))
        elif line[:1] == "!":
            self.directives.append(line[1:].split())
        else:
            for word in line.split():
                self.messages[-1].add(word)

    def words(self, directive):
        return [word for words in self.directives if words[0] == directive for word in words[1:]]

    @property
    def example(self):
        return ["example"] in self.directives


def conversations():
    return [Conversation(path) for path in sorted(glob.glob(os.path.join(FOLDER, "*.txt")))]
