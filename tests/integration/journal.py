# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent's journal as its specification has it, written and read without the agent's code."""
import os

from harness import Agent


def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def line(chain, payload):
    """(the next chain, the line)"""
    rest = b" %d %s" % (len(payload), payload)
    chain = crc32c(rest, chain)
    return chain, b"%08x%s\n" % (chain, rest)


def write(records):
    """The bytes of a file with these payloads: tuples of fields, as texts."""
    chain, out = 0, b""
    for record in records:
        chain, one = line(chain, "\t".join(map(str, record)).encode())
        out += one
    return out


def read(data):
    """(the payloads up to the first bad line, how many bytes they take), each as a tuple of fields."""
    chain, at, records = 0, 0, []
    while True:
        end = data.find(b"\n", at)
        if end < 0:
            return records, at
        parts = data[at:end].split(b" ", 2)
        if len(parts) < 3:
            return records, at
        want, one = line(chain, parts[2])
        if one != data[at:end + 1]:
            return records, at
        chain, at = want, end + 1
        records.append(tuple(parts[2].decode().split("\t")))


def files(folder):
    """{path: records} of each boot's file."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.startswith("boot-"):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[path] = read(file.read())[0]
    return found


def reboot(folder, boot_id="11111111-2222-3333-4444-555555555555"):
    """Makes the newest file one of another boot, as it is found after a reboot."""
    path, records = max(files(folder).items(), key=lambda item: int(item[1][0][4]))
    records[0] = (*records[0][:5], boot_id, *records[0][6:])
    with open(path, "wb") as file:
        file.write(write(records))
    return path


class Journalled(Agent):
    """An agent that keeps a journal beside its folder."""

    def __init__(self, *options, **settings):
        super().__init__("--journal", "../journal", *options, **settings)
        self.journal = os.path.join(self.base, "journal")

    def crash(self):
        """Kills it, so that it can do nothing, and starts it again."""
        self.process.kill()
        self.process.wait()
        self.start()

    def reboot(self):
        self.process.kill()
        self.process.wait()
        path = reboot(self.journal)
        self.start()
        return path

    def records(self, kind):
        """The fields of the newest file's records of that kind, without the times."""
        newest = max(files(self.journal).values(), key=lambda records: int(records[0][4]))
        return [record[3:] for record in newest if record[0] == kind]
