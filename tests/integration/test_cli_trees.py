#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""put -r, get -r, sync, ls, stat, mkdir, rm -r and df, as a person uses them; also over connections that break."""
import hashlib
import os
import tempfile

from broken import Proxy
from cli import FAILED, REFUSED, USAGE, one_line, periscope, target
from harness import check, equal, generator, main, need_unix, scaled, with_agent
from odd_tree import make_tree, same_trees

BREAKS = 20


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


@with_agent()
def tree_of_odd_names_comes_back_equal(agent):
    with tempfile.TemporaryDirectory() as folder:
        make_tree(folder + "/in", scaled(150, 60))
        periscope("put", "-r", target(agent), folder + "/in", "there")
        same_trees(agent.path("there"), folder + "/in")
        periscope("get", "-r", target(agent), "there", folder + "/back")
        same_trees(folder + "/back", folder + "/in")


@with_agent()
def tree_comes_back_equal_over_twenty_breaks(agent):
    """Each connection breaks after some hundred kilobytes, in one way or the other."""
    with tempfile.TemporaryDirectory() as folder:
        make_tree(folder + "/in", 120)
        write(folder + "/in/large", generator().randbytes(9_000_000))

        def cuts(turn):
            return [turn(generator().randrange(200_000, 600_000)) for _ in range(BREAKS)]

        with Proxy(agent, *cuts(lambda size: (None, size))) as proxy:
            periscope("put", "-r", proxy.address, folder + "/in", "there")
            equal(proxy.accepted, BREAKS + 1, "connections of the put")
        same_trees(agent.path("there"), folder + "/in")
        # A window has 1 MiB: what breaks within one is asked for again, so only every other connection breaks there.
        with Proxy(agent, *[cut for size in cuts(lambda size: (size + 1_200_000, None))[:8] for cut in (size,)]) as proxy:
            periscope("get", "-r", proxy.address, "there", folder + "/back")
            equal(proxy.accepted, 9, "connections of the get")
        same_trees(folder + "/back", folder + "/in")


@with_agent()
def get_of_a_tree_goes_on_where_it_broke(agent):
    """The second connection would break too, if it had to bring more than what the first has not."""
    os.mkdir(agent.path("there"))
    agent.write("there/large", generator().randbytes(8 << 20))
    with tempfile.TemporaryDirectory() as folder, Proxy(agent, (5_700_000, None), (5_000_000, None)) as proxy:
        periscope("get", "-r", proxy.address, "there", folder + "/back")
        equal(proxy.accepted, 2, "connections")
        same_trees(folder + "/back", agent.path("there"))


@with_agent()
def sync_sends_what_has_changed(agent):
    with tempfile.TemporaryDirectory() as folder:
        make_tree(folder + "/in", 60)
        periscope("sync", target(agent), folder + "/in", "there")
        same_trees(agent.path("there"), folder + "/in")
        again = periscope("sync", "--json", target(agent), folder + "/in", "there").json
        write(folder + "/in/large", b"x" * 500_000)
        agent.write("there/added", b"x")
        changed = periscope("sync", "--json", target(agent), folder + "/in", "there").json
        check(again["bytes"] < 100_000 < 500_000 < changed["bytes"] < 600_000, f"{again['bytes']}, {changed['bytes']}")
        check(os.path.exists(agent.path("there/added")), "what the guest has in addition was removed")
        periscope("sync", "--delete", target(agent), folder + "/in", "there")
        same_trees(agent.path("there"), folder + "/in")


@with_agent()
def sync_fetches_what_has_changed(agent):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(agent.path("there"))
        agent.write("there/large", b"x" * 900_000)
        agent.write("there/b", b"b")
        first = periscope("sync", "-g", "--json", target(agent), folder + "/here", "there").json
        again = periscope("sync", "-g", "--json", target(agent), folder + "/here", "there").json
        check(again["bytes"] < 20_000 < 900_000 < first["bytes"], f"{first['bytes']}, {again['bytes']}")
        same_trees(folder + "/here", agent.path("there"))
        one_line(periscope("sync", "-g", "--delete", target(agent), folder, "there", code=USAGE), "--delete removes in")


@with_agent()
def what_is_left_out_is_told(agent):
    need_unix("pipes")
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(folder + "/in")
        write(folder + "/in/file", b"x")
        os.mkfifo(folder + "/in/a pipe")
        os.symlink("/etc/passwd", folder + "/in/out")
        result = periscope("put", "-r", target(agent), folder + "/in", "there", code=FAILED)
        for text in ("left out: a pipe: fifo", "left out: out: a link to '/etc/passwd', which is outside of the tree",
                     "2 of the tree were left out; the rest is there"):
            check(text in result.err, f"{result.err!r} does not say {text!r}")
        equal(agent.read("there/file"), b"x", "the rest")


@with_agent()
def folders_are_listed_made_and_removed(agent):
    periscope("mkdir", target(agent), "one/two", "three")
    agent.write("one/file", b"12345")
    equal(sorted(periscope("ls", target(agent)).text.splitlines()), ["one/", "three/"], "ls")
    equal(sorted(periscope("ls", "-R", target(agent), "one").text.splitlines()), ["file", "two/"], "ls -R")
    check(" 5 " in periscope("ls", "-l", target(agent), "one").text, "no size in ls -l")
    entries = {entry["name"]: entry for entry in periscope("ls", "--json", target(agent), "one").json["entries"]}
    equal((entries["file"]["size"], entries["two"]["type"]), (5, "folder"), "ls --json")
    facts = periscope("stat", "--sha256", "--json", target(agent), "one/file").json
    equal((facts["size"], facts["sha256"]), ("5", hashlib.sha256(b"12345").hexdigest()), "stat --json")
    check("type=folder\n" in periscope("stat", target(agent), "one").text, "stat of a folder")
    check(periscope("df", "--json", target(agent)).json["total"] > 0, "df")
    check(periscope("df", target(agent), "one").text.startswith("total "), "df")
    one_line(periscope("rm", target(agent), "one", code=REFUSED), "Could not delete 'one'")
    periscope("rm", "-r", target(agent), "one", "three", "none")
    equal(os.listdir(agent.folder), [], "what is left")
    one_line(periscope("rm", "-r", target(agent), ".", code=REFUSED), "it does not end in a name")
    one_line(periscope("ls", target(agent), "none", code=REFUSED), "unable to list 'none': No such file or directory")


@with_agent()
def names_can_not_control_the_terminal(agent):
    need_unix("names with control characters")
    agent.write("a\x1b[31m\nb", b"")
    out = periscope("ls", target(agent)).out
    equal(out, b"a?[31m?b\n", "ls")
    equal(periscope("ls", "--json", target(agent)).json["entries"][0]["name"], "a\x1b[31m\nb", "ls --json")


@with_agent("--allow-rpc", "ping,getfile,sendfile")
def refusals_are_the_agent_s(agent):
    for verb in (("ls",), ("mkdir", "x"), ("df",), ("stat", "x"), ("rm", "-r", "x")):
        one_line(periscope(verb[0], *[word for word in verb[1:] if word[0] == "-"], target(agent),
                           *[word for word in verb[1:] if word[0] != "-"], code=REFUSED), "is not allowed here")


if __name__ == "__main__":
    main()
