#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Framebuffers that are read by EGL, with Mesa's renderer in software on the card's own file: vkms' told as rows, by its
CRC, and virtio-gpu's without a modifier, by QEMU's screendump."""
import glob
import os
import sys

import rig
from rig import check, scene, value, with_client

FOLDER = "/usr/lib/x86_64-linux-gnu"
VENDOR = "/usr/share/glvnd/egl_vendor.d/50_mesa.json"
# Mesa of Debian 12 has a file for each driver, later ones one for all.
MESA = [VENDOR, *(f"{FOLDER}/{name}" for name in ("libgbm.so.1", "libEGL.so.1", "libEGL_mesa.so.0", "libGLESv2.so.2")),
        f"{FOLDER}/dri/kms_swrast_dri.so", *glob.glob(f"{FOLDER}/gbm/*.so")]


def read_by_egl(facts, layout):
    planes = [text for key, text in facts if key == "drm.plane"]
    check(planes and all(plane.endswith(f", {layout}, read by EGL") for plane in planes), facts)


def console(machine):
    facts, *_ = rig.by_crc(machine, "text console by EGL")
    read_by_egl(facts, "LINEAR")


def planes_of_a_client(machine):
    def take():
        facts, *_ = rig.by_crc(machine, "planes by EGL")
        read_by_egl(facts, "LINEAR")
        check(value(facts, "cursor") == "drawn", facts)
    with_client(machine, scene(["primary:XR24:{size}:sea", "overlay:AR24:320x200:pane:CRTC_X=90:CRTC_Y=80",
                                "cursor:AR24:64x64:arrow:CRTC_X=372:CRTC_Y=214"]), take)


def without_a_modifier(machine):
    facts, *_ = rig.by_screendump(machine, "virtio-gpu's console by EGL")
    read_by_egl(facts, "a layout that the driver does not tell")


GUESTS = [("egl-vkms", ["-vga", "none"], ["vkms"], [("console", console), ("planes", planes_of_a_client)]),
          ("egl-virtio", ["-vga", "none", "-device", "virtio-gpu-pci"], ["virtio_pci", "virtio-gpu"],
           [("without-a-modifier", without_a_modifier)])]

if __name__ == "__main__":
    lacking = [file for file in MESA if not os.path.exists(file)]
    if lacking:
        print(f"SKIP vm-egl: {lacking[0]} is not here")
        sys.exit(0)
    sys.exit(rig.main(GUESTS, more=MESA, memory_mib=1536, environment="PERISCOPED_TEST_EGL=software"))
