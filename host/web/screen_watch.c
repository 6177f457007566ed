/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread that fetches what changes on a guest's screen, while somebody watches it: whole pictures as PPM, or where the
 * agent can the rectangles that differ, which it sends when there are some (wait-ms, delta). */
#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "host/web/screen.h"

#include "picture/ppm.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACE_MS 40         /* between two looks of an agent that does not wait by itself */
#define PACE_STILL_MS 150  /* the same once nothing has changed for a second */
#define STILL_MS 1000
#define WAIT_MS 20000      /* of one request */
#define RETRY_MS 500       /* while no picture can be had; doubled each time */
#define RETRY_MOST_MS 5000
#define CONNECT_MS 5000
#define ANSWER_MS 20000

struct screen_feed {
    struct screen *screen;
    struct periscope *periscope;
    bool waits; /* the agent has wait-ms and delta */
    char hash[PICTURE_HASH_SIZE];
    int retry_ms;
};

/* ---- who watches ---- */

static void feed_wake(struct screen *screen)
{
    gateway_wake(screen->guest->gateway);
}

/* Takes a screen that nobody watches any more out of the guest's list; returns whether it did. */
static bool feed_ends(struct screen *screen)
{
    struct guest *guest = screen->guest;
    guest_lock(guest);
    bool ends = screen->watchers == 0;
    struct screen **at = &guest->screens;
    while (ends && *at != screen)
        at = &(*at)->next;
    if (ends)
        *at = screen->next;
    guest_unlock(guest);
    return ends;
}

/* ---- what has come ---- */

static void feed_copy_facts(struct screen *screen, const struct periscope_strings *facts)
{
    const char *hash = periscope_strings_get(facts, "hash");
    strlist_deinit(&screen->facts);
    for (size_t i = 0; i < facts->count; i++)
        strlist_add(&screen->facts, facts->items[i]);
    snprintf(screen->hash, sizeof screen->hash, "%s", hash ? hash : "");
}

static bool feed_take_whole(struct screen_feed *feed, const uint8_t *bytes, size_t len, struct error *err)
{
    struct image_view image;
    if (ppm_decode(&image, bytes, len, err))
        return false;
    if (!screen_take_whole(feed->screen, &image)) {
        error_set(err, ERR_LIMIT, "a screen of %ux%u pixels is too large, or there is no memory for it", image.width,
                  image.height);
        return false;
    }
    return true;
}

static void feed_set_lost(struct screen *screen, const char *reason)
{
    screen->lost = reason != NULL;
    snprintf(screen->reason, sizeof screen->reason, "%s", reason ? reason : "");
}

/* Takes over a picture. Returns false when it is none: then all is asked for anew. */
static bool feed_take(struct screen_feed *feed, const struct periscope_strings *facts, const uint8_t *bytes, size_t len)
{
    struct screen *screen = feed->screen;
    struct error err = {0};
    screen_lock(screen);
    uint32_t before = screen->generation;
    bool good = feed_take_whole(feed, bytes, len, &err);
    feed_set_lost(screen, good ? NULL : err.text);
    if (good)
        feed_copy_facts(screen, facts);
    snprintf(feed->hash, sizeof feed->hash, "%s", good ? screen->hash : "");
    bool changed = before != screen->generation;
    screen_unlock(screen);
    if (changed)
        guest_screen_changed(screen->guest, screen->output ? NULL : feed->hash, screen->output ? 0 : screen->width,
                             screen->height);
    return good;
}

/* Notes that the screen is still the same; tells it once that has been so for a second. */
static void feed_is_unchanged(struct screen_feed *feed)
{
    struct screen *screen = feed->screen;
    screen_lock(screen);
    bool still = screen->generation > 0 && os_clock_ms() - screen->changed_ms >= STILL_MS;
    bool news = (still && !screen->still) || screen->lost;
    screen->still = still;
    feed_set_lost(screen, NULL);
    screen_unlock(screen);
    if (news)
        guest_changed(screen->guest);
}

static void feed_failed(struct screen_feed *feed, const char *reason)
{
    struct screen *screen = feed->screen;
    screen_lock(screen);
    bool news = !screen->lost;
    screen->still = false;
    feed_set_lost(screen, reason);
    screen_unlock(screen);
    *feed->hash = '\0';
    if (news)
        feed_wake(screen);
}

/* ---- asking ---- */

static int feed_ask(struct screen_feed *feed, struct periscope_strings *facts, uint8_t **bytes, size_t *len)
{
    char changed[sizeof "if-changed=" + PICTURE_HASH_SIZE], output[300];
    const char *options[8] = {"format=ppm"};
    size_t count = 1;
    snprintf(changed, sizeof changed, "if-changed=%s", feed->hash);
    snprintf(output, sizeof output, "output=%s", feed->screen->output ? feed->screen->output : "");
    if (*feed->hash)
        options[count++] = changed;
    if (feed->screen->output)
        options[count++] = output;
    return periscope_screenshot(feed->periscope, options, facts, bytes, len);
}

/* Waits as long as the next look may. */
static void feed_pause(struct screen_feed *feed, bool failed)
{
    if (failed) {
        os_sleep_ms((unsigned)feed->retry_ms);
        feed->retry_ms = feed->retry_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : feed->retry_ms * 2;
        return;
    }
    feed->retry_ms = RETRY_MS;
    screen_lock(feed->screen);
    bool still = feed->screen->still;
    screen_unlock(feed->screen);
    if (!feed->waits)
        os_sleep_ms(still ? PACE_STILL_MS : PACE_MS);
}

static void feed_look(struct screen_feed *feed)
{
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    int status = feed_ask(feed, &facts, &bytes, &len);
    bool good = status == 0;
    if (status)
        feed_failed(feed, periscope_error_text(feed->periscope));
    else if (bytes)
        good = feed_take(feed, &facts, bytes, len);
    else
        feed_is_unchanged(feed);
    periscope_strings_free(&facts);
    free(bytes);
    feed_pause(feed, !good);
}

static void feed_main(void *context)
{
    struct screen_feed feed = {.screen = context, .retry_ms = RETRY_MS};
    const struct target *target = &feed.screen->guest->config->target;
    feed.periscope = periscope_new(target->host, target->port);
    if (feed.periscope)
        periscope_set_timeouts(feed.periscope, CONNECT_MS, ANSWER_MS);
    while (!feed_ends(feed.screen)) {
        if (feed.periscope)
            feed_look(&feed);
        else
            os_sleep_ms(RETRY_MOST_MS);
    }
    periscope_free(feed.periscope);
    screen_free(feed.screen);
}

/* Finds a screen that is watched already. */
static struct screen *screen_find(struct guest *guest, const char *output)
{
    for (struct screen *screen = guest->screens; screen; screen = screen->next)
        if (!screen->output == !output && (!output || strcmp(screen->output, output) == 0))
            return screen;
    return NULL;
}

static struct screen *screen_start(struct guest *guest, const char *output, struct error *err)
{
    struct screen *screen = screen_new(guest, output);
    if (!screen) {
        error_set(err, ERR_NO_MEMORY, "no memory for the screen of '%s'", guest->config->name);
        return NULL;
    }
    screen->watchers = 1;
    screen->next = guest->screens;
    guest->screens = screen;
    if (os_thread_start(feed_main, screen, err) == 0)
        return screen;
    guest->screens = screen->next;
    screen_free(screen);
    return NULL;
}

struct screen *screen_subscribe(struct guest *guest, const char *output, struct error *err)
{
    guest_lock(guest);
    struct screen *screen = screen_find(guest, output);
    if (screen)
        screen->watchers++;
    else
        screen = screen_start(guest, output, err);
    guest_unlock(guest);
    return screen;
}

void screen_unsubscribe(struct screen *screen)
{
    struct guest *guest = screen->guest;
    guest_lock(guest);
    screen->watchers--;
    guest_unlock(guest);
}
