# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a minidump by the layout that minidumpapiset.h documents."""
import struct

THREADS, MODULES, MEMORY, SYSTEM = 3, 4, 5, 7  # MINIDUMP_STREAM_TYPE
INTEL, AMD64 = 0, 9                            # PROCESSOR_ARCHITECTURE_*


class Minidump:
    def __init__(self, data):
        self.data = data
        signature, version, count, directory = struct.unpack_from("<4sIII", data)
        if signature != b"MDMP" or version & 0xffff != 0xa793:
            raise AssertionError(f"no minidump: {data[:8]!r}")
        self.streams = {}
        for i in range(count):
            kind, size, start = struct.unpack_from("<III", data, directory + 12 * i)
            if start + size > len(data):
                raise AssertionError(f"stream {kind} lies beyond the end of the file")
            self.streams[kind] = data[start:start + size]

    def processor(self):
        return struct.unpack_from("<H", self.streams[SYSTEM])[0]

    def modules(self):
        """Full names."""
        stream = self.streams[MODULES]
        found = []
        for i in range(struct.unpack_from("<I", stream)[0]):
            name = struct.unpack_from("<I", stream, 4 + 108 * i + 20)[0]
            size = struct.unpack_from("<I", self.data, name)[0]
            found.append(self.data[name + 4:name + 4 + size].decode("utf-16-le"))
        return found

    def threads(self):
        """[(id, start of its stack in the process, the bytes of it)]"""
        stream = self.streams[THREADS]
        found = []
        for i in range(struct.unpack_from("<I", stream)[0]):
            number = struct.unpack_from("<I", stream, 4 + 48 * i)[0]
            start, size, place = struct.unpack_from("<QII", stream, 4 + 48 * i + 24)
            if place + size > len(self.data):
                raise AssertionError(f"the stack of thread {number} lies beyond the end of the file")
            found.append((number, start, self.data[place:place + size]))
        return found
