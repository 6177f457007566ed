#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a program finds of the session at the screen, in process trees as desktops make them, and with a real compositor."""
import contextlib
import os
import pwd
import shutil
import signal
import subprocess

from harness import Agent, Skip, check, equal, eventually, need_root, need_unix, test
import harness
import isolation
import machine

OTHER = "nobody"
SEAT = "/run/systemd/seats/seat0"
SHOW = "DISPLAY WAYLAND_DISPLAY XAUTHORITY XDG_RUNTIME_DIR XDG_SESSION_ID XDG_SEAT XDG_VTNR DBUS_SESSION_BUS_ADDRESS".split()


@contextlib.contextmanager
def session(number="2", kind="wayland"):
    """Session `number` of the user's is the active one of seat0: by logind's files, in a /run of our own."""
    need_unix("there the service manager knows the session")
    need_root()
    isolation.need_isolation()
    machine.interface_up("lo")
    user = pwd.getpwnam(OTHER)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    try:
        runtime = f"/run/user/{user.pw_uid}"
        for folder in ("/run/systemd/seats", "/run/systemd/sessions", runtime):
            os.makedirs(folder)
        os.chown(runtime, user.pw_uid, user.pw_gid)
        os.chmod(runtime, 0o700)
        with open(SEAT, "w", encoding="ascii") as file:
            file.write(f"IS_SEAT0=1\nACTIVE={number}\nACTIVE_UID={user.pw_uid}\n")
        with open(f"/run/systemd/sessions/{number}", "w", encoding="ascii") as file:
            file.write(f"UID={user.pw_uid}\nCLASS=user\nSTATE=active\nTYPE={kind}\nTTY=tty2\nVTNR=2\n")
        yield runtime
    finally:
        subprocess.run(["umount", "-l", "/run"], check=True)


@contextlib.contextmanager
def program(*command, **environment):
    """One of the user's, with no other variables."""
    user = pwd.getpwnam(OTHER)
    process = subprocess.Popen(command or ["/bin/sleep", "1000"], env=environment, user=user.pw_uid, group=user.pw_gid,
                               extra_groups=[], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, cwd="/")
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def seen(client):
    """The variables that a program gets."""
    names = " ".join(SHOW)
    pid = client.run("/bin/sh", "-c", f'for name in {names}; do eval "value=\\$$name"; echo "$name=$value"; done',
                     stdout="seen.txt")
    equal(client.wait(pid), 0, "status")
    return dict(line.split("=", 1) for line in client.get("seen.txt").decode().splitlines())


@test
def a_program_in_gnome_finds_its_display():
    with session() as runtime:
        bus = f"unix:path={runtime}/bus"
        authority = f"{runtime}/.mutter-Xwaylandauth.ABCDEF"
        with program(XDG_SESSION_ID="2", XDG_SESSION_TYPE="wayland", XDG_RUNTIME_DIR=runtime, XDG_SEAT="seat0",
                     XDG_VTNR="2", DBUS_SESSION_BUS_ADDRESS=bus), \
                program(XDG_RUNTIME_DIR=runtime, DBUS_SESSION_BUS_ADDRESS=bus, DISPLAY=":0", WAYLAND_DISPLAY="wayland-0",
                        XAUTHORITY=authority), \
                program(XDG_SESSION_ID="7", DISPLAY="localhost:10.0", WAYLAND_DISPLAY="wayland-9", XDG_SEAT="seat0",
                        XDG_VTNR="9", XDG_RUNTIME_DIR=runtime, DBUS_SESSION_BUS_ADDRESS=bus, XAUTHORITY="/wrong"), \
                Agent("--run-as", "session") as agent:
            equal(seen(agent.client()),
                  {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0", "XAUTHORITY": authority, "XDG_RUNTIME_DIR": runtime,
                   "XDG_SESSION_ID": "2", "XDG_SEAT": "seat0", "XDG_VTNR": "2", "DBUS_SESSION_BUS_ADDRESS": bus}, "what it finds")


@test
def another_sessions_display_is_not_given_to_a_program():
    with session() as runtime, program(XDG_SESSION_ID="7", DISPLAY="localhost:10.0", XDG_RUNTIME_DIR=runtime), \
            Agent("--run-as", "session") as agent:
        found = seen(agent.client())
        equal((found["DISPLAY"], found["XDG_SESSION_ID"], found["XDG_RUNTIME_DIR"]), ("", "2", runtime), "what it finds")


def need(*programs):
    for name in programs:
        if not shutil.which(name):
            raise Skip(f"no {name}")


@contextlib.contextmanager
def compositor(runtime, *options):
    """A weston that shows nothing, with no program that has its display in its environment."""
    with program(shutil.which("weston"), "--backend=headless-backend.so", "--shell=kiosk-shell.so", *options,
                 PATH=os.environ["PATH"], XDG_RUNTIME_DIR=runtime, XDG_SESSION_ID="2") as process:
        def listens():
            with open("/proc/net/unix", encoding="ascii", errors="replace") as file:
                return next((line.split()[-1] for line in file if f"{runtime}/wayland-" in line), None)
        path = eventually(lambda: listens() or process.poll() is not None, "a socket of weston's")
        if process.poll() is not None:
            raise Skip(f"weston ends with {process.returncode} here")
        yield process, os.path.basename(path)


@test
def a_compositor_alone_is_found_by_its_socket_and_lets_a_program_in():
    need("weston", "perl")
    with session() as runtime, compositor(runtime) as (process, name), Agent("--run-as", "session") as agent:
        client = agent.client()
        equal(seen(client)["WAYLAND_DISPLAY"], name, "its display")
        code = ("use IO::Socket::UNIX; $path = qq($ENV{XDG_RUNTIME_DIR}/$ENV{WAYLAND_DISPLAY});"
                "$s = IO::Socket::UNIX->new(Peer => $path) or die; syswrite $s, pack('LLL', 1, 12 << 16, 2);"
                "print sysread($s, $answer, 8)")  # wl_display.sync
        equal(client.wait(client.run(shutil.which("perl"), "-e", code, stdout="out.txt")), 0, "status of a client")
        equal(client.get("out.txt"), b"8", "bytes of the compositor's answer")
        process.send_signal(signal.SIGKILL)
        process.wait()
        check(os.path.exists(f"{runtime}/{name}"), "it has left its socket")
        eventually(lambda: seen(client)["WAYLAND_DISPLAY"] == "", "the socket that is left counts no more")


def names_of_processes():
    names = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as file:
            names.append(file.read().strip())
    return names


@test
def a_compositor_alone_starts_its_x_server_for_a_program():
    need("weston", "Xwayland", "xdpyinfo")
    with session() as runtime, compositor(runtime, "--xwayland") as (process, _):
        if not eventually(lambda: os.path.exists("/tmp/.X0-lock") or process.poll() is not None, "weston's lock"):
            raise Skip("weston has no X display here")
        with program(PATH=os.environ["PATH"]), Agent("--run-as", "session") as agent:
            client = agent.client()
            equal(seen(client)["DISPLAY"], ":0", "its X display")
            equal(client.wait(client.run(shutil.which("xdpyinfo"), stdout="out.txt")), 0, "status of an X client")
            check(b"name of display:    :0" in client.get("out.txt"), "what xdpyinfo tells of the display")
            check("Xwayland" in names_of_processes(), "the X server is Xwayland, which was started for it")


if __name__ == "__main__":
    isolation.isolate()
    harness.main()
