#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Recordings of the screen: each screen that holds still once, whole or composed as the index says, whatever happens to the
agent, the disk and the screen meanwhile.

PERISCOPE_RECORD_SCREENS is how many screens are shown; `make check-record` takes 50 in 60 s."""
import os
import tempfile
import time

import harness
import recording
from harness import check, equal, eventually, need_root, refused_saying, test
from recording import Scene, begin, end, listed

SCREENS = int(os.environ.get("PERISCOPE_RECORD_SCREENS") or 12)
PAUSE = 60 / SCREENS if "PERISCOPE_RECORD_SCREENS" in os.environ else 0


@test
def each_of_a_sequence_of_screens_is_a_picture_once():
    with Scene() as scene:
        facts = begin(scene.client, "folder=film", "rate=20")
        equal((facts["pictures"], facts["folder"]), ("1", "film"), "what is there when it has begun")
        hashes = [scene.hash()]
        for number in range(SCREENS - 1):
            if PAUSE:
                scene.screen.do("noise", number)
                time.sleep(PAUSE)
            else:
                scene.shows(facts, "noise", number)
            hashes.append(scene.hash())
        told = end(scene.client, facts)
        equal((told["pictures"], told["same"], told["state"]), (str(SCREENS), "0", "stopped"), "what was recorded")
        lines, pictures = scene.read(facts)
        equal([pictures[number].fields[1] for number in recording.numbers_shown(lines)], hashes, "the screens")
        equal((lines[-1].kind, lines[-1].fields), ("stop", "a host has stopped it".split()), "the last line")
        print(f"# {SCREENS} screens, {told['bytes']} bytes")


@test
def screens_that_come_again_are_stored_once():
    with Scene() as scene:
        facts = begin(scene.client, "rate=20")
        for _ in range(3):
            scene.shows(facts, "noise", 1)
            scene.shows(facts, "noise", 2)
        end(scene.client, facts)
        lines, pictures = scene.read(facts)
        equal(recording.numbers_shown(lines), [1, 2, 3, 2, 3, 2, 3], "what the screen showed")
        equal(len(pictures), 3, "pictures")


@test
def what_changes_a_little_is_a_part_of_a_whole_picture():
    with Scene() as scene:
        scene.screen.do("noise", 1)
        facts = begin(scene.client, "rate=20")
        for number in range(4):
            scene.shows(facts, "window", 10 + 20 * number, 30, 12, 9, "-", "-", "-", "small")
        scene.shows(facts, "noise", 2)
        end(scene.client, facts)
        lines, pictures = scene.read(facts)
        equal([line.kind for line in pictures.values()], ["picture"] + ["part"] * 4 + ["picture"], "the kinds")
        first = os.path.getsize(os.path.join(scene.agent.path(facts["folder"]), "000001.png"))
        second = os.path.getsize(os.path.join(scene.agent.path(facts["folder"]), "000002.png"))
        check(second * 4 < first, f"{second} bytes of a part, {first} of the whole picture")


@test
def what_blinks_below_a_mask_is_no_picture_but_is_in_the_next():
    with Scene() as scene:
        scene.screen.do("noise", 1)
        facts = begin(scene.client, "mask=30x20+100+50", "mask=9999x1+0+119")
        for _ in range(6):
            window = scene.screen.do("window", 104, 52, 10, 10, "-", "-", "-", "blinks")
            time.sleep(0.1)
            scene.screen.do("destroy", window)
            time.sleep(0.1)
        equal(scene.looks(facts), 1, "looks while only the masked rectangle blinks")
        scene.screen.do("window", 104, 52, 10, 10, "-", "-", "-", "blinks")
        scene.shows(facts, "window", 10, 10, 10, 10, "-", "-", "-", "counts")
        want = scene.hash()
        end(scene.client, facts)
        _, pictures = scene.read(facts)
        equal((len(pictures), pictures[2].fields[1]), (2, want), "pictures, and the screen as it was")


@test
def old_pictures_make_room_and_what_is_needed_stays():
    with Scene(comes_back=True) as scene:
        facts = begin(scene.client, "files=8", "rate=20")
        scene.shows(facts, "noise", 100)
        number = scene.server.number
        scene.server.kill()
        eventually(lambda: "failure" in listed(scene.client)[facts["id"]], "a failure without a screen")
        scene.server.start(number)
        scene.screen = scene.server.client()
        for seed in range(12):
            scene.shows(facts, "noise", seed)
        told = end(scene.client, facts)
        lines, pictures = scene.read(facts)
        gone, failed = recording.dropped(lines), [line for line in lines if line.kind == "fail"]
        equal(len(failed), 1, "lines about the failure")
        before = [int(line.fields[0]) for line in lines[:lines.index(failed[0])] if line.kind in ("picture", "part")]
        check(gone and not gone & {1, before[-1], len(pictures)}, f"{gone} of {len(pictures)} were dropped, {before}")
        files = os.listdir(scene.agent.path(facts["folder"]))
        check(len(files) <= 8 and int(told["files"]) == len(files), f"{files}, told {told['files']}")
        equal(sorted(files)[:-1], [f"{number:06}.png" for number in pictures if number not in gone], "the files")


@test
def a_screen_that_can_not_be_seen_is_said_and_seen_when_it_comes():
    with Scene(comes_back=True) as scene:
        number = scene.server.number
        scene.server.kill()
        facts = begin(scene.client)
        equal(facts["pictures"], "0", "pictures of no screen")
        check("failure" in facts, facts)
        scene.server.start(number)
        eventually(lambda: scene.looks(facts) == 1, "a picture of the screen")
        end(scene.client, facts, "reason=the test is over")
        lines, _ = scene.read(facts)
        equal([line.kind for line in lines], ["start", "fail", "picture", "stop"], "the lines")
        equal(lines[-1].fields, ["the", "test", "is", "over"], "the reason")


@test
def a_user_s_recording_is_written_with_that_user_s_rights():
    need_root()
    with Scene("--run-as", "nobody") as scene, tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as secret:
        os.mkdir(f"{secret}/open")
        os.chmod(secret, 0o711)
        refused_saying("Permission denied", begin, scene.client, f"folder={secret}/open/film")
        equal(os.listdir(f"{secret}/open"), [], "what was made in another's folder")
        os.symlink(f"{secret}/open", scene.agent.path("link"))
        refused_saying("already", begin, scene.client, "folder=link")
        refused_saying("Permission denied", begin, scene.client, "folder=link/film")
        facts = begin(scene.client, "folder=film")
        # Its owner puts a link in the folder's place: the recorder follows it no farther than that user may.
        os.rename(scene.agent.path("film"), scene.agent.path("moved"))
        os.symlink(f"{secret}/open", scene.agent.path("film"))
        scene.screen.do("noise", 7)
        eventually(lambda: "Permission denied" in listed(scene.client)[facts["id"]].get("failure", ""), "the failure")
        end(scene.client, facts)
        equal(os.listdir(f"{secret}/open"), [], "what was written through the link")
        recording.check_folder(scene.agent.path("moved"))
        check(os.stat(scene.agent.path("moved/000001.png")).st_uid != 0, "the pictures are root's")


if __name__ == "__main__":
    harness.main()
