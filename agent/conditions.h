/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conditions of waitready: what is wanted and what is known, and from that which of them are met. Memory in, values
 * out.
 */
#ifndef AGENT_CONDITIONS_H
#define AGENT_CONDITIONS_H

#include "base/error.h"
#include "base/strlist.h"
#include "platform/activity.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONDITIONS_MAX 6
#define CONDITIONS_ENDING_MS                                                                                           \
    300000 /* after which a system that was to shut down, and is still there, was kept from it */
#define CONDITIONS_TEXT_SIZE 768
#define CONDITIONS_STILL_MAX_MS 60000
#define CONDITIONS_IDLE_MS 1000 /* for which the machine is to be idle, and at most */
#define CONDITIONS_IDLE_MAX_MS 10000
#define CONDITIONS_SAMPLE_MS 200
#define CONDITIONS_SAMPLES (CONDITIONS_IDLE_MAX_MS / CONDITIONS_SAMPLE_MS + 10)

struct conditions_wanted {
    unsigned states;    /* of the desktop: bit N for enum desktop_state N; 0: any */
    const char *output; /* its name, "any", or NULL; borrowed, as the next two */
    const char *mode;   /* "WxH", or NULL */
    const char *gpu;    /* its PCI address or its driver, "any", or NULL */
    int still_ms;       /* for which the screen shows the same; 0: not wanted */
    int cpu, disk;      /* per cent at most, for idle_ms; -1: not wanted */
    int idle_ms;
};

struct conditions_fact {
    char *line; /* owned */
    int64_t since_ms;
};

struct conditions_known {
    struct conditions_fact *facts; /* owned: what a watch of the desktop tells (capture/desktop.h) */
    size_t fact_count;
    char failure[ERROR_TEXT_SIZE]; /* why nothing is known of the desktop; "": it is, or not yet */
    char ending[ERROR_TEXT_SIZE];  /* why the system shuts down by our own doing; "": it does not */
    int64_t ending_ms;             /* since when */
    int64_t still_until_ms;        /* when the last picture was taken that showed the same */
    int64_t still_since_ms;        /* since when the screen shows the same; 0: not known yet */
    char still_failure[ERROR_TEXT_SIZE];
    struct os_activity samples[CONDITIONS_SAMPLES]; /* the oldest first */
    size_t sample_count;
};

struct condition {
    const char *name;
    bool met;
    int64_t since_ms; /* when it became so, monotonic; 0: not known */
    char text[CONDITIONS_TEXT_SIZE];
};

/* Parses an option of waitready. The wanted conditions borrow its text. ERR_INVALID names one that is unknown or wrong. */
int conditions_parse(struct conditions_wanted *wanted, const char *option, struct error *err);

/* Replaces the facts. Those that stay the same keep their times. The others are of now_ms. */
void conditions_take_facts(struct conditions_known *known, const struct strlist *lines, int64_t now_ms);
void conditions_add_sample(struct conditions_known *known, const struct os_activity *sample);
void conditions_deinit(struct conditions_known *known);

/* Returns whether the system shuts down by our own doing. */
bool conditions_is_ending(const struct conditions_known *known, int64_t now_ms);
/* Checks what is wanted, in the order in which it usually comes true. Returns the number of conditions. */
size_t conditions_check(const struct conditions_wanted *wanted, const struct conditions_known *known, int64_t now_ms,
                        struct condition out[CONDITIONS_MAX]);
/* Hashes what of them a person would want to be told about: not numbers that change all the time. */
uint64_t conditions_hash(const struct condition *conditions, size_t count);

#endif
