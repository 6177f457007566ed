# SPDX-License-Identifier: LGPL-2.1-or-later
"""What some tests need of the machine: a clock that may be set, addresses that are not private, a disk that is full.

All of it is gone with the processes that use it: the machine's own clock, network and mounts are never touched.
"""
import contextlib
import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import tempfile

from harness import Skip, check, need_root, need_unix

HERE = os.path.dirname(os.path.abspath(__file__))

# ---- the clock ----

# Even root can't set the clock behind this.
NO_CLOCK = ("setpriv", "--bounding-set=-sys_time", "--inh-caps=-sys_time") if os.geteuid() == 0 else ()


def build_library(name, folder):
    """Builds NAME.c of this folder to be preloaded, and returns its path."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise Skip(f"no C compiler for {name}.c")
    path = os.path.join(folder, name + ".so")
    subprocess.run([compiler, "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-fPIC", "-shared", "-o", path,
                    os.path.join(HERE, name + ".c")], check=True, timeout=60)
    return path


class FakeClock:
    """A wall clock for one agent, for `with`: pass .env and wrapper=NO_CLOCK to Agent, and verify() it."""

    def __enter__(self):
        need_unix("Wine lets nobody set the clock")
        self.folder = tempfile.mkdtemp(prefix="periscope-clock-", dir="/tmp")
        self.library = build_library("fake_clock", self.folder)
        self.path = os.path.join(self.folder, "offset")
        with open(self.path, "wb") as file:
            file.write(bytes(8))
        self.env = {"LD_PRELOAD": self.library, "FAKE_CLOCK": self.path}
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def verify(self, agent):
        """Before the first settime: the agent must not be able to reach the real clock."""
        with open(f"/proc/{agent.pid}/maps", encoding="ascii", errors="replace") as file:
            check("fake_clock.so" in file.read(), "the fake clock is not in the agent")
        with open(f"/proc/{agent.pid}/status", encoding="ascii", errors="replace") as file:
            effective = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
        check(not effective >> 25 & 1, "the agent may still set the machine's clock")

    @property
    def ahead(self):
        """Seconds."""
        with open(self.path, "rb") as file:
            return struct.unpack("=q", file.read(8))[0]

    @ahead.setter
    def ahead(self, seconds):
        with open(self.path, "r+b") as file:
            file.write(struct.pack("=q", seconds))


# ---- the network ----

CLONE_NEWNET = 0x40000000
SIOCSIFADDR, SIOCSIFFLAGS, SIOCGIFINDEX = 0x8916, 0x8914, 0x8933
IFF_UP = 1


@contextlib.contextmanager
def private_network(*addresses):
    """A network of this process's own (and of an agent started within): a loopback that also has these addresses."""
    need_unix("Wine's sockets are its server's, which is in another network")
    need_root()
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as outside:
        if libc.unshare(CLONE_NEWNET) != 0:
            raise Skip(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        try:
            interface_up("lo")
            for number, address in enumerate(addresses):
                add_address(number, address)
            yield
        finally:
            check(libc.setns(outside.fileno(), CLONE_NEWNET) == 0, "can't leave the network namespace")


def interface_up(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", name.encode(), IFF_UP))


def add_address(number, address):
    if ":" in address:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
            index = struct.unpack("16si", fcntl.ioctl(control, SIOCGIFINDEX, struct.pack("16si", b"lo", 0)))[1]
            fcntl.ioctl(control, SIOCSIFADDR,
                        socket.inet_pton(socket.AF_INET6, address) + struct.pack("=Ii", 128, index))
    else:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16sHH4s8x", f"lo:{number}".encode(), socket.AF_INET, 0,
                                                          socket.inet_aton(address)))


def tcp_fields(local_port, remote):
    """What /proc/net/tcp tells of a local connection, by its one end's port and its other end's socket; or None."""
    for name in ("tcp", "tcp6"):
        with open(f"/proc/net/{name}", encoding="ascii") as file:
            for line in list(file)[1:]:
                fields = line.split()
                ports = [int(field.rpartition(":")[2], 16) for field in fields[1:3]]
                if ports == [local_port, remote.getsockname()[1]]:
                    return fields
    return None


def tcp_timer(local_port, remote):
    """Which timer runs on it: 0 none, 2 keep-alive; None when there is no such connection."""
    fields = tcp_fields(local_port, remote)
    return int(fields[5].partition(":")[0], 16) if fields else None


def tcp_state(local_port, remote):
    """1 is established; None when there is no such connection."""
    fields = tcp_fields(local_port, remote)
    return int(fields[3], 16) if fields else None


def data_segments_received(connection):
    """How many TCP segments with data came over this socket (tcpi_data_segs_in)."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232)
    if len(info) < 156:
        raise Skip("this kernel does not count TCP segments")
    return struct.unpack_from("=I", info, 152)[0]


# ---- disks ----

def small_disk(size):
    """A wrapper for Agent: a disk of this many bytes, seen by the agent alone, is mounted on the folder small/ of its
    working folder. Look at it through outside()."""
    need_unix("Wine's server opens its files, and sees another disk")
    need_root()
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise Skip("unshare(1) can't give the agent mounts of its own here")
    script = f'mkdir small && mount -t tmpfs -o size={size} none small && exec "$@"'
    return ("unshare", "--mount", "sh", "-c", script, "sh")


def outside(agent, name):
    """A path in the agent's working folder, as the agent sees it."""
    return f"/proc/{agent.pid}/root" + agent.path(name)
