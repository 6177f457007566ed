#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command periscope says to people: in one line what a verb has done, what was meant by a slip, and how a shell
completes it."""
import os
import re
import tempfile

from cli import USAGE, one_line, periscope, target
from harness import check, equal, main, test, with_agent
from test_cli_crc import PATTERN

TIME = r"(\d+ ms|\d+\.\d s)"


def says(pattern, *arguments, code=0, cwd=None):
    """The verb's one line on standard error; nothing with --quiet, and nothing but the object with --json."""
    result = periscope(*arguments, code=code, cwd=cwd)
    check(re.fullmatch(pattern.replace("TIME", TIME) + r"\n", result.err), f"{arguments}: {result.err!r}")
    for option in "--quiet", "--json":
        if arguments[0] == "restart":
            break
        result = periscope(arguments[0], option, *arguments[1:], code=code, cwd=cwd)
        equal(result.err, "", f"{arguments} with {option}")
        equal(result.out != b"", option == "--json", f"standard output of {arguments} with {option}")


@with_agent(copy=True, env={"PERISCOPE_PATTERN": "203x101"})
def a_verb_says_in_one_line_what_it_did(agent):
    guest = target(agent)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "a\x1bb"), "wb") as file:
            file.write(bytes(2048))
        says("there: 2.0 KiB, TIME", "put", guest, "a\x1bb", "there", cwd=folder)
        says(r"a\?b: 2.0 KiB, TIME", "put", guest, "a\x1bb", cwd=folder)
        says("here: 2.0 KiB, TIME", "get", guest, "there", "here", cwd=folder)
        says(r"screen.png: 203x101, PATTERN-1 \(pattern\), TIME", "screenshot", guest, "screen.png", *PATTERN, cwd=folder)
        hashed = periscope("screenshot", "--json", guest, *PATTERN, cwd=folder).json["facts"]["hash"]
        says(r"screen.png: unchanged, and not written, PATTERN-1 \(pattern\), TIME", "screenshot", "-i", hashed, guest, "screen.png",
             *PATTERN, code=119, cwd=folder)
    says(f"{guest}: process \\d+ exited with 3, TIME", "run", guest, "sh", "-c", "exit 3", code=3)
    says(f"{guest}: there is no there any more", "rm", guest, "there")
    says(f"{guest}: there are no such 2 files any more", "rm", guest, "there", "elsewhere")
    says(f"{guest}: start.count=0", "property", guest, "start.count", "0")
    says(f"{guest}: the agent restarts as ./periscoped", "restart", guest, "./periscoped", str(agent.port))


@with_agent(env={"PERISCOPE_PATTERN": "203x101"})
def reasons_that_are_no_news_are_for_verbose(agent):
    """That a backend has nothing to show is no news while another one has, and news while none has."""
    for verb in "displays", "crc":
        guest = target(agent)
        equal(periscope(verb, guest, *PATTERN).err, "", verb)
        result = periscope(verb, guest, code=None)
        check("x11: " in result.err + result.out.decode() and "drm: " in result.err + result.out.decode(), (verb, result.err))


@test
def the_nearest_verb_and_option_are_told():
    one_line(periscope("tst", "vm1:9000", code=USAGE), "there is no verb 'tst'; did you mean 'test'? (see 'periscope --help')")
    one_line(periscope("screenshto", code=USAGE), "there is no verb 'screenshto'; did you mean 'screenshot'?")
    one_line(periscope("put", "--execcutable", "vm1:9000", "a", code=USAGE),
             "there is no option --execcutable; did you mean '--executable'? (see 'periscope put --help')")
    one_line(periscope("put", "--jsno=1", "vm1:9000", "a", code=USAGE), "there is no option --jsno; did you mean '--json'?")
    one_line(periscope("--verison", code=USAGE), "'--verison' is no verb, which comes first; did you mean '--version'?")
    one_line(periscope("frobnicate", "vm1:9000", code=USAGE), "there is no verb 'frobnicate' (see 'periscope --help')")


if __name__ == "__main__":
    main()
