#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command periscope says to people: in one line what a verb has done, what was meant by a slip, and how a shell
completes it."""
import os
import re
import shutil
import socket
import subprocess
import tempfile

import wire
from cli import USAGE, Server, one_line, periscope, target
from harness import PATIENCE, Skip, check, equal, main, test, with_agent

PATTERN = ("--backend", "pattern")
TIME = r"(\d+ ms|\d+\.\d s)"


def says(pattern, *arguments, code=0, cwd=None):
    """The verb's one line on standard error; nothing with --quiet, and nothing but the object with --json."""
    result = periscope(*arguments, code=code, cwd=cwd)
    check(re.fullmatch(pattern.replace("TIME", TIME) + r"\n", result.err), f"{arguments}: {result.err!r}")
    for option in "--quiet", "--json":
        if arguments[0] == "restart":
            break
        result = periscope(arguments[0], option, *arguments[1:], code=code, cwd=cwd)
        equal(result.err, "", f"{arguments} with {option}")
        equal(result.out != b"", option == "--json", f"standard output of {arguments} with {option}")


@with_agent(copy=True, env={"PERISCOPE_PATTERN": "203x101"})
def a_verb_says_in_one_line_what_it_did(agent):
    guest = target(agent)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "a\x1bb"), "wb") as file:
            file.write(bytes(2048))
        says("there: 2.0 KiB, TIME", "put", guest, "a\x1bb", "there", cwd=folder)
        says(r"a\?b: 2.0 KiB, TIME", "put", guest, "a\x1bb", cwd=folder)
        says("here: 2.0 KiB, TIME", "get", guest, "there", "here", cwd=folder)
        says(r"screen.png: 203x101, PATTERN-1 \(pattern\), TIME", "screenshot", guest, "screen.png", *PATTERN, cwd=folder)
        hashed = periscope("screenshot", "--json", guest, *PATTERN, cwd=folder).json["facts"]["hash"]
        says(r"screen.png: unchanged, and not written, PATTERN-1 \(pattern\), TIME", "screenshot", "-i", hashed, guest, "screen.png",
             *PATTERN, code=119, cwd=folder)
    says(f"{guest}: process \\d+ exited with 3, TIME", "run", "--no-stream", guest, "sh", "-c", "exit 3", code=3)
    silent = periscope("run", guest, "sh", "-c", "exit 3", code=3)
    equal(silent.text + silent.err, "", "what is said of a program whose outputs are passed on")
    says(f"{guest}: there is no there any more", "rm", guest, "there")
    says(f"{guest}: there are no such 2 files any more", "rm", guest, "there", "elsewhere")
    says(f"{guest}: start.count=0", "property", guest, "start.count", "0")
    says(f"{guest}: the agent restarts as ./periscoped", "restart", guest, "./periscoped", str(agent.port))


def guest(*facts):
    """A server that is an agent which answers any request without arguments by these facts."""
    def serve(connection, _):
        connection.sendall(wire.s("testagentd 1.7"))
        while connection.recv(8, socket.MSG_WAITALL):
            connection.sendall(wire.u32(len(facts)) + b"".join(map(wire.s, facts)))
    return Server(serve)


@test
def reasons_that_are_no_news_are_for_verbose():
    """That a backend has nothing to show is no news while another one has, and news while none has."""
    reason = "drm: there is no card"
    for verb, found in (("displays", "display.0.name=screen"), ("crc", "crc=software 0x1 screen")):
        for facts, options, told in (((found,), (), False), ((found,), ("--verbose",), True), ((), (), True)):
            with guest(f"refused={reason}", *facts) as server:
                result = periscope(verb, *options, f"127.0.0.1:{server.port}")
                equal(reason in result.err + result.text, told, f"the reason is told by {verb} {options} of {facts}")
                equal("screen" in result.text, bool(facts), "the result is told")


@test
def the_nearest_verb_and_option_are_told():
    one_line(periscope("tst", "vm1:9000", code=USAGE), "there is no verb 'tst'; did you mean 'test'? (see 'periscope --help')")
    one_line(periscope("screenshto", code=USAGE), "there is no verb 'screenshto'; did you mean 'screenshot'?")
    one_line(periscope("put", "--execcutable", "vm1:9000", "a", code=USAGE),
             "there is no option --execcutable; did you mean '--executable'? (see 'periscope put --help')")
    one_line(periscope("put", "--jsno=1", "vm1:9000", "a", code=USAGE), "there is no option --jsno; did you mean '--json'?")
    one_line(periscope("--verison", code=USAGE), "'--verison' is no verb, which comes first; did you mean '--version'?")
    one_line(periscope("frobnicate", "vm1:9000", code=USAGE), "there is no verb 'frobnicate' (see 'periscope --help')")


# ---- completion ----

def script(shell, folder):
    path = os.path.join(folder, "_periscope")
    with open(path, "wb") as file:
        file.write(periscope("--completion", shell).out)
    return path


def shell_says(shell, *arguments):
    if not shutil.which(shell):
        raise Skip(f"no {shell}")
    done = subprocess.run([shell, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    equal((done.returncode, done.stderr), (0, b""), f"{shell}'s status and complaints")
    return done.stdout.decode().splitlines()


BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_periscope periscope "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash_completes(path, *words):
    return [word for word in shell_says("bash", "--norc", "-c", BASH, "bash", path, "periscope", *words) if word]


def told_by_help():
    """{verb: its options, as --help tells them}"""
    verbs = re.findall(r"^  ([a-z-]+) +[A-Z]", periscope("--help").text, re.M)
    told = {}
    for verb in verbs:
        lines = re.findall(r"^  (?:(-\w), |    )(--[\w-]+)", periscope(verb, "--help").text, re.M)
        told[verb] = sorted(form for line in lines for form in line if form)
    return told


@test
def bash_completes_what_help_tells():
    told = told_by_help()
    check(len(told) > 15 and all(len(options) > 8 for options in told.values()), told)
    with tempfile.TemporaryDirectory() as folder:
        path = script("bash", folder)
        equal(sorted(bash_completes(path, "")), sorted([*told, "--help", "--version", "--completion"]))
        for verb, options in told.items():
            equal(sorted(bash_completes(path, verb, "-")), options, verb)
        equal(bash_completes(path, "scr"), ["screenshot"])
        equal(bash_completes(path, "screenshot", "vm1", ":", "9000", "--form"), ["--format"])
        equal(bash_completes(path, "screenshot", "--format", ""), ["png", "ppm"])
        equal(bash_completes(path, "screenshot", "--format", "="), ["png", "ppm"])
        equal(bash_completes(path, "screenshot", "--format", "=", "pp"), ["ppm"])
        equal(bash_completes(path, "test", "-s", "f"), ["failure"])
        equal(bash_completes(path, "test", "-o", folder), [folder])
        equal(bash_completes(path, "get", "vm1", ":", "9000", "x"), [], "what is left to the names of files")
        equal(bash_completes(path, "--completion", "f"), ["fish"])


ZSH = """
compdef() { : }
_describe() { print -rl -- $verbs }
compadd() { print -rl -- "$@" }
_arguments() { print -rl -- "$@" }
source $1
shift
words=("$@")
CURRENT=$#
_periscope
"""


@test
def zsh_completes_what_help_tells():
    """What the script hands to zsh's own functions."""
    with tempfile.TemporaryDirectory() as folder:
        path = script("zsh", folder)
        for verb, options in told_by_help().items():
            got = shell_says("zsh", "-f", "-c", ZSH, "zsh", path, "periscope", verb, "-")
            equal(sorted(re.match(r"--?[\w-]+", line)[0] for line in got if re.match(r"-[^ ]*\[", line)), options, verb)
        verbs = shell_says("zsh", "-f", "-c", ZSH, "zsh", path, "periscope", "")
        check("screenshot:Take a picture of the guest's screen" in verbs, verbs)


@test
def fish_completes_what_help_tells():
    def completes(line):
        got = shell_says("fish", "--no-config", "-c", f"source {path}; complete -C '{line}'")
        return sorted(word.split("\t")[0] for word in got)

    with tempfile.TemporaryDirectory() as folder:
        path = script("fish", folder)
        told = told_by_help()
        equal(completes("periscope "), sorted(told))
        for verb, options in told.items():
            equal(completes(f"periscope {verb} -"), options, verb)
        equal(completes("periscope screenshot --format "), ["png", "ppm"])


@test
def other_shells_are_not_known():
    for arguments in (), ("tcsh",):
        one_line(periscope("--completion", *arguments, code=USAGE), "--completion needs a shell: bash, zsh or fish")


if __name__ == "__main__":
    main()
