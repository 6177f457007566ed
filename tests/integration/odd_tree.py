# SPDX-License-Identifier: LGPL-2.1-or-later
"""A tree of files with odd names, and whether two trees are the same."""
import os
import stat

from harness import equal, generator

ODD = [b"plain", b"with space", b"-dash", b"*", b"a:b", b"new\nline", b"tab\there", b"back\\slash", b"caf\xe9",
       "é中😀".encode(), b"x" * 255, b"..hidden", b"...", b"con", b"trailing. ", b"%s%n", b"'\"`$(x)"]


def make_tree(folder, files=80):
    """Odd names, empty and large files, links, folders in folders, modes, times of every kind."""
    folder = os.fsencode(folder)
    os.makedirs(folder, exist_ok=True)
    places = [folder, folder + b"/sub", folder + b"/" + b"deep" * 40 + b"/" + b"er" * 60, folder + b"/empty folder",
              folder + b"/caf\xe9 \xff"]
    for place in places:
        os.makedirs(place, exist_ok=True)
    for i in range(files):
        name = ODD[i % len(ODD)]
        path = places[i % 3] + b"/" + (name if i < len(ODD) * 3 else b"%d-" % i + name[:200])
        with open(path, "wb") as file:
            file.write(generator().randbytes(generator().choice((0, 1, 511, 512, 513, 4096, 100_000))))
        os.chmod(path, generator().choice((0o644, 0o600, 0o755, 0o444)))
        os.utime(path, ns=(0, generator().choice((0, 1, 1234567890_123456700, 2**33 * 10**9, -10**9, -1_500000000))))
    os.symlink(b"plain", folder + b"/link")
    os.symlink(b"../plain", folder + b"/sub/up")
    os.symlink(b"y" * 200, folder + b"/long link")
    os.symlink(b"nowhere\xff", folder + b"/dangling")
    for place in reversed(places[1:]):
        os.chmod(place, 0o750)
        os.utime(place, ns=(0, 1111111111_000000007))


def facts(folder):
    """{path: (type and mode, size or target, mtime, content)} of all below a folder; a link's time is not kept."""
    found = {}
    folder = os.fsencode(folder)
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(place, name)
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                found[path[len(folder) + 1:]] = ("link", os.readlink(path))
            elif stat.S_ISDIR(info.st_mode):
                found[path[len(folder) + 1:]] = ("folder", oct(info.st_mode), info.st_mtime_ns)
            else:
                with open(path, "rb") as file:
                    found[path[len(folder) + 1:]] = ("file", oct(info.st_mode), info.st_mtime_ns, hash(file.read()))
    return found


def same_trees(got, want, nanoseconds=True):
    got, want = facts(got), facts(want)
    equal(sorted(set(want) - set(got)), [], "what is missing")
    equal(sorted(set(got) - set(want)), [], "what is there in addition")
    for path, fact in want.items():
        equal(got[path] if nanoseconds or fact[0] == "link" else (got[path][:2], got[path][3:]),
              fact if nanoseconds or fact[0] == "link" else (fact[:2], fact[3:]), repr(path))
