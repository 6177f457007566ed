/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the thread that watches a screen asks for the pointer: apart from the picture where the agent and its source can tell
 * it, painted in where not. Of screen_watch.c alone. */
#ifndef HOST_WEB_POINTER_FEED_H
#define HOST_WEB_POINTER_FEED_H

#include "host/periscope.h"
#include "picture/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct screen;

struct pointer_feed {
    bool lacks;       /* the agent does not know these options */
    bool painted;     /* what is on the screen can't tell it: it is in the picture */
    bool asks;        /* the last question was for the picture without it */
    int64_t tried_ms; /* os_clock_ms() of when it could not */
    char tells[32];   /* the backend that has told it once: when it tells nothing, there is none */
    char known[PICTURE_HASH_SIZE + 40];
};

void pointer_feed_init(struct pointer_feed *feed);
/* Adds the options; returns how many. waits: the question may wait for another pointer. */
size_t pointer_feed_ask(struct pointer_feed *feed, struct screen *screen, const char **options, bool *waits,
                        char known[PICTURE_HASH_SIZE + 48]);
/* Takes over what the answer says of it, and fetches a shape that is not known. False when the picture is to be asked for
   anew, with the pointer in it. */
bool pointer_feed_take(struct pointer_feed *feed, struct screen *screen, struct periscope *periscope,
                       const struct periscope_strings *facts);

#endif
