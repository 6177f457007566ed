/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/access/refusals.h"
#include "agent/log.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define REFUSAL_SIZE 320 /* bytes of a text; what is longer is cut */

struct refusal {
    char text[REFUSAL_SIZE];
    int64_t next_ms; /* when it may be logged again; 0: never was, or is for any other */
    unsigned long untold;
};

static struct {
    struct os_mutex *lock;
    struct refusal items[REFUSALS_MAX + 1]; /* the last stands for all that find no place */
} refusals;

void refusals_init(void)
{
    refusals.lock = os_mutex_new();
}

/* Returns the place of a text: its own, or one that is free again, or the last. */
static struct refusal *refusal_find(const char *text)
{
    struct refusal *place = &refusals.items[REFUSALS_MAX];
    for (int i = REFUSALS_MAX - 1; i >= 0; i--) {
        struct refusal *item = &refusals.items[i];
        if (item->next_ms && strcmp(item->text, text) == 0)
            return item;
        if (item->next_ms == 0 || os_time_left(item->next_ms) == 0)
            place = item;
    }
    if (place != &refusals.items[REFUSALS_MAX])
        *place = (struct refusal){.next_ms = 0};
    return place;
}

/* Returns whether to log the text now; *untold is how often it was not. */
static bool refusal_count(const char *text, unsigned long *untold)
{
    os_mutex_lock(refusals.lock);
    struct refusal *item = refusal_find(text);
    bool due = item->next_ms == 0 || os_time_left(item->next_ms) == 0;
    *untold = item->untold;
    if (due) {
        snprintf(item->text, sizeof item->text, "%s", text);
        item->next_ms = os_deadline(REFUSAL_AGAIN_MS);
        item->untold = 0;
    } else {
        item->untold++;
    }
    os_mutex_unlock(refusals.lock);
    return due;
}

void refusal_log(const char *format, ...)
{
    char text[REFUSAL_SIZE];
    unsigned long untold;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!refusal_count(text, &untold))
        return;
    if (untold)
        log_line("%s (%lu more refusals were not logged)", text, untold);
    else
        log_line("%s", text);
}
