#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the golden bytes as inputs of the wire's fuzzers.

usage: tests/fuzz/seeds.py FOLDER     makes FOLDER/fuzz_request/ and FOLDER/fuzz_list/
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import golden  # noqa: E402  (found by the path above)

STEPS = (b"\x7f", b"\0")  # the first byte of an input: how many bytes come at a time, less one


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    for number, step in enumerate(STEPS):
        with open(os.path.join(folder, f"{name}-{number}"), "wb") as file:
            file.write(step + data)


def main(folder):
    for conversation in golden.conversations():
        requests = [message.bytes({}) for message in conversation.messages if message.from_host]
        replies = [message.bytes({}) for message in conversation.messages[1:] if not message.from_host]
        write(os.path.join(folder, "fuzz_request"), conversation.name, b"".join(requests))
        for number, request in enumerate(requests):
            write(os.path.join(folder, "fuzz_request"), f"{conversation.name}-{number}", request)
        for number, message in enumerate([request[4:] for request in requests] + replies):
            write(os.path.join(folder, "fuzz_list"), f"{conversation.name}-{number}", message)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
