# SPDX-License-Identifier: LGPL-2.1-or-later
"""What differs where the agent is the one for Windows, under Wine: its children are Windows programs, and their status is
the exit code alone.

PERISCOPE_UNIX is the Windows program that stands for Unix programs there (tests/wine/tools/unix.c).
"""
import os

UNIX = os.environ.get("PERISCOPE_UNIX")
UNIX_PROGRAMS = ("/bin/sh", "sh", "true", "false", "sleep", "cat", "printf", "env")


def command(argv):
    """The command line that does there what this one does here."""
    return [UNIX, *argv] if UNIX and argv and argv[0] in UNIX_PROGRAMS else list(argv)


def status_word(status):
    """The word of wait(2) that stands for what the agent told."""
    if not UNIX:
        return status
    return status & 0xFF if status & 0x10000 else status << 8
