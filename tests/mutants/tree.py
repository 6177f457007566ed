# SPDX-License-Identifier: LGPL-2.1-or-later
"""Copies of the tree, in which a bug is built and taken out again."""
import os
import shutil
import subprocess
import time

# What a build folder has of the programs and tests for this system.
PRODUCTS = ("obj", "made", "tests", "periscoped", "periscope", "periscope-gateway", "libperiscope.a", "libperiscope.so",
            "libperiscope.pc", "sample_test")


class Tree:
    """One copy. What is copied keeps its time, so make sees what is built already."""

    def __init__(self, path):
        self.path = path

    def make(self, *targets, jobs=1):
        """Returns what went wrong, or None."""
        command = ["make", "--no-print-directory", f"-j{jobs}", "-C", self.path, "B=build", "WARN=",
                   *(f"{name}={os.environ[name]}" for name in ("CC", "OPT") if name in os.environ), *targets]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, env={name: value for name, value in os.environ.items() if "MAKE" not in name},
                              check=False)
        if done.returncode == 0:
            return None
        lines = done.stderr.splitlines()
        return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "make failed")

    def copy(self, path):
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.path, path, symlinks=True)
        return Tree(path)

    def write(self, file, text):
        time.sleep(0.01)  # more than a tick of the clock of files: what was just restored must be older
        with open(os.path.join(self.path, file), "w", encoding="utf-8") as out:
            out.write(text)

    def restore(self, file, clean):
        """Takes the file from the clean tree. Of a C file the object, too, which is made newer than what was linked of
        the one with the bug; what else was made of the file must be made again."""
        source, target = (os.path.join(tree.path, file) for tree in (clean, self))
        built, replaced = (os.path.join(tree.path, "build", "obj", file[:-1] + "o") for tree in (clean, self))
        shutil.copyfile(source, target)
        if file.endswith(".c") and os.path.exists(built):
            shutil.copystat(source, target)
            shutil.copyfile(built, replaced)


def source_files(top):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=top, capture_output=True, text=True,
                            check=True).stdout.split("\n")
    return [path for path in listed if path and os.path.isfile(os.path.join(top, path))]


def clean_tree(top, build, path):
    """Copies the sources, and what is built of them."""
    shutil.rmtree(path, ignore_errors=True)
    for file in source_files(top):
        target = os.path.join(path, file)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(top, file), target)
    for name in PRODUCTS:
        source, target = os.path.join(build, name), os.path.join(path, "build", name)
        if os.path.isdir(source):
            shutil.copytree(source, target, symlinks=True)
        elif os.path.exists(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target)
    return Tree(path)
