/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/pointer_feed.h"

#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "host/web/screen.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_MS 10000 /* after which a source that could not tell the pointer is asked again, once it has changed */

void pointer_feed_init(struct pointer_feed *feed)
{
    *feed = (struct pointer_feed){0};
    snprintf(feed->known, sizeof feed->known, "unknown");
}

/* Returns whether a source that could not tell the pointer may have become another. */
static bool pointer_is_due(const struct pointer_feed *feed, struct screen *screen)
{
    screen_lock(screen);
    bool changed = screen->changed_ms > feed->tried_ms;
    screen_unlock(screen);
    return changed && os_clock_ms() - feed->tried_ms >= AGAIN_MS;
}

size_t pointer_feed_ask(struct pointer_feed *feed, struct screen *screen, const char **options, bool *waits,
                        char known[PICTURE_HASH_SIZE + 48])
{
    feed->asks = !feed->lacks && (!feed->painted || pointer_is_due(feed, screen));
    if (!feed->asks)
        return 0;
    *waits &= !feed->painted;
    snprintf(known, PICTURE_HASH_SIZE + 48, "pointer=%s", feed->known);
    options[0] = "cursor=0";
    options[1] = known;
    return 2;
}

static void pointer_tell(struct screen *screen, const char *place, const char *hash)
{
    screen_lock(screen);
    uint32_t before = screen->pointer.version;
    screen_pointer_take(&screen->pointer, place, hash);
    bool news = before != screen->pointer.version;
    screen_unlock(screen);
    if (news)
        gateway_wake(screen->guest->gateway);
}

static bool pointer_is_known(struct screen *screen, const char *hash)
{
    screen_lock(screen);
    bool known = screen_pointer_find(&screen->pointer, hash) >= 0;
    screen_unlock(screen);
    return known;
}

/* Fetches the shape that the pointer has now. False when the agent has none to give; what else fails is tried again with the
   next answer. */
static bool pointer_fetch(struct screen *screen, struct periscope *periscope)
{
    char output[300];
    const char *options[] = {"cursor=0", "pointer-shape=1", screen->output ? output : NULL, NULL};
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    snprintf(output, sizeof output, "output=%s", screen->output ? screen->output : "");
    int status = periscope_screenshot(periscope, options, &facts, &bytes, &len);
    if (status)
        return status != PERISCOPE_REFUSED;
    screen_lock(screen);
    bool good = bytes && screen_pointer_add_shape(&screen->pointer, periscope_strings_get(&facts, "pointer.hash"),
                                                  periscope_strings_get(&facts, "pointer.size"), bytes, len);
    screen_unlock(screen);
    free(bytes);
    periscope_strings_free(&facts);
    return good;
}

/* Has the pointer painted in from now on. */
static bool pointer_give_up(struct pointer_feed *feed, struct screen *screen)
{
    feed->painted = true;
    feed->tried_ms = os_clock_ms();
    pointer_tell(screen, NULL, NULL);
    return false;
}

static bool pointer_take_absent(struct pointer_feed *feed, struct screen *screen, const char *backend)
{
    snprintf(feed->known, sizeof feed->known, "unknown");
    if (!backend || strcmp(feed->tells, backend) != 0)
        return pointer_give_up(feed, screen);
    pointer_tell(screen, NULL, NULL);
    return true;
}

bool pointer_feed_take(struct pointer_feed *feed, struct screen *screen, struct periscope *periscope,
                       const struct periscope_strings *facts)
{
    const char *place = periscope_strings_get(facts, "pointer"), *hash = periscope_strings_get(facts, "pointer.hash");
    const char *backend = periscope_strings_get(facts, "backend");
    if (!feed->asks)
        return true;
    if (!place || !hash)
        return pointer_take_absent(feed, screen, backend);
    if (!pointer_is_known(screen, hash) && !pointer_fetch(screen, periscope))
        return pointer_give_up(feed, screen);
    bool known = pointer_is_known(screen, hash); /* else it is another by now, of which the next answer tells */
    snprintf(feed->tells, sizeof feed->tells, "%s", backend ? backend : "");
    if (known)
        snprintf(feed->known, sizeof feed->known, "%s,%s", hash, place);
    else
        snprintf(feed->known, sizeof feed->known, "unknown");
    feed->painted = false;
    pointer_tell(screen, place, hash);
    return true;
}
