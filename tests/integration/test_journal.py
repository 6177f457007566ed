#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was promised is known after the agent was killed, and after a reboot."""
import os
import resource
import signal
import socket
import time

import guest
import journal
import wire
from harness import COMMAND, KILLED, NATIVE, Agent, check, equal, eventually, main, need_unix, refused, refused_saying, test
from journal import Journalled

OTHER_BOOT = "the machine rebooted at "


@test
def a_status_that_was_told_is_known_after_a_crash():
    with Journalled() as agent:
        client = agent.client()
        told = client.shell("echo out; exit 3", stdout="out")
        equal(client.wait(told), 768)
        untold = client.shell("exit 4")
        eventually(lambda: client.property("children.running") == "0", "its end")
        agent.crash()
        client = agent.client()
        equal(client.wait(told), 768)
        equal(client.wait(untold, 0), 1024)
        equal(client.property("children.exited"), "2")
        client.forget(told)
        agent.crash()
        client = agent.client()
        refused(f"the {told} process does not exist or is not a child process", client.wait, told, 0)
        equal(client.wait(untold, 0), 1024)


@test
def what_runs_on_after_a_crash_is_waited_for_and_killed():
    need_unix("its children's statuses are not lost")
    with Journalled() as agent:
        client = agent.client()
        pid, ended = client.run("sleep", "600"), client.run("sleep", "600")
        gone = client.shell("read line < fifo; exit 5") if os.mkfifo(agent.path("fifo")) is None else 0
        agent.process.kill()
        agent.process.wait()
        with open(agent.path("fifo"), "w", encoding="ascii") as file:
            file.write("go\n")
        eventually(lambda: not os.path.exists(f"/proc/{gone}/fd") or not os.listdir(f"/proc/{gone}/fd"), "its end")
        agent.start()
        client = agent.client()
        equal(client.property("children.running"), "2")
        refused("timed out waiting for the child process", client.wait, pid, 0)
        lost = "the status of the {} process is lost: the agent that had started it ended before it"
        refused(lost.format(gone), client.wait, gone, 0)
        equal(client.kill(pid)[0], (pid, "sleep"))
        refused(lost.format(pid), client.wait, pid)
        os.kill(ended, signal.SIGKILL)
        refused(lost.format(ended), client.wait, ended)


@test
def a_child_of_an_earlier_boot():
    with Journalled() as agent:
        client = agent.client()
        told, running = client.shell("echo out; exit 3", stdout="out"), client.run("sleep", "600")
        equal(client.wait(told), 768)
        never = "rm out2; mkdir out2; " if NATIVE else ""  # a folder can't be flushed
        unflushed, quiet = client.shell(never + "exit 5", stdout="out2"), client.shell("exit 6")
        eventually(lambda: client.property("children.running") == "1", "their ends")
        since = int(time.time())
        agent.reboot()
        client = agent.client()
        equal(client.wait(told, 0), 768)
        equal(client.wait(quiet, 0), 1536)
        none = f"the {running} process does not exist or is not a child process: {OTHER_BOOT}"
        for call in (lambda: client.wait(running, 0), lambda: client.kill(running), lambda: client.forget(running)):
            refused_saying(none, call)
        if NATIVE:  # elsewhere it is flushed within a second, perhaps before the reboot
            refused_saying("; it had exited with status 1280, and its output may be incomplete", client.wait, unflushed, 0)
        boot_time = int(client.property("boot.time"))
        check(boot_time <= since, "the boot was before")
        refused_saying(OTHER_BOOT + time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(boot_time)), client.wait, running, 0)
        equal(client.property("children.exited"), "0")
        client.forget(told)
        refused(f"the {told} process does not exist or is not a child process", client.wait, told, 0)


@test
def a_pid_of_this_boot_wins():
    with Journalled() as agent:
        client = agent.client()
        pid = client.shell("exit 3")
        equal(client.wait(pid), 768)
        agent.process.kill()
        agent.process.wait()
        path = journal.reboot(agent.journal)
        # A file of this boot says that its child 4711 has ended, as child 4711 of the last boot did.
        with open(path, "rb") as file:
            records = journal.read(file.read())[0]
        records = [tuple("4711" if field == str(pid) else field for field in record) for record in records]
        with open(path, "wb") as file:
            file.write(journal.write(records))
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            this_boot = file.read().strip()
        mine = [(*records[0][:4], int(records[0][4]) + 1, this_boot, "x"), records[1]]
        mine += [("started", 1, 1, 4711, 1, "", "", ""), ("exited", 1, 1, 4711, 9), ("flushed", 1, 1, 4711)]
        with open(os.path.join(agent.journal, "boot-1.journal"), "wb") as file:
            file.write(journal.write(mine))
        agent.start()
        client = agent.client()
        equal(client.wait(4711, 0), guest.status_word(9))
        client.forget(4711)
        refused("the 4711 process does not exist or is not a child process", client.wait, 4711, 0)


@test
def how_the_last_run_ended():
    with Journalled() as agent:
        equal((agent.client().property("last.end"), agent.client().property("agent.end")), (None, None))
        agent.crash()
        equal((agent.client().property("last.end"), agent.client().property("agent.end")), (None, "crash"))
        if not NATIVE:
            return
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            agent.process.send_signal(number)
            equal(agent.process.wait(), -number, "how it ended for who started it")
            agent.start()
            equal((agent.client().property("last.end"), agent.client().property("agent.end")), (None, "stopped"))
        agent.reboot()
        equal((agent.client().property("last.end"), agent.client().property("agent.end")), ("lost", None))
        agent.process.terminate()
        agent.process.wait()
        journal.reboot(agent.journal, "22222222-2222-3333-4444-555555555555")
        agent.start()
        equal((agent.client().property("last.end"), agent.client().property("agent.end")), ("stopped", None))


def become_another(agent, client):
    arguments = agent.process.args[len(COMMAND) - 1:]
    arguments[-1] = str(agent.port)
    client.expect("", wire.RESTART, *map(wire.s, arguments))
    eventually(lambda: agent.stdout().count("READY") == 2, "the next agent")
    agent.expect_end = not NATIVE  # the next agent is another process there
    return agent.client()


def lines_of_newest(agent):
    """(kind, pid) of each record; of the first ones it is no pid."""
    newest = max(journal.files(agent.journal).values(), key=lambda records: int(records[0][4]))
    return [(record[0], record[3]) for record in newest]


@test
def output_that_is_on_the_disk_is_known_to_be_after_an_upgrade_and_no_other():
    need_unix("the next agent can't be killed there")
    with Journalled() as agent:
        client = agent.client()
        kept = client.shell("echo kept; exit 3", stdout="kept")
        lost = client.shell("echo lost; rm lost; mkdir lost; exit 4", stdout="lost")  # a folder can't be flushed
        equal((client.wait(kept), client.wait(lost)), (3 << 8, 4 << 8), "statuses")
        equal(set(agent.records("flushed")), {(str(kept),)}, "what is on the disk")
        running = agent.cleanup(client.run("sleep", "600"))
        client = become_another(agent, client)
        check(lines_of_newest(agent).index(("flushed", str(kept))) < lines_of_newest(agent).index(("started", str(running))),
              "what was on the disk is not told by the new file until it was brought there again")
        equal(set(agent.records("flushed")), {(str(kept),)}, "what is on the disk, after the upgrade")
        client.kill(running)
        agent.reboot()
        client = agent.client()
        equal(client.wait(kept, 0), 3 << 8, "status of an earlier boot")
        refused_saying("it had exited with status 1024, and its output may be incomplete", client.wait, lost, 0)


@test
def an_upgrade_keeps_statuses_and_journal():
    with Journalled() as agent:
        client = agent.client()
        ended, running = client.shell("exit 3"), client.run("sleep", "600")
        equal(client.wait(ended), 768)
        client = become_another(agent, client)
        equal(client.property("agent.end"), "upgrade")
        equal(client.wait(ended, 0), 768)
        equal([fields[0] for fields in agent.records("started")], [str(ended), str(running)])
        equal(agent.records("exited"), [(str(ended), "768" if NATIVE else "3")])
        client.kill(running)
        if NATIVE:
            agent.crash()
        equal(agent.client().wait(running, 0), guest.status_word(KILLED))


@test
def bad_files_are_said_and_stop_nothing():
    with Journalled() as agent:
        client = agent.client()
        first = client.shell("exit 3")
        equal(client.wait(first), 768)
        second = client.shell("exit 4")
        equal(client.wait(second), 1024)
        agent.process.kill()
        agent.process.wait()
        path, records = next(iter(journal.files(agent.journal).items()))
        number = next(i for i, record in enumerate(records) if record[3:4] == (str(second),))
        good = journal.write(records[:number])
        with open(path, "r+b") as file:
            file.seek(len(good) + 30)
            file.write(b"X")
        newer = [("boot", 1, 1, 2, 1, "other", "x"), ("started", 1, 1, 9, 9, "", "", "")]
        for slot, content in enumerate((journal.write(newer), b"", b"\0" * 5000)):
            with open(os.path.join(agent.journal, f"boot-{slot}.journal"), "wb") as file:
                file.write(content)
        agent.start()
        client = agent.client()
        equal(client.property("journal.error"), None)
        equal(client.wait(first, 0), 768)
        refused(f"the {second} process does not exist or is not a child process", client.wait, second, 0)
        log = client.get(".periscope/log.txt").decode()
        check(f"cut at its first bad line: {len(good)} of" in log, log)
        check("a file of the journal is of version 2 and is not read" in log, log)


@test
def a_folder_that_is_not_its_own_is_refused():
    need_unix("rights are told by access lists")
    with Journalled() as agent:
        folder = agent.journal
        equal(os.stat(folder).st_mode & 0o7777, 0o700)
        for change, undo, why in (
                (lambda: os.chmod(folder, 0o770), lambda: os.chmod(folder, 0o700), "others may read or write it (mode 770"),
                (lambda: os.rename(folder, folder + "2"), lambda: None, None),
                (lambda: os.symlink(folder + "2", folder), lambda: os.remove(folder), "Not a directory"),
                (lambda: open(folder, "wb").close(), lambda: os.remove(folder), "Not a directory")):
            change()
            if why:
                agent.crash()
                client = agent.client()
                reason = client.property("journal.error")
                check(reason and reason.startswith("'../journal': ") and why in reason, reason)
                check("the journal keeps nothing: '../journal': " in client.get(".periscope/log.txt").decode(), "the log")
                equal(client.wait(client.shell("exit 3")), 768)
            undo()


@test
def one_agent_at_a_time_has_it_and_a_service_its_own():
    need_unix("a file that is open can't be opened there")
    with Journalled() as agent, Agent("--journal", agent.journal) as other:
        equal(other.client().property("journal.error"), f"'{agent.journal}': another agent has it")
        equal(other.client().property("journal"), agent.journal)
        equal(agent.client().property("journal.error"), None)
    with Agent() as plain:
        equal((plain.client().property("journal"), plain.client().property("journal.error")), ("none", None))
        state, socket_path = os.path.join(plain.base, "state"), os.path.join(plain.base, "socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(socket_path)
            env = {"NOTIFY_SOCKET": socket_path, "STATE_DIRECTORY": state}
            with Agent("--run-as", "agent", env=env) as service:
                equal(service.client().property("journal"), state + "d")
                equal(service.client().property("journal.error"), None)
            with Agent("--run-as", "agent", "--journal", "none", env=env) as service:
                equal(service.client().property("journal"), "none")


@test
def a_full_disk_is_said_and_stops_nobody():
    need_unix("limits of files are not this system's")
    with Journalled() as agent:
        client = agent.client()
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))

        def fails():
            equal(client.wait(client.shell("exit 3")), 768)
            return client.property("journal.error")

        equal(eventually(fails, "a failure"), "'../journal': File too large")
        pid = client.shell("exit 5")
        equal(client.wait(pid), 1280)
        resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        eventually(lambda: not fails(), "another try")
        log = client.get(".periscope/log.txt").decode()
        equal(log.count("the journal keeps nothing"), 1, "lines that say so")
        equal(log.count("the journal is kept again"), 1, "lines that say so")
        agent.crash()
        equal(agent.client().wait(pid, 0), 1280)


@test
def clocks_that_jump_reorder_nothing():
    with Journalled() as agent:
        client, pids = agent.client(), []
        for code in range(3):  # one after the other: the order is that in which they have ended
            pids.append(client.shell(f"exit {code}"))
            client.wait(pids[-1])
        agent.process.kill()
        agent.process.wait()
        path, records = next(iter(journal.files(agent.journal).items()))
        walls = iter((10 ** 15, 0, 5, 9 * 10 ** 18, 1, 0) * 10)
        records = [(kind, since, next(walls), *rest) for kind, since, _, *rest in records]
        with open(path, "wb") as file:
            file.write(journal.write(records))
        agent.start()
        equal([agent.client().wait(pid, 0) for pid in pids], [0, 256, 512])
        equal([fields[0] for fields in agent.records("started")], [str(pid) for pid in pids])
        times = [[int(record[1]) for record in records] for records in journal.files(agent.journal).values()]
        check(all(one == sorted(one) for one in times), times)


if __name__ == "__main__":
    main()
