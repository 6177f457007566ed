# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names that only the programs under test have, in a mount namespace of their own."""
import os
import shutil
import subprocess
import tempfile

from harness import Skip


class Hosts:
    """An /etc/hosts that is the only source of names, for `with`: `wrapper` is the command in front of a program's."""

    FILES = "hosts", "nsswitch.conf"

    def __init__(self, *lines):
        self.lines = lines

    def __enter__(self):
        if os.geteuid() or not shutil.which("unshare"):
            raise Skip("names of its own need root and unshare(1)")
        self.folder = tempfile.mkdtemp()
        self.write("hosts", *self.lines)
        self.write("nsswitch.conf", "hosts: files")
        mounts = " && ".join(f"mount --bind {self.folder}/{name} /etc/{name}" for name in self.FILES)
        self.wrapper = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh"]
        tried = subprocess.run([*self.wrapper, "true"], capture_output=True, check=False)
        if tried.returncode:
            self.__exit__()
            raise Skip(f"no mount namespace: {tried.stderr.decode().strip()}")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def write(self, name, *lines):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
            file.write("".join(line + "\n" for line in lines))
