#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Against the TestBot's own host: its parser of reports, and the patch for it (packaging/testbot). Its source is not ours:
WINE_TOOLS names a checkout of wine-tools of July 2018, and without one these tests are skipped."""
import os
import random
import re
import shutil
import subprocess
import tempfile

from harness import PATIENCE, TOP, Skip, check, equal, main, test

REPORTS = 1500
PATCH = os.path.join(TOP, "packaging", "testbot", "agent-picture.patch")
VERDICT = os.path.join(TOP, "build", "tests", "tools", "report_verdict")

# The parser alone: its settings come from the host's configuration, of which it needs one.
ORACLE = r"""
BEGIN { $INC{"WineTestBot/Config.pm"} = 1; package WineTestBot::Config; require Exporter; our @ISA = ("Exporter");
        our $MaxUnitSize = eval $ENV{MAX_UNIT_SIZE}; our @EXPORT = ('$MaxUnitSize'); }
use WineTestBot::LogUtils;
for (@ARGV) {
    my ($failures, $errors, $timed_out) = WineTestBot::LogUtils::ParseWineTestReport($_, 1, 1, 0);
    print $failures || $timed_out ? "failed" : "passed", join(" | ", "", @$errors), "\n";
}
"""

# The host's script from its start to its end, with all that it talks to in place of a database, a virtual machine and an
# agent. Time passes only where the script waits. What is called is printed.
STAND_INS = r"""
our ($now, $ends, $pictures) = (1000, $ENV{ENDS}, $ENV{PICTURES});
BEGIN { *CORE::GLOBAL::time = sub { $main::now };
    $INC{"WineTestBot/$_.pm"} = 1 for "Config", "Jobs", "VMs", "Log", "LogUtils", "Engine/Notify";
    package StandIn; sub new { my $class = shift; bless {@_}, $class }
    our $AUTOLOAD; sub AUTOLOAD { my $s = shift; my $n = $AUTOLOAD; $n =~ s/.*:://; $s->{$n} }
    package StandIn::Agent; our @ISA = ("StandIn"); our $e = "";
    sub SetTime { 1 } sub SendFile { 1 } sub SendFileFromString { 1 } sub Run { 7 } sub Disconnect { 1 }
    sub SetTimeout { 120 } sub SetConnectTimeout { 1 } sub GetLastError { $e }
    sub GetFile { my ($s, $name) = @_; my $ok = $name !~ /screenshot/ || $main::pictures;
        print "get $name ", $main::now - 1000, "\n"; $e = "unable to open '$name'"; $ok }
    sub Wait { my ($s, $pid, $limit) = @_; my $left = $main::ends - $main::now; my $over = $left <= $limit;
        print "wait $limit\n"; $main::now += $over ? $left : $limit; $e = "timed out waiting for the child process";
        $over ? 0 : undef }
    package StandIn::Domain; our @ISA = ("StandIn"); sub IsPoweredOn { 1 }
    sub CaptureScreenImage { print "libvirt\n"; (undef, 3, "png") }
    package StandIn::Settings; our @names = qw(DataDir WebHostName TagPrefix AdminEMail MaxTaskTries);
    for my $name (@names) { no strict "refs"; *{"main::$name"} = \${"StandIn::Settings::$name"} }
    our ($DataDir, $WebHostName, $TagPrefix, $AdminEMail, $MaxTaskTries) = ($ENV{FOLDER}, "h", "t", "a", 3);
    package main;
    sub CreateJobs { $main::jobs } sub CreateVMs { $main::vms } sub Time { $main::now } sub Elapsed { "" }
    sub LogMsg { print "log @_" }
    sub ParseWineTestReport { (0, [], undef) }
}
our $agent = StandIn::Agent->new;
our $vm = StandIn->new(GetAgent => $agent, GetDomain => StandIn::Domain->new, Type => "win32", Status => "running",
    Name => "vm", GetKey => "vm");
our $task = StandIn->new(VM => $vm, CreateDir => $ENV{FOLDER}, Timeout => 20, CmdLineArg => "x");
our $step = StandIn->new(FileType => "exe32", FileName => "a.exe", Type => $ENV{TYPE}, DebugLevel => 1,
    GetFullFileName => "a.exe", Tasks => StandIn->new(GetItem => $task));
our $jobs = StandIn->new(GetItem => StandIn->new(Steps => StandIn->new(GetItem => $step)));
our $vms = StandIn->new(GetItem => $vm);
1;
"""


def wine_tools():
    folder = os.environ.get("WINE_TOOLS")
    if not folder:
        raise Skip("WINE_TOOLS names no checkout of wine-tools")
    return os.path.join(folder, "testbot")


def number(dice):
    return dice.choice("000123") if dice.random() < 0.98 else "99999999999999999999"


def message(dice, unit):
    file = dice.choice([unit] * 6 + ["other"])
    return dice.choice([f"{file}.c:{number(dice)}: Test failed: x", f"{file}.c:1: Test succeeded inside todo block: x",
                        f"{file}.c:1: Test marked todo: x", f"{file}.c:1: Tests skipped: x", "some text", "",
                        f"Fatal: test '{unit}' does not exist."])


def unit_lines(dice, dll, unit, first):
    """A unit's part of a report: right, or with one or more things wrong."""
    messages = [message(dice, unit) for _ in range(dice.choice([0, 0, 1, 3]))]
    failures = sum("failed:" in line or "succeeded" in line for line in messages)
    todo, skips = sum("todo: " in line for line in messages), sum("skipped:" in line for line in messages)
    if dice.random() < 0.1:
        failures, todo, skips = number(dice), number(dice), number(dice)
    pid = dice.choice(["0020:"] * 4 + ["0024:", ""])
    code = dice.choice([str(failures)[:2]] * 8 + ["0", "1", "258", "9"])
    summary = f"{pid}{unit}: {number(dice)} tests executed ({todo} marked as todo, {failures} failures), {skips} skipped."
    done = f"{dll}:{unit}:0020 done ({code})" + dice.choice([" in 0s"] * 8 + ["", " in 3s 12B", " in x", " text"])
    size = 32768 - len("\n".join([*messages, summary, done])) + dice.randint(-60, 20)
    lines = [f"{dll}:{unit} {dice.choice(['start'] * 15 + ['skipped'])} - -"] * (first or dice.random() < 0.95)
    lines += messages + ["z" * size] * (dice.random() < 0.1) + [summary] * (dice.random() < 0.93)
    lines += [f"0028:{unit}: 3 tests executed (0 marked as todo, {number(dice)} failures), 0 skipped."] * (dice.random() < 0.2)
    if dice.random() < 0.03:  # no summary of the main process can come that late
        return lines[:-1] + [done] + lines[-1:]
    return lines + [done] * (dice.random() < 0.95)


def report(dice):
    text = ""
    for i in range(dice.randint(1, 3)):
        for line in unit_lines(dice, *dice.choice([("kernel32", "atom"), ("user32", "class")]), i == 0):
            glued = text and dice.random() < 0.015  # to the next line
            text += line + ("" if glued else dice.choice(["\n", "\r\n"]))
    return text


def stricter_by_choice(text):
    """Of several done lines in one frame, since a start line is garbled, each is judged here, with what was printed since
    the last; there, with all that was printed."""
    frames = re.split(r"^\w+:\w+ (?:start|skipped) - -\r?$", text, flags=re.M)
    return any(len(re.findall(r"done \(-?\d+\)(?:\r?$| in)", frame, re.M)) > 1 for frame in frames)


@test
def reports_have_the_verdict_of_the_testbots_own_parser():
    folder = wine_tools()
    with open(os.path.join(folder, "lib", "WineTestBot", "Config.pm"), encoding="utf-8") as file:
        limit = re.search(r"^\$MaxUnitSize = ([\d *]+);", file.read(), re.M).group(1)
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as made:
        paths = [os.path.join(made, str(i)) for i in range(REPORTS)]
        for path in paths:
            with open(path, "w", encoding="ascii", newline="") as file:
                file.write(report(dice))
        theirs = lines_of("perl", "-I", os.path.join(folder, "lib"), "-e", ORACLE, *paths, MAX_UNIT_SIZE=limit)
        ours = lines_of(VERDICT, *paths)
        equal((len(theirs), len(ours)), (REPORTS, REPORTS))
        for path, there, here in zip(paths, theirs, ours):
            with open(path, encoding="ascii", newline="") as file:
                text = file.read()
            if there[:6] != here[:6] and not (here[:6] == "failed" and stricter_by_choice(text)):
                raise AssertionError(f"there {there}, here {here}: {re.sub('z+', 'z', text)!r}")
        both = sum(line.startswith("passed") for line in theirs)
        check(REPORTS / 10 < both < REPORTS * 9 / 10, f"{both} of {REPORTS} pass")


def lines_of(*command, **environment):
    done = subprocess.run(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    equal(done.returncode, 0, f"{command[0]}: {done.stderr[-500:]}")
    return done.stdout.decode("ascii").splitlines()


def patched(made):
    script = os.path.join(made, "testbot", "bin", "WineRunTask.pl")
    os.makedirs(os.path.dirname(script))
    shutil.copy(os.path.join(wine_tools(), "bin", "WineRunTask.pl"), script)
    done = subprocess.run(["patch", "--strip=1", "--fuzz=0", "--input", PATCH], cwd=made, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    equal((done.returncode, b"offset" in done.stdout), (0, False), done.stdout)
    return script


def task(ends, pictures=True, kind="single"):
    """What the patched script asks for, if the test ends after so many seconds; its time is 20 seconds."""
    with tempfile.TemporaryDirectory() as made:
        patched(made)
        with open(os.path.join(made, "stand_ins.pl"), "w", encoding="ascii") as file:
            file.write(STAND_INS)
        whole = "require './stand_ins.pl'; @ARGV = (1, 1, 1); do './testbot/bin/WineRunTask.pl'; die $@ if $@"
        done = subprocess.run(["perl", "-e", whole], cwd=made,
                              env={**os.environ, "FOLDER": made, "ENDS": str(1000 + ends), "TYPE": kind,
                                   "PICTURES": "1" if pictures else ""},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        return [line for line in done.stdout.decode("ascii").splitlines() if " started" not in line and " done (" not in line]


PICTURE, REPORT, NONE = "get .periscope/screenshot.png", "get exe32.report", "log No picture from the agent: unable to open"


@test
def patch_applies_to_the_host_of_2018():
    with tempfile.TemporaryDirectory() as made:
        patched(made)


@test
def patched_host_takes_the_picture_of_a_hung_test_three_seconds_before_its_end():
    equal(task(ends=100), ["wait 17", f"{PICTURE} 17", "wait 4", f"{REPORT} 21"])


@test
def patched_host_takes_a_later_picture_of_a_test_that_ends_by_itself():
    equal(task(ends=5), ["wait 17", f"{REPORT} 5", f"{PICTURE} 5"])
    equal(task(ends=18), ["wait 17", f"{PICTURE} 17", "wait 4", f"{REPORT} 18", f"{PICTURE} 18"])
    equal(task(ends=5, kind="suite"), ["wait 20", f"{REPORT} 5", f"{PICTURE} 5"])


@test
def patched_host_takes_libvirts_picture_if_the_agent_has_none():
    without = f"{NONE} '{PICTURE[4:]}'"
    equal(task(ends=100, pictures=False),
          ["wait 17", f"{PICTURE} 17", without, "wait 4", f"{REPORT} 21", f"{PICTURE} 21", without, "libvirt"])


main()
