/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small pictures of the list of guests: one connection for each guest whose tile somebody has in view, and a picture
 * only when the screen is another, at most one a second. */
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
#define ANSWER_MS 20000

static unsigned thumbnail_scale(struct guest *guest)
{
    guest_lock(guest);
    uint32_t width = guest->width;
    guest_unlock(guest);
    unsigned scale = (width + WIDTH_AIM - 1) / WIDTH_AIM;
    return scale < 1 ? 4 : scale > SCALE_MOST ? SCALE_MOST : scale;
}

/* Whether somebody still has it in view; if not, the thread is said to have ended. */
static bool thumbnail_is_wanted(struct guest *guest)
{
    guest_lock(guest);
    bool wanted = guest->thumbnail.viewers > 0;
    guest->thumbnail.runs = wanted;
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

/* Asks for a picture if the screen is another one; false when none could be had. */
static bool thumbnail_ask(struct guest *guest, struct periscope *periscope, char hash[PICTURE_HASH_SIZE])
{
    char scale[24], changed[sizeof "if-changed=" + PICTURE_HASH_SIZE];
    const char *options[] = {scale, *hash ? changed : NULL, NULL};
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    snprintf(scale, sizeof scale, "scale=1/%u", thumbnail_scale(guest));
    snprintf(changed, sizeof changed, "if-changed=%s", hash);
    int64_t began = os_clock_ms();
    int status = periscope_screenshot(periscope, options, &facts, &bytes, &len);
    if (status)
        return false;
    histogram_add(&guest->gateway->metrics.screenshot, metrics_screenshot_s, os_clock_ms() - began);
    if (bytes) {
        const char *now = periscope_strings_get(&facts, "hash");
        snprintf(hash, PICTURE_HASH_SIZE, "%s", now ? now : "");
        thumbnail_take(guest, &facts, bytes, len);
    }
    free(bytes);
    periscope_strings_free(&facts);
    return true;
}

static void thumbnail_main(void *context)
{
    struct guest *guest = context;
    char hash[PICTURE_HASH_SIZE] = "";
    struct periscope *periscope = periscope_new(guest->config->target.host, guest->config->target.port);
    if (periscope)
        periscope_set_timeouts(periscope, CONNECT_MS, ANSWER_MS);
    while (thumbnail_is_wanted(guest)) {
        bool had = periscope && thumbnail_ask(guest, periscope, hash);
        bool queues = !had && periscope && guest_must_queue(periscope_error_text(periscope));
        os_sleep_ms(had ? PACE_MS : queues ? QUEUE_MS : RETRY_MS);
    }
    periscope_free(periscope);
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
    guest->thumbnail.viewers--;
    guest_unlock(guest);
}
