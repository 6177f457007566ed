/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What files tell about graphics cards. None of them asks a driver. */
#ifndef LINUX_GPU_SYSFS_H
#define LINUX_GPU_SYSFS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Formats a path, below PERISCOPED_TEST_SYSTEM of the agent's environment where a test has set that. */
void gpu_path(char path[PATH_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reads a file's first line; "" when it can't be read. Returns whether it could. */
bool gpu_read_line(const char *path, char *line, size_t size);
/* Returns whether the device at the PCI address is a display controller. */
bool gpu_is_display_controller(const char *pci);
/* Lists the names of a card's connected outputs ("card0"), separated by spaces; returns how many outputs it has. *unread:
   the state of some is not known. */
unsigned gpu_list_connected(const char *card, char *names, size_t size, bool *unread);

#endif
