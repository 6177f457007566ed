/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small pictures of the list of guests: one connection for each guest whose tile somebody has in view. The guest waits
 * until its screen is another one, and is asked at most once a second. */
#include "host/web/thumbnail.h"

#include "host/web/gateway.h"
#include "host/web/guest.h"

#include "platform/clock.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH_AIM 400 /* pixels */
#define PACE_MS 1000
#define RETRY_MS 3000
#define QUEUE_MS 100 /* while many names are resolved at once */
#define SCALE_MOST 64
#define CONNECT_MS 5000
#define ANSWER_MS 50000
#define WAIT "wait-ms=30000"

static unsigned thumbnail_scale(struct guest *guest)
{
    guest_lock(guest);
    uint32_t width = guest->width;
    guest_unlock(guest);
    unsigned scale = (width + WIDTH_AIM - 1) / WIDTH_AIM;
    return scale < 1 ? 4 : scale > SCALE_MOST ? SCALE_MOST : scale;
}

struct thumbnail_feed {
    struct guest *guest;
    struct periscope *periscope; /* NULL without memory */
    char hash[PICTURE_HASH_SIZE];
    bool waits; /* the agent has wait-ms */
};

/* Whether somebody still has it in view; if not, the thread is said to have ended. */
static bool thumbnail_is_wanted(struct thumbnail_feed *feed)
{
    struct guest *guest = feed->guest;
    guest_lock(guest);
    bool wanted = guest->thumbnail.viewers > 0;
    guest->thumbnail.runs = wanted;
    guest->thumbnail.waits = wanted ? feed->periscope : NULL;
    guest_unlock(guest);
    return wanted;
}

static void thumbnail_take(struct guest *guest, const struct periscope_strings *facts, const void *bytes, size_t len)
{
    const char *hash = periscope_strings_get(facts, "hash");
    struct blob *png = blob_copy(bytes, len);
    if (!png)
        return;
    guest_lock(guest);
    blob_release(guest->thumbnail.png);
    guest->thumbnail.png = png;
    guest->thumbnail.generation++;
    snprintf(guest->thumbnail.hash, sizeof guest->thumbnail.hash, "%s", hash ? hash : "");
    guest_unlock(guest);
    guest_screen_changed(guest, NULL, 0, 0);
}

/* Asks for a picture once the screen is another one. Returns the library's status. */
static int thumbnail_ask(struct thumbnail_feed *feed)
{
    char scale[24], changed[sizeof "if-changed=" + PICTURE_HASH_SIZE];
    const char *options[] = {scale, "cursor=0", *feed->hash ? changed : NULL, feed->waits ? WAIT : NULL, NULL};
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    snprintf(scale, sizeof scale, "scale=1/%u", thumbnail_scale(feed->guest));
    snprintf(changed, sizeof changed, "if-changed=%s", feed->hash);
    int status = periscope_screenshot(feed->periscope, options, &facts, &bytes, &len);
    if (!status && bytes) {
        const char *now = periscope_strings_get(&facts, "hash");
        snprintf(feed->hash, sizeof feed->hash, "%s", now ? now : "");
        thumbnail_take(feed->guest, &facts, bytes, len);
    }
    free(bytes);
    periscope_strings_free(&facts);
    return status;
}

/* Waits as long as the next question may; what the agent can't do is not asked again. */
static void thumbnail_pause(struct thumbnail_feed *feed, int status)
{
    const char *text = periscope_error_text(feed->periscope);
    if (status == PERISCOPE_INTERRUPTED)
        return;
    if (status == PERISCOPE_REFUSED && feed->waits && strstr(text, "wait-ms"))
        feed->waits = false;
    else if (status)
        os_sleep_ms(guest_must_queue(text) ? QUEUE_MS : RETRY_MS);
    else
        os_sleep_ms(PACE_MS);
}

static void thumbnail_main(void *context)
{
    struct guest *guest = context;
    struct thumbnail_feed feed = {.guest = guest, .waits = true};
    feed.periscope = periscope_new(guest->config->target.host, guest->config->target.port);
    if (feed.periscope)
        periscope_set_timeouts(feed.periscope, CONNECT_MS, ANSWER_MS);
    while (thumbnail_is_wanted(&feed)) {
        if (feed.periscope)
            thumbnail_pause(&feed, thumbnail_ask(&feed));
        else
            os_sleep_ms(RETRY_MS);
    }
    periscope_free(feed.periscope);
}

void thumbnail_look(struct guest *guest)
{
    guest_lock(guest);
    guest->thumbnail.viewers++;
    bool start = !guest->thumbnail.runs;
    guest->thumbnail.runs = true;
    guest_unlock(guest);
    if (start && os_thread_start(thumbnail_main, guest, NULL)) {
        guest_lock(guest);
        guest->thumbnail.runs = false;
        guest_unlock(guest);
    }
}

void thumbnail_look_away(struct guest *guest)
{
    guest_lock(guest);
    if (--guest->thumbnail.viewers == 0 && guest->thumbnail.waits)
        periscope_interrupt(guest->thumbnail.waits); /* it need not wait for a change any more */
    guest_unlock(guest);
}
