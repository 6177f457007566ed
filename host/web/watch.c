/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread of a guest: keeps what is known of its state. It sleeps in the guest, in the RPC events, so nothing wakes it
 * but an event or the keep-alive. What no event tells, such as that a program was started, is asked for at each
 * keep-alive, and while somebody looks every few seconds. */
#include "host/web/watch.h"

#include "host/web/gateway.h"
#include "host/web/guest.h"

#include "base/number.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 10000
#define ANSWER_MS 20000 /* of an agent that has nothing to wait for */
#define LOOKED_AT_MS 4000
#define PAUSE_FIRST_MS 1000 /* before a guest that is away is looked for again; doubled each time */
#define PAUSE_MOST_MS 30000
#define QUEUE_MS 100 /* while many names are resolved at once */
#define BOOT_MOST_MS (INT64_C(3600) * 1000)

struct watch {
    struct guest *guest;
    struct periscope *periscope;
    char id[80]; /* of the agent's events */
    uint64_t last;
    bool has_events;      /* the agent has that RPC */
    int64_t unmanaged_ms; /* os_clock_ms() since when its screen lacks a window manager; 0: it does not */
};

/* ---- what is told ---- */

static void watch_copy_size(struct guest *guest)
{
    const char *geometry = periscope_strings_get(&guest->properties, "display.0.geometry");
    uint64_t width, height;
    if (geometry && number_take(&geometry, IMAGE_SIZE_MAX, &width) && *geometry++ == 'x' &&
        number_take(&geometry, IMAGE_SIZE_MAX, &height) && !guest->screens) {
        guest->width = (uint32_t)width;
        guest->height = (uint32_t)height;
    }
}

static bool watch_same_texts(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

/* Measures how long the boot took that has ended now. */
static void watch_measure_boot(struct guest *guest, enum guest_state before, const struct periscope_strings *properties)
{
    const char *boot = periscope_strings_get(properties, "boot.time");
    uint64_t seconds;
    if (before != GUEST_BOOTING || guest->state != GUEST_READY || !boot || !number_take(&boot, UINT32_MAX, &seconds))
        return;
    int64_t took = os_wall_time_ms() - (int64_t)seconds * 1000;
    if (took >= 0 && took < BOOT_MOST_MS)
        histogram_add(&guest->gateway->metrics.boot, metrics_boot_s, took);
}

/* Takes over a state with its reasons, both of which are given away; returns whether either is another. */
static bool watch_set_state(struct guest *guest, enum guest_state state, struct strlist *reasons)
{
    bool changed = guest->state != state ||
                   !watch_same_texts(guest->reasons.items, guest->reasons.count, reasons->items, reasons->count);
    if (guest->state != state)
        guest->since_ms = os_wall_time_ms();
    guest->state = state;
    strlist_deinit(&guest->reasons);
    guest->reasons = *reasons;
    return changed;
}

/* Returns for how long a screen has to lack a window manager still before it is one that has none; 0: no longer. */
static int64_t watch_unmanaged_left(const struct watch *watch)
{
    int64_t left = watch->unmanaged_ms + GUEST_UNMANAGED_MS - os_clock_ms();
    return left > 0 ? left : 0;
}

/* Takes over what a guest has answered; the properties are given away. */
static void watch_tell(struct watch *watch, struct periscope_strings *properties)
{
    struct guest *guest = watch->guest;
    struct strlist reasons = {0};
    if (!guest_lacks_manager(properties))
        watch->unmanaged_ms = 0;
    else if (!watch->unmanaged_ms)
        watch->unmanaged_ms = os_clock_ms();
    bool lacked = watch->unmanaged_ms && watch_unmanaged_left(watch) == 0;
    enum guest_state state = guest_state_decide(properties, lacked, &reasons);
    guest_lock(guest);
    enum guest_state before = guest->state;
    bool changed = watch_set_state(guest, state, &reasons);
    changed |=
        !watch_same_texts(guest->properties.items, guest->properties.count, properties->items, properties->count);
    periscope_strings_free(&guest->properties);
    guest->properties = *properties;
    guest->last_seen_ms = os_wall_time_ms();
    watch_copy_size(guest);
    if (!lacked)
        watch_measure_boot(guest, before, &guest->properties);
    guest_unlock(guest);
    if (before != state)
        gateway_log("guest '%s' is %s", guest->config->name, guest_state_name(state));
    if (changed)
        guest_changed(guest);
}

static void watch_tell_failure(struct guest *guest, int status, const char *text)
{
    struct strlist reasons = {0};
    enum guest_state state = guest_state_of_failure(status, text);
    strlist_add(&reasons, text);
    guest_lock(guest);
    enum guest_state before = guest->state;
    bool changed = watch_set_state(guest, state, &reasons);
    guest_unlock(guest);
    if (before != state)
        gateway_log("guest '%s' is %s: %s", guest->config->name, guest_state_name(state), text);
    if (changed)
        guest_changed(guest);
}

/* ---- what is asked ---- */

/* Finds a field of a line of the RPC ps, up to the next tab. */
static bool watch_field(const char *line, const char *key, char text[GUEST_TEST_SIZE])
{
    size_t len = strlen(key);
    for (const char *at = strchr(line, '\t'); at; at = strchr(at + 1, '\t'))
        if (strncmp(at + 1, key, len) == 0) {
            snprintf(text, GUEST_TEST_SIZE, "%.*s", (int)strcspn(at + 1 + len, "\t"), at + 1 + len);
            return *text != '\0';
        }
    return false;
}

/* Asks what runs, of an agent that can tell; the newest program stands for all. */
static void watch_test(struct watch *watch, const struct periscope_strings *properties)
{
    static const char *const options[] = {"last=1", NULL};
    const char *running = periscope_strings_get(properties, "children.running");
    char test[GUEST_TEST_SIZE] = "";
    struct periscope_strings lines = {0};
    if (running && strcmp(running, "0") != 0 && periscope_ps(watch->periscope, options, &lines) == 0 &&
        lines.count > 0 && !watch_field(lines.items[0], "tag=", test))
        watch_field(lines.items[0], "command=", test);
    periscope_strings_free(&lines);
    guest_lock(watch->guest);
    bool changed = strcmp(watch->guest->test, test) != 0;
    snprintf(watch->guest->test, sizeof watch->guest->test, "%s", test);
    guest_unlock(watch->guest);
    if (changed)
        guest_changed(watch->guest);
}

static int watch_properties(struct watch *watch)
{
    struct periscope_strings properties;
    int status = periscope_properties(watch->periscope, &properties);
    if (status)
        return status;
    watch_test(watch, &properties);
    watch_tell(watch, &properties);
    return 0;
}

/* Keeps the last events of the guest. */
static void watch_keep_event(struct guest *guest, const char *event)
{
    if (guest->events.count >= GUEST_EVENTS_MAX) {
        free(guest->events.items[0]);
        memmove(guest->events.items, guest->events.items + 1, guest->events.count * sizeof *guest->events.items);
        guest->events.count--;
    }
    strlist_add(&guest->events, event);
}

static void watch_take_events(struct watch *watch, const struct periscope_strings *facts)
{
    const char *id = periscope_strings_get(facts, "id"), *last = periscope_strings_get(facts, "last");
    snprintf(watch->id, sizeof watch->id, "%s", id ? id : "");
    if (last)
        number_take(&last, UINT64_MAX, &watch->last);
    guest_lock(watch->guest);
    for (size_t i = 0; i < facts->count; i++)
        if (strncmp(facts->items[i], "event=", 6) == 0)
            watch_keep_event(watch->guest, facts->items[i] + 6);
    watch->guest->last_seen_ms = os_wall_time_ms();
    guest_unlock(watch->guest);
}

static int watch_wait_ms(const struct watch *watch)
{
    int ms = (int)watch->guest->gateway->config.keep_alive_s * 1000;
    int64_t left = watch->unmanaged_ms ? watch_unmanaged_left(watch) : 0;
    ms = atomic_load(&watch->guest->lookers) && ms > LOOKED_AT_MS ? LOOKED_AT_MS : ms;
    return left && left < ms ? (int)left + 1 : ms;
}

/* Waits for events, or until it is time for a sign of life. */
static int watch_events(struct watch *watch)
{
    char id[96], since[40], wait[40];
    const char *options[] = {wait, since, id, NULL};
    struct periscope_strings facts;
    snprintf(wait, sizeof wait, "wait-ms=%d", watch_wait_ms(watch));
    snprintf(since, sizeof since, "since=%" PRIu64, watch->last);
    snprintf(id, sizeof id, "id=%s", watch->id);
    if (!*watch->id)
        options[1] = NULL;
    int status = periscope_events(watch->periscope, options, &facts);
    if (!status)
        watch_take_events(watch, &facts);
    periscope_strings_free(&facts);
    return status;
}

/* Waits in place of that where the agent has no events. */
static int watch_pause(struct watch *watch)
{
    os_waker_clear(watch->guest->hurry);
    os_waker_wait(watch->guest->hurry, os_deadline(watch_wait_ms(watch)));
    return 0;
}

/* Follows a guest as long as it answers; returns the status of what failed. */
static int watch_follow(struct watch *watch)
{
    for (;;) {
        int status = watch_properties(watch);
        if (!status)
            status = watch->has_events ? watch_events(watch) : watch_pause(watch);
        if (status == PERISCOPE_UNSUPPORTED && watch->has_events) {
            watch->has_events = false;
            status = 0;
        }
        if (status && status != PERISCOPE_INTERRUPTED)
            return status;
    }
}

static void watch_set_connection(struct guest *guest, struct periscope *periscope)
{
    guest_lock(guest);
    guest->waits = periscope;
    guest_unlock(guest);
}

/* Tells of a failure, and waits before the next attempt. */
static void watch_pause_after(struct watch *watch, int status, int *pause_ms)
{
    const char *text = periscope_error_text(watch->periscope);
    if (guest_must_queue(text)) {
        *pause_ms = *pause_ms < QUEUE_MS ? *pause_ms : QUEUE_MS;
    } else {
        watch_tell_failure(watch->guest, status, text);
        *pause_ms = *pause_ms < PAUSE_FIRST_MS ? PAUSE_FIRST_MS : *pause_ms;
    }
    os_waker_clear(watch->guest->hurry);
    os_waker_wait(watch->guest->hurry, os_deadline(*pause_ms));
    *pause_ms = *pause_ms * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS : *pause_ms * 2;
}

/* ---- its thread ---- */

static void watch_main(void *context)
{
    struct watch watch = {.guest = context};
    int pause_ms = QUEUE_MS;
    const struct target *target = &watch.guest->config->target;
    while (!(watch.periscope = periscope_new(target->host, target->port)))
        os_sleep_ms(PAUSE_MOST_MS);
    periscope_set_timeouts(watch.periscope, CONNECT_MS, ANSWER_MS);
    watch_set_connection(watch.guest, watch.periscope);
    for (;;) {
        int64_t began = os_clock_ms();
        watch.has_events = true;
        watch.unmanaged_ms = 0;
        int status = watch_follow(&watch);
        pause_ms = os_clock_ms() - began > PAUSE_MOST_MS ? PAUSE_FIRST_MS : pause_ms;
        watch_pause_after(&watch, status, &pause_ms);
        periscope_disconnect(watch.periscope);
    }
}

static int guests_init_one(struct guest *guest, struct gateway *gateway, const struct web_guest *config,
                           struct error *err)
{
    guest->gateway = gateway;
    guest->config = config;
    target_text(&config->target, guest->address);
    guest->lock = os_mutex_new();
    guest->since_ms = os_wall_time_ms();
    return os_waker_new(&guest->hurry, err);
}

int guests_start(struct gateway *gateway, struct error *err)
{
    size_t count = gateway->config.guest_count;
    gateway->guests = calloc(count, sizeof *gateway->guests);
    if (!gateway->guests)
        return error_set(err, ERR_NO_MEMORY, "no memory for %zu guests", count);
    for (size_t i = 0; i < count; i++) {
        int status = guests_init_one(&gateway->guests[i], gateway, &gateway->config.guests[i], err);
        if (status)
            return status;
    }
    gateway->guest_count = count;
    for (size_t i = 0; i < count; i++) {
        int status = os_thread_start(watch_main, &gateway->guests[i], err);
        if (status)
            return error_prefix(err, status, "no thread for guest '%s'", gateway->config.guests[i].name);
    }
    return 0;
}

void guest_look(struct guest *guest)
{
    if (atomic_fetch_add(&guest->lookers, 1) > 0)
        return;
    guest_lock(guest);
    /* Who comes is to see what is so now: a wait of a whole keep-alive ends. */
    if (guest->waits)
        periscope_interrupt(guest->waits);
    guest_unlock(guest);
    os_waker_set(guest->hurry);
}

void guest_look_away(struct guest *guest)
{
    atomic_fetch_sub(&guest->lookers, 1);
}
