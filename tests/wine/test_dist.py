#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `make dist` gives: the zip and the ISO as other programs read them, and its installers, run on what comes out."""
import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

import wine
from wine import Skip, check, equal

DIST = os.path.join(wine.TOP, "build", "dist")
LINUX = ["linux/etc/periscope/periscoped.conf", "linux/install.sh", "linux/lib/systemd/system-generators/periscoped-kernel-log",
         "linux/lib/systemd/system/periscoped.service",
         "linux/security.md", "linux/usr/sbin/periscoped",
         "linux/usr/share/doc/periscoped/copyright.libdrm", "linux/usr/share/man/man8/periscoped.8"]
WINDOWS = ["README.txt", "install.cmd", "periscoped32.exe", "periscoped64.exe", "uninstall.cmd"]
PROGRAMS = "C:\\Program Files\\Periscope"


def run(*command, cwd=None, env=None):
    done = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=3 * wine.PATIENCE, check=False)
    out = done.stdout.decode("utf-8", "replace").replace("\r", "")
    equal(done.returncode, 0, f"{' '.join(command)}: {out[-600:]}: exit status")
    return out


def need(program):
    if not shutil.which(program):
        raise Skip(f"there is no {program}")


def only(pattern):
    found = glob.glob(os.path.join(DIST, pattern))
    equal(len(found), 1, f"files {pattern} in {DIST}")
    return found[0]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def tree(folder):
    """{name below the folder: digest}."""
    return {os.path.relpath(os.path.join(at, name), folder): digest(os.path.join(at, name))
            for at, _, names in os.walk(folder) for name in names}


def unpacked_zip(folder):
    need("unzip")
    run("unzip", "-q", only("*.zip"), "-d", folder)
    return os.path.join(folder, os.path.basename(only("*.zip"))[:-len(".zip")])


def unpacked_iso(folder):
    need("bsdtar")
    run("bsdtar", "-xf", only("*.iso"), "-C", folder)
    run("chmod", "-R", "u+w", folder)
    return folder


class Folder(tempfile.TemporaryDirectory):
    def __init__(self):
        super().__init__(prefix="periscope-dist-", dir="/tmp")


def zip_has_what_was_built():
    need("unzip")
    run("unzip", "-tq", only("*.zip"))
    with Folder() as folder:
        files = tree(unpacked_zip(folder))
    equal(sorted(files), WINDOWS, "files in the zip")
    equal(files["periscoped64.exe"], digest(wine.exe("periscoped.exe")), "the 64-bit agent")
    equal(files["periscoped32.exe"], digest(os.path.join(wine.TOP, "build/win32/periscoped.exe")), "the 32-bit agent")


def iso_has_both_systems():
    """The names that Windows and Linux see are different lists on the disk."""
    need("isoinfo")
    debian = "linux/" + os.path.basename(only("*.deb"))
    want = sorted([*LINUX, debian, "README.txt", *("windows/" + name for name in WINDOWS)])
    told = run("isoinfo", "-d", "-i", only("*.iso"))
    check("Volume id: PERISCOPE\n" in told, told)
    for names in ("-J", "-R"):
        listed = run("isoinfo", "-f", names, "-i", only("*.iso")).splitlines()
        equal(sorted(name[1:] for name in listed if name[1:] in want), want, f"files by isoinfo {names}")
    with Folder() as disk, Folder() as windows, Folder() as linux:
        files = tree(unpacked_iso(disk))
        equal(sorted(files), want, "files by bsdtar")
        equal({name: files["windows/" + name] for name in WINDOWS}, tree(unpacked_zip(windows)), "windows/, by the zip")
        equal(files[debian], digest(only("*.deb")), "the package")
        run("tar", "-xzf", only("*.tar.gz"), "-C", linux, "--strip-components=1")
        equal({name: files["linux/" + name] for name in tree(linux)}, tree(linux), "linux/, by the archive")


def the_same_files_give_the_same_bytes():
    """Their times count for nothing."""
    for maker, made, inputs in (
            ("make-zip", "*.zip", [wine.exe("periscoped.exe"), os.path.join(wine.TOP, "build/win32/periscoped.exe")]),
            ("make-iso", "*.iso", [only("*.zip"), only("*.tar.gz"), only("*.deb")])):
        with Folder() as folder:
            digests = [made_again(os.path.join(folder, str(time)), time, maker, only(made), inputs)
                       for time in (1000000000, 1700000000)]
        equal(digests[0], digests[1], f"digest of what {maker} made")


def made_again(folder, time, maker, made, inputs):
    need("xorriso")
    copies = [os.path.join(folder, str(number), os.path.basename(path)) for number, path in enumerate(inputs)]
    for path, copy in zip(inputs, copies):
        os.makedirs(os.path.dirname(copy))
        shutil.copyfile(path, copy)
        os.utime(copy, (time, time))
    output = os.path.join(folder, os.path.basename(made))
    run(os.path.join(wine.TOP, "packaging", maker), *copies, output)
    return digest(output)


def linux_is_installed_into_a_root():
    if os.geteuid() != 0:
        raise Skip("needs root")
    with Folder() as folder, Folder() as root:
        os.makedirs(os.path.join(root, "lib/systemd/system"))
        disk = unpacked_iso(folder)
        run("sh", os.path.join(disk, "linux", "install.sh"), root)
        agent = os.path.join(root, "usr/sbin/periscoped")
        equal(digest(agent), digest(os.path.join(disk, "linux/usr/sbin/periscoped")), "the agent")
        check(run(agent, "--version").startswith("periscoped "), "what it says of its version")
        check(os.path.exists(os.path.join(root, "etc/systemd/system/periscoped.service")), "there is no unit")
        check(os.path.exists(os.path.join(root, "etc/periscope/periscoped.conf")), "there is no configuration")


# ---- Windows ----

def drive_c(path):
    return os.path.join(os.environ["WINEPREFIX"], "dosdevices/c:", *path.split("\\")[1:])


def cmd(script, *arguments, env=None):
    return run(wine.WINE, "cmd", "/c", wine.windows_path(script), *arguments, env={**os.environ, **(env or {})})


def windows_is_installed_and_removed():
    with Folder() as folder:
        disk, port = unpacked_iso(folder), str(wine.free_port())
        for options in ((), ("--max-clients", "9")):  # the second one replaces the first
            out = cmd(os.path.join(disk, "windows", "install.cmd"), "--bind", "127.0.0.1", "--allow-local",
                      *options, port)
            check("the service is installed\n" in out and "state running\n" in out, out)
            command = f'"{PROGRAMS}\\periscoped.exe" --service --workdir C:\\periscope --bind 127.0.0.1 --allow-local'
            check(" ".join(["command", command, *options, port]) + "\n" in out, out)
            run(wine.PERISCOPE, "ping", "127.0.0.1:" + port)
        for name, bits in (("periscoped.exe", "64"), ("periscoped32.exe", "32")):
            equal(digest(drive_c(f"{PROGRAMS}\\{name}")), digest(f"{disk}/windows/periscoped{bits}.exe"), name)
        run(wine.PERISCOPE, "put", "127.0.0.1:" + port, __file__, "here.txt")
        equal(digest(drive_c("C:\\periscope\\here.txt")), digest(__file__), "a file in the agent's folder")
        out = cmd(os.path.join(disk, "windows", "uninstall.cmd"))
        check("the service is removed\n" in out, out)
        check(not os.path.exists(drive_c(PROGRAMS)), "the folder of programs still has one")
        check(os.path.exists(drive_c("C:\\periscope\\periscoped.exe.log")), "there is no log")


def the_agent_that_fits_is_chosen():
    """Where there is none to copy, the script tells which one it wanted."""
    with Folder() as folder:
        shutil.copy(os.path.join(unpacked_zip(folder), "install.cmd"), folder)
        for native, of_system, bits in (("x86", "", 32), ("x86", "AMD64", 64), ("AMD64", "", 64), ("ARM64", "", 32)):
            with open(os.path.join(folder, "try.cmd"), "w", encoding="ascii", newline="\r\n") as file:
                file.write(f"@set PROCESSOR_ARCHITECTURE={native}\n@set PROCESSOR_ARCHITEW6432={of_system}\n"
                           "@call install.cmd\n")
            done = subprocess.run([wine.WINE, "cmd", "/c", "try.cmd"], cwd=folder, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, timeout=wine.PATIENCE, check=False)
            equal(done.returncode, 1, "exit status")
            check(f"could not copy periscoped{bits}.exe".encode() in done.stdout, f"{native} {of_system}: {done.stdout}")


TESTS = [zip_has_what_was_built, iso_has_both_systems, the_same_files_give_the_same_bytes,
         linux_is_installed_into_a_root, windows_is_installed_and_removed, the_agent_that_fits_is_chosen]

with wine.OwnWine():
    wine.main([test for test in TESTS if test.__name__ in sys.argv[1:]] or TESTS)
