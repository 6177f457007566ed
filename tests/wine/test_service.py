#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent as a service of Wine's own service control manager, in a Wine of its own: what is written there, who its
programs run as, and pictures that its capture worker takes on the desktop that the service itself can't see."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile

import wine
from picture import decode_png
from test_terminal import Typing
from wine import Skip, check, equal, eventually
from xserver import read_xwd

RESTART_PATIENCE = 15  # seconds; the first restart is due after one
WINDOW = (40, 30, 300, 200)
USAGE, STOPPED, NONE = 2, 3, 4  # exit statuses
TELL = wine.windows_path(wine.exe("tools/tell.exe"))
EVERYONE = "S-1-1-0"


class Service(wine.Agent):
    """The executable in a folder whose name has a blank, and the service that is made of it. The folder is on C:, where
    nobody else may write: /tmp is all users', and what becomes a service may not lie there."""

    def __init__(self):
        self.base = tempfile.mkdtemp(prefix="periscope-wine-", dir=wine.drive_c())
        self.folder = os.path.join(self.base, "two words")
        self.port = wine.free_port()
        os.mkdir(self.folder)
        shutil.copy(wine.exe("periscoped.exe"), self.path("periscoped.exe"))

    def command(self, *arguments, code=0, feed=b""):
        """periscoped.exe from a console: what it printed, and said on standard error."""
        done = subprocess.run([wine.WINE, self.path("periscoped.exe"), *arguments], input=feed, cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=3 * wine.PATIENCE, check=False)
        out, err = (text.decode("utf-8", "replace").replace("\r", "") for text in (done.stdout, done.stderr))
        equal(done.returncode, code, f"{' '.join(arguments)}: {err.strip()} {out.strip()}: exit status")
        return out, err

    def install(self, *options):
        """This test is a process that Windows does not know, which is let in only like any other user."""
        return self.command("--install", "--bind", "127.0.0.1", "--allow-local", *options, str(self.port))

    def status(self, code=0):
        out, _ = self.command("--status", code=code)
        return dict(line.split(" ", 1) for line in out.splitlines())

    def facts(self):
        return self.periscope("info").facts()

    def processes(self, text):
        """Their process ids on the Unix side: this service's own executables with that argument."""
        found = []
        for name in os.listdir("/proc"):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read()
            except OSError:
                continue
            if name.isdigit() and wine.windows_path(self.path("periscoped.exe")).encode() in words and text in words:
                found.append(int(name))
        return found

    def selftest_of_a_program(self):
        """{name: (verdict, detail)} of the self-test, run by the service."""
        lines = self.run(wine.windows_path(self.path("periscoped.exe")), "--selftest", code=1)[:-1]
        return {name[:-1]: (verdict, detail) for verdict, name, detail in (line.split(" ", 2) for line in lines)}

    def worker(self):
        """The process id of the one that waits for work."""
        self.periscope("screenshot", self.path("any.png"))
        found = self.processes(b"--capture-worker")
        equal(len(found), 1, "workers")
        return found[0]

    def __exit__(self, *_):
        subprocess.run([wine.WINE, self.path("periscoped.exe"), "--uninstall"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=3 * wine.PATIENCE, check=False)
        wine.end_processes_in(self.folder)
        shutil.rmtree(self.base, ignore_errors=True)


def installed(*options):
    """A service with these options, for `with`."""
    service = Service()
    service.install(*options)
    return service


# ---- what is installed ----

def install_tell_and_remove():
    with Service() as service:
        service.command("--status", code=NONE)
        out, _ = service.install("--max-clients", "7", "--no-upgrade")
        check("the service runs" in out, out)
        status = service.status()
        equal(status["state"], "running", "state")
        equal(status["start"], "automatic", "start")
        path = wine.windows_path(service.path("periscoped.exe"))
        equal(status["command"], f'"{path}" --service --bind 127.0.0.1 --allow-local --max-clients 7 --no-upgrade '
              f"{service.port}", "the service's command line")
        service.periscope("ping")
        equal(query("HKLM\\SYSTEM\\CurrentControlSet\\Services\\periscoped")["ImagePath"], status["command"], "ImagePath in the registry")
        service.command("--uninstall")
        service.command("--status", code=NONE)
        _, err = service.command("--uninstall", code=1)
        check("the service is not installed" in err, err)
        log = service.read("periscoped.exe.log").decode()
        check("the service manager requested a stop" in log, f"the log that is kept: {log}")


def query(key):
    """{name: value} of a key of the registry."""
    code, out = wine.reg("query", key)
    equal(code, 0, f"reg query {key}: {out.strip()}: exit status")
    lines = [line.split(None, 2) for line in out.splitlines()]
    return {words[0]: words[2] for words in lines if len(words) == 3}


def a_second_installation_changes_the_first():
    with installed("--max-clients", "7") as service:
        service.command("--install", "--bind", "127.0.0.1", "--max-clients", "9", str(service.port))
        check("--max-clients 9" in service.status()["command"], service.status())


def wrong_commands_are_refused():
    with Service() as service:
        for arguments, text in ((("--install", "--detach"), "in the background without --detach"),
                                (("--install", "--uninstall"), "exclude each other"),
                                (("--autologon", "me", "8000"), "--autologon is for --install"),
                                (("--install", "--wrong"), "unknown option")):
            _, err = service.command(*arguments, code=USAGE)
            check(text in err, err)
        for arguments, text in ((("--install", "--workdir", "here"), "not a full path"),
                                (("--service", "0"), "only the service control manager starts a service")):
            _, err = service.command(*arguments, code=1)
            check(text in err, err)
        service.command("--status", code=NONE)


def password_is_never_in_the_registry():
    key = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"
    arguments = ("--install", "--autologon", "HERE\\tester", "--bind", "127.0.0.1")
    with Service() as service:
        _, err = service.command(*arguments, code=1)
        check("standard input has no line with the password" in err, err)
        service.command("--status", code=NONE)
        done = subprocess.run([wine.WINE, service.path("periscoped.exe"), *arguments, str(service.port)],
                              input=b"never-in-clear\r\n", cwd=service.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=3 * wine.PATIENCE, check=False)
        values = query(key)
        check("never-in-clear" not in "".join(values.values()), f"the password is among {values}")
        if b"could not be kept among Windows' secrets" in done.stderr:
            service.command("--status", code=NONE)
            raise Skip("Wine keeps no secrets for a logon: the user is not set, and nothing is installed")
        equal(done.returncode, 0, f"{done.stderr}: exit status")
        equal((values["DefaultDomainName"], values["DefaultUserName"], values["AutoAdminLogon"]),
              ("HERE", "tester", "1"), "who is logged on")


def what_fails_to_start_says_so():
    with Service() as service, socket.socket() as taken:
        taken.bind(("127.0.0.1", service.port))
        taken.listen()
        _, err = service.command("--install", "--bind", "127.0.0.1", str(service.port), code=1)
        check("is installed, but" in err, err)
        equal(service.status(code=STOPPED)["state"], "stopped", "state")


# ---- as whom ----

def programs_run_as_the_user_of_the_session():
    with installed() as service:
        facts = service.facts()
        check(facts["run.as"].startswith("user ") and " of session " in facts["run.as"], facts["run.as"])
        # Wine 8's user has the full token at once, Wine 10's a limited one with a full one linked to it.
        check(facts["run.as"].endswith((", elevated", ", elevated through the linked token")), facts["run.as"])
        station = service.run(TELL, "station")[-1]
        # Wine 10 tells the names in the case in which they were opened first; Windows compares without it.
        equal(station.lower(), "winsta0 default visible", "where a program of the host finds itself")
        has_a_console_that_nobody_sees(service)


def has_a_console_that_nobody_sees(service):
    lines = service.run(TELL, "seat", "console")
    check("console yes" in lines, f"no console: {lines}")
    check(any(line.startswith("console of 1, ") and "its window none" in line for line in lines), f"its console: {lines}")


def terminals_are_of_the_user_of_the_session():
    """The process that holds one is that user's too, not the service's."""
    with installed() as service:
        typing = Typing(service)
        typing.until(b"size 80x24\r\n")
        typing.ask(b"one", b"got one")
        typing.type(b"exit 7\r")
        equal(typing.client.wait(typing.pid, wine.PATIENCE), 7, "status")
        typing.until(None)


def no_user_no_program():
    with installed("--run-as", "nobody-here") as service:
        facts = service.facts()
        equal(facts["run.error"], "no-user: 'nobody-here' is not logged on", "run.error")
        for options in ((), ("--stdout", "out.txt")):
            refused = service.periscope("run", "cmd", "/c", "exit 3", code=None, before=options)
            check(refused.code != 3 and "could not run 'cmd': no-user: 'nobody-here' is not logged on" in refused.err,
                  f"{refused.code} {refused.err}")
        service.command("--uninstall")
        service.install("--run-as", "session")
        service.periscope("run", "cmd", "/c", "exit 3", code=3)


def on_the_service_s_own_window_station():
    """An agent with its worker there: it tells why it sees nothing."""
    with installed("--run-as", "agent") as service:
        station = service.run(TELL, "station")[-1]
        has_a_console_that_nobody_sees(service)
        check(station.endswith(" invisible"), f"the service's window station: {station}")
        name = station.split()[0]
        port = wine.free_port()
        service.periscope("run", wine.windows_path(service.path("periscoped.exe")), "--bind", "127.0.0.1", str(port), code=0,
                          before=("--detach",))
        inner = Inner(service, port)
        eventually(inner.answers, "an agent that the service started")
        refused = inner.periscope("screenshot", service.path("none.png"), code=None)
        check(refused.code != 0 and f"no-desktop: the window station '{name}'" in refused.err, refused.err)
        service.periscope("screenshot", service.path("seen.png"))
        own = service.selftest_of_a_program()
        equal({own[name][0] for name in ("desktop", "picture", "window")}, {"FAIL"}, f"what can't be seen there: {own}")
        check("which nobody can see" in own["desktop"][1], own["desktop"])
        equal({own[name][0] for name in ("run", "kill", "files", "service")}, {"pass"}, f"what needs no screen: {own}")


class Inner(wine.Agent):
    """An agent that another one has started."""

    def __init__(self, outer, port):
        self.folder, self.port = outer.folder, port

    def answers(self):
        return self.periscope("ping", code=None).code == 0


# ---- pictures ----

def as_xwd_reads_it():
    done = subprocess.run(["xwd", "-root", "-silent"], stdout=subprocess.PIPE, timeout=wine.PATIENCE, check=True)
    return read_xwd(done.stdout)


def windows(service):
    lines = service.periscope("get", ".periscope/windows.txt", "-").out.decode().splitlines()
    return {line.split("\t")[0] for line in lines}


def shot(service):
    result = service.periscope("screenshot", service.path("shot.png"), before=("--no-cursor", "--deadline", "30"))
    return result.facts(), decode_png(service.read("shot.png"))


def another_process_s_window_through_the_worker():
    with installed() as service:
        window = subprocess.Popen([wine.WINE, wine.exe("tools/window.exe")], cwd=service.folder,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            equal(window.stdout.readline().strip(), b"shown", "the window's program")
            eventually(lambda: "A test's window" in windows(service), "the window in the list")
            picture = eventually(lambda: complete(service), "a picture of the whole window")
            check(picture.same(as_xwd_reads_it()), "the picture is not what xwd reads")
        finally:
            window.kill()
            window.wait(wine.PATIENCE)


def complete(service):
    """The picture once the window has been drawn in it."""
    facts, picture = shot(service)
    equal((facts["backend"], facts["gdi.desktop"].lower()), ("gdi", "default"), "backend and desktop")
    _, _, width, height = WINDOW
    drawn = bytes(part for y in range(height) for x in range(width) for part in (x & 255, y, x * y & 255))
    return picture if picture.crop(*WINDOW).pixels == drawn else None


def worker_killed_and_back():
    with installed() as service:
        first = service.worker()
        os.kill(first, 9)
        second = service.worker()
        check(first != second, "the same worker after it was killed")


def requests_in_flight_are_answered():
    with installed() as service:
        stopped = service.worker()
        os.kill(stopped, 19)  # SIGSTOP: one of the requests has it, and the other gets a second worker
        requests = [subprocess.Popen([wine.PERISCOPE, "screenshot", "--deadline", deadline, f"127.0.0.1:{service.port}",
                                      service.path(name)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                    for name, deadline in (("a.png", "50"), ("b.png", "51"))]  # an equal one would wait for the first
        eventually(lambda: len(service.processes(b"--capture-worker")) == 2, "both requests under way")
        os.kill(stopped, 9)
        for request, name in zip(requests, ("a.png", "b.png")):
            _, err = request.communicate(timeout=wine.PATIENCE)
            equal(request.returncode, 0, f"a request, one of which had its worker killed: {err}")
            check(decode_png(service.read(name)).width > 0, "its picture")


# ---- another executable ----

def upgraded_service_is_still_one():
    """Twice, since the process that the manager knows stays with the first upgrade, and runs what then is in the way."""
    with installed() as service:
        pid = service.status()["pid"]
        child = int(service.periscope("run", TELL, "sleep=600000", before=("--no-wait",)).out)
        for _ in range(2):
            began = service.processes(b"--service")
            service.periscope("upgrade", wine.exe("periscoped.exe"))
            eventually(lambda known=began: is_replaced(service, known), "another process")
            equal(service.facts()["children.running"], "1", "children of the agent before")
            service.periscope("screenshot", service.path("after.png"))
            equal((service.status()["state"], service.status()["pid"]), ("running", pid), "what the manager knows")
        equal(len(service.processes(b"--service")), 2, "the first process and the agent")
        service.periscope("kill", str(child))
        service.command("--uninstall")
        eventually(lambda: not service.processes(b"--service"), "the end of both")
        check(b"the service manager requested a stop" in service.read("periscoped.exe.log"), "the log that is kept")


def is_replaced(service, known):
    now = service.processes(b"--service")
    return set(now) - set(known) and len(now) == 2 and service.periscope("ping", code=None).code == 0


def service_is_not_upgraded_where_others_can_write():
    with installed() as service:
        began = service.processes(b"--service")
        for folder in (service.folder, service.base):
            os.chmod(folder, 0o777)
            refused = service.periscope("upgrade", wine.exe("periscoped.exe"), code=None)
            path = wine.windows_path(folder)
            check(refused.code != 0 and f"{path}' can be written by {EVERYONE}" in refused.err, refused.err)
            os.chmod(folder, 0o755)
        equal(sorted(service.processes(b"--service")), sorted(began), "the service's process")
        service.periscope("upgrade", wine.exe("periscoped.exe"))
        eventually(lambda: is_replaced(service, began), "another process, where nobody else can write")


def upgraded_service_ends_with_either_process():
    for first_one in (False, True):
        with installed() as service:
            first = set(service.processes(b"--service"))
            service.periscope("upgrade", wine.exe("periscoped.exe"))
            eventually(lambda known=first: is_replaced(service, known), "another process")
            both = set(service.processes(b"--service"))
            for pid in first if first_one else both - first:
                os.kill(pid, 9)
            eventually(lambda them=both: not them & set(service.processes(b"--service")),
                       f"the end of the {'second' if first_one else 'first'} process")


def bad_executable_is_undone_and_the_service_goes_on():
    with installed() as service:
        pid, original = service.status()["pid"], service.read("periscoped.exe")
        child = service.periscope("run", TELL, "sleep=600000", before=("--no-wait",)).out.decode().split()[0]
        service.write("impostor.txt", b"die")
        service.periscope("upgrade", wine.exe("tools/impostor.exe"))
        why = eventually(lambda: undone(service), "an answer with the reason")
        check("the new server ended with 9 " in why, why)
        equal((service.status()["state"], service.status()["pid"]), ("running", pid), "what the manager knows")
        equal(service.read("periscoped.exe"), original, "the executable that the manager starts")
        service.periscope("kill", child)
        service.periscope("screenshot", service.path("after.png"))
        began = service.processes(b"--service")
        service.periscope("upgrade", wine.exe("periscoped.exe"))
        eventually(lambda: is_replaced(service, began), "another process, by a good executable")


def undone(service):
    result = service.periscope("info", code=None)
    return result.code == 0 and result.facts().get("upgrade.error")


# ---- its end ----

def killed_agent_is_restarted():
    with installed() as service:
        is_wine = service.facts()["os.name"].startswith("Wine")
        for pid in service.processes(b"--service"):
            os.kill(pid, 9)
        try:
            eventually(lambda: service.periscope("ping", code=None).code == 0, "an answer", RESTART_PATIENCE)
        except AssertionError:
            if not is_wine:
                raise
            service.install()  # what stopped can be started again
            eventually(lambda: service.periscope("ping", code=None).code == 0, "an answer again", RESTART_PATIENCE)
            raise Skip("Wine's service control manager keeps the failure actions and does not act on them") from None


TESTS = [install_tell_and_remove, a_second_installation_changes_the_first, wrong_commands_are_refused,
         password_is_never_in_the_registry, what_fails_to_start_says_so, programs_run_as_the_user_of_the_session,
         terminals_are_of_the_user_of_the_session, no_user_no_program, on_the_service_s_own_window_station, another_process_s_window_through_the_worker,
         worker_killed_and_back, requests_in_flight_are_answered, upgraded_service_is_still_one,
         service_is_not_upgraded_where_others_can_write, upgraded_service_ends_with_either_process, bad_executable_is_undone_and_the_service_goes_on,
         killed_agent_is_restarted]

with wine.OwnWine():
    wine.main([test for test in TESTS if test.__name__ in sys.argv[1:]] or TESTS)
