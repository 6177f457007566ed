#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the golden bytes as inputs of the wire's fuzzers, and tar streams of Python's as those of the tar reader's.

usage: tests/fuzz/seeds.py FOLDER     makes FOLDER/fuzz_request/, FOLDER/fuzz_list/ and FOLDER/fuzz_tar/
"""
import io
import os
import sys
import tarfile

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


def tar_stream(form):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=form) as tar:
        for name, kind, link, content in (("a", tarfile.REGTYPE, "", b"content" * 100), ("x" * 90 + "/" + "y" * 90, tarfile.REGTYPE, "", b""),
                                          ("link", tarfile.SYMTYPE, "w" * (300 if form != tarfile.USTAR_FORMAT else 90), b""),
                                          ("folder", tarfile.DIRTYPE, "", b"")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(content)
            info.mtime = 1234567890.25 if form == tarfile.PAX_FORMAT else 1
            tar.addfile(info, io.BytesIO(content))
    return whole.getvalue()


def tars(folder):
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        write(os.path.join(folder, "fuzz_tar"), f"form{form}", tar_stream(form))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
    tars(sys.argv[1])
