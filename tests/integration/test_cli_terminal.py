#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The progress bar of the command periscope, as a terminal gets it."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import tempfile
import termios
import time

import cli
import wire
from harness import PATIENCE, check, equal, main, test

SIZE = 400_000
CLEAR = "\r\x1b[K"


def slowly(connection, _):
    """An agent whose one file takes about two seconds, and which takes any file as slowly."""
    connection.sendall(wire.raw("s", b"testagentd 1.7\0"))
    rpc = int.from_bytes(connection.recv(4, cli.socket.MSG_WAITALL), "big")
    if rpc == wire.GETFILE:
        connection.recv(4 + 9 + 7, cli.socket.MSG_WAITALL)
        connection.sendall(wire.u32(1) + wire.header("d", SIZE))
        for _ in range(20):
            time.sleep(0.1)
            connection.sendall(bytes(SIZE // 20))
    connection.recv(1)


def on_terminal(*arguments, columns=60, term="xterm"):
    """(exit status, standard output, what the terminal that is standard error was sent)."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([*cli.COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=follower, env=cli.environment(TERM=term))
    os.close(follower)
    text = b""
    end = time.monotonic() + PATIENCE
    while select.select([leader], [], [], max(0, end - time.monotonic()))[0]:
        try:
            text += os.read(leader, 65536)
        except OSError:  # the last one who had the terminal has closed it
            break
    os.close(leader)
    out, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, out, text.decode()


def get_slowly(*options, **terminal):
    with tempfile.TemporaryDirectory() as folder, cli.Server(slowly) as server:
        local = os.path.join(folder, "local")
        code, out, text = on_terminal("get", f"127.0.0.1:{server.port}", "remote", local, *options, **terminal)
        equal((code, os.path.getsize(local)), (0, SIZE))
    return out, text


def to_a_pipe():
    with tempfile.TemporaryDirectory() as folder, cli.Server(slowly) as server:
        return cli.periscope("get", f"127.0.0.1:{server.port}", "remote", folder + "/local").err


@test
def bar_is_redrawn_and_wiped_away():
    out, text = get_slowly()
    equal(out, b"")
    text, done = text.rsplit(CLEAR, 1)
    check(re.fullmatch(r".*/local: 391 KiB, \d\.\d s\r\n", done), f"what was done is told by {done!r}")
    frames = [frame[:-len("\x1b[K")] for frame in text.split("\r")[1:]]
    check(all(frame == "" or frame.startswith("remote ") for frame in frames), frames[:3])
    check(len(frames) > 2, f"{len(frames)} frames")
    check(max(map(len, frames)) < 60, f"a frame of {max(map(len, frames))} columns on a terminal of 60")
    check(not re.search(r"[\x00-\x1f\x7f]", "".join(frames)), "control characters")
    shares = [int(share) for share in re.findall(r"(\d+)%", text)]
    check(shares == sorted(shares) and shares[0] < shares[-1] == 100, shares)
    check("/391 KiB" in frames[0] and "/s" in frames[0] and "left" in frames[0], frames[0])
    check("\n" not in text, "a line was left on the terminal")


@test
def bar_fits_a_narrow_terminal():
    _, text = get_slowly(columns=24)
    text = text.rsplit(CLEAR, 1)[0]
    frames = [frame[:-len("\x1b[K")] for frame in text.split("\r")[1:]]
    check(len(frames) > 2 and max(map(len, frames)) < 24, f"a frame of {max(map(len, frames))} columns of 24")


@test
def bar_is_not_for_everybody():
    equal(get_slowly("--quiet")[1], "")
    for text in get_slowly(term="dumb")[1], to_a_pipe():
        check(re.fullmatch(r".*/local: 391 KiB, \d\.\d s\r?\n", text), text)
    out, text = get_slowly("--json")
    check(text.endswith(CLEAR) and out.startswith(b"{"), "with --json it is drawn beside the reply")


@test
def bar_is_wiped_away_before_a_failure():
    def vanish(connection, number):
        if number > 2:
            return
        connection.sendall(wire.raw("s", b"testagentd 1.7\0"))
        connection.recv(24, cli.socket.MSG_WAITALL)
        connection.sendall(wire.u32(1) + wire.header("d", SIZE) + bytes(1000))
        time.sleep(0.5)
        connection.sendall(bytes(1000))
        time.sleep(0.2)

    with tempfile.TemporaryDirectory() as folder, cli.Server(vanish) as server:
        code, _, text = on_terminal("get", f"127.0.0.1:{server.port}", "remote", folder + "/local")
    equal(code, cli.NO_AGENT)
    shown, last = text.rsplit("\r\x1b[K", 1)
    check("remote" in shown, "there was no bar")
    check(last.startswith("periscope: get: ") and last.count("\n") == 1, last)


if __name__ == "__main__":
    main()
