#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trees as tar streams, held against GNU tar and Python's tarfile, both ways; and streams that are hostile."""
import io
import os
import shutil
import socket
import stat
import subprocess
import tarfile
import tempfile

from harness import TOP, Skip, check, equal, main, test
from odd_tree import facts, make_tree, same_trees

TOOL = os.path.join(TOP, "build/tests/tools/tree_stream")
def tool(*arguments, data=None, code=0):
    if not os.access(TOOL, os.X_OK):
        raise Skip("there is no build/tests/tools/tree_stream")
    done = subprocess.run([TOOL, *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    equal(done.returncode, code, f"exit status ({done.stderr.decode(errors='replace')})")
    return done.stdout, done.stderr.decode("utf-8", "surrogateescape")


def with_folders(function):
    def run():
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(folder + "/out")
            make_tree(folder + "/in")
            function(folder + "/in", folder + "/out", folder)
    run.__name__ = function.__name__
    return test(run)


@with_folders
def tree_comes_back_equal_at_any_step(source, target, folder):
    for step in ("13", "511", "65536"):
        stream, notes = tool("pack", source, step)
        equal(notes, "notes: 0\n", "notes")
        _, notes = tool("unpack", target, {"13": "512", "511": "13", "65536": "100000"}[step], data=stream)
        equal(notes, "notes: 0\n", "notes")
        same_trees(target, source)


@with_folders
def gnu_tar_reads_what_is_packed(source, target, folder):
    stream, _ = tool("pack", source)
    subprocess.run(["tar", "-xpf", "-", "--delay-directory-restore", "-C", target], input=stream, check=True,
                   stderr=subprocess.DEVNULL)
    same_trees(target, source)


@with_folders
def python_reads_what_is_packed(source, target, folder):
    stream, _ = tool("pack", source)
    with tarfile.open(fileobj=io.BytesIO(stream), errors="surrogateescape") as tar:
        members = {os.fsencode(member.name): member for member in tar if member.name != "."}
    want = facts(source)
    equal(sorted(members), sorted(want), "names")
    for path, fact in want.items():
        if fact[0] == "file":
            check(abs(members[path].mtime * 10**9 - fact[2]) < 2000, f"{path!r}: {members[path].mtime}, not {fact[2]}")


@with_folders
def what_gnu_tar_and_python_pack_is_read(source, target, folder):
    for form in ("pax", "gnu"):
        shutil.rmtree(target)
        os.mkdir(target)
        stream = subprocess.run(["tar", "-cf", "-", "--hard-dereference", "--format=" + form, "-C", source, "."], check=True,
                                stdout=subprocess.PIPE).stdout
        equal(tool("unpack", target, data=stream)[1], "notes: 0\n", "notes")
        got, want = facts(target), facts(source)
        equal({path: (fact[0], fact[3:]) for path, fact in got.items()},
              {path: (fact[0], fact[3:]) for path, fact in want.items()}, f"the tree of {form}")
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        shutil.rmtree(target)
        os.mkdir(target)
        whole = io.BytesIO()
        with tarfile.open(fileobj=whole, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as tar:
            tar.add(source, ".")
        tool("unpack", target, data=whole.getvalue())
        equal(sorted(facts(target)), sorted(facts(source)), "names")


# ---- hostile streams ----

def stream_of(*entries):
    """entries: (name, type, link, content)."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, kind, link, content in entries:
            info = tarfile.TarInfo()
            info.name, info.type, info.linkname, info.size = name, kind, link, len(content)
            tar.addfile(info, io.BytesIO(content))
    return whole.getvalue()


FILE, LINK, HARD, FIFO, DEVICE = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE


@with_folders
def streams_that_lead_out_are_refused(source, target, folder):
    for name in ("../out2", "a/../../x", "/tmp/periscope-test-out", "..", "a/.."):
        _, said = tool("unpack", target, data=stream_of(("first", FILE, "", b"1"), (name, FILE, "", b"x")), code=1)
        check(f"error: '{name}' leads out of the tree" in said, said)
        equal(os.listdir(target), ["first"], "what is there")
    equal(sorted(os.listdir(folder)), ["in", "out"], "what is beside it")


@with_folders
def links_that_lead_out_are_left_out(source, target, folder):
    wrong = ["/etc/passwd", "..", "a/../..", "a/../b", "./../x", ""]
    stream = stream_of(*[(f"bad{i}", LINK, to, b"") for i, to in enumerate(wrong)], ("s/ok", LINK, "../plain", b""),
                       ("s/bad", LINK, "../../plain", b""), ("s/through", LINK, "a/../plain", b""),
                       ("hard", HARD, "first", b""), ("fifo", FIFO, "", b""), ("device", DEVICE, "", b""), ("last", FILE, "", b"x"))
    _, said = tool("unpack", target, data=stream)
    equal(sorted(os.listdir(target)), ["last", "s"], "what is there")
    equal(os.listdir(target + "/s"), ["ok"], "what is there")
    check("notes: 11\n" in said and "device: of the type '3', which is not made" in said, said)


@with_folders
def link_that_is_planted_between_two_entries_is_not_followed(source, target, folder):
    """Whatever is in place of a folder or file when the stream comes."""
    outside = folder + "/outside"
    os.mkdir(outside)
    os.symlink(outside, target + "/a")
    os.symlink(outside + "/file", target + "/f")
    _, said = tool("unpack", target, data=stream_of(("a/x", FILE, "", b"x"), ("f", FILE, "", b"x"), ("l", LINK, "s", b""),
                                                    ("l/y", FILE, "", b"y")))
    equal(os.listdir(outside), [], "what came outside")
    check("a/x: it is a link" in said and "l/y: it is a link" in said, said)
    check(stat.S_ISREG(os.lstat(target + "/f").st_mode), "the link in a file's place was not replaced")


@with_folders
def what_is_no_tar_stream_is_refused(source, target, folder):
    good = stream_of(("file", FILE, "", b"x" * 600))
    for data, why in ((b"", "the tar stream is not whole"), (good[:700], "the tar stream is not whole"),
                      (b"x" * 512, "not a tar stream: the checksum of a header is wrong"),
                      (good[:100] + b"7" + good[101:], "not a tar stream: the checksum of a header is wrong")):
        _, said = tool("unpack", target, data=data, code=1)
        check("error: " + why in said, said)
        equal([name for name in os.listdir(target) if name.startswith(".")], [], "temporary files")


@with_folders
def what_can_not_be_packed_is_noted(source, target, folder):
    os.mkfifo(source + "/a fifo")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(source + "/a socket")
        stream, said = tool("pack", source)
    check("note: a fifo: fifo\n" in said and "note: a socket: socket\n" in said and "notes: 2\n" in said, said)
    tool("unpack", target, data=stream)
    os.unlink(source + "/a fifo")
    os.unlink(source + "/a socket")
    equal(sorted(facts(target)), sorted(facts(source)), "names")


if __name__ == "__main__":
    main()
