#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent's Debian package and the archive for other systems, as dpkg, tar and systemd read them."""
import os
import shutil
import subprocess
import tempfile

import harness
from harness import PATIENCE, TOP, Agent, check, equal, need_plain_build, need_root, need_unix, test
from xserver import need_program

DOC = "usr/share/doc/periscoped"
FILES = {"etc/periscope/periscoped.conf": 0o644, "lib/systemd/system/periscoped.service": 0o644,
         "usr/sbin/periscoped": 0o755, "usr/share/man/man8/periscoped.8.gz": 0o644,
         os.path.join(DOC, "copyright"): 0o644, os.path.join(DOC, "copyright.libdrm"): 0o644,
         os.path.join(DOC, "security.md"): 0o644}


def run(*command, **options):
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=PATIENCE * 4, check=False, **options)
    equal(done.returncode, 0, f"exit status of {command} ({done.stdout[-400:]}{done.stderr[-400:]})")
    return done.stdout


def build(target):
    need_unix("packages are for Linux")
    need_plain_build()
    need_program("dpkg-deb")
    made = run("make", "--no-print-directory", "-s", "-W", "packaging/deb.mk", target)
    folder = os.path.join(TOP, "build", "dist")
    ending = ".deb" if target == "deb" else ".tar.gz"
    return next(os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(ending)), made


def unpack(package, folder):
    run("dpkg-deb", "-x", package, folder)


@test
def package_has_these_files_and_no_others():
    package, _ = build("deb")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        unpack(package, folder)
        found = {}
        for at, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(at, name)
                found[os.path.relpath(path, folder)] = os.stat(path).st_mode & 0o7777
        equal(found, FILES, "files and their modes")
        equal(run("dpkg-deb", "-f", package, "Package").strip(), "periscoped", "its name")
        depends = run("dpkg-deb", "-f", package, "Depends")
        check("libc6 (>= " in depends and "zlib1g" in depends and depends.count(",") == 1, f"it depends on {depends}")


@test
def package_is_the_same_each_time():
    package, _ = build("deb")
    with open(package, "rb") as file:
        first = file.read()
    build("deb")
    with open(package, "rb") as file:
        check(file.read() == first, "another build gave other bytes")


@test
def package_installs_and_goes():
    """Into a root of its own, by dpkg with its scripts."""
    need_root()
    package, _ = build("deb")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as root:
        for name in ("info", "updates", "triggers"):
            os.makedirs(f"{root}/var/lib/dpkg/{name}")
        for name in ("status", "available"):
            with open(f"{root}/var/lib/dpkg/{name}", "w", encoding="ascii"):
                pass
        dpkg = ("dpkg", f"--root={root}", "--force-depends", "--force-script-chrootless", "--log=/dev/null")
        environment = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        run(*dpkg, "--install", package, env=environment)
        check(os.access(f"{root}/usr/sbin/periscoped", os.X_OK), "the agent is not there")
        run(*dpkg, "--remove", "periscoped", env=environment)
        check(not os.path.exists(f"{root}/usr/sbin/periscoped"), "the agent is still there")
        check(os.path.exists(f"{root}/etc/periscope/periscoped.conf"), "the configuration went with it")


@test
def agent_of_the_package_runs_with_its_configuration():
    package, _ = build("deb")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        unpack(package, folder)
        config = f"{folder}/etc/periscope/periscoped.conf"
        with open(config, encoding="utf-8") as file:
            text = file.read()
            check("\nport = 9000\n" in text and "\nrun-as = session\n" in text, "the port of the file, and whom it runs as")
        with Agent("--config", config) as agent:
            told = dict(agent.client().properties())
            check(not told.get("run.as", "").startswith("the agent's own"), f"programs run as {told.get('run.as')}")
            check("run.as" in told or "run.error" in told, "no word of whom programs run as")


@test
def systemd_takes_the_unit():
    need_program("systemd-analyze")
    package, _ = build("deb")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        unpack(package, folder)
        unit = f"{folder}/periscoped.service"
        with open(f"{folder}/lib/systemd/system/periscoped.service", encoding="utf-8") as file:
            text = file.read().replace("/usr/sbin/periscoped", f"{folder}/usr/sbin/periscoped")
        with open(unit, "w", encoding="utf-8") as file:
            file.write(text.replace("Documentation=man:periscoped(8)\n", ""))
        done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        complaints = [line for line in done.stderr.splitlines() if "periscoped.service" in line]
        equal(complaints, [], "what systemd-analyze says of the unit")


@test
def archive_installs_into_a_guests_disk():
    need_root()
    archive, _ = build("guest-tar")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        run("tar", "-xzf", archive, "-C", folder)
        source = os.path.join(folder, os.listdir(folder)[0])
        root = os.path.join(folder, "root")
        os.makedirs(f"{root}/lib/systemd/system")
        out = run(f"{source}/install.sh", root)
        check("its unit is enabled" in out, out)
        for name in ("usr/sbin/periscoped", "etc/periscope/periscoped.conf", "etc/systemd/system/periscoped.service",
                     "etc/systemd/system/multi-user.target.wants/periscoped.service"):
            check(os.path.exists(f"{root}/{name}"), f"{name} is missing")
        equal(os.stat(f"{root}/var/lib/periscope").st_mode & 0o7777, 0o1777, "mode of the service's folder")
        with open(f"{root}/etc/periscope/periscoped.conf", "w", encoding="ascii") as file:
            file.write("port = 1\n")
        shutil.rmtree(f"{root}/lib/systemd")
        check("there is no systemd" in run(f"{source}/install.sh", root), "the word on a guest without systemd")
        with open(f"{root}/etc/periscope/periscoped.conf", encoding="ascii") as file:
            equal(file.read(), "port = 1\n", "the configuration that was there")


if __name__ == "__main__":
    harness.main()
