/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounds the events of what may be told thousands of times. Its caller's lock guards it. */
#ifndef AGENT_WINDOW_H
#define AGENT_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_MS 10000 /* in which at most WINDOW_MAX reports are events if they change nothing */
#define WINDOW_MAX 8

struct window {
    int64_t begin_ms;
    unsigned count, more; /* events in it; reports that became none and are not told yet */
};

/* Returns whether another report may become an event, and how many did not before it. */
bool window_take(struct window *window, bool changes, unsigned *more);

#endif
