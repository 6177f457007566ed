#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Windows limits, at its bounds and beyond them: a name, a path, a folder, a command line, an environment. Each is
refused by its reason before Windows gets it, nothing is left of it, and the agent goes on."""
import os

import wine
import wire
from wine import Agent, check, equal
from wire import I, d, s

TELL = wine.windows_path(wine.exe("tools/tell.exe"))
FOLDER_MAX, LINE_MAX, BATCH_MAX, VARIABLE_MAX, NAME_MAX = 258, 32766, 8191, 32766, 255
TRAILING, CONTROL, DEVICE = "end in a dot or a space", "control characters", "Not a regular file"
BAD_NAMES = {"a.": TRAILING, "a ": TRAILING, "sub\\...": TRAILING, "sub./b": TRAILING, "a\x01": CONTROL, "a\tb": CONTROL,
             "a\nb": CONTROL, "ab:c": "':'", "sub\\b::$DATA": "':'", "\\\\?\\C:\\b:c": "':'", "a?b": "'?'", "a*": "'*'",
             "a|b": "'|'", "a<b": "'<'", "sub/a>b": "'>'", 'a"b': "'\"'", "CON": DEVICE, "nul": DEVICE, "Com1": DEVICE,
             "lpt9.txt": DEVICE, "aux .c": DEVICE, "sub/prn": DEVICE, "COM\u00b2": DEVICE, "CONOUT$": DEVICE,
             "sub\\COM5.tar.gz": DEVICE, "x" * (NAME_MAX + 1): "File name too long", "x\\" * 17000: "File name too long",
             "y" * 65537: "File name too long", "z" * 1000000: "File name too long"}
# To write into a device is something else than to make a file of its name.
NO_FILES = {name: why for name, why in BAD_NAMES.items() if why != DEVICE}


def refusal(client, rpc, *entries):
    """The text of the error with which a call is refused; the agent answers the next one."""
    reply = client.call(rpc, *entries)
    equal([entry.kind for entry in reply], ["e"], f"{rpc}: {reply}: kinds of the reply")
    client.ping()
    return reply[0].text


def execute(*options):
    return (wire.EXEC, *map(s, options))


def told(agent, client, *options):
    """What TELL says as a program that exec starts with these options."""
    pid = client.expect("Q", *execute(f"arg={TELL}", "out=told.txt", *options))[0].number
    equal(client.wait(pid, wine.PATIENCE), 0, "exit status")
    return agent.read("told.txt").decode().splitlines()


def names_that_windows_cannot_have_are_refused_before_a_file_is_made():
    with Agent() as agent, wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        os.mkdir(agent.path("sub"))
        agent.write("a", b"content")
        before = sorted(os.listdir(agent.folder))
        for name, why in BAD_NAMES.items():
            shown = name[:40]
            for text in (refusal(client, wire.SENDFILE, s(name), I(0), d(b"x" * 100000)), refusal(client, wire.GETFILE, s(name)),
                         refusal(client, *execute(f"arg={TELL}", f"cwd={name}")), refusal(client, wire.RESTART, s(name))):
                check(why in text, f"{shown!r}: {text}")
            text = client.remove(name)[0].text
            check(text.startswith("Could not delete '") and why in text, f"{shown!r}: {text}")
            equal(sorted(os.listdir(agent.folder)), before, f"{shown!r}: the folder")
        equal(agent.read("a"), b"content", "the file whose name was meant by none")


def redirections_to_names_that_windows_cannot_have_are_refused():
    with Agent() as agent, wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        before = sorted(os.listdir(agent.folder))
        for name, why in NO_FILES.items():
            for key in ("in", "out", "err"):
                text = refusal(client, *execute(f"arg={TELL}", f"{key}={name}"))
                check(text.startswith("unable to open '") and why in text, f"{key} {name[:40]!r}: {text}")
            text = refusal(client, wire.RUN, I(0), s(""), s(name), s(""), s(TELL))
            check(text.startswith("unable to open '") and why in text, f"run to {name[:40]!r}: {text}")
        equal(sorted(os.listdir(agent.folder)), before, "the folder")
        pid = client.expect("Q", *execute(f"arg={TELL}", "out=NUL"))[0].number
        equal(client.wait(pid, wine.PATIENCE), 0, "exit status of one whose output goes to NUL")


def an_upload_is_refused_before_its_bytes_come():
    with Agent() as agent, wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        content = b"x" * (8 << 20)
        client.send(wire.u32(wire.SENDFILE) + wire.u32(3), s("a?b"), I(0), wire.header("d", len(content)), content[:1 << 20])
        for _ in range(20):
            agent.periscope("ping")
            equal([name for name in os.listdir(agent.folder) if name.endswith(".tmp")], [], "temporary files")
        client.send(content[1 << 20:])
        equal(client.reply_list()[0].text, "unable to open 'a?b' for writing: Windows has no names with '?' in them", "reply")


def deep_folder(agent, length):
    """A folder whose path as Windows has it is that long."""
    path = agent.folder
    while len(wine.windows_path(path)) < length:
        path += "/" + "d" * min(100, length - len(wine.windows_path(path)) - 1)
    os.makedirs(path, exist_ok=True)
    equal(len(wine.windows_path(path)), length, "length of the path")
    return wine.windows_path(path)


def a_working_folder_has_its_length_or_is_refused_by_it():
    with Agent() as agent, wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        for length in (247, 248, FOLDER_MAX):
            folder = deep_folder(agent, length)
            for cwd in (folder, folder + "\\", "\\\\?\\" + folder):
                equal(told(agent, client, f"cwd={cwd}")[-1], f"folder={folder}", f"{length} characters")
        for length in (FOLDER_MAX + 1, 260, 261, 300):
            text = refusal(client, *execute(f"arg={TELL}", f"cwd={deep_folder(agent, length)}"))
            check(text.startswith(f"could not run '{TELL}': the working folder '") and
                  text.endswith(f"more than {FOLDER_MAX} characters"), text)
        text = refusal(client, *execute(f"arg={TELL}", "cwd=no folder"))
        equal(text, f"could not run '{TELL}': the working folder 'no folder': No such file or directory", "a missing one")
        text = refusal(client, *execute(f"arg={TELL}", "cwd=periscoped.exe"))
        equal(text, f"could not run '{TELL}': the working folder 'periscoped.exe': Not a directory", "a file")
        text = refusal(client, *execute("arg=no program", "cwd=."))
        equal(text, "could not run 'no program' in .: No such file or directory", "a missing program")


def a_program_s_name_has_its_length_or_is_refused_by_it():
    with Agent() as agent, wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        for name in ("x" * 32001, "C:\\" + "x\\" * 20000 + "y.exe", "z" * 1000000):
            text = refusal(client, *execute(f"arg={name}"))
            check(text.startswith("could not run '") and text.endswith("File name too long"), text)
        long = deep_folder(agent, 256)
        with open(wine.exe("tools/tell.exe"), "rb") as program:
            client.put(long + "\\t.exe", program.read())
        text = refusal(client, *execute(f"arg={long}\\t.exe"))
        check(text.endswith("File name too long"), text)


def command_lines_have_their_length_or_are_refused_by_it():
    with Agent() as agent, wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        room = LINE_MAX - len(f'"{TELL}" ')
        equal(told(agent, client, f"arg={'x' * room}")[0], f"argument={'x' * room}", "the longest one")
        text = refusal(client, *execute(f"arg={TELL}", f"arg={'x' * (room + 1)}"))
        check(text.endswith(f"its command line has more than {LINE_MAX} characters"), text)
        agent.write("script.bat", b"@exit /b 0\r\n")
        text = refusal(client, *execute("arg=./script.bat", f"arg={'x' * BATCH_MAX}"))
        check(text.endswith(f"its command line has more than {BATCH_MAX} characters"), text)
        text = refusal(client, wire.RESTART, s("periscoped.exe"), s("x" * LINE_MAX))
        equal(text, f"the new command line has more than {LINE_MAX} characters", "restart")


def environments_have_their_size_or_are_refused_by_it():
    with Agent() as agent, wire.Client(agent.port, timeout=wine.PATIENCE) as client:
        value = "x" * (VARIABLE_MAX - len("TELL="))
        check(f"TELL={value}" in told(agent, client, f"env=TELL={value}"), "the longest variable")
        text = refusal(client, *execute(f"arg={TELL}", f"env=TELL={value}x"))
        check("its environment: the variable TELL=x" in text and text.endswith(f"more than {VARIABLE_MAX} characters"), text)
        text = refusal(client, *execute(f"arg={TELL}", *[f"env=A{i}={'x' * 30000}" for i in range(40)]))
        check(text.endswith("its environment: it has more than 1048576 characters"), text)
        text = refusal(client, *execute(f"arg={TELL}", *[f"env=A{i}=x" for i in range(60000)]))
        equal(text, "exec: more than 4096 options env and unset", "too many")


wine.main([names_that_windows_cannot_have_are_refused_before_a_file_is_made,
           redirections_to_names_that_windows_cannot_have_are_refused, an_upload_is_refused_before_its_bytes_come,
           a_working_folder_has_its_length_or_is_refused_by_it, a_program_s_name_has_its_length_or_is_refused_by_it,
           command_lines_have_their_length_or_are_refused_by_it, environments_have_their_size_or_are_refused_by_it])
