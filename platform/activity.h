/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How busy the machine is. */
#ifndef PLATFORM_ACTIVITY_H
#define PLATFORM_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

/* Counters that only grow; two readings tell how busy it was between them. */
struct os_activity {
    int64_t at_ms;      /* monotonic */
    uint64_t cpu_busy;  /* of all processors together, in the same unit as */
    uint64_t cpu_total; /* this; 0: not known */
    uint64_t disk_ms;   /* for which the busiest disk had work, */
    bool has_disk;      /* where that is known */
};

void os_activity_read(struct os_activity *out);

#endif
