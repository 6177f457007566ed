/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread that fetches what changes on a guest's screen, while somebody watches it: whole pictures as PPM, or where the
 * agent can the rectangles that differ, which it sends when there are some (wait-ms, delta). */
#include "host/web/gateway.h"
#include "host/web/guest.h"
#include "host/web/pointer_feed.h"
#include "host/web/screen.h"

#include "base/number.h"
#include "picture/ppm.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACE_MS 40        /* between two looks of an agent that does not wait by itself */
#define PACE_STILL_MS 150 /* the same once nothing has changed for a second */
#define STILL_MS 1000
#define PACE_WAITS_MS 10 /* of one that does: what changes all the time is not looked at without a pause */
#define WAIT_MS 30000    /* of one request */
#define RETRY_MS 200     /* while no picture can be had; doubled each time */
#define RETRY_MOST_MS 5000
#define CONNECT_MS 5000
#define ANSWER_MS (WAIT_MS + 20000)

struct screen_feed {
    struct screen *screen;
    struct periscope *periscope;
    bool waits; /* the agent has wait-ms and delta */
    struct pointer_feed pointer;
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
    if (ends) {
        *at = screen->next;
        screen->waits = NULL;
    }
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

/* ---- rectangles ---- */

/* Parses "WxH+X+Y". */
static bool feed_parse_box(const char *text, struct damage_box *box)
{
    uint32_t *const fields[] = {&box->width, &box->height, &box->x, &box->y};
    static const char ends[] = "x++";
    for (size_t i = 0; i < 4; i++) {
        uint64_t value;
        if (!number_take(&text, IMAGE_SIZE_MAX, &value) || *text != ends[i])
            return false;
        text += ends[i] != '\0';
        *fields[i] = (uint32_t)value;
    }
    return true;
}

/* Takes the next file out of the answer, each with its length before it. */
static bool feed_next_file(const uint8_t **bytes, size_t *left, struct image_view *image)
{
    if (*left < 4)
        return false;
    const uint8_t *at = *bytes;
    size_t len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    if (len > *left - 4 || ppm_decode(image, at + 4, len, NULL))
        return false;
    *bytes += 4 + len;
    *left -= 4 + len;
    return true;
}

/* Takes the rectangles of an answer, each of which the facts name. */
static bool feed_take_parts(struct screen_feed *feed, const struct periscope_strings *facts, const uint8_t *bytes,
                            size_t len, struct error *err)
{
    for (size_t i = 0; i < facts->count; i++) {
        struct damage_box box;
        struct image_view image;
        if (strncmp(facts->items[i], "rect=", 5) != 0)
            continue;
        if (!feed_parse_box(facts->items[i] + 5, &box) || !feed_next_file(&bytes, &len, &image) ||
            image.width != box.width || image.height != box.height ||
            !screen_take_part(feed->screen, &image, box.x, box.y)) {
            error_set(err, ERR_PROTOCOL, "the guest's changed rectangle '%.40s' is malformed", facts->items[i]);
            return false;
        }
    }
    screen_end_parts(feed->screen);
    return true;
}

static bool feed_is_delta(const struct periscope_strings *facts)
{
    const char *delta = periscope_strings_get(facts, "delta");
    return delta && strcmp(delta, "whole") != 0;
}

/* Takes over a picture, or what differs. Returns false when it is malformed: then all is asked for anew. */
static bool feed_take(struct screen_feed *feed, const struct periscope_strings *facts, const uint8_t *bytes, size_t len)
{
    struct screen *screen = feed->screen;
    struct error err = {0};
    screen_lock(screen);
    uint32_t before = screen->generation;
    bool good =
        feed_is_delta(facts) ? feed_take_parts(feed, facts, bytes, len, &err) : feed_take_whole(feed, bytes, len, &err);
    feed_set_lost(screen, good ? NULL : err.text);
    if (good)
        feed_copy_facts(screen, facts);
    snprintf(feed->hash, sizeof feed->hash, "%s", good ? screen->hash : "");
    bool changed = before != screen->generation || !good;
    screen_unlock(screen);
    if (changed)
        guest_screen_changed(screen->guest, screen->output ? NULL : feed->hash, screen->output ? 0 : screen->width,
                             screen->height);
    return good;
}

/* ---- asking ---- */

/* How long the guest may wait for a change: so long that a still screen is told soon, then as long as it can. */
static int feed_wait_ms(struct screen_feed *feed)
{
    screen_lock(feed->screen);
    int64_t since = os_clock_ms() - feed->screen->changed_ms;
    bool still = feed->screen->still;
    screen_unlock(feed->screen);
    return still ? WAIT_MS : since >= STILL_MS ? 1 : (int)(STILL_MS - since) + 1;
}

static int feed_ask(struct screen_feed *feed, struct periscope_strings *facts, uint8_t **bytes, size_t *len)
{
    char changed[sizeof "if-changed=" + PICTURE_HASH_SIZE], output[300], wait[40], known[PICTURE_HASH_SIZE + 48];
    const char *options[8] = {"format=ppm"};
    size_t count = 1;
    bool waits = feed->waits && *feed->hash;
    count += pointer_feed_ask(&feed->pointer, feed->screen, options + count, &waits, known);
    snprintf(changed, sizeof changed, "if-changed=%s", feed->hash);
    snprintf(output, sizeof output, "output=%s", feed->screen->output ? feed->screen->output : "");
    snprintf(wait, sizeof wait, "wait-ms=%d", feed_wait_ms(feed));
    if (*feed->hash)
        options[count++] = changed;
    if (feed->screen->output)
        options[count++] = output;
    if (waits)
        options[count++] = wait;
    if (feed->waits)
        options[count++] = "delta=1";
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
    if (feed->waits)
        os_sleep_ms(PACE_WAITS_MS);
    else
        os_sleep_ms(still ? PACE_STILL_MS : PACE_MS);
}

/* Whether the agent only lacks options that spare looks and pictures: it is then asked without them. */
static bool feed_lacks_options(struct screen_feed *feed, int status)
{
    const char *text = periscope_error_text(feed->periscope);
    if (status != PERISCOPE_REFUSED)
        return false;
    bool waits = feed->waits && (strstr(text, "delta") || strstr(text, "wait-ms"));
    bool pointer = feed->pointer.asks && strstr(text, "'pointer");
    feed->waits &= !waits;
    feed->pointer.lacks |= pointer;
    return waits || pointer;
}

static void feed_look(struct screen_feed *feed)
{
    struct periscope_strings facts;
    uint8_t *bytes;
    size_t len;
    int status = feed_ask(feed, &facts, &bytes, &len);
    bool good = status == 0;
    if (status == PERISCOPE_INTERRUPTED || feed_lacks_options(feed, status))
        return;
    if (status && guest_must_queue(periscope_error_text(feed->periscope)))
        good = false; /* that is soon over, and no news */
    else if (status)
        feed_failed(feed, periscope_error_text(feed->periscope));
    else if (!pointer_feed_take(&feed->pointer, feed->screen, feed->periscope, &facts))
        good = true; /* it is asked for again, otherwise */
    else if (bytes)
        good = feed_take(feed, &facts, bytes, len);
    else
        feed_is_unchanged(feed);
    periscope_strings_free(&facts);
    free(bytes);
    feed_pause(feed, !good);
}

static void feed_set_connection(struct screen *screen, struct periscope *periscope)
{
    guest_lock(screen->guest);
    screen->waits = periscope;
    guest_unlock(screen->guest);
}

static void feed_main(void *context)
{
    struct screen_feed feed = {.screen = context, .waits = true, .retry_ms = RETRY_MS};
    const struct target *target = &feed.screen->guest->config->target;
    pointer_feed_init(&feed.pointer);
    feed.periscope = periscope_new(target->host, target->port);
    if (feed.periscope)
        periscope_set_timeouts(feed.periscope, CONNECT_MS, ANSWER_MS);
    feed_set_connection(feed.screen, feed.periscope);
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
    if (--screen->watchers == 0 && screen->waits)
        periscope_interrupt(screen->waits); /* it need not wait for a change any more */
    guest_unlock(guest);
}
