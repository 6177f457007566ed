# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks of the source share: the list of files and the form of a result."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERBOSE = "--verbose" in sys.argv
SHOWN_MAX = 40  # findings printed of one check


def _from_git():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name]


def _from_disk():
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return found


def files(*endings):
    """The project's files with one of these endings (all without any), relative to its root, sorted."""
    try:
        names = _from_git()
    except (OSError, subprocess.CalledProcessError):
        names = _from_disk()  # an unpacked archive, no repository
    return sorted(name for name in set(names)
                  if (not endings or name.endswith(endings)) and os.path.isfile(os.path.join(ROOT, name)))


def text(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def scripts(*interpreters):
    """Files that begin with #! and one of these interpreters."""
    found = []
    for name in files():
        with open(os.path.join(ROOT, name), "rb") as file:
            first = file.readline(200)
        words = first[2:].replace(b"/", b" ").split()
        if first.startswith(b"#!") and any(word.decode("latin-1") in interpreters for word in words):
            found.append(name)
    return found


def report(name, findings):
    """One result line, after the findings themselves. True when there are none."""
    for finding in findings[:SHOWN_MAX]:
        print(f"# {finding}")
    if len(findings) > SHOWN_MAX:
        print(f"# and {len(findings) - SHOWN_MAX} more")
    if findings:
        print(f"FAIL lint-{name}: {len(findings)} found, the first: {findings[0]}", flush=True)
    else:
        print(f"ok lint-{name}", flush=True)
    return not findings


def run(name, command, mark=""):
    """Runs a checker of files; the lines that it prints with this mark are the findings."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    except FileNotFoundError:
        print(f"SKIP lint-{name}: there is no {command[0]} here")
        return True
    lines = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip() and mark in line]
    if done.returncode != 0 and not lines:
        lines = [f"{command[0]} ended with {done.returncode}"]
    return report(name, lines if done.returncode != 0 else [])


def finish(*passed):
    sys.exit(0 if all(passed) else 1)
