#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian packages and the archive for other systems, as dpkg, lintian, rpm, tar and systemd read them."""
import filecmp
import functools
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile

import harness
from harness import PATIENCE, TOP, Agent, Skip, check, equal, need_plain_build, need_root, need_unix, test
from xserver import need_program

CONTROL = """Package: periscoped
Version: 0.1.0
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: the first version
"""
WANTED = "etc/systemd/system/multi-user.target.wants/periscoped.service"
DIST = os.path.join(TOP, "build", "dist")
UNITS = ("usr/lib/systemd/system", "lib/systemd/system")  # of Debian 13, and of Debian 12
LIBRARIES = f"usr/lib/{sysconfig.get_config_var('MULTIARCH')}"
# Beside the changelog and the copyright notice, which each has: paths, with modes or where links lead.
FILES = {
    "periscoped": {"etc/periscope/periscoped.conf": 0o644, "UNITS/periscoped.service": 0o644, "usr/sbin/periscoped": 0o755,
                   "usr/lib/systemd/system-generators/periscoped-kernel-log": 0o755,
                   "usr/share/man/man8/periscoped.8.gz": 0o644, "usr/share/doc/periscoped/security.md": 0o644,
                   "usr/share/doc/periscoped/copyright.libdrm": 0o644},
    "periscope": {"usr/bin/periscope": 0o755, "usr/share/man/man1/periscope.1.gz": 0o644,
                  "usr/share/man/man1/periscope-test.1.gz": 0o644,
                  "usr/share/man/man1/periscope-timeline.1.gz": 0o644,
                  "usr/share/bash-completion/completions/periscope": 0o644,
                  "usr/share/fish/vendor_completions.d/periscope.fish": 0o644,
                  "usr/share/zsh/vendor-completions/_periscope": 0o644},
    "periscope-gateway": {"usr/bin/periscope-gateway": 0o755, "usr/share/man/man1/periscope-gateway.1.gz": 0o644},
    "libperiscope0": {f"{LIBRARIES}/libperiscope.so.0": "libperiscope.so.0.1.0",
                      f"{LIBRARIES}/libperiscope.so.0.1.0": 0o644},
    "libperiscope-dev": {f"{LIBRARIES}/libperiscope.so": "libperiscope.so.0", f"{LIBRARIES}/libperiscope.a": 0o644,
                         f"{LIBRARIES}/pkgconfig/libperiscope.pc": 0o644, "usr/include/periscope.h": 0o644,
                         "usr/include/periscope_winetest.h": 0o644, "usr/share/man/man3/libperiscope.3.gz": 0o644},
}
# A shared library's package depends on the C library, and the programs on zlib; none on what is opened when it is needed.
DEPENDS = {"periscoped": {"libc6", "zlib1g"}, "periscope": {"libc6", "zlib1g"}, "libperiscope0": {"libc6"},
           "periscope-gateway": {"libc6", "libwebsockets", "periscope", "zlib1g"}, "libperiscope-dev": {"libperiscope0"}}


def run(*command, env=None):
    done = subprocess.run(command, cwd=TOP, env=env, capture_output=True, text=True, timeout=PATIENCE * 6, check=False)
    equal(done.returncode, 0, f"exit status of {command} ({done.stdout[-400:]}{done.stderr[-800:]})")
    return done.stdout


def need_packages():
    need_unix("packages are for Linux")
    need_plain_build()
    need_program("dpkg-buildpackage", "dh")


def make(target):
    """The target is made by a make of its own: that of who runs the tests may have flags and a folder of its own."""
    plain = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    run("make", "--no-print-directory", "-s", target, env=plain)


@functools.cache
def packages():
    """{name: path} of the Debian packages, built from the files that are here."""
    need_packages()
    make("deb")
    return named(os.path.join(TOP, "build", "deb"))


def named(folder):
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".deb")]
    return {os.path.basename(path).partition("_")[0]: path for path in paths}


def unpack(package, folder):
    run("dpkg-deb", "-x", package, folder)


def unit_folder(folder):
    return next(name for name in UNITS if os.path.exists(f"{folder}/{name}/periscoped.service"))


def contents(folder):
    """{path: mode, or where the link leads}."""
    paths = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    return {os.path.relpath(path, folder):
            os.readlink(path) if os.path.islink(path) else os.stat(path).st_mode & 0o7777 for path in paths}


def expected(name, folder):
    doc = f"usr/share/doc/{name}"
    paths = {**FILES[name], f"{doc}/copyright": 0o644, f"{doc}/changelog.Debian.gz": 0o644}
    return {path.replace("UNITS", unit_folder(folder)) if "UNITS" in path else path: mode for path, mode in paths.items()}


@test
def packages_have_these_files_and_no_others():
    equal({name for name in packages() if not name.endswith("-dbgsym")}, set(FILES), "the packages")
    for name in FILES:
        with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
            unpack(packages()[name], folder)
            equal(contents(folder), expected(name, folder), f"files and modes of {name}")


@test
def packages_depend_on_what_they_cannot_do_without():
    for name, want in DEPENDS.items():
        told = run("dpkg-deb", "-f", packages()[name], "Depends")
        found = {re.sub("^(libwebsockets).*", r"\1", each.split()[0]) for each in told.split(",")}  # with the number of its interface
        equal(found, want, f"what {name} depends on")


@test
def library_is_found_in_its_architectures_folder():
    need_program("pkg-config")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        unpack(packages()["libperiscope-dev"], folder)
        told = run("pkg-config", "--variable=libdir", "libperiscope",
                   env={**os.environ, "PKG_CONFIG_PATH": f"{folder}/{LIBRARIES}/pkgconfig"})
        equal(told.strip(), f"/{LIBRARIES}", "the folder that pkg-config tells")


@test
def packages_are_the_same_each_time():
    """Built elsewhere at the same commit, by somebody whose files nobody else may read."""
    first = packages()
    options = {"DEB_BUILD_OPTIONS": "nocheck", "SOURCE_DATE_EPOCH": time_of_build()}
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        run("sh", "-c", f"umask 077; packaging/make-deb {folder}/again", env={**os.environ, **options})
        again = named(f"{folder}/again")
        equal(set(again), set(first), "names of the packages")
        for name, path in first.items():
            check(filecmp.cmp(path, again[name], shallow=False), f"another build gave other bytes of {name}")


def time_of_build():
    """What SOURCE_DATE_EPOCH was: there may be a commit since."""
    folder = os.path.join(TOP, "build", "deb")
    path = next(name for name in os.listdir(folder) if name.endswith(".buildinfo"))
    with open(os.path.join(folder, path), encoding="utf-8") as file:
        return re.search(r'^ SOURCE_DATE_EPOCH="(\d+)"$', file.read(), re.MULTILINE)[1]


@test
def compiler_is_told_to_harden():
    """By dpkg's own flags, which the Makefile adds to and takes nothing from."""
    packages()
    with open(os.path.join(TOP, "build", "deb", "log"), encoding="utf-8") as file:
        lines = [line for line in file if " -c -o " in line]
    check(len(lines) > 100, f"{len(lines)} files are compiled")
    for flag in ("-D_FORTIFY_SOURCE=", "-fstack-protector-strong", "-Werror=format-security", "-ffile-prefix-map="):
        equal([line for line in lines if flag not in line], [], f"lines without {flag}")
    filters = next(line for line in lines if line.rstrip().endswith("png_filter.c"))
    check(filters.rindex("-O3") > filters.rindex("-O2"), f"what png_filter.c is compiled with: {filters}")


@test
def source_package_has_the_files_of_the_tree():
    need_packages()
    need_program("git")
    if not os.path.exists(os.path.join(TOP, ".git")):
        raise Skip("git doesn't know these files")
    make("deb-source")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        source = os.path.join(TOP, "build", "deb-source")
        run("dpkg-source", "-x", next(f"{source}/{name}" for name in os.listdir(source) if name.endswith(".dsc")),
            f"{folder}/tree")
        found = contents(f"{folder}/tree")
        wrong = [name for name in listed if os.path.lexists(os.path.join(TOP, name)) and name
                 and (name not in found or not same_file(os.path.join(TOP, name), f"{folder}/tree/{name}"))]
        equal(wrong, [], "files that are missing or other ones")
        more = {name for name in found if not name.startswith(("debian/", ".pc/"))} - set(listed)
        equal(more, set(), "files that the tree hasn't got")
        check("debian/rules" in found, "there is no debian/rules")


def same_file(one, other):
    if os.path.islink(one):
        return os.path.islink(other) and os.readlink(one) == os.readlink(other)
    return filecmp.cmp(one, other, shallow=False)


@test
def lintian_finds_nothing():
    packages()
    need_program("lintian")
    make("check-deb")


@test
def package_installs_and_goes():
    """Into a root of its own, by dpkg with its scripts."""
    need_root()
    package = packages()["periscoped"]
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as root:
        dpkg = dpkg_in(root)
        dpkg("--install", package)
        check(os.access(f"{root}/usr/sbin/periscoped", os.X_OK), "the agent is not there")
        check(os.path.islink(f"{root}/{WANTED}"), "the unit is not enabled")
        os.makedirs(f"{root}/var/lib/periscope/left")
        dpkg("--remove", "periscoped")
        check(not os.path.exists(f"{root}/usr/sbin/periscoped"), "the agent is still there")
        check(os.path.exists(f"{root}/etc/periscope/periscoped.conf"), "the configuration went with it")
        check(os.path.exists(f"{root}/var/lib/periscope/left"), "the service's folder went with it")
        dpkg("--purge", "periscoped")
        for name in ("etc/periscope", "var/lib/periscope", WANTED):
            check(not os.path.lexists(f"{root}/{name}"), f"{name} is still there")


@test
def upgrade_keeps_what_the_administrator_chose():
    """From version 0.1.0, which enabled its unit without deb-systemd-helper."""
    need_root()
    package = packages()["periscoped"]
    for enabled in (True, False):
        with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as root:
            dpkg = dpkg_in(root)
            dpkg("--install", first_version(os.path.join(root, "old")))
            if enabled:
                os.makedirs(os.path.dirname(f"{root}/{WANTED}"))
                os.symlink("/lib/systemd/system/periscoped.service", f"{root}/{WANTED}")
            with open(f"{root}/etc/periscope/periscoped.conf", "a", encoding="ascii") as file:
                file.write("port = 1\n")
            dpkg("--force-confold", "--install", package)
            equal(os.path.islink(f"{root}/{WANTED}"), enabled, "whether the unit is enabled")
            with open(f"{root}/etc/periscope/periscoped.conf", encoding="ascii") as file:
                check(file.read().endswith("port = 1\n"), "the configuration that was there")


def dpkg_in(root):
    """Run dpkg with scripts in a root of its own, which has nothing."""
    for name in ("info", "updates", "triggers"):
        os.makedirs(f"{root}/var/lib/dpkg/{name}")
    for name in ("status", "available"):
        with open(f"{root}/var/lib/dpkg/{name}", "w", encoding="ascii"):
            pass
    dpkg = ("dpkg", f"--root={root}", "--force-depends", "--force-script-chrootless", "--log=/dev/null")
    environment = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return lambda *arguments: run(*dpkg, *arguments, env=environment)


def first_version(folder):
    """Make what counts of version 0.1.0's package: its number, its configuration and its unit."""
    for name in ("DEBIAN", "etc/periscope", "lib/systemd/system"):
        os.makedirs(f"{folder}/{name}")
    for name, text in (("DEBIAN/control", CONTROL), ("DEBIAN/conffiles", "/etc/periscope/periscoped.conf\n"),
                       ("etc/periscope/periscoped.conf", "run-as = session\n"),
                       ("lib/systemd/system/periscoped.service", "[Install]\nWantedBy=multi-user.target\n")):
        with open(f"{folder}/{name}", "w", encoding="ascii") as file:
            file.write(text)
    run("dpkg-deb", "--root-owner-group", "--build", folder, f"{folder}.deb")
    return f"{folder}.deb"


@test
def agent_of_the_package_runs_with_its_configuration():
    package = packages()["periscoped"]
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
    package = packages()["periscoped"]
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        unpack(package, folder)
        unit = f"{folder}/periscoped.service"
        with open(f"{folder}/{unit_folder(folder)}/periscoped.service", encoding="utf-8") as file:
            text = file.read().replace("/usr/sbin/periscoped", f"{folder}/usr/sbin/periscoped")
        with open(unit, "w", encoding="utf-8") as file:
            file.write(text.replace("Documentation=man:periscoped(8)\n", ""))
        done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        complaints = [line for line in done.stderr.splitlines() if "periscoped.service" in line]
        equal(complaints, [], "what systemd-analyze says of the unit")


@test
def rpm_has_the_agent_its_unit_and_its_configuration():
    need_packages()
    need_program("rpmbuild", "rpm")
    make("rpm")
    package = next(os.path.join(at, name) for at, _, names in os.walk(os.path.join(TOP, "build", "rpm", "RPMS"))
                   for name in names if re.match(r"periscoped-\d", name))
    found = set(run("rpm", "-qlp", package).split())
    want = {"/etc/periscope/periscoped.conf", "/usr/lib/systemd/system/periscoped.service", "/usr/sbin/periscoped",
            "/usr/lib/systemd/system-generators/periscoped-kernel-log"}
    check(want <= found, f"it lacks {want - found}")
    equal(run("rpm", "-qcp", package).split(), ["/etc/periscope/periscoped.conf"], "configuration")
    version = run(os.path.join(TOP, "build", "periscoped"), "--version").split()[1]
    equal(run("rpm", "-qp", "--queryformat", "%{VERSION}", package), version, "its version")


@test
def archive_installs_into_a_guests_disk():
    need_root()
    need_unix("packages are for Linux")
    need_plain_build()
    make("guest-tar")
    archive = next(os.path.join(DIST, name) for name in sorted(os.listdir(DIST)) if name.endswith(".tar.gz"))
    with tempfile.TemporaryDirectory(prefix="periscope-", dir="/tmp") as folder:
        run("tar", "-xzf", archive, "-C", folder)
        source = os.path.join(folder, os.listdir(folder)[0])
        root = os.path.join(folder, "root")
        os.makedirs(f"{root}/lib/systemd/system")
        out = run(f"{source}/install.sh", root)
        check("its unit is enabled" in out, out)
        for name in ("usr/sbin/periscoped", "etc/periscope/periscoped.conf", "etc/systemd/system/periscoped.service",
                     "etc/systemd/system-generators/periscoped-kernel-log",
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
