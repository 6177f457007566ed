# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a test program again where it sees no processes, abstract sockets and X displays but its own."""
import contextlib
import os
import subprocess
import sys

from harness import TOP, Skip

MARK = "PERISCOPE_TEST_ISOLATED"
COMMAND = ["unshare", "--ipc", "--pid", "--net", "--mount", "--fork", "--kill-child", "--mount-proc"]
# A /tmp of its own, in which this tree stays where it is if it lies there.
PREPARE = """
set -e
case $1 in /tmp/*) mount --bind "$1" /mnt ;; esac
mount -t tmpfs -o mode=1777 tmpfs /tmp
case $1 in /tmp/*) mkdir -p "$1"; mount --move /mnt "$1" ;; esac
mkdir -m 1777 /tmp/.X11-unix
cd "$1"
shift
exec "$@"
"""


def isolate():
    """Does not return when that is possible."""
    if MARK in os.environ:
        return
    for command in (COMMAND, [*COMMAND, "--map-root-user"]):
        command = [*command, "sh", "-c", PREPARE, "sh", TOP]
        try:
            works = subprocess.run([*command, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   check=False).returncode == 0
        except FileNotFoundError:
            return
        if works:
            os.environ[MARK] = "1"
            os.execvp(command[0], [*command, sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def need_isolation():
    if MARK not in os.environ:
        raise Skip("unshare(1) can't hide other processes here")


@contextlib.contextmanager
def on_the_seat(display):
    """logind's files, in a /run of the test's own, say that seat0's active session has this X display: it is the real screen."""
    need_isolation()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    try:
        for path, text in (("seats/seat0", "IS_SEAT0=1\nACTIVE=1\n"), ("sessions/1", f"TYPE=x11\nDISPLAY={display}\n")):
            path = os.path.join("/run/systemd", path)
            os.makedirs(os.path.dirname(path))
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        yield
    finally:
        subprocess.run(["umount", "/run"], check=True)
