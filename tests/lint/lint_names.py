#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names and comments of functions: a name is one function's in each program, and a comment begins with a verb."""
import collections
import os
import re
import subprocess

import lint

SHARED_PERCENT_MAX = 1.0  # of a program's functions, those whose name another one of it has too
VERB_PERCENT_MIN = 60  # of the functions' comments
COMMON = ("base/", "protocol/")
# The folders of each program; one that is named here stands for those below it, too.
PROGRAMS = {
    "periscoped": (*COMMON, "platform/", "linux/", "picture/", "capture/", "agent/"),
    "periscoped.exe": (*COMMON, "platform/", "win32/", "picture/", "capture/", "agent/"),
    "periscope": (*COMMON, "platform/", "linux/", "picture/", "host/"),
    "periscope-gateway": (*COMMON, "platform/", "linux/", "picture/", "host/"),
}
LEFT_OUT = {
    "periscoped": ("capture/win32/",),
    "periscoped.exe": ("capture/apart/", "capture/linux/", "capture/x11/", "capture/drm/"),
    "periscope": ("host/web/",),
    "periscope-gateway": ("host/cli/", "host/timeline/"),
}
COMMENT_END = re.compile(r"\*/\s*$")
RULE = re.compile(r"/\*\s*-{2,}")  # "/* ---- what follows ---- */" is of no function
FIRST_WORD = re.compile(r"/\*+\s*([A-Za-z]+)")


def functions(kinds, *endings):
    """(file, line, name) of each C function (kinds f: its definition, p: its declaration)."""
    form = "%{input}\t%{line}\t%{name}\n"
    paths = [path for path in lint.files(*endings) if not path.startswith(("tests/", "packaging/"))]
    listed = subprocess.run(["ctags", "-x", "--c-kinds=" + kinds, "--fields=+n", "--_xformat=" + form, *paths],
                            cwd=lint.ROOT, stdout=subprocess.PIPE, check=True)
    for line in listed.stdout.decode().splitlines():
        if line:
            path, first, name = line.split("\t")
            yield path, int(first), name


def is_of(program, path):
    return path.startswith(PROGRAMS[program]) and not path.startswith(LEFT_OUT[program])


def check_unique():
    wrong = []
    defined = sorted(set(functions("f", ".c")))
    for program in PROGRAMS:
        places = collections.defaultdict(list)
        for path, line, name in defined:
            if is_of(program, path):
                places[name].append(f"{path}:{line}")
        count = sum(map(len, places.values()))
        shared = {name: where for name, where in places.items() if len(where) > 1}
        functions_shared = sum(map(len, shared.values()))
        percent = 100 * functions_shared / count
        print(f"# {program}: {count} functions, {percent:.1f} % share a name")
        if percent >= SHARED_PERCENT_MAX:
            wrong += [f"{program}: {name}() stands {len(where)} times: {' '.join(where)}"
                      for name, where in sorted(shared.items(), key=lambda item: -len(item[1]))]
    return lint.report("names", wrong)


def comment_above(lines, line):
    """The comment that ends right above this line (from 1 on), or None."""
    last = line - 2
    if last < 0 or not COMMENT_END.search(lines[last]):
        return None
    first = last
    while first > 0 and "/*" not in lines[first]:
        first -= 1
    text = "\n".join(lines[first:last + 1]).strip()
    return text if text.startswith("/*") and not RULE.match(text) else None


def first_line(lines, line):
    """The line that a declaration begins at: ctags names that of the function's name."""
    while line > 1 and lines[line - 2].strip() and not re.search(r"[;{}/:]\s*$|^\s*#", lines[line - 2]):
        line -= 1
    return line


def third_person(verb):
    """"reads" of "read": how a comment says what its function does."""
    if verb in ("have", "be"):
        return {"have": "has", "be": "is"}[verb]
    if re.search(r"(s|sh|ch|x|z|o)$", verb):
        return verb + "es"
    return verb[:-1] + "ies" if re.search(r"[^aeiou]y$", verb) else verb + "s"


def known_verbs():
    with open(os.path.join(lint.ROOT, "tests/lint/verbs.txt"), encoding="utf-8") as file:
        listed = [line for line in file if not line.startswith("#")]
    return {third_person(verb) for line in listed for verb in line.split()}


def check_comments():
    verbs = known_verbs()
    total, wrong, texts = 0, [], {}
    for path, line, name in sorted(set(functions("fp", ".c", ".h"))):
        lines = texts.setdefault(path, lint.text(path).splitlines())
        comment = comment_above(lines, first_line(lines, line))
        if not comment:
            continue
        total += 1
        word = FIRST_WORD.match(comment)
        if not word or word[1].lower() not in verbs:
            wrong.append(f"{path}:{line}: the comment of {name}() begins with no verb of tests/lint/verbs.txt: "
                         f"{comment.splitlines()[0][:60]}")
    percent = 100 * (total - len(wrong)) / max(total, 1)
    print(f"# {total} comments of functions, {percent:.0f} % begin with a verb")
    if lint.VERBOSE:
        print("\n".join(wrong))
    return lint.report("comments", wrong if percent < VERB_PERCENT_MIN else [])


if __name__ == "__main__":
    lint.finish(check_unique(), check_comments())
