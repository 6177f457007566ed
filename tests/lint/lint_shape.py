#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The size of functions and files, licence lines, header guards, and words that do not belong into the source."""
import os
import re
import subprocess

import lint

FUNCTION_LINES_MAX = 80
FILE_LINES_AIM = 500  # a note; past the bound below it fails
FILE_LINES_MAX = 600
SOURCES = (".c", ".h", ".def", ".py", ".sh", ".mk")
LICENCE = "SPDX-License-Identifier: LGPL-2.1-or-later"
# Words of unfinished work, and of places and papers that the project doesn't have.
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|\b[Ff]or now\b|\bnot (?:yet )?implemented\b")
ISSUE = re.compile(r"\b(?:issue|ticket|bug)s? #?\d+\b", re.I)
PAPER = re.compile(r"(?<![\w./-])((?:[\w-]+/)*[\w-]+\.md)\b")
UPWARDS = re.compile(r"(?:\.\./)+[\w./-]*")
ADDRESS = re.compile(r"\bhttps?://(?!127\.0\.0\.1)", re.I)


def functions():
    """(file, line, name, lines) of each C function."""
    form = "%{input}\t%{line}\t%{name}\t%{end}\n"
    listed = subprocess.run(["ctags", "-x", "--c-kinds=f", "--fields=+ne", "--_xformat=" + form, *lint.files(".c", ".h")],
                            cwd=lint.ROOT, stdout=subprocess.PIPE, check=True)
    for line in listed.stdout.decode().splitlines():
        if line:
            path, first, name, last = line.split("\t")
            yield path, int(first), name, int(last) - int(first) + 1


def check_functions():
    try:
        found = list(functions())
    except FileNotFoundError:
        print("SKIP lint-functions: there is no ctags here")
        return True
    lengths = sorted(lines for *_, lines in found)
    if lengths:
        print(f"# {len(lengths)} functions: median {lengths[len(lengths) // 2]} lines, 90 % up to "
              f"{lengths[len(lengths) * 9 // 10]}, the longest {lengths[-1]}")
    return lint.report("functions", [f"{path}:{first}: {name}() has {lines} lines, more than {FUNCTION_LINES_MAX}"
                                     for path, first, name, lines in found if lines > FUNCTION_LINES_MAX])


def check_files():
    long = []
    for path in lint.files(*SOURCES):
        lines = lint.text(path).count("\n")
        if lines > FILE_LINES_MAX:
            long.append(f"{path} has {lines} lines, more than {FILE_LINES_MAX}")
        elif lines > FILE_LINES_AIM:
            print(f"# note: {path} has {lines} lines, more than the {FILE_LINES_AIM} that a file should have")
    return lint.report("files", long)


def check_licence():
    named = set(lint.files(*SOURCES)) | set(lint.scripts("sh", "bash", "python3")) | set(lint.files("Makefile"))
    return lint.report("licence", [f"{path}: the first lines lack '{LICENCE}'" for path in sorted(named)
                                   if LICENCE not in "".join(lint.text(path).splitlines(True)[:3])])


def check_guards():
    wrong = []
    for path in lint.files(".h"):
        guard = re.search(r"^#ifndef (\w+)\n#define \1$", lint.text(path), re.M)
        if not guard or not guard[1].endswith(re.sub(r"\W", "_", os.path.basename(path)).upper()):
            wrong.append(f"{path}: its include guard should end in its own name")
    return lint.report("guards", wrong)


def wrong_words(path, line):
    for match in UNFINISHED.finditer(line):
        yield f"'{match[0]}' tells of unfinished work"
    for match in ISSUE.finditer(line):
        if path.endswith((".c", ".h", ".def", ".md")):
            yield f"'{match[0]}' is a number from elsewhere"
    for match in PAPER.finditer(line):
        places = (match[1], os.path.join("docs", os.path.basename(match[1])), os.path.join(os.path.dirname(path), match[1]))
        if not any(os.path.isfile(os.path.join(lint.ROOT, place)) for place in places):
            yield f"there is no {match[1]} in this project"
    for match in UPWARDS.finditer(line):
        if not path.endswith((".c", ".h", ".py")) and os.path.normpath(os.path.join(os.path.dirname(path), match[0])).startswith(".."):
            yield f"'{match[0]}' leads out of the project"
    if ADDRESS.search(line) and not path.endswith(".md") and not path.startswith(("packaging/", "docs/")):
        yield "an address of the network: the source fetches nothing by name"


def check_words():
    wrong = []
    for path in lint.files(*SOURCES, ".md", ".mk", "Makefile", ".ci/run"):
        if path == "tests/lint/lint_shape.py":
            continue  # it names what it looks for
        for number, line in enumerate(lint.text(path).splitlines(), 1):
            wrong += [f"{path}:{number}: {what}" for what in wrong_words(path, line)]
    return lint.report("words", wrong)


if __name__ == "__main__":
    lint.finish(check_functions(), check_files(), check_licence(), check_guards(), check_words())
