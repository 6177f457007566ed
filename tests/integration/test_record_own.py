#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings that no host has named a folder for lie in the agent's own: hosts get and remove them by their names below
.periscope/, and a test, which is a program of the user's, can neither read nor change them."""
import contextlib
import io
import os
import shutil
import tarfile
import tempfile

import harness
import recording
import wire
from cli import periscope, target
from harness import Agent, equal, eventually, need_root, refused, refused_saying, test
from recording import Scene, begin, end, facts_of
from wire import I, d, s

USER = "nobody"
KEPT, ALL = 16, 2 << 30
OWN = ".periscope/recordings"
DENIED = "the names in .periscope are the agent's own"
NOT_FOUND = "No such file or directory"


def ask(client, rpc, path, *options):
    entries = client.call(rpc, s(path), *map(s, options))
    return client.checked("s" * len(entries), entries)


def sizes(client, path):
    """{name: (type, size)}"""
    words = [entry.text.split(" ", 4) for entry in ask(client, wire.LIST, path)]
    return {name: (kind, int(size)) for kind, size, _, _, name in words}


@contextlib.contextmanager
def own_folder():
    """A folder that only root could replace, for what is the agent's own."""
    need_root()
    above = harness.trusted_folder()
    os.chmod(above, 0o755)
    try:
        yield os.path.join(above, "own")
    finally:
        shutil.rmtree(above)


@contextlib.contextmanager
def recorded(own):
    """(the scene, the facts of a recording of two screens that has stopped)"""
    with Scene("--run-as", USER, "--journal", own) as scene:
        facts = begin(scene.client, "rate=20")
        scene.shows(facts, "noise", 1)
        end(scene.client, facts)
        yield scene, facts


@test
def recordings_of_the_agent_s_own_are_read_by_hosts_and_by_no_test():
    with own_folder() as own, recorded(own) as (scene, facts):
        client, name = scene.client, facts["folder"]
        equal(name, f"{OWN}/{facts['id']}", "what hosts call it")
        equal([entry for entry in os.listdir(scene.agent.folder) if "record" in entry], [], "in the user's folder")
        real = f"{own}/recordings/{facts['id']}"
        equal([oct(os.stat(path).st_mode & 0o777) for path in (own, f"{own}/recordings", f"{real}/000001.png")],
              ["0o700", "0o700", "0o600"], "who may read")
        equal(client.wait(client.shell(f"ls {own}/recordings || cat {real}/index.txt")) >> 8, 1, "a test's look at it")
        files = {path: open(f"{real}/{path}", "rb").read() for path in os.listdir(real)}
        equal(sorted(files), ["000001.png", "000002.png", "index.txt"], "what is there")
        equal({path: client.get(f"{name}/{path}") for path in files}, files, "by getfile")
        equal(client.call(wire.GETRANGE, s(f"{name}/index.txt"), s("offset=5"))[-1].payload, files["index.txt"][5:], "by getrange")
        equal(sizes(client, name), {path: ("file", len(content)) for path, content in files.items()}, "by list")
        equal(sizes(client, OWN), {facts["id"]: ("folder", 0)}, "the list of all")
        equal(facts_of(ask(client, wire.STAT, f"{name}/000001.png"))["size"], str(len(files["000001.png"])), "by stat")
        *told, stream = client.call(wire.GETTREE, s(name), s("token=t"))
        equal((facts_of(told)["end"], facts_of(told)["left-out"]), ("1", "0"), "the tree")
        with tarfile.open(fileobj=io.BytesIO(stream.payload)) as tar:
            equal({one.name: tar.extractfile(one).read() for one in tar if one.isfile()}, files, "by gettree")
        recording.check_folder(real)


@test
def recordings_of_the_agent_s_own_are_removed_by_hosts_when_they_have_stopped():
    with own_folder() as own, recorded(own) as (scene, facts):
        runs = begin(scene.client)
        refused(f"unable to remove '{runs['folder']}': it records: stop it first", ask, scene.client, wire.RMTREE, runs["folder"])
        for name in (OWN, f"{facts['folder']}/000001.png"):
            refused_saying("only whole recordings are removed", ask, scene.client, wire.RMTREE, name)
        equal(facts_of(ask(scene.client, wire.RMTREE, facts["folder"]))["removed"], "4", "what was removed")
        equal(os.listdir(f"{own}/recordings"), [runs["id"]], "what is left")
        end(scene.client, runs)


@test
def the_verb_fetches_what_is_the_agent_s_own():
    with own_folder() as own, Scene("--run-as", USER, "--journal", own) as scene, tempfile.TemporaryDirectory() as folder:
        name = periscope("record", "--detach", target(scene.agent)).text.strip()
        equal(os.listdir(f"{own}/recordings"), [name], "where it is")
        periscope("record", "--stop", name, "--out", f"{folder}/film", target(scene.agent))
        recording.check_folder(f"{folder}/film")
        equal(os.listdir(f"{own}/recordings"), [], "what is left of it in the guest")


@test
def recording_of_the_agent_s_own_goes_on_over_a_restart():
    with own_folder() as own:
        options = ("--protocol", "1.8", "--run-as", USER, "--journal", own)
        program = shutil.copy(harness.COMMAND[-1], os.path.dirname(own))
        with Scene(*options) as scene:
            facts = begin(scene.client, "rate=20")
            scene.client.expect("", wire.RESTART, *map(s, (program, *options, str(scene.agent.port))))
            scene.client = eventually(lambda: harness.reconnected(scene.agent), "the next agent")
            scene.shows(facts, "noise", 1)
            end(scene.client, facts)
            _, pictures = recording.check_folder(f"{own}/recordings/{facts['id']}")
            equal(len(pictures), 2, "pictures")


@test
def names_of_recordings_lead_nowhere_else():
    with own_folder() as own, recorded(own) as (scene, facts):
        client, name = scene.client, facts["folder"]
        with open(f"{own}/recordings/secret", "w", encoding="ascii") as file:
            file.write("secret")
        scene.agent.write("forged", b"forged")
        os.makedirs(scene.agent.path(f"{OWN}/0123456789abcdef"))
        os.rename(scene.agent.path("forged"), scene.agent.path(f"{OWN}/0123456789abcdef/index.txt"))
        for path in (f"{OWN}/secret", f"{name}/../secret", f"{name}x/index.txt", f"{name}/.x", f"{name}/a/b",
                     f"{OWN}/0123456789ABCDEF", f"{OWN}x", f"{OWN}/../{os.path.basename(own)}", f"{OWN}/lock"):
            refused(f"unable to look at '{path}': {DENIED}", ask, client, wire.STAT, path)
        refused_saying(NOT_FOUND, client.get, f"{OWN}/0123456789abcdef/index.txt")
        refused_saying(NOT_FOUND, client.get, f"{OWN}/secret")
        for rpc, path, *rest in ((wire.SENDFILE, f"{name}/000009.png", I(0), d(b"x")), (wire.MKDIR, f"{name}/x"),
                                 (wire.PUTTREE, name, s("token=t"), d(b"")), (wire.PUTRANGE, f"{name}/x", d(b"x"))):
            refused_saying(DENIED, lambda: client.checked("", client.call(rpc, s(path), *rest)))
        equal(sorted(os.listdir(f"{own}/recordings/{facts['id']}")), ["000001.png", "000002.png", "index.txt"], "what is there")


@test
def oldest_recording_of_the_agent_s_own_makes_room():
    with own_folder() as own, Scene("--run-as", USER, "--journal", own) as scene:
        runs = begin(scene.client)
        for number in range(1, KEPT):
            path = f"{own}/recordings/{number:016x}"
            os.mkdir(path)
            with open(f"{path}/index.txt", "w", encoding="ascii"):
                pass
            os.utime(path, (number * 1000, number * 1000))
        os.utime(f"{own}/recordings/{runs['id']}", (1, 1))
        second = begin(scene.client)
        kept = {f"{number:016x}" for number in range(2, KEPT)} | {runs["id"], second["id"]}
        equal(set(os.listdir(f"{own}/recordings")), kept, "what is kept")
        end(scene.client, runs)
        end(scene.client, second)


def plant(own, number, size):
    """A recording that has stopped long ago, the older the lower its number."""
    path = f"{own}/recordings/{number:016x}"
    os.mkdir(path)
    with open(f"{path}/000001.png", "wb") as file:
        file.truncate(size)
    os.utime(path, (number * 1000, number * 1000))


@test
def oldest_recordings_make_room_for_the_bytes_that_a_new_one_may_have():
    with own_folder() as own, Scene("--run-as", USER, "--journal", own) as scene:
        runs = begin(scene.client, f"bytes={ALL // 2}")
        for number, size in ((1, 1), (2, ALL // 4), (3, ALL // 8), (4, ALL // 8)):
            plant(own, number, size)
        second = begin(scene.client, f"bytes={ALL // 4}")
        equal(set(os.listdir(f"{own}/recordings")), {f"{3:016x}", f"{4:016x}", runs["id"], second["id"]}, "what is kept")
        refused_saying(f"it and those that run may have {ALL + (1 << 20)} bytes, more than the {ALL} of all", begin, scene.client,
                       f"bytes={ALL // 4 + (1 << 20)}")
        refused_saying(f"more than the {ALL} of all", begin, scene.client, f"bytes={2**63 - 1}")
        equal(len(os.listdir(f"{own}/recordings")), 4, "what is kept after refusals")
        end(scene.client, second)
        elsewhere = begin(scene.client, "folder=film", f"bytes={2**62}")
        third = begin(scene.client, f"bytes={ALL // 2}")
        equal(set(os.listdir(f"{own}/recordings")), {runs["id"], third["id"]}, "what is kept of a full place")
        for facts in (runs, elsewhere, third):
            end(scene.client, facts)


@test
def without_a_folder_of_its_own_no_recording_lies_where_tests_can_read_it():
    need_root()
    with Agent("--run-as", USER) as agent:
        refused_saying("no folder of its own", begin, agent.client())
        equal(os.listdir(agent.folder), [], "what was made")
    with own_folder() as own, Agent("--run-as", USER, "--journal", own) as agent:
        os.mkdir(f"{own}/recordings", 0o755)
        os.chmod(f"{own}/recordings", 0o755)
        refused(f"unable to record into '{own}/recordings': others may read or write it (mode 755 instead of 700)", begin,
                agent.client())
        os.rmdir(f"{own}/recordings")
        os.symlink("/tmp", f"{own}/recordings")
        refused_saying("Not a directory", begin, agent.client())


if __name__ == "__main__":
    harness.main()
