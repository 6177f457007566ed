#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What put reads and get writes when it is no ordinary file, and what an ordinary one keeps that is replaced."""
import os
import shutil
import socket
import stat
import subprocess
import tempfile

from cli import COMMAND, FAILED, OK, TIMED_OUT, USAGE, environment, one_line, periscope, target
from harness import PATIENCE, Agent, Skip, check, equal, main, random_bytes, test

CONTENT = random_bytes(300_000)


def with_folder(function):
    """The agent has the file `there`; the test gets a folder of the host's too."""
    def run():
        with Agent(env={"PERISCOPE_PATTERN": "203x101"}) as agent, tempfile.TemporaryDirectory() as folder:
            agent.write("there", CONTENT)
            function(agent, folder)
    run.__name__ = function.__name__
    return test(run)


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def write(path, data=b"old", mode=0o644):
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)
    return path


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def shell(script, *arguments, **options):
    return subprocess.run(["bash", "-c", script, "bash", *arguments], env=environment(), timeout=PATIENCE, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


# ---- put ----

@with_folder
def put_reads_files_without_a_size_to_their_end(agent, folder):
    sysfs = next((path for path in ("/sys/kernel/mm/transparent_hugepage/enabled", "/sys/kernel/notes",
                                    "/sys/devices/system/cpu/online") if os.access(path, os.R_OK)), None)
    for path in filter(None, ("/proc/version", "/proc/self/../version", sysfs, "/dev/null")):
        periscope("put", target(agent), path, "sent")
        equal(agent.read("sent"), read(path), path)
    write(folder + "/empty", b"")
    with open(folder + "/sparse", "wb") as file:
        file.truncate(3_000_000)
    for name in ("empty", "sparse"):
        periscope("put", target(agent), folder + "/" + name, "sent")
        equal(agent.read("sent") == read(folder, name), True, name)


@with_folder
def put_reads_pipes_to_their_end(agent, folder):
    local = write(folder + "/local", CONTENT)
    for script in ('exec "$@" put -q "$H" <(cat "$L") sent', 'mkfifo "$L.fifo"; cat "$L" >"$L.fifo" & exec "$@" put -q "$H" "$L.fifo" sent',
                   'cat "$L" | "$@" put -q "$H" /dev/stdin sent', 'exec "$@" put -q "$H" /dev/stdin sent <"$L"',
                   'exec "$@" put -q "$H" /dev/fd/7 sent 7<"$L"', '{ head -c 1 >/dev/null; exec "$@" put -q "$H" - rest; } <"$L"'):
        agent.write("sent", b"")
        done = shell(f'H={target(agent)} L={local}; {script}', *COMMAND)
        equal((done.returncode, done.stderr), (OK, b""), script)
        check("rest" in script or agent.read("sent") == CONTENT, script)


@with_folder
def put_refuses_what_can_not_be_read(agent, folder):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(folder + "/socket")
        one_line(periscope("put", target(agent), folder + "/socket", "x", code=FAILED), "Not a regular file")
    one_line(periscope("put", target(agent), folder, "x", code=FAILED), "Is a directory")
    os.mkfifo(folder + "/fifo")
    one_line(periscope("put", target(agent), folder + "/fifo", "x", "--total-limit", "0.3", code=TIMED_OUT), "0.3 s")
    equal(sorted(os.listdir(agent.folder)), ["there"])


# ---- get ----

@with_folder
def get_writes_through_links_to_streams(agent, folder):
    """/dev/stdout is such a link; here they lie where replacing them does no harm."""
    for number in (1, 2):
        link = f"{folder}/link{number}"
        os.symlink(f"/proc/self/fd/{number}", link)
        os.symlink(link, link + "-again")
        for name in (link, link + "-again"):
            done = subprocess.run([*COMMAND, "get", target(agent), "there", name], env=environment(), timeout=PATIENCE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            equal(done.returncode, OK, f"{name}: {done.stderr[-200:]}")
            check((done.stdout, done.stderr)[number - 1].startswith(CONTENT), f"{name}: other bytes")
            check(os.path.islink(name), f"{name} was replaced")
    write(folder + "/file")
    with open(folder + "/file", "ab") as file:
        subprocess.run([*COMMAND, "get", target(agent), "there", folder + "/link1"], env=environment(), stdout=file,
                       timeout=PATIENCE, check=True)
    check(read(folder, "file").startswith(b"old" + CONTENT), "a file that is standard output was not appended to")
    done = shell('exec "$@" >&-', *COMMAND, "get", target(agent), "there", folder + "/link1")
    equal(done.returncode, FAILED)
    check(b"Bad file descriptor" in done.stderr, done.stderr)


@with_folder
def get_writes_into_pipes(agent, folder):
    done = shell(f'"$@" >(cat >{folder}/copy; echo x >{folder}/end); until test -e {folder}/end; do :; done',
                 *COMMAND, "get", "-q", target(agent), "there")
    equal((done.returncode, done.stderr), (0, b""))
    equal(read(folder, "copy") == CONTENT, True, "the copy")
    os.mkfifo(folder + "/fifo")
    os.symlink("fifo", folder + "/link")
    with open(folder + "/read", "wb") as out, subprocess.Popen(["cat", folder + "/fifo"], stdout=out) as reader:
        periscope("get", target(agent), "there", folder + "/link")
        equal(reader.wait(PATIENCE), 0)
    equal(read(folder, "read") == CONTENT, True, "what the FIFO's reader got")
    check(os.path.islink(folder + "/link") and stat.S_ISFIFO(os.stat(folder + "/link").st_mode), "it was replaced")
    one_line(periscope("get", target(agent), "there", folder + "/fifo", "--total-limit", "0.5", code=TIMED_OUT), "0.5 s")
    periscope("screenshot", target(agent), folder + "/fifo", "--backend", "pattern", "--total-limit", "1", code=TIMED_OUT)
    check(stat.S_ISFIFO(os.stat(folder + "/fifo").st_mode), "the FIFO was replaced")


@with_folder
def links_to_what_is_no_file_are_never_replaced(agent, folder):
    os.mkdir(folder + "/sub")
    os.symlink("sub", folder + "/to-folder")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(folder + "/socket")
        os.symlink("socket", folder + "/to-socket")
        for name, text in (("to-folder", "Is a directory"), ("to-socket", "Not a regular file"), ("socket", "Not a regular file")):
            one_line(periscope("get", target(agent), "there", f"{folder}/{name}", code=FAILED), text)
            result = periscope("screenshot", target(agent), f"{folder}/{name}", "--backend", "pattern", code=FAILED)
            check(text in result.err, result.err)
    check(os.path.islink(folder + "/to-folder") and os.path.islink(folder + "/to-socket"), "a link was replaced")


@with_folder
def replaced_files_keep_their_permissions(agent, folder):
    for mode in (0o600, 0o755, 0o640, 0o666):
        for verb in (("get", target(agent), "there"), ("screenshot", target(agent), "--backend", "pattern")):
            local = write(folder + "/local", mode=mode)
            periscope(*verb, local)
            equal(mode_of(local), mode, verb[0])
            check(read(local) != b"old", "it was not replaced")
    write(local, mode=0o6755)
    periscope("get", target(agent), "there", local)
    equal(mode_of(local), 0o755, "a mode with set-id bits")


@with_folder
def read_only_files_are_replaced_only_by_force(agent, folder):
    local = write(folder + "/local", mode=0o444)
    for verb in (("get", target(agent), "there", local), ("screenshot", target(agent), local, "--backend", "pattern")):
        result = periscope(*verb, code=FAILED)
        check("it is read-only (--force replaces it)" in result.err, result.err)
        equal((read(local), mode_of(local)), (b"old", 0o444))
        periscope(*verb, "--force")
        check(read(local) != b"old", "it was not replaced")
        equal(mode_of(local), 0o444)
        os.chmod(local, 0o600)
        write(local, mode=0o444)


@with_folder
def what_a_replaced_file_can_not_keep_is_said(agent, folder):
    local = write(folder + "/local")
    os.link(local, folder + "/other")
    result = periscope("get", target(agent), "there", local)
    check("the old one keeps its other names (1), with the old content" in result.err, result.err)
    equal(read(folder, "other"), b"old")
    if os.geteuid() or not shutil.which("setpriv"):
        raise Skip("only root has files of others, and setpriv(1) takes its rights")
    os.chown(local, 12, 34)
    os.chmod(local, 0o660)
    equal(periscope("get", target(agent), "there", local).err.count("could not keep its owner"), 0)
    info = os.stat(local)
    equal((info.st_uid, info.st_gid, mode_of(local)), (12, 34, 0o660))
    os.chmod(folder, 0o777)
    os.chmod(local, 0o666)
    done = subprocess.run(["setpriv", "--reuid=4321", "--regid=4321", "--clear-groups", *COMMAND, "get", target(agent),
                           "there", local], env=environment(), stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    if done.returncode in (126, 127) or b"ermission denied" in done.stderr:
        raise Skip("another user can't run the command here")
    equal(done.returncode, OK, done.stderr)
    check(b"could not keep its owner and group: 4321:4321 instead of 12:34" in done.stderr, done.stderr)


@with_folder
def temporary_files_are_where_tmpdir_says(agent, folder):
    for verb in (("get", target(agent), "there", "-"), ("put", target(agent), "-", "sent")):
        result = periscope(*verb, env={"TMPDIR": folder + "/none"}, code=FAILED)
        one_line(result, f"could not create a temporary file in '{folder}/none': No such file or directory")
        periscope(*verb, env={"TMPDIR": folder})
    equal(os.listdir(folder), [])


@with_folder
def too_many_arguments_are_told_with_the_limit(agent, folder):
    words = ["1"] * 66_000
    for verb, limit in ((("run", target(agent), "true"), 65520), (("restart", target(agent), "agent"), 65536),
                        (("rm", target(agent)), 65536)):
        one_line(periscope(*verb, *words, code=USAGE), f"(at most {limit})")
    equal(sorted(os.listdir(agent.folder)), ["there"])
    periscope("run", target(agent), "true", *words[:65_000])


if __name__ == "__main__":
    main()
