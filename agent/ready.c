/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/ready.h"

#include "platform/clock.h"
#include "protocol/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_MS 3500   /* of one request to the watching worker; how long it goes on when nobody waits any more */
#define LOOK_MS 1000    /* that the first look of a wait may take, whatever its deadline */
#define LINGER_MS 1000  /* after the last one has left: who polls comes back, and finds what is known already */
#define FAILED_MS 500   /* before the next one after it failed */
#define PICTURE_MS 2000 /* that a picture for a still screen may take */

struct ready_waiter {
    struct os_waker *waker; /* owned */
    const struct conditions_wanted *wanted;
    struct ready_waiter *next;
};

struct ready {
    struct worker_pool *watching, *pictures;
    struct os_mutex *lock; /* guards what follows */
    struct ready_waiter *waiters;
    struct conditions_known known;
    uint64_t looks;          /* how many the watch has made */
    bool watches, samples;   /* the threads run */
    int64_t left_ms;         /* when the last one has left */
    int64_t still_wanted_ms; /* when somebody last waited for a still screen */
};

int ready_new(struct ready **out, const struct strlist *card_classes, struct worker_pool *pictures, struct error *err)
{
    struct ready *ready = calloc(1, sizeof *ready);
    *out = ready;
    if (!ready)
        return error_set(err, ERR_NO_MEMORY, "no memory to wait until the guest is ready");
    ready->lock = os_mutex_new();
    ready->pictures = pictures;
    return worker_pool_new(&ready->watching, card_classes, err);
}

void ready_stop(struct ready *ready)
{
    worker_pool_stop(ready->watching);
}

static void ready_wake_all(struct ready *ready)
{
    for (struct ready_waiter *waiter = ready->waiters; waiter; waiter = waiter->next)
        os_waker_set(waiter->waker);
}

void ready_set_ending(struct ready *ready, const char *why)
{
    os_mutex_lock(ready->lock);
    snprintf(ready->known.ending, sizeof ready->known.ending, "%s", why);
    ready->known.ending_ms = os_clock_ms();
    ready_wake_all(ready);
    os_mutex_unlock(ready->lock);
}

void ready_get_ending(struct ready *ready, char *why, size_t size)
{
    os_mutex_lock(ready->lock);
    snprintf(why, size, "%s", conditions_is_ending(&ready->known, os_clock_ms()) ? ready->known.ending : "");
    os_mutex_unlock(ready->lock);
}

/* ---- the watch of the desktop ---- */

static void ready_take_locked(struct ready *ready, int status, const struct strlist *lines, const struct error *err)
{
    snprintf(ready->known.failure, sizeof ready->known.failure, "%s", status ? err->text : "");
    conditions_take_facts(&ready->known, lines, os_clock_ms());
    ready_wake_all(ready);
}

/* Takes what the watch has found, or why it found nothing. */
static void ready_take(struct ready *ready, int status, const struct strlist *lines, const struct error *err)
{
    os_mutex_lock(ready->lock);
    ready_take_locked(ready, status, lines, err);
    ready->looks++;
    os_mutex_unlock(ready->lock);
}

/* Returns whether somebody waits, or did a moment ago; else the thread is over, in the same moment. */
static bool ready_goes_on(struct ready *ready, bool *runs)
{
    os_mutex_lock(ready->lock);
    bool goes_on = ready->waiters != NULL || os_clock_ms() - ready->left_ms < LINGER_MS;
    if (!goes_on)
        *runs = false;
    os_mutex_unlock(ready->lock);
    return goes_on;
}

static void ready_watch(void *context)
{
    struct ready *ready = context;
    char verb[40] = "watch-0";
    do {
        struct strlist lines = {0};
        struct error err;
        int status = worker_pool_lines(ready->watching, verb, NULL, WATCH_MS, &lines, &err);
        const char *hash = status ? NULL : strlist_get(&lines, "hash");
        snprintf(verb, sizeof verb, "watch-%.20s", hash ? hash : "0");
        ready_take(ready, status, &lines, &err);
        strlist_deinit(&lines);
        if (status)
            os_sleep_ms(FAILED_MS);
    } while (ready_goes_on(ready, &ready->watches));
    ready_stop(ready);
}

/* ---- looks at the screen and the processors ---- */

/* Returns whether somebody waits for a still screen, or did a moment ago. Else what was seen of it holds no longer. */
static bool ready_wants_still(struct ready *ready)
{
    os_mutex_lock(ready->lock);
    for (struct ready_waiter *waiter = ready->waiters; waiter; waiter = waiter->next)
        if (waiter->wanted->still_ms > 0)
            ready->still_wanted_ms = os_clock_ms();
    bool wants = os_clock_ms() - ready->still_wanted_ms < LINGER_MS;
    if (!wants)
        ready->known.still_since_ms = 0;
    os_mutex_unlock(ready->lock);
    return wants;
}

/* Takes a picture. *hash is that of the last one, and then of this. The mouse cursor does not count. */
static int ready_take_picture(struct ready *ready, char hash[64], bool *changed, struct error *err)
{
    struct strlist options = {0}, facts = {0};
    struct buffer list;
    buffer_init(&list, WIRE_REPLY_MAX);
    strlist_add(&options, "cursor=0");
    strlist_add(&options, "format=ppm");
    strlist_addf(&options, "deadline-ms=%d", PICTURE_MS);
    if (*hash)
        strlist_addf(&options, "if-changed=%s", hash);
    int status = worker_pool_picture(ready->pictures, "screenshot", &options, NULL, &list, err);
    if (status == 0) {
        worker_pool_facts(&list, &facts);
        *changed = !strlist_get(&facts, "unchanged");
        const char *now = strlist_get(&facts, "hash");
        snprintf(hash, 64, "%.63s", now ? now : "");
    }
    strlist_deinit(&options);
    strlist_deinit(&facts);
    buffer_deinit(&list);
    return status;
}

static void ready_look_at_screen(struct ready *ready, char hash[64])
{
    struct error err;
    bool changed = true;
    int64_t begin_ms = os_clock_ms();
    int status = ready_take_picture(ready, hash, &changed, &err);
    if (status)
        *hash = '\0';
    os_mutex_lock(ready->lock);
    struct conditions_known *known = &ready->known;
    snprintf(known->still_failure, sizeof known->still_failure, "%s", status ? err.text : "");
    if (status)
        known->still_since_ms = 0;
    else if (changed || !known->still_since_ms)
        known->still_since_ms = begin_ms;
    known->still_until_ms = begin_ms;
    os_mutex_unlock(ready->lock);
}

static void ready_sample(void *context)
{
    struct ready *ready = context;
    char hash[64] = "";
    do {
        struct os_activity activity;
        if (ready_wants_still(ready))
            ready_look_at_screen(ready, hash);
        os_activity_read(&activity);
        os_mutex_lock(ready->lock);
        conditions_add_sample(&ready->known, &activity);
        ready_wake_all(ready);
        os_mutex_unlock(ready->lock);
        os_sleep_ms(CONDITIONS_SAMPLE_MS);
    } while (ready_goes_on(ready, &ready->samples));
}

/* ---- those that wait ---- */

/* Looks for a wait that begins while the watch runs: what the watch knows may be older than the request, since an event
   and the look behind it take their time. What the watch has found meanwhile is newer than this. */
static void ready_look_now(struct ready *ready, int64_t deadline_ms)
{
    struct strlist lines = {0};
    struct error err;
    int64_t left = os_time_left(deadline_ms), timeout_ms = left < LOOK_MS ? LOOK_MS : left > WATCH_MS ? WATCH_MS : left;
    os_mutex_lock(ready->lock);
    uint64_t looks = ready->looks;
    os_mutex_unlock(ready->lock);
    int status = worker_pool_lines(ready->watching, "watch-0", NULL, (int)timeout_ms, &lines, &err);
    os_mutex_lock(ready->lock);
    if (looks == ready->looks)
        ready_take_locked(ready, status, &lines, &err);
    os_mutex_unlock(ready->lock);
    strlist_deinit(&lines);
}

/* Starts the threads that are needed and do not run. What an earlier one knew is of another time. */
static int ready_start(struct ready *ready, const struct conditions_wanted *wanted, struct error *err)
{
    int status = 0;
    bool samples = wanted->still_ms > 0 || wanted->cpu >= 0 || wanted->disk >= 0;
    if (!ready->watches) {
        conditions_take_facts(&ready->known, &(struct strlist){0}, 0);
        ready->known.failure[0] = '\0';
        status = os_thread_start(ready_watch, ready, err);
        ready->watches = status == 0;
    }
    if (status == 0 && samples && !ready->samples) {
        ready->known.sample_count = 0;
        ready->known.still_since_ms = 0;
        status = os_thread_start(ready_sample, ready, err);
        ready->samples = status == 0;
    }
    return status;
}

static int ready_join(struct ready *ready, struct ready_waiter *waiter, bool *watched, struct error *err)
{
    int status = os_waker_new(&waiter->waker, err);
    if (status)
        return status;
    os_mutex_lock(ready->lock);
    *watched = ready->watches;
    status = ready_start(ready, waiter->wanted, err);
    if (status == 0) {
        waiter->next = ready->waiters;
        ready->waiters = waiter;
        if (waiter->wanted->still_ms > 0)
            ready->still_wanted_ms = os_clock_ms();
    }
    os_mutex_unlock(ready->lock);
    return status;
}

static void ready_leave(struct ready *ready, struct ready_waiter *waiter)
{
    os_mutex_lock(ready->lock);
    struct ready_waiter **at = &ready->waiters;
    while (*at && *at != waiter)
        at = &(*at)->next;
    if (*at)
        *at = waiter->next;
    ready->left_ms = os_clock_ms();
    os_mutex_unlock(ready->lock);
    os_waker_free(waiter->waker);
}

/* Checks the conditions. Returns whether all are met. */
static bool ready_check(struct ready *ready, const struct conditions_wanted *wanted, struct condition *conditions,
                        size_t *count)
{
    bool all = true;
    os_mutex_lock(ready->lock);
    *count = conditions_check(wanted, &ready->known, os_clock_ms(), conditions);
    os_mutex_unlock(ready->lock);
    for (size_t i = 0; i < *count; i++)
        all &= conditions[i].met;
    return all;
}

static void ready_answer(const struct condition *conditions, size_t count, bool all, uint64_t token,
                         struct strlist *facts)
{
    strlist_addf(facts, "ready=%d", all);
    for (size_t i = 0; i < count; i++) {
        int64_t age_ms = conditions[i].since_ms ? os_clock_ms() - conditions[i].since_ms : 0;
        strlist_addf(facts, "%s=%s %" PRId64 " %s", conditions[i].met ? "met" : "unmet", conditions[i].name, age_ms,
                     conditions[i].text);
    }
    strlist_addf(facts, "token=%016" PRIx64, token);
}

int ready_wait(struct ready *ready, const struct conditions_wanted *wanted, struct os_socket *client,
               int64_t deadline_ms, const char *seen, struct strlist *facts, struct error *err)
{
    struct ready_waiter waiter = {.wanted = wanted};
    struct condition conditions[CONDITIONS_MAX];
    char token[20];
    bool watched = false;
    int status = ready_join(ready, &waiter, &watched, err);
    if (status == 0 && watched && (!seen || !*seen))
        ready_look_now(ready, deadline_ms);
    while (status == 0) {
        size_t count;
        os_waker_clear(waiter.waker);
        bool all = ready_check(ready, wanted, conditions, &count);
        uint64_t hash = conditions_hash(conditions, count);
        snprintf(token, sizeof token, "%016" PRIx64, hash);
        if (all || (seen && strcmp(seen, token) != 0) || os_time_left(deadline_ms) == 0) {
            ready_answer(conditions, count, all, hash, facts);
            break;
        }
        if (os_socket_wait(client, waiter.waker, deadline_ms) == OS_WAIT_HANGUP)
            status = error_set(err, ERR_CLOSED, "the client left while it waited");
    }
    ready_leave(ready, &waiter);
    return status;
}
