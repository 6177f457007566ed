#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""make install, and a program of somebody else's built with what it installed: the example of libperiscope(3)."""
import os
import re
import shutil
import subprocess
import tempfile

from harness import PATIENCE, TOP, Agent, Skip, check, equal, main, test

GATEWAY = os.path.join(os.path.dirname(os.path.abspath(os.environ.get("PERISCOPE") or os.path.join(TOP, "build", "periscope"))),
                       "periscope-gateway")  # where there is libwebsockets
BUILD = os.path.dirname(os.path.abspath(os.environ.get("PERISCOPE") or os.path.join(TOP, "build", "periscope")))
PROGRAM = """
#include <periscope.h>
#include <periscope_winetest.h>
#include <stdio.h>
#include <stdlib.h>

/* Names that the library has inside too, and must keep to itself. */
int error_set(void);
int buffer_init(void);
int error_set(void) { return 1; }
int buffer_init(void) { return 2; }

int main(int argc, char **argv_of_main)
{
    (void)argc;
%s
    return status ? 100 - status : (int)end.code + error_set() + buffer_init() - 3;
}
"""


def example():
    """The C code of the man page, for an agent and a program that are there."""
    with open(os.path.join(TOP, "docs", "man", "libperiscope.3"), encoding="utf-8") as file:
        code = re.search(r"\.Bd -literal[^\n]*\n(.*?)\n\.Ed", file.read(), re.DOTALL)[1]
    for old, new in (("\\en", "\\n"), ('"vm1", 9000', '"127.0.0.1", (unsigned)atoi(argv_of_main[1])'),
                     ('"./test.exe", "unit"', '"sh", "-c", "echo $0; exit 42"')):
        check(old in code, f"{old!r} is not in the example")
        code = code.replace(old, new)
    return PROGRAM % code


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False,
                          **options)
    equal(done.returncode, 0, f"status of {' '.join(command)}: {done.stdout.decode()}")
    return done.stdout.decode()


def with_installation(function):
    def test_run():
        with tempfile.TemporaryDirectory() as folder:
            run("make", "-C", TOP, "install-host", f"B={os.path.relpath(BUILD, TOP)}", f"DESTDIR={folder}", "PREFIX=/opt/p",
                env={name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")})
            function(os.path.join(folder, "opt", "p"))
    test_run.__name__ = function.__name__
    return test(test_run)


def compiler():
    found = shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
    if not found or not shutil.which("pkg-config"):
        raise Skip("needs a C compiler and pkg-config")
    if os.environ.get("PERISCOPE_SANITIZED") == "1":
        raise Skip("a library with a sanitizer in it is not linked by a plain program")
    return found


def flags(root, *which):
    env = {**os.environ, "PKG_CONFIG_PATH": os.path.join(root, "lib", "pkgconfig"),
           "PKG_CONFIG_SYSROOT_DIR": root[:-len("/opt/p")]}
    return run("pkg-config", *which, "libperiscope", env=env).split()


@with_installation
def installed_files_are_all_there(root):
    found = sorted(os.path.relpath(os.path.join(place, name), root) for place, _, names in os.walk(root) for name in names)
    version = run(os.path.join(root, "bin", "periscope"), "--version").split()[1]
    gateway = ["bin/periscope-gateway", "share/man/man1/periscope-gateway.1"] if os.path.exists(GATEWAY) else []
    equal(found, sorted([*gateway, "bin/periscope", "include/periscope.h", "include/periscope_winetest.h", "lib/libperiscope.a",
                         "lib/libperiscope.so", "lib/libperiscope.so.0", f"lib/libperiscope.so.{version}",
                         "lib/pkgconfig/libperiscope.pc", "share/bash-completion/completions/periscope",
                         "share/fish/vendor_completions.d/periscope.fish", "share/man/man1/periscope-test.1", "share/man/man1/periscope-timeline.1",
                         "share/man/man1/periscope.1", "share/man/man3/libperiscope.3",
                         "share/zsh/site-functions/_periscope"]))
    for shell, path in (("bash", "bash-completion/completions/periscope"), ("zsh", "zsh/site-functions/_periscope"),
                        ("fish", "fish/vendor_completions.d/periscope.fish")):
        with open(os.path.join(root, "share", path), encoding="utf-8") as file:
            equal(file.read(), run(os.path.join(root, "bin", "periscope"), "--completion", shell), path)
    equal(os.readlink(os.path.join(root, "lib", "libperiscope.so")), "libperiscope.so.0")
    with open(os.path.join(root, "lib", "pkgconfig", "libperiscope.pc"), encoding="utf-8") as file:
        check("prefix=/opt/p\n" in file.read(), "the prefix of libperiscope.pc")


@with_installation
def example_runs_with_either_library(root):
    cc = compiler()
    source, program = os.path.join(root, "example.c"), os.path.join(root, "example")
    with open(source, "w", encoding="utf-8") as file:
        file.write(example())
    with Agent() as agent:
        for name, link in (("shared", flags(root, "--libs")),
                           ("static", ["-Wl,-Bstatic", *flags(root, "--libs", "--static"), "-Wl,-Bdynamic"])):
            run(cc, "-std=c11", "-Wall", "-Wextra", "-Werror", *flags(root, "--cflags"), source, "-o", program, *link)
            done = subprocess.run([program, str(agent.port)], stdout=subprocess.PIPE, timeout=PATIENCE, check=False,
                                  env={**os.environ, "LD_LIBRARY_PATH": os.path.join(root, "lib")})
            equal((done.returncode, done.stdout), (42, b"exited with 42\n"), name)
            equal(agent.read("report.txt"), b"sh\n")
            needed = run("ldd", program, env={**os.environ, "LD_LIBRARY_PATH": os.path.join(root, "lib")})
            equal("libperiscope.so.0" in needed, name == "shared", name)


@with_installation
def headers_are_cxx_too(root):
    compiler()
    cxx = shutil.which("g++") or shutil.which("clang++")
    if not cxx:
        raise Skip("needs a C++ compiler")
    source = os.path.join(root, "header.cc")
    with open(source, "w", encoding="utf-8") as file:
        file.write("#include <periscope.h>\n#include <periscope_winetest.h>\nint main() { periscope_free(nullptr); }\n")
    run(cxx, "-std=c++11", "-Wall", "-Wextra", "-Werror", *flags(root, "--cflags"), source, "-o", source + ".out",
        *flags(root, "--libs"))


@with_installation
def library_shows_its_own_names_only(root):
    if not shutil.which("nm"):
        raise Skip("needs nm")
    for options, name in ((["-D"], "libperiscope.so"), ([], "libperiscope.a")):
        lines = run("nm", "--defined-only", "--extern-only", *options, os.path.join(root, "lib", name)).splitlines()
        names = {line.split()[-1] for line in lines if len(line.split()) == 3}
        check(len(names) > 25, f"{name} shows {len(names)} names")
        if os.environ.get("PERISCOPE_SANITIZED") != "1":
            equal({each for each in names if not each.startswith("periscope_")}, set(), name)


@with_installation
def library_has_nothing_that_only_a_guest_needs(root):
    if not shutil.which("nm"):
        raise Skip("needs nm")
    names = set(run("nm", "--defined-only", "--format=just-symbols", os.path.join(root, "lib", "libperiscope.a")).split())
    check("os_connect" in names, f"{len(names)} names, and none of what it is made of")
    equal({"os_listen", "os_identity_find", "launch", "bus_call", "os_gpu_list"} & names, set(), "of a guest")


def rendered(name):
    return subprocess.run(["mandoc", "-T", "ascii", os.path.join(TOP, "docs", "man", name)], stdout=subprocess.PIPE,
                          check=True, timeout=PATIENCE).stdout


@test
def man_pages_tell_all():
    """Every verb, option and exit status that --help has, and every function of the header."""
    if not shutil.which("mandoc"):
        raise Skip("needs mandoc")
    page = re.sub(rb".\x08", b"", rendered("periscope.1")).decode()
    periscope = os.path.join(BUILD, "periscope")
    verbs = re.findall(r"^  ([a-z-]+) +[A-Z]", run(periscope, "--help").split("Verbs:\n")[1].split("\n\n")[0], re.MULTILINE)
    check(len(verbs) > 10, verbs)
    told = []
    for verb in verbs:
        check(re.search(rf"^ +{verb}( |$)", page, re.MULTILINE), f"periscope(1) does not tell of {verb}")
        name = f"periscope-{verb}.1" if os.path.exists(os.path.join(TOP, "docs", "man", f"periscope-{verb}.1")) else None
        pages = page + (re.sub(rb".\x08", b"", rendered(name)).decode() if name else "")
        for option in re.findall(r"^  (?:-\w, |    )(--[a-z-]+)", run(periscope, verb, "--help"), re.MULTILINE):
            check(option in pages, f"the man pages do not tell of {option} of {verb}")
            told.append(option)
    check(len(told) > 3 * len(verbs), f"only {told} were found in the help")
    statuses = re.findall(r"^  (\d+) +(.*)$", run(periscope, "--help"), re.MULTILINE)
    check(len(statuses) >= 8, f"only {statuses} were found in the help")
    for value, text in statuses:
        check(re.search(rf"^ +{value} +[a-z-]+ ", page, re.MULTILINE), f"periscope(1) does not tell of {value}: {text}")
    functions = re.sub(rb".\x08", b"", rendered("libperiscope.3")).decode()
    with open(os.path.join(TOP, "host", "periscope.h"), encoding="utf-8") as file:
        names = re.findall(r"\b(periscope_\w+)\(", re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL))
    check(len(names) > 20, f"only {names} were found in the header")
    for name in names:
        check(f"{name}(" in functions, f"libperiscope(3) does not tell of {name}")


if __name__ == "__main__":
    main()
