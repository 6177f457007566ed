#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests in a guest whose working folder has a difficult name: names go by RPC, never through a batch file."""
import os
import subprocess
import tempfile

import wine
from plain import Proxy
from wine import Agent, check, equal

BAD_TEST = wine.exe("tools/bad_test.exe")
NAMES = ("gr\u00fcn \u4e2d\u6587", "100% %PATH%", "a & b (c) ^!")


def run_test(port, *options):
    return subprocess.run([wine.PERISCOPE, "test", "--no-settime", *options, f"127.0.0.1:{port}", BAD_TEST, "pass"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=2 * wine.PATIENCE)


def check_passes(done, folder):
    out = done.stdout.decode("utf-8", "replace")
    equal(done.returncode, 0, f"in {folder}: {out}: exit status")
    check("warning" not in out, out)
    equal(os.listdir(folder), [], "what is left in the agent's folder")


def in_each_folder(run):
    for name in NAMES:
        with tempfile.TemporaryDirectory(prefix="periscope-wine-", dir="/tmp") as top:
            folder = os.path.join(top, name)
            os.mkdir(folder)
            with Agent("--workdir", wine.windows_path(folder)) as agent:
                check_passes(run(agent), folder)


def test_passes_whatever_the_working_folder_is_called():
    in_each_folder(lambda agent: run_test(agent.port))


def test_passes_there_without_exec():
    """As testagentd's own guests: the unit is started by a batch file."""
    def run(agent):
        with Proxy(agent) as proxy:
            return run_test(proxy.port, "-e", "A=100% %PATH%")
    in_each_folder(run)


def what_a_batch_file_can_not_have_is_named():
    with Agent() as agent, Proxy(agent) as proxy:
        done = run_test(proxy.port, "-e", "A=gr\u00fcn")
        out = done.stdout.decode()
        equal(done.returncode, 5, f"{out}: exit status")
        check("its batch file can't have 'A=gr\u00fcn'" in out, out)


wine.main([test_passes_whatever_the_working_folder_is_called, test_passes_there_without_exec,
           what_a_batch_file_can_not_have_is_named])
