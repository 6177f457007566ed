/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A message of the kernel about a device (uevent). Memory in, values out. */
#ifndef LINUX_GPU_UEVENT_H
#define LINUX_GPU_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

struct uevent {
    char action[16], subsystem[32], device[192]; /* "change", "drm", "/devices/pci0000:00/0000:00:02.0/drm/card0" */
    char wedged[64];                             /* WEDGED=, since Linux 6.15; "": not told */
    bool hotplug;                                /* HOTPLUG=1: outputs were connected or removed */
};

/* Parses "ACTION@DEVPATH" and the "KEY=VALUE" behind it, each with a NUL. Returns false for anything else, udev's own
   messages among it. */
bool uevent_parse(const char *bytes, size_t len, struct uevent *out);

/* Copies the last PCI address on the device's path, or "". size: at least 13. */
void uevent_pci(const struct uevent *event, char *pci, size_t size);

#endif
