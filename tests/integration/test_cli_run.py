#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""run, wait and kill of the command periscope: whose exit status it is, and what becomes of the program."""
import os
import select
import signal
import socket
import subprocess

import cli
from cli import INTERRUPTED, REFUSED, TIMED_OUT, USAGE, one_line, periscope, target
from harness import PATIENCE, alive, check, equal, eventually, generator, main, name_of, random_bytes, with_agent


def pid_in(agent, name):
    """The process id that a shell wrote there."""
    def read():
        try:
            return int(agent.read(name) or 0)
        except (FileNotFoundError, ValueError):
            return 0

    return agent.cleanup(eventually(read, f"a process id in {name}"))


def sleeper(name="pid"):
    return ["sh", "-c", f"echo $$ > {name}; exec sleep 1000"]


@with_agent()
def exit_status_is_the_programs(agent):
    for code in (0, 1, 2, 7, 119, 120, 121, 122, 123, 130, 255):
        result = periscope("run", "-q", target(agent), "sh", "-c", f"exit {code}", code=code)
        equal((result.out, result.err), (b"", ""))
        reply = periscope("run", "--json", target(agent), "sh", "-c", f"exit {code}", code=code).json
        equal((reply["ok"], reply["status"], reply["exit"]), (True, "ok", code))
        equal(reply["child"], {"exited": True, "code": code, "status": code << 8})
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
        result = periscope("run", target(agent), "sh", "-c", f"kill -{int(number)} $$", code=128 + number)
        one_line(result, f"the program was ended by signal {int(number)}")
        result = periscope("run", "-q", "--json", target(agent), "sh", "-c", f"kill -{int(number)} $$", code=None)
        equal((result.json["child"]["exited"], result.json["child"]["signal"]), (False, int(number)))
        equal(result.err, "")


@with_agent()
def program_that_is_not_there(agent):
    one_line(periscope("run", target(agent), "no-such-program", code=REFUSED),
             "could not run 'no-such-program': No such file or directory")
    reply = periscope("run", target(agent), "--json", "no-such-program", code=REFUSED).json
    equal((reply["ok"], reply["status"], "child" in reply), (False, "refused", False))
    one_line(periscope("run", "--cwd", "/no/folder", target(agent), "true", code=REFUSED), "/no/folder")
    one_line(periscope("run", "--stdin", "none", target(agent), "true", code=REFUSED),
             "unable to open 'none' for reading: No such file or directory")


@with_agent()
def program_gets_all_it_is_given(agent):
    agent.write("input", b"from a file\n")
    os.mkdir(agent.path("folder"))
    script = 'echo "$1|$2|$#|$COLOUR|${HOME-none}"; basename "$PWD"; cat; echo error >&2'
    arguments = ["run", "--stdin", "input", "--stdout", "out", "--stderr", "err", "--env", "COLOUR=a=b c", "-e", "HOME",
                 "--cwd", agent.path("folder"), target(agent), "sh", "-c", script, "sh", "--json", ""]
    for place, name in (("--stdin", "input"), ("--stdout", "out"), ("--stderr", "err")):
        arguments[arguments.index(place) + 1] = agent.path(name)
    periscope(*arguments)
    output = b"--json||2|a=b c|none\nfolder\nfrom a file\n"
    equal((agent.read("out"), agent.read("err")), (output, b"error\n"))
    periscope(arguments[0], "--append", *arguments[1:])
    equal((agent.read("out"), agent.read("err")), (2 * output, b"error\nerror\n"))
    periscope(*arguments)
    equal(agent.read("out"), output)


@with_agent()
def status_is_forgotten_unless_kept(agent):
    pid = periscope("run", "--json", target(agent), "true").json["pid"]
    one_line(periscope("wait", target(agent), str(pid), code=REFUSED),
             f"the {pid} process does not exist or is not a child process")
    pid = str(periscope("run", "--keep", "--json", target(agent), "sh", "-c", "exit 3", code=3).json["pid"])
    periscope("wait", "--keep", target(agent), pid, code=3)
    reply = periscope("wait", "--json", target(agent), pid, code=3).json
    equal((str(reply["pid"]), reply["child"]["code"]), (pid, 3))
    periscope("wait", target(agent), pid, code=REFUSED)


@with_agent()
def run_without_waiting(agent):
    pid = periscope("run", "--no-wait", target(agent), *sleeper()).text.strip()
    equal(int(pid), pid_in(agent, "pid"))
    one_line(periscope("wait", "-q", "--timeout", "0", target(agent), pid, code=TIMED_OUT), "timed out")
    eventually(lambda: name_of(pid) == "sleep", "the shell to become sleep")
    killed = periscope("kill", target(agent), pid).text
    equal(killed, f"{pid} sleep\n")
    result = periscope("wait", target(agent), pid, code=128 + signal.SIGTERM)
    one_line(result, "the program was ended by signal 15")
    one_line(periscope("kill", target(agent), pid, code=REFUSED), "does not exist or is not a child process")


@with_agent()
def run_detached(agent):
    reply = periscope("run", "--detach", "--json", target(agent), *sleeper()).json
    pid = pid_in(agent, "pid")
    equal(reply["pid"], pid)
    periscope("wait", target(agent), str(pid), code=REFUSED)
    check(alive(pid), "it does not run")


@with_agent()
def time_that_is_up(agent):
    result = periscope("run", "--timeout", "0.1", target(agent), *sleeper(), code=TIMED_OUT)
    pid = pid_in(agent, "pid")
    lines = result.err.splitlines()
    equal(lines, [f"periscope: run: timed out; process {pid} keeps running",
                  f"periscope: run: to continue waiting: periscope wait {target(agent)} {pid}; "
                  f"to end it: periscope kill {target(agent)} {pid}"])
    check(alive(pid), "it was ended")
    reply = periscope("wait", "-t", "0", "--json", target(agent), str(pid), code=TIMED_OUT).json
    equal((reply["ok"], reply["status"], reply["pid"], "child" in reply), (False, "timed-out", pid, False))


@with_agent()
def time_that_is_up_ends_the_program(agent):
    script = "echo $$ > pid; sh -c 'echo $$ > inner; exec sleep 1000' & trap '' TERM; wait; exec sleep 1000"
    reply = periscope("run", "--timeout", "1", "--kill-on-timeout", "--json", target(agent), "sh", "-c", script,
                      code=TIMED_OUT).json
    pids = [pid_in(agent, "pid"), pid_in(agent, "inner")]
    ended = [int(line.split()[0]) for line in reply["killed"]]
    check(set(pids) <= set(ended), f"{pids} are not all of {ended}")
    check(not any(alive(pid) for pid in pids), "something still runs")
    equal((reply["ok"], reply["status"]), (False, "timed-out"))
    periscope("wait", target(agent), str(pids[0]), code=REFUSED)


def interrupt(agent, *options):
    """Ctrl-C once the program runs and the command knows it: it passes its input on then."""
    process = cli.start("run", *options, target(agent), "sh", "-c", "read go; echo $$ > pid; exec sleep 1000",
                        stdin=subprocess.PIPE)
    process.stdin.write(b"go\n")
    process.stdin.flush()
    pid = pid_in(agent, "pid")
    process.send_signal(signal.SIGINT)
    return pid, cli.finish(process)


@with_agent()
def interrupted_wait_leaves_the_program(agent):
    pid, result = interrupt(agent, "--json")
    equal(result.code, INTERRUPTED)
    check(f"interrupted; process {pid} keeps running" in result.err, result.err)
    check(f"to end it: periscope kill {target(agent)} {pid}" in result.err, result.err)
    equal(result.json["status"], "interrupted")
    check(alive(pid), "it was ended")


@with_agent()
def interrupted_wait_ends_the_program(agent):
    pid, result = interrupt(agent, "--kill-on-interrupt")
    equal(result.code, INTERRUPTED)
    check("interrupted; ending the program" in result.err, result.err)
    check(not alive(pid), "it still runs")


@with_agent()
def options_of_wait_and_kill(agent):
    pid = periscope("run", "-n", target(agent), "sh", "-c", "trap '' TERM; echo $$ > pid; while :; do sleep 1; done")
    number = pid_in(agent, "pid")
    periscope("kill", "--grace", "0", "--json", target(agent), pid.text.strip())
    check(not alive(number), "it still runs")
    one_line(periscope("kill", target(agent), "0", code=USAGE), "PID is '0'")
    one_line(periscope("wait", target(agent), "99999999999999999999", code=USAGE), "not a number")


# ---- as ssh does it ----


@with_agent()
def outputs_and_input_are_passed_on(agent):
    text = random_bytes(3000000)
    result = periscope("run", target(agent), "sh", "-c", "cat; echo error >&2; exit 7", data=text, code=7)
    check(result.out == text, "another output")
    equal(result.err, "error\n", "standard error")
    result = periscope("run", "--stdout", agent.path("out"), target(agent), "cat", data=b"to a file")
    equal((agent.read("out"), result.out), (b"to a file", b""))
    equal(periscope("run", "--no-stdin", target(agent), "cat", data=b"not passed on").out, b"", "without its input")
    result = periscope("run", "--no-stream", target(agent), "echo", "unseen")
    equal(result.out, b"", "without its outputs")
    check("exited with 0" in result.err, result.err)


@with_agent()
def output_comes_before_the_program_ends(agent):
    process = cli.start("run", target(agent), "sh", "-c", "echo $$ > pid; echo first; exec sleep 1000")
    equal(process.stdout.readline(), b"first\n")
    os.kill(pid_in(agent, "pid"), signal.SIGTERM)
    equal(cli.finish(process).code, 128 + signal.SIGTERM)


@with_agent()
def program_that_reads_nothing_ends_all_the_same(agent):
    process = subprocess.Popen([*cli.COMMAND, "run", target(agent), "sh", "-c", "exec 0<&-; echo done; exit 3"],
                               env=cli.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    equal((process.stdout.read(), process.wait(PATIENCE)), (b"done\n", 3))
    process.stdin.close()


@with_agent()
def what_still_holds_an_output_is_told(agent):
    result = periscope("run", target(agent), "sh", "-c", "sleep 1000 & echo $! > pid; echo done")
    agent.cleanup(pid_in(agent, "pid"))
    equal(result.out, b"done\n")
    one_line(result, "what it has started still holds its output")


class Breaker(cli.Server):
    """Passes connections on to the agent, and breaks each at a random byte."""

    def __init__(self, agent):
        super().__init__(self.pass_on)
        self.agent = agent

    def pass_on(self, connection, _):
        with socket.create_connection(("127.0.0.1", self.agent.port)) as onwards:
            left = 80000 + generator().randrange(80000)  # a piece of the input gets through, so that it goes on
            while left > 0:
                for ready in select.select([connection, onwards], [], [], PATIENCE)[0]:
                    data = ready.recv(min(left, 65536))
                    left = left - len(data) if data else 0
                    (onwards if ready is connection else connection).sendall(data)


@with_agent()
def nothing_is_lost_or_doubled_over_broken_connections(agent):
    text = random_bytes(1500000)
    with Breaker(agent) as proxy:
        result = periscope("run", f"127.0.0.1:{proxy.port}", "cat", data=text)
        check(result.out == text, "another text")
        check(proxy.accepted > 15, f"only {proxy.accepted} connections")


if __name__ == "__main__":
    main()
