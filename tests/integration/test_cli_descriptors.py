#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The verbs with standard descriptors that are closed, full, not read, or don't block: no success without the bytes."""
import array
import fcntl
import os
import signal
import subprocess
import termios
import time

import cli
from cli import COMMAND, FAILED, OK, TIMED_OUT, environment, periscope, target
from harness import (Agent, COMMAND as AGENT, PATH, PATIENCE, check, equal, eventually, main, ready_port, test,
                     thread_fields, with_agent)
from verb_test import SAMPLE

CONTENT = bytes(range(256)) * 1200  # far more than a pipe takes here
PIPE = 4096  # bytes
INPUT = b"from standard input"

# verb: (its arguments after the host, whether it reads standard input, prints results, and prints on standard error)
VERBS = {
    "get": (("there", "-"), False, True, True),
    "put": (("-", "sent"), True, False, True),
    "run": (("true",), False, False, False),
    "run --no-stream": (("true",), False, False, True),
    "run -n": (("true",), False, True, False),
    "run that fails": (("no-such-program",), False, False, True),
    "test": ((SAMPLE, "pass", "--screenshot", "never"), False, True, False),
    "screenshot": (("-", "--backend", "pattern"), False, True, True),
    "info": ((), False, True, False),
    "info --json": ((), False, True, False),
}


def line(agent, verb):
    name, *options = verb.split()
    options = [word for word in options if word.startswith("-")]
    return [*COMMAND, name, *options, target(agent), *VERBS[verb][0]]


def call(agent, verb, redirections="", **options):
    """The exit status and output of a verb, started by a shell with these redirections."""
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    process = subprocess.Popen(["sh", "-c", f'exec "$@" {redirections}', "sh", *line(agent, verb)], env=environment(),
                               **options)
    out, err = process.communicate(INPUT, timeout=PATIENCE)
    return process.returncode, out, err


def with_files(function):
    def run():
        with Agent(env={"PERISCOPE_PATTERN": "1203x701"}) as agent:
            agent.write("there", CONTENT)
            function(agent)
    run.__name__ = function.__name__
    return test(run)


def usual(verb):
    """The exit status with nothing special."""
    return cli.REFUSED if verb == "run that fails" else OK


@with_files
def nothing_special(agent):
    """The states below mean something only if this works."""
    for verb, (_, reads, prints, complains) in VERBS.items():
        code, out, err = call(agent, verb)
        equal((code, bool(out), bool(err)), (usual(verb), prints, complains), verb)
        if reads:
            equal(agent.read("sent"), INPUT)


@with_files
def output_that_is_closed_or_full_is_no_success(agent):
    for redirections in (">&-", ">/dev/full", "<&- >&- 2>&-", ">&- 2>&-"):
        for verb, (_, reads, prints, _) in VERBS.items():
            code, _, err = call(agent, verb, redirections)
            wrong = prints or (reads and "<" in redirections)
            equal(code, FAILED if wrong else usual(verb), f"{verb} {redirections}: exit status")
            if prints and "2>" not in redirections:
                check(b"could not write to standard output" in err, f"{verb} {redirections}: {err}")


@with_files
def input_that_is_closed_is_not_empty(agent):
    agent.write("sent", b"old")
    for verb, (_, reads, prints, _) in VERBS.items():
        code, out, err = call(agent, verb, "<&-")
        equal((code, bool(out)), (FAILED if reads else usual(verb), prints), verb)
        check(not reads or b"could not read standard input: Bad file descriptor" in err, f"{verb}: {err}")
    equal(agent.read("sent"), b"old")


@with_files
def complaints_that_are_lost_are_no_success(agent):
    """A standard error that is closed is meant to be; one that is full loses a warning, or only a remark."""
    for redirections in ("2>&-", "2>/dev/full"):
        for verb, (_, _, prints, _) in VERBS.items():
            code, out, _ = call(agent, verb, redirections)
            equal((code, bool(out)), (usual(verb), prints), f"{verb} {redirections}")
        for name in ("one", "other"):
            agent.write(name, b"old")
        os.remove(agent.path("other"))
        os.link(agent.path("one"), agent.path("other"))
        command = [*COMMAND, "get", target(agent), "there", agent.path("one")]
        done = subprocess.run(["sh", "-c", f'exec "$@" {redirections}', "sh", *command], env=environment(), check=False,
                              timeout=PATIENCE)
        equal(done.returncode, OK if redirections == "2>&-" else FAILED, f"a warning {redirections}")


def small_pipe():
    """(reading end, writing end that does not block)."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE)
    os.set_blocking(writer, False)
    return reader, writer


def waiting(reader):
    count = array.array("i", [0])
    fcntl.ioctl(reader, termios.FIONREAD, count)
    return count[0]


def read_late(process, reader):
    """What a reader gets who begins once something is in the pipe, which then takes no more at once."""
    eventually(lambda: waiting(reader) > 0 or process.poll() is not None, "output")
    with os.fdopen(reader, "rb") as file:
        return file.read()


def rests(pid):
    """Whether all its threads sleep, and go on sleeping."""
    states, switches = thread_fields(pid, "State"), thread_fields(pid, "voluntary_ctxt_switches")
    time.sleep(0.05)
    return switches == thread_fields(pid, "voluntary_ctxt_switches") and all(word[0] == "S" for word in states.values())


@with_files
def output_that_does_not_block_is_complete(agent):
    for verb, (_, reads, prints, _) in VERBS.items():
        for name in ("stdout", "stderr"):
            reader, writer = small_pipe()
            others = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(line(agent, verb), env=environment(), **{**others, name: writer})
            os.close(writer)
            process.stdin.write(INPUT if reads else b"")
            process.stdin.close()
            out = read_late(process, reader)
            equal(process.wait(PATIENCE), usual(verb), f"{verb}: exit status")
            if name == "stdout":
                check(bool(out) == prints, f"{verb}: {len(out)} bytes")
                check(verb != "get" or out == CONTENT, f"get: {len(out)} bytes instead of {len(CONTENT)}")
                check(verb != "screenshot" or (len(out) > PIPE and out.endswith(b"IEND\xaeB`\x82")), "the picture is cut")


@test
def help_on_output_that_does_not_block_is_complete():
    for words in (["screenshot", "--help"], ["--help"]):
        reader, writer = small_pipe()
        full = os.write(writer, b"." * PIPE)
        with subprocess.Popen([*COMMAND, *words], stdout=writer, env=environment()) as process:
            os.close(writer)
            eventually(lambda: process.poll() is not None or rests(process.pid), "the command to wait for room")
            with os.fdopen(reader, "rb") as file:
                equal(file.read()[full:], periscope(*words).out)
            equal(process.wait(PATIENCE), OK)


@with_files
def input_that_does_not_block_is_complete(agent):
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with subprocess.Popen(line(agent, "put"), stdin=reader, env=environment()) as process:
        os.close(reader)
        with os.fdopen(writer, "wb") as file:
            for _ in range(3):
                file.write(CONTENT)
                file.flush()
                eventually(lambda: waiting(writer) == 0, "all of it read")
        equal(process.wait(PATIENCE), OK)
    equal(agent.read("sent") == 3 * CONTENT, True, "the content")


@with_files
def nobody_reads_is_no_success(agent):
    for verb, (_, _, prints, _) in VERBS.items():
        if not prints:
            continue
        for ignored in (False, True):
            reader, writer = os.pipe()
            os.close(reader)
            before = 'trap "" PIPE; ' if ignored else ""
            done = subprocess.run(["sh", "-c", before + 'exec "$@"', "sh", *line(agent, verb)], stdout=writer,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
                                  timeout=PATIENCE, check=False)
            os.close(writer)
            equal(done.returncode, FAILED if ignored else -signal.SIGPIPE, f"{verb}, SIGPIPE ignored: {ignored}")


@with_files
def limit_holds_for_streams_that_stand_still(agent):
    """A writer of standard input that says nothing, and a reader of standard output that reads nothing."""
    reader, writer = os.pipe()
    for verb, stream in (("put", {"stdin": reader}), ("get", {"stdout": writer}), ("screenshot", {"stdout": writer})):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **stream}
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE)
        if verb == "screenshot":
            check(waiting(reader) > 0, "the pipe is empty")  # get's bytes are in it
        done = subprocess.run([*line(agent, verb), "--total-limit", "0.5"], env=environment(), timeout=PATIENCE,
                              check=False, **options)
        equal(done.returncode, TIMED_OUT, f"{verb}: exit status")
    os.close(reader)
    os.close(writer)


@with_agent()
def agent_with_closed_descriptors_keeps_off_their_numbers(agent):
    """Its listener and its clients get other ones, and programs that it starts get none of them."""
    agent.write("there", CONTENT)
    for closed in (0, 1, 2):
        out = agent.path(f"ready{closed}")
        stream = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        redirections = f'{closed}{"<" if closed == 0 else ">"}&-' + (f" >{out}" if closed != 1 else "")
        options = "0" if closed != 1 else str(cli.unused_port())
        with subprocess.Popen(["sh", "-c", f'exec "$@" {redirections}', "sh", *AGENT, options], cwd=agent.folder,
                              env={**os.environ, "PATH": PATH}, **stream) as process:
            try:
                port = int(options) if closed == 1 else eventually(
                    lambda: os.path.exists(out) and ready_port(open(out, encoding="utf-8").read()), "READY")
                host = f"127.0.0.1:{port}"
                periscope("wait-boot", host, "-t", str(PATIENCE))
                equal(os.readlink(f"/proc/{process.pid}/fd/{closed}"), "/dev/null")
                equal(periscope("get", host, "there", "-").out == CONTENT, True, "what it sends")
                periscope("run", host, "--no-stdin", "--no-stream", "--stdout", "links", "readlink", f"/proc/self/fd/{closed}",
                          code=OK if closed != 1 else None)
                if closed != 1:
                    equal(agent.read("links"), b"/dev/null\n")
            finally:
                process.terminate()


if __name__ == "__main__":
    main()
