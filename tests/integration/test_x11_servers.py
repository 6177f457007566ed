#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finding an X server and its authority, and what becomes of it while pictures are taken: servers that refuse, stop, are
grabbed, end or begin again."""
import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

from harness import (COMMAND, PATIENCE, Skip, check, equal, eventually, main, need_root, random_bytes, refused,
                     refused_saying, stat_fields, test)
from isolation import isolate, need_isolation, on_the_seat
from wire import Refused
from worker import Facts, Worker
from xserver import TOOL_WORKER, Server, named, need_program

LOCAL, WILD = 256, 65535
COOKIE = "MIT-MAGIC-COOKIE-1"
RIGHT, WRONG = bytes(range(16)), bytes(16)
UNAUTHORISED = "Authorization required, but no authorization protocol specified"
INVALID = "Invalid MIT-MAGIC-COOKIE-1 key"
NOBODY = 65534


def entry(data, number="", family=WILD, address="", name=COOKIE):
    """An entry of an Xauthority file."""
    fields = (address.encode(), str(number).encode(), name.encode(), data)
    return struct.pack(">H", family) + b"".join(struct.pack(">H", len(field)) + field for field in fields)


@contextlib.contextmanager
def files(**contents):
    """A folder with files of these names."""
    folder = tempfile.mkdtemp(prefix="periscope-test-x11-", dir="/tmp")
    try:
        for name, data in contents.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        yield folder
    finally:
        shutil.rmtree(folder)


def look(server=None, xauthority=None, home="/nonexistent", display=True, tool=(), **settings):
    if tool:
        settings["command"] = [TOOL_WORKER, *tool]
    return Worker({"DISPLAY": server.display if server and display else None, "XAUTHORITY": xauthority, "HOME": home},
                  "x11", **settings)


def shows(server, worker, *options):
    facts, shot = worker.ppm("cursor=0", *options)
    equal(facts["x11.display"], f"{server.display}.0", "display")
    check(shot.same(server.as_xwd_reads_it()), "another picture than xwd's")
    return facts


def refusal(call, *arguments):
    try:
        call(*arguments)
    except Refused as reason:
        return str(reason)
    raise AssertionError("it was not refused")


def hide(path):
    """Empties a server's file so that it does not notice: without a cookie it would let every local user in."""
    time = os.stat(path).st_mtime_ns
    with open(path, "wb"):
        pass
    os.utime(path, ns=(time, time))


def locked_server(folder, name="server"):
    """One that wants the cookie RIGHT; other programs get it too."""
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(entry(RIGHT))
    os.chmod(path, 0o600)
    server = Server("-auth", path, screens=("64x48x24",), variables={"XAUTHORITY": path})
    server.client()  # the server reads the file when somebody comes
    return server


# ---- which server ----

@test
def server_is_found_without_display():
    need_isolation()
    with Server(screens=("64x48x24",)) as server, look() as worker:
        server.client().do("noise", 1)
        shows(server, worker)


@test
def display_is_taken_before_others():
    with Server(screens=("64x48x24",)) as first, Server(screens=("64x48x24",)) as second:
        first.client().do("noise", 1)
        second.client().do("noise", 2)
        for server in (second, first):
            with look(server) as worker:
                shows(server, worker)


@test
def display_that_does_not_exist_gives_way_to_a_server_that_runs():
    need_isolation()
    with Server(screens=("64x48x24",)) as server:
        server.client().do("noise", 1)
        with Worker({"DISPLAY": ":4242", "XAUTHORITY": None}, "x11") as worker:
            facts = shows(server, worker)
            equal(facts.all("refused"), [":4242: No such file or directory"], "refused")
            equal(facts.all("warning"), ["this is not the screen of DISPLAY=:4242"], "warnings")
        with Worker({"DISPLAY": "otherhost:0", "XAUTHORITY": None}, "x11") as worker:
            facts = shows(server, worker)
            equal(facts.all("refused"), ["DISPLAY=otherhost:0: not a display of this machine"], "refused")
            equal(facts.all("warning"), ["this is not the screen of DISPLAY=otherhost:0"], "warnings")


@test
def display_in_each_form_of_its_name():
    """Both what it names and, of another program's, which authority is for it."""
    with Server(screens=("64x48x24",)) as first, Server(screens=("64x48x24",)) as second:
        for server in (first, second):
            server.client().do("noise", server.number)
            for form in (":{}", ":{}.0", "unix:{}", "unix:{}.0", "unix/:{}", "{}/unix:{}"):
                name = form.format(*([socket.gethostname()] if form.count("{") == 2 else []), server.number)
                with Worker({"DISPLAY": name, "XAUTHORITY": None}, "x11") as worker:
                    equal(shows(server, worker).all("warning"), [], f"warnings with DISPLAY={name}")


def process_of(worker):
    """The name of the process that is taken for the server's."""
    return Facts(worker.ask("displays", "backend=x11")[0]).get("display.0.driver")


@test
def server_of_display_may_have_any_name():
    for name in (".Xvfb-wrapped", "Xvfb-for-Xpra-:7", "screen", "gnome-shell"):
        with named(name) as server, look(server) as worker:
            facts = shows(server, worker)
            equal((facts.all("refused"), facts.all("warning")), ([], []), "refused and warnings")
            equal((facts["x11.method"], process_of(worker)), ("shm", name[:15]), "method and process")


@test
def server_as_packages_rename_it_is_found_without_display():
    for name in (".Xvfb-wrapped", "Xvfb-for-Xpra-:7"):
        with named(name) as server, look() as worker:
            shows(server, worker)


@test
def server_of_display_is_shown_beside_another_ones():
    """As xpra's beside a desktop's: what the other shows is nothing that was asked for."""
    with named("xpra-server") as server, Server(screens=("64x48x24",)) as other:
        other.client().do("noise", 2)
        with look(server) as worker:
            shows(server, worker)


def in_another(*namespaces):
    """The words that start a program there, if that is possible here."""
    need_isolation()
    command = ["unshare", *namespaces]
    if subprocess.run([*command, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skip(f"{' '.join(command)} is not possible here")
    return command


@test
def server_in_another_network_namespace_is_entered():
    """It has no abstract socket here, and /proc/net/unix has none of its sockets."""
    for name in ("Xvfb", "screen"):
        with named(name, before=in_another("--net")) as server:
            for display in (True, False) if name == "Xvfb" else (True,):
                with look(server, display=display) as worker:
                    shows(server, worker)


HIDDEN = ("--pid", "--fork", "--kill-child", "--mount-proc")


@test
def server_in_another_container_with_the_same_tmp_is_entered():
    """The socket's peer has no process here, and the number in the lock is some other process's: the worker's own."""
    command = [*in_another(*HIDDEN), *COMMAND, "--capture-worker"]
    for lock in (0, 1):
        with named("Xvfb", lock=lock) as server, look(server, command=command) as worker:
            facts = shows(server, worker)
            equal((facts.all("refused"), facts.all("warning")), ([], []), "refused and warnings")
            equal(facts["x11.method"], "getimage", "method")  # its shared memory need not be ours


@test
def process_that_claims_the_display_of_another_container_is_not_taken_for_it():
    """A server there has the display's socket, and a process here its name and number."""
    command = [*in_another(*HIDDEN), "sh", "-c"]
    with named("screen") as server, files() as folder:
        program = os.path.join(folder, "Xvfb")
        os.symlink("/usr/bin/python3", program)
        claim = f"{program} -c 'import time; time.sleep({PATIENCE})' {server.display} & sleep 0.2; exec "
        with look(server, command=[*command, claim + " ".join([*COMMAND, "--capture-worker"])]) as worker:
            equal(shows(server, worker).all("refused"), [], "refused")
            equal(process_of(worker), None, "the process that is taken for it")


@test
def lock_that_names_another_process_is_not_believed():
    """Anybody can write it before a server starts that keeps none."""
    with subprocess.Popen(["sleep", str(PATIENCE)]) as other:
        with named("screen", lock=other.pid) as server, look(server) as worker:
            shows(server, worker)
            equal(process_of(worker), "screen", "process")
        other.kill()


@test
def no_server():
    need_isolation()
    with look() as worker:
        refused("x11: no X server runs here", worker.screenshot)
        refused("x11: no X server runs here", worker.ask, "windows", "backend=x11")
    with Worker({"DISPLAY": ":7"}, "x11") as worker:
        refused("x11: no X server can be used: :7: No such file or directory", worker.screenshot)


@test
def screen_that_the_server_has_not():
    with Server(screens=("64x48x24",)) as server, Worker({"DISPLAY": server.display + ".3"}, "x11") as worker:
        refused(f"x11: no X server can be used: {server.display} (Xvfb, process {server.pid}): it has no screen 3",
                worker.screenshot)


# ---- its authority ----

@test
def cookie_of_the_environment():
    with files() as folder, locked_server(folder) as server:
        own = os.path.join(folder, "own")
        hide(os.path.join(folder, "server"))
        host = socket.gethostname()
        for content in (entry(RIGHT), entry(RIGHT, server.number), entry(RIGHT, server.number, LOCAL, host),
                        entry(RIGHT, server.number, LOCAL, "name-before-it-was-renamed"),
                        entry(WRONG, server.number, LOCAL, host) + entry(RIGHT, server.number),
                        entry(WRONG, server.number + 1, LOCAL, host) + entry(RIGHT, server.number) + b"\1\0cut"):
            with open(own, "wb") as file:
                file.write(content)
            with look(server, own) as worker:
                worker.screenshot()


@test
def cookie_of_the_home():
    with files(**{".Xauthority": entry(RIGHT)}) as folder, locked_server(folder) as server:
        hide(os.path.join(folder, "server"))
        with look(server, home=folder) as worker:
            worker.screenshot()


@test
def cookie_of_the_servers_own_file():
    with files() as folder, locked_server(folder) as server, look(server) as worker:
        shows(server, worker)


@test
def cookie_of_a_relative_file():
    with files(relative=entry(RIGHT)) as folder:
        here = os.getcwd()
        os.chdir(folder)
        try:
            server = Server("-auth", "relative", screens=("64x48x24",), variables={"XAUTHORITY": f"{folder}/relative"})
        finally:
            os.chdir(here)
        with server, look(server) as worker:
            shows(server, worker)


@test
def cookie_of_another_process_that_uses_the_display():
    with files(**{"of-client": entry(RIGHT)}) as folder, locked_server(folder) as server:
        hide(os.path.join(folder, "server"))
        client = subprocess.Popen(["sleep", str(PATIENCE)], env={"DISPLAY": server.display + ".0", "PATH": os.defpath,
                                                                 "XAUTHORITY": os.path.join(folder, "of-client")})
        try:
            with look(server) as worker:
                eventually(lambda: b"XAUTHORITY" in open(f"/proc/{client.pid}/environ", "rb").read(), "its environment")
                worker.screenshot()
        finally:
            client.kill()
            client.wait()


@test
def cookie_in_a_known_place():
    need_isolation()
    path = "/tmp/.Xauth-periscope-test"
    with files() as folder, locked_server(folder) as server:
        shutil.copy(os.path.join(folder, "server"), path)
        hide(os.path.join(folder, "server"))
        try:
            with look(server) as worker:
                worker.screenshot()
        finally:
            os.remove(path)


@test
def server_that_refuses_everything():
    need_isolation()
    with files(own=entry(WRONG) + entry(RIGHT[::-1]), other=entry(RIGHT, 4000)) as folder, \
            locked_server(folder) as server:
        mine, its = os.path.join(folder, "own"), os.path.join(folder, "server")
        label = f"x11: no X server can be used: {server.display} (Xvfb, process {server.pid})"
        hide(its)
        with look(server, mine) as worker:
            refused(f"{label}: {its}: no cookie for this display, {mine}: {INVALID}, {mine}: {INVALID}, "
                    f"no authority: {UNAUTHORISED}", worker.screenshot)
        with look(server, os.path.join(folder, "other")) as worker:
            refused(f"{label}: {folder}/other: no cookie for this display, {its}: no cookie for this display, "
                    f"no authority: {UNAUTHORISED}", worker.screenshot)
        with look(server, os.path.join(folder, "absent")) as worker:
            check(f"{folder}/absent: No such file or directory" in refusal(worker.screenshot), "the file is not named")


@test
def files_that_are_no_authorities():
    need_isolation()
    with files(large=b"\0" * (300 << 10), random=random_bytes(5000), short=entry(RIGHT)[:-1]) as folder, \
            locked_server(folder) as server:
        os.mkfifo(os.path.join(folder, "fifo"))
        hide(os.path.join(folder, "server"))
        for name, why in (("fifo", "not a file"), (".", "not a file"), ("large", "larger than 262144 bytes"),
                          ("random", ""), ("short", "not a whole Xauthority file"), ("/dev/zero", "not a file")):
            path = os.path.join(folder, name)
            with look(server, path) as worker:
                check(f"{path}: {why}" in refusal(worker.screenshot), f"no word of {path}")


@test
def another_users_file_is_not_readable():
    need_isolation()
    need_root()
    with files() as folder, locked_server(folder) as server:
        tool = os.path.join(folder, "worker")
        shutil.copy(COMMAND[0], tool)
        os.chmod(folder, 0o755)
        with look(server, command=[tool, "--capture-worker"], user=NOBODY) as worker:
            refused(f"x11: no X server can be used: {server.display} (Xvfb, process {server.pid}): "
                    f"{folder}/server: Permission denied, no authority: {UNAUTHORISED}", worker.screenshot)


@test
def one_that_refuses_gives_way_to_the_screen_of_the_seat_alone():
    need_isolation()
    with files() as folder, locked_server(folder) as server, Server(screens=("64x48x24",)) as other:
        hide(os.path.join(folder, "server"))
        other.client().do("noise", 1)
        with look(server) as worker:
            check(refusal(worker.screenshot).startswith(f"x11: no X server can be used: {server.display} (Xvfb, process "
                                                        f"{server.pid}): "), "another reason")
        with on_the_seat(other.display), look(server) as worker:
            facts = shows(other, worker)
            equal(len(facts.all("refused")), 1, "refusals")
            check(facts["refused"].startswith(f"{server.display} (Xvfb, process {server.pid}): "), facts["refused"])


FAKE_SERVER = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("/tmp/.X11-unix/X" + sys.argv[1][1:])
listener.listen()
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    client.settimeout(5)
    data = client.recv(4096)
    print(data.hex() or "nothing", flush=True)
    client.close()
"""


@test
def cookies_of_root_are_not_shown_to_another_users_process():
    need_isolation()
    need_root()
    with files(secret=entry(RIGHT), script=FAKE_SERVER.encode()) as folder:
        os.chmod(folder, 0o755)
        secret, program = os.path.join(folder, "secret"), os.path.join(folder, "Xvfb")
        os.chmod(secret, 0o600)
        os.symlink("/usr/bin/python3", program)  # the name of the link becomes the process's
        fake = subprocess.Popen([program, os.path.join(folder, "script"), ":321", "-auth", secret], user=NOBODY,
                                stdout=subprocess.PIPE)
        try:
            equal(fake.stdout.readline(), b"ready\n", "fake server")
            with look() as worker:
                refused(f"x11: no X server can be used: :321 (Xvfb, process {fake.pid}): {secret}: Permission "
                        f"denied, no authority: it closed the connection", worker.screenshot)
            line = fake.stdout.readline()
            check(RIGHT.hex().encode() not in line, "the cookie was sent")
        finally:
            fake.kill()
            fake.wait()
            fake.stdout.close()


# ---- servers that do not answer ----

# A tenth of it lies between the backend's own answer and the watchdog's, which ends the worker: some, on a busy machine.
WHILE = "deadline-ms=4000"

def stopped(server):
    server.process.send_signal(signal.SIGSTOP)
    eventually(lambda: stat_fields(server.pid)[0] == b"T", "the server to stop")
    return f"X server {server.display} does not answer (process {server.pid} Xvfb, stopped)"


@test
def stopped_server_is_named_and_then_shown():
    with Server(screens=("64x48x24",)) as server, look(server) as worker:
        client = server.client()
        for seed in (1, 2):  # the worker's first connection, then one that it has
            client.do("noise", seed)
            text = stopped(server)
            # On a busy machine the time of the whole may be over first, which is said before it.
            refused_saying(text, worker.screenshot, WHILE)
            refused_saying(text, worker.ask, "windows", "backend=x11", WHILE)
            refused_saying(text, worker.ask, "displays", "backend=x11", WHILE)
            server.process.send_signal(signal.SIGCONT)
            shows(server, worker)


@test
def stopped_server_gives_way_to_the_screen_of_the_seat_alone():
    need_isolation()
    with Server(screens=("64x48x24",)) as server, Server(screens=("64x48x24",)) as other:
        server.client().do("noise", 1)
        other.client().do("noise", 2)
        for is_known in (False, True):
            with look(server) as worker:
                if is_known:
                    shows(server, worker)
                text = stopped(server)
                if is_known:
                    refused(f"x11: {text}", worker.screenshot, WHILE)
                with on_the_seat(other.display):
                    equal(shows(other, worker, WHILE).all("refused"), [text], "refused")
                server.process.send_signal(signal.SIGCONT)
                equal(shows(server, worker).all("warning"), [], "warnings")


@test
def grabbed_server_is_named_and_then_shown():
    with Server(screens=("64x48x24",)) as server, look(server) as worker:
        client = server.client()
        for seed in (1, 2):
            client.do("noise", seed)
            client.do("grab")
            refused(f"x11: X server {server.display} does not answer (process {server.pid} Xvfb, running: another client "
                    "may hold it grabbed)", worker.screenshot, WHILE)
            client.do("ungrab")
            shows(server, worker)


@test
def server_that_stops_within_a_picture_is_named():
    with Server(screens=("64x48x24",)) as server, look(server, tool=["hang"]) as worker:
        refused(f"x11: X server {server.display} does not answer (process {server.pid} Xvfb, running: another client may "
                "hold it grabbed) in XShmGetImage", worker.screenshot, "deadline-ms=3000")


# ---- servers that end ----

@test
def server_that_was_killed_and_started_again():
    for tool in ((), ("XSetIOErrorExitHandler",)):
        with Server(screens=("64x48x24",)) as server, look(server, tool=tool) as worker:
            server.client().do("noise", 1)
            shows(server, worker)
            server.kill()
            server.start(server.number)
            server.client().do("noise", 2)
            shows(server, worker)
            worker.ask("windows", "backend=x11")


@test
def server_that_was_killed_is_said_to_be_gone():
    need_isolation()
    with Server(screens=("64x48x24",)) as server, look(server) as worker:
        worker.screenshot()
        server.kill()
        reason = f"x11: no X server can be used: {server.display}: "
        for _ in range(2):
            check(refusal(worker.screenshot).startswith(reason), "another reason")
        check(refusal(worker.ask, "displays", "backend=x11").startswith(reason), "another reason")


@test
def connection_that_the_server_ends():
    for tool in ((), ("XSetIOErrorExitHandler",)):  # without it: as in libX11 before 1.7
        with Server(screens=("64x48x24",)) as server, look(server, tool=tool) as worker:
            client = server.client()
            for seed, request in enumerate(("screenshot", "windows", "displays")):
                client.do("noise", seed)
                shows(server, worker)
                client.do("kill-others")
                worker.ask(request, "backend=x11")
                shows(server, worker)


# ---- Xwayland ----

def listening_display():
    with open("/proc/net/unix", encoding="ascii") as file:
        found = re.search(r" 00010000 .*/tmp/\.X11-unix/X(\d+)\n", file.read())
    return found and ":" + found[1]


@contextlib.contextmanager
def weston(name="weston"):
    """A compositor without a screen that starts Xwayland when a client comes: its display."""
    need_program("weston", "Xwayland")
    with files() as folder:
        program = os.path.join(folder, name)
        shutil.copy(shutil.which("weston"), program)
        os.chmod(folder, 0o700)
        with open(os.path.join(folder, "log"), "wb") as log:
            process = subprocess.Popen([program, "--backend=headless-backend.so", "--xwayland", "--socket=w"],
                                       env={**os.environ, "XDG_RUNTIME_DIR": folder}, stdout=log, stderr=log)
        try:
            yield process, eventually(listening_display, "weston's display")
        finally:
            process.terminate()
            process.wait(PATIENCE)


def xwaylands():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            if file.read() == "Xwayland\n":
                found.append(int(pid))
    return found


@test
def compositor_is_known_by_what_it_does():
    need_isolation()
    with weston("screen") as (compositor, display), Server(screens=("64x48x24",)), \
            Worker({"DISPLAY": display}, "x11") as worker:
        refused(f"x11: no X server can be used: {display}: no X server runs; screen (process {compositor.pid}) would start "
                "one for us", worker.screenshot)
        equal(xwaylands(), [], "Xwayland processes")


@test
def xwayland_is_neither_started_nor_shown():
    need_isolation()
    need_program("xdpyinfo")
    with weston() as (compositor, display):
        for variable in (display, None):
            with Worker({"DISPLAY": variable}, "x11") as worker:
                refused(f"x11: no X server can be used: {display}: no X server runs; weston (process {compositor.pid}) "
                        "would start one for us", worker.screenshot)
        equal(xwaylands(), [], "Xwayland processes")
        subprocess.run(["xdpyinfo", "-display", display], stdout=subprocess.DEVNULL, timeout=PATIENCE, check=True)
        with Worker({"DISPLAY": display}, "x11") as worker:
            refused(f"x11: no X server can be used: {display} (Xwayland, process {xwaylands()[0]}): the root window of a "
                    "rootless Xwayland is never shown", worker.screenshot)


if __name__ == "__main__":
    isolate()
    main()
