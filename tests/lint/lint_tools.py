#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checkers that others wrote: clang-format, clang-tidy, cppcheck, shellcheck, pyflakes and mandoc."""
import ast
import os
import subprocess

import lint

FLAGS = ["-std=c11", "-D_GNU_SOURCE", '-DPERISCOPE_VERSION="0"', "-iquote", ".", "-isystem",
         "/usr/include/libdrm"]
TEMPLATES = {"./picture/rows_simd.h", "picture/rows_simd.h"}  # included once for each kind of vector, never alone
WINDOWS = ("win32/", "tests/demo/shim.c", "tests/wine/", "capture/win32/gdi", "capture/win32/dxgi")  # need Windows' headers


def here_compiled(*endings):
    return [path for path in lint.files(*endings) if not path.startswith(WINDOWS)]


def check_format():
    return lint.run("format", ["clang-format", "--dry-run", "-Werror", *lint.files(".c", ".h")], ": error: ")


def check_tidy():
    """One clang-tidy for each processor: it has no threads of its own."""
    paths = here_compiled(".c")
    jobs = [paths[i::os.cpu_count()] for i in range(os.cpu_count())]
    try:
        running = [subprocess.Popen(["clang-tidy", "-quiet", *job, "--", *FLAGS], cwd=lint.ROOT, text=True,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                   for job in jobs if job]
    except FileNotFoundError:
        print("SKIP lint-tidy: there is no clang-tidy here")
        return True
    found = []
    for process in running:
        output, _ = process.communicate()
        lines = [line for line in output.splitlines() if " error: " in line or " warning: " in line]
        found += lines or ([f"clang-tidy ended with {process.returncode}"] if process.returncode else [])
    return lint.report("tidy", found)


def check_cppcheck():
    # autoVariables: a waiter lives on its thread's stack for just as long as it is listed. The tests are left out: they
    # do on purpose what it warns of. nullPointerOutOfMemory, of newer releases: it does not see a status that says so.
    # normalCheckLevelMaxBranches is no finding but a remark about its own limits. object.c gives an array to the kernel.
    # The calls of Xlib's functions, by X11_CALL, it takes for uses of what they write to.
    suppressed = ["missingIncludeSystem", "autoVariables", "nullPointerOutOfMemory", "normalCheckLevelMaxBranches",
                  "uninitvar:capture/drm/object.c", "uninitvar:capture/x11/*.c"]
    paths = [path for path in here_compiled(".c") if not path.startswith("tests/")]
    return lint.run("cppcheck", ["cppcheck", "-q", "-j", str(os.cpu_count()), "--enable=warning,portability,performance",
                                 "--std=c11", "-I.", "-D_GNU_SOURCE", '-DPERISCOPE_VERSION="0"', "--error-exitcode=1",
                                 "--inline-suppr", *(f"--suppress={name}" for name in suppressed), *paths], ": ")


def check_shell():
    return lint.run("shell", ["shellcheck", "-x", *lint.scripts("sh", "bash")], "In ")


def check_python():
    wrong = []
    paths = sorted(set(lint.files(".py")) | set(lint.scripts("python3")))
    for path in paths:
        try:
            ast.parse(lint.text(path), path)
        except SyntaxError as error:
            wrong.append(f"{path}:{error.lineno}: {error.msg}")
    return lint.report("python", wrong) and lint.run("pyflakes", ["pyflakes3", *paths])


def check_manual():
    pages = [path for path in lint.files(*(f".{section}" for section in range(1, 9)))]
    if not pages:
        return True
    return lint.run("manual", ["mandoc", "-T", "lint", "-W", "warning", *pages])


def check_headers():
    """A header stands alone: it compiles without anything before it."""
    wrong = []
    for path in set(here_compiled(".h")) - TEMPLATES:
        done = subprocess.run(["gcc", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *FLAGS, "-include", path, "-x", "c",
                               os.devnull], cwd=lint.ROOT, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        # check.h is a test's own main file: what it doesn't use is no fault.
        lines = [line for line in done.stderr.splitlines() if " error: " in line and "unused" not in line]
        wrong += lines[:3]
    return lint.report("headers", wrong)


if __name__ == "__main__":
    lint.finish(check_format(), check_tidy(), check_cppcheck(), check_shell(), check_python(), check_manual(),
                check_headers())
