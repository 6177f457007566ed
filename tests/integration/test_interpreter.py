#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that is there and can't be executed since its interpreter is not: that one is named."""
import os
import shutil
import struct

import harness
from harness import need_unix, refused, with_agent

PT_INTERP = 3


def write_executable(agent, name, content):
    agent.write(name, content)
    os.chmod(agent.path(name), 0o755)


def of_another_system():
    """A dynamic program whose interpreter is of a C library that is not here."""
    with open(shutil.which("true"), "rb") as file:
        image = file.read()
    wide = image[4] == 2  # ELFCLASS64
    table, size, count = (*struct.unpack_from("<Q", image, 32), *struct.unpack_from("<2H", image, 54)) if wide else (
        *struct.unpack_from("<I", image, 28), *struct.unpack_from("<2H", image, 42))
    header = next(at for at in range(table, table + size * count, size)
                  if struct.unpack_from("<I", image, at)[0] == PT_INTERP)
    start = struct.unpack_from("<Q" if wide else "<I", image, header + (8 if wide else 4))[0]
    end = image.index(b"\0", start)
    return image[:start] + b"/nosuch/ld.so".ljust(end - start, b"\0") + image[end:]


@with_agent()
def missing_interpreter_is_named(agent):
    need_unix("Windows has none")
    client = agent.client()
    os.mkdir(agent.path("sub"))
    write_executable(agent, "script", b"#! /nosuch/sh -e\nexit 0\n")
    write_executable(agent, "second", b"#!" + agent.path("script").encode() + b"\n")
    write_executable(agent, "crlf", b"#!/bin/sh\r\nexit 0\r\n")
    write_executable(agent, "elf", of_another_system())
    write_executable(agent, "sub/inner", b"#!/nosuch/inner\n")
    gone = "No such file or directory"
    for argv, options, text in (
            (("./script",), {}, f"could not run './script': its interpreter '/nosuch/sh': {gone}"),
            (("./second",), {}, f"could not run './second': its interpreter '/nosuch/sh': {gone}"),
            (("./elf",), {}, f"could not run './elf': its interpreter '/nosuch/ld.so': {gone}"),
            (("./crlf",), {}, "could not run './crlf': its interpreter '/bin/sh': its first line ends in a carriage return"),
            (("./inner",), {"cwd": "sub"}, f"could not run './inner' in sub: its interpreter '/nosuch/inner': {gone}"),
            (("script",), {"env": f"PATH=/nosuch:{agent.folder}"},
             f"could not run 'script': its interpreter '/nosuch/sh': {gone}"),
            (("./absent",), {}, f"could not run './absent': {gone}"),
            (("absent",), {}, f"could not run 'absent': {gone}")):
        refused(text, client.execute, *argv, **options)


if __name__ == "__main__":
    harness.main()
