/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is counted for Prometheus. Labels are names of the configuration and of states: they can't grow. Any thread counts. */
#ifndef HOST_WEB_METRICS_H
#define HOST_WEB_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#define METRICS_BUCKETS 10 /* with the last, that has no bound */

struct histogram {
    atomic_ullong counts[METRICS_BUCKETS]; /* each of its own bucket alone */
    atomic_ullong sum_ms;
};

struct metrics {
    struct histogram screenshot; /* a whole picture for a host: asked for until it is there */
    struct histogram boot;       /* from the boot of a guest until its desktop is ready */
    atomic_ullong requests, refused, sockets, frames, rectangles, picture_bytes, text_bytes;
    atomic_ullong bad_messages;
    atomic_uint sockets_open, viewers_watching;
};

void histogram_add(struct histogram *histogram, const double *bounds_s, int64_t ms);
extern const double metrics_screenshot_s[METRICS_BUCKETS - 1], metrics_boot_s[METRICS_BUCKETS - 1];

#endif
