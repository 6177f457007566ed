#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that the Windows agent starts: command lines, batch files, handles, exit codes, trees."""
import os
import shutil
import socket
import struct
import time

import wine
import wire
from wine import Agent, check, equal, eventually

TELL = wine.windows_path(wine.exe("tools/tell.exe"))
NASTY = ["", " ", "a b", '"', '\\"', "C:\\dir\\", "C:\\my dir\\", 'a"b c\\', "\u4e2d\u6587 \U0001f600", "%PATH%", "a^b&c|d<e>f",
         "*", "?", "'single'", '"""', "\\\\server\\share name\\"]


def told(lines, what):
    return [line.partition("=")[2] for line in lines if line.startswith(what + "=")]


def arguments_arrive_as_they_were_sent():
    with Agent() as agent:
        equal(told(agent.run(TELL, *NASTY), "argument"), NASTY, "arguments")


def long_command_lines():
    """Windows' own bound is 32767 characters; one more is refused, never cut."""
    with Agent() as agent:
        for size in (8192, 32000):
            equal(told(agent.run(TELL, "x" * size), "argument"), ["x" * size], f"an argument of {size} characters")
        mixed = ("\u4e2d\u6587 \"q\" \\" * 4000)[:25000]  # 32 000 and some with the marks that bring it there
        equal(told(agent.run(TELL, mixed), "argument"), [mixed], "a long argument of all that is difficult")
        refused = agent.periscope("run", TELL, "x" * 32760, code=None)
        check(refused.code == 122 and "32766 characters" in refused.err, f"{refused.code}: {refused.err}")


def batch_files_as_the_testbot_sends_them():
    """By a relative name with a slash; the first hosts append a NUL."""
    with Agent() as agent:
        for content in (b"@echo from the script\r\n@exit /b 5\r\n", b"@echo from the script\r\n@exit /b 5\r\n\0"):
            agent.write("script.bat", content)
            equal(agent.run("./script.bat", code=5)[0], "from the script", "output")
        agent.write("with args.bat", b"@echo %~1+%~2\r\n")
        equal(agent.run("./with args.bat", "a b", "c\\"), ["a b+c\\"], "arguments")
        refused = agent.periscope("run", "./script.bat", 'a"b', code=122)
        check("batch file" in refused.err, refused.err)


def arguments_pass_through_a_script():
    """A backslash at an argument's end must not escape the quote behind it."""
    with Agent() as agent:
        agent.write("pass.bat", f"@{TELL} %*\r\n".encode())
        for arguments in (["c\\", "second"], ["C:\\my dir\\", "second"], ["\\\\server\\", "a b\\\\", "x"], ["", "\\"]):
            equal(told(agent.run("./pass.bat", *arguments), "argument"), arguments, "arguments behind the script")


def script_runs_whatever_its_folder_is_called():
    for name in ("gr\u00fcn \u4e2d", "100% %PATH%", "a & b (c) ^!"):
        with Agent() as agent:
            os.mkdir(agent.path(name))
            agent.write(os.path.join(name, "s.bat"), b"@echo it ran %~1\r\n")
            equal(agent.run("./s.bat", "x y", before=("--cwd", name)), ["it ran x y"], f"output in '{name}'")


def texts_of_what_cannot_be_run():
    """testagentd's form, by the RPC run; the RPC exec tells the reason in words."""
    with Agent() as agent:
        with socket.create_connection(("127.0.0.1", agent.port), wine.PATIENCE) as connection:
            stream = connection.makefile("rwb")
            stream.read(9 + 15)
            empty = struct.pack(">cQ", b"s", 1) + b"\0"
            name = b"nosuch.exe\0"
            stream.write(struct.pack(">II", 3, 5) + struct.pack(">cQI", b"I", 4, 0) + empty * 3
                         + struct.pack(">cQ", b"s", len(name)) + name)
            stream.flush()
            count, kind, size = struct.unpack(">IcQ", stream.read(13))
            equal((count, kind, stream.read(size)), (1, b"e", b"could not run '\"nosuch.exe\"': 2\0"), "answer")
        refused = agent.periscope("run", "nosuch.exe", code=122)
        check(refused.err.endswith("could not run 'nosuch.exe': No such file or directory\n"), refused.err)
        refused = agent.periscope("run", TELL, code=122, before=("--cwd", "no folder"))
        check("No such file or directory" in refused.err or "Not a directory" in refused.err, refused.err)


def exit_codes_are_whole():
    with Agent() as agent:
        for code in (0, 3, 255, 256, 0xC0000005, 0xFFFFFFFF):
            done = agent.periscope("run", TELL, f"exit={code}", code=None, before=("--json",))
            check(f'"code":{code}' in done.out.decode().replace(" ", ""), f"{code}: {done.out} {done.err}")


def environment_and_folder():
    with Agent() as agent:
        os.mkdir(agent.path("sub"))
        lines = agent.run(TELL, before=("--env", "tell=gr\u00fc\u00dfe", "--cwd", "sub"))
        equal(told(lines, "TELL"), ["gr\u00fc\u00dfe"], "variable, by a name in another case")
        check(told(lines, "folder")[0].endswith("\\sub"), f"folder: {lines}")
        agent.write("program.exe", open(wine.exe("tools/tell.exe"), "rb").read())
        check(told(agent.run("./program"), "folder"), "a program in the agent's folder, without .exe")


def standard_handles_and_no_others():
    """The listening socket and files of the agent are none of the child's business."""
    with Agent() as agent:
        lines = agent.run(TELL, *[f"handle={number}" for number in range(4, 400, 4)], "console")
        check(lines.count("handle open") < 40, f"{lines.count('handle open')} of the first handles are open")
        check("console yes" in lines, "the child has no console")
        agent.write("in.txt", b"x")
        equal(agent.periscope("run", "cmd", "/c", "echo out& echo err 1>&2", before=(
            "--stdin", "in.txt", "--stdout", "both.txt", "--stderr", "both.txt")).code, 0, "exit status")
        equal(agent.read("both.txt").split(), [b"out", b"err"], "both outputs in one file")


def a_test_can_not_tell_that_it_was_started_by_an_agent():
    """In no job, since tests make their own and Windows 7 nests none; with the priority that any program has."""
    with Agent() as agent:
        equal(agent.run(TELL, "place")[-1], "job no, priority 0x20", "place")


def clock_that_may_not_be_set_is_told_with_windows_number():
    """Wine lets nobody set it by more than half a second: ERROR_PRIVILEGE_NOT_HELD."""
    with Agent() as agent:
        refused = agent.periscope("settime", str(int(time.time()) + 86400), code=122)
        check("failed to set the time (1314)" in refused.err, refused.err)
        agent.periscope("settime", str(int(time.time())))  # within the leeway


def port_is_not_kept_by_a_child():
    """A child that outlives the agent must not hold its port."""
    with Agent() as agent:
        agent.periscope("run", TELL, "sleep=20000", before=("--detach",))
        agent.process.kill()
        agent.process.wait(wine.PATIENCE)

        def is_free():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", agent.port))
                except OSError:
                    return False
                return True
        eventually(is_free, "the port to be free")


def report_is_fetched_while_it_is_written():
    with Agent() as agent:
        agent.periscope("run", TELL, "one", "sleep=3000", "exit=0", before=("--no-wait", "--stdout", "log.txt"))
        eventually(lambda: b"argument=one" in agent.periscope("get", "log.txt", "-").out, "the first lines of the log")


def kill_ends_a_tree_and_tells_of_it():
    with Agent() as agent:
        grandchild = f'start="{TELL}" sleep=60000'
        pid = agent.periscope("run", TELL, f'start="{TELL}" "{grandchild.replace(chr(34), chr(92) + chr(34))}" sleep=60000',
                              "sleep=60000", before=("--no-wait",)).out.decode().split()[0]
        time.sleep(1.5)
        # Wine's settings may name the mode of a desktop that another test had.
        ended = [line for line in kill(agent, int(pid)) if not line.startswith("display=")]
        names = sorted(line.split(" ", 1)[1] for line in ended)
        equal([name for name in names if name != "conhost.exe"], ["tell.exe"] * 3, "what was ended")
        equal(ended[0].split()[0], pid, "the first of them")


def what_an_ended_program_has_left_is_listed_and_ended_by_its_tag():
    """By its parent's pid and the times of both, also when the agent has forgotten the parent."""
    with Agent() as agent, wire.Client(agent.port, timeout=2 * wine.PATIENCE) as client:
        kept = client.execute(wine.exe("tools/tell.exe"), "sleep=600000", tag="kept")
        pid = client.execute(wine.exe("tools/tell.exe"), f'start="{TELL}" sleep=600000', tag="left")
        client.wait(pid, wine.PATIENCE)
        client.forget(pid)
        lines = [line for line in client.ps("tree=1") if line.get("name") != "conhost.exe"]
        equal([(line["kind"], line["child"], line["name"]) for line in lines if line["kind"] == "orphan"],
              [("orphan", str(pid), "tell.exe")], "orphans")
        equal([(line["kind"], line["pid"], line.get("tag", line.get("name"))) for line in lines if line["kind"] != "orphan"],
              [("child", str(kept), "kept"), ("process", str(kept), "tell.exe")], "the other program")
        alone = client.execute(wine.exe("tools/tell.exe"), f'start="{TELL}" sleep=600000')
        client.wait(alone, wine.PATIENCE)
        orphan = [int(line["pid"]) for line in client.ps("tree=1") if line.get("child") == str(alone)
                  and line["name"] == "tell.exe"][0]
        equal(client.kill(orphan, "tree=0"), [(orphan, "tell.exe")], "ended alone")
        equal(client.refusal(wire.KILL, wire.Q(orphan), wire.s("tree=0")), f"process {orphan} is in no child's tree", "error")
        equal([name for _, name in client.kill(0, "tag=left") if name != "conhost.exe"], ["tell.exe"], "ended")
        equal([number for number, name in client.kill(0, "tag=kept") if name != "conhost.exe"], [kept], "ended")


def kill_asks_windows_and_ends_what_has_none():
    with Agent() as agent, wire.Client(agent.port, timeout=2 * wine.PATIENCE) as client:
        polite = client.run(wine.exe("tools/window.exe"), stdout="window.txt")
        silent = client.run(wine.exe("tools/tell.exe"), "sleep=600000")
        eventually(lambda: b"shown" in agent.read("window.txt"), "the window")
        for pid, status, what in ((polite, 0, "which closed its window"), (silent, 257, "which has no window")):
            client.kill(pid, "grace-ms=30000")
            equal(client.wait(pid, 0), status, f"exit code of a program {what}")


def kill(agent, pid):
    with socket.create_connection(("127.0.0.1", agent.port), wine.PATIENCE) as connection:
        stream = connection.makefile("rwb")
        stream.read(9 + 15)
        option = b"grace-ms=200\0"
        stream.write(struct.pack(">II", 0x50530003, 2) + struct.pack(">cQQ", b"Q", 8, pid)
                     + struct.pack(">cQ", b"s", len(option)) + option)
        stream.flush()
        texts = []
        for _ in range(struct.unpack(">I", stream.read(4))[0]):
            kind, size = struct.unpack(">cQ", stream.read(9))
            texts.append(stream.read(size)[:-1].decode())
            check(kind == b"s", f"an error: {texts}")
        return texts


def program_that_runs_is_not_replaced():
    """Else a process of the last task would answer for the next one, by its old report."""
    with Agent() as agent:
        shutil.copy(wine.exe("tools/tell.exe"), agent.path("t.exe"))
        before = agent.read("t.exe")
        agent.write("new", b"MZ the next one")
        running = agent.periscope("run", "t.exe", "sleep=600000", before=("--no-wait",)).out.decode().split()[0]
        refused = agent.periscope("put", agent.path("new"), "t.exe", code=122)
        check("unable to open 't.exe' for writing: Permission denied" in refused.err, refused.err)
        equal(agent.read("t.exe"), before, "the program")
        agent.periscope("put", "--over-running", agent.path("new"), "t.exe")
        equal(agent.read("t.exe"), b"MZ the next one", "the program that was replaced")
        agent.periscope("kill", running)
        agent.write("again", b"MZ the third one")
        agent.periscope("put", agent.path("again"), "t.exe")
        equal(agent.read("t.exe"), b"MZ the third one", "the program that has ended")


wine.main([arguments_arrive_as_they_were_sent, long_command_lines, batch_files_as_the_testbot_sends_them,
           arguments_pass_through_a_script, script_runs_whatever_its_folder_is_called,
           texts_of_what_cannot_be_run, exit_codes_are_whole, environment_and_folder, standard_handles_and_no_others,
           a_test_can_not_tell_that_it_was_started_by_an_agent, clock_that_may_not_be_set_is_told_with_windows_number,
           port_is_not_kept_by_a_child, report_is_fetched_while_it_is_written, kill_ends_a_tree_and_tells_of_it,
           what_an_ended_program_has_left_is_listed_and_ended_by_its_tag, kill_asks_windows_and_ends_what_has_none, program_that_runs_is_not_replaced])
