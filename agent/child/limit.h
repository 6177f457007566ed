/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time limit of a child. Its clock is os_clock_ms(): no clock that is set moves it; on Linux it stands still while the
   system sleeps. */
#ifndef AGENT_CHILD_LIMIT_H
#define AGENT_CHILD_LIMIT_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_MAX_MS INT64_C(2592000000) /* 30 days */

enum { LIMIT_PICTURE = 1, LIMIT_WINDOWS = 2, LIMIT_STACKS = 4, LIMIT_KILL = 8 }; /* what to do at it */

struct child_limit {
    int64_t ms; /* 0: none */
    unsigned actions;
    const char *files; /* how the names of what is written begin; borrowed in a wish, else owned; NULL: nothing is */
    int64_t deadline;  /* os_clock_ms(); 0: all was done */
    bool reached;      /* it was over while the child ran */
    bool busy;         /* somebody does what is to be done */
};

/* Parses "picture,kill". */
int limit_parse_actions(unsigned *actions, const char *text, struct error *err);
void limit_append_actions(struct buffer *out, unsigned actions);

struct child;
/* Does, in a thread of its own, what is to be done for a child that is in use: then child_release(). Returns false when
   that can't be begun. */
typedef bool limit_act(void *context, struct child *child);

#endif
