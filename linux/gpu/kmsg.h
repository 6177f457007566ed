/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A record of /dev/kmsg, as the kernel's Documentation/ABI/testing/dev-kmsg has it. Memory in, values out. */
#ifndef LINUX_GPU_KMSG_H
#define LINUX_GPU_KMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kmsg_record {
    uint64_t sequence, time_us; /* since the boot */
    bool of_kernel; /* facility 0, which no user can give a record: what is written to /dev/kmsg has another */
    char text[512]; /* the first bytes; "\x0a" as the kernel writes it */
};

/* Takes a record from *bytes and moves both past it, with the lines of its dictionary. Returns false when there is none, and
   skips a line that is no record. */
bool kmsg_take(const char **bytes, size_t *len, struct kmsg_record *out);

#endif
