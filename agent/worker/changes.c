/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/worker/changes.h"

#include "agent/worker/answer.h"
#include "agent/worker/options.h"
#include "capture/pointer.h"
#include "picture/hash.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_SIZE 64
#define WATCH_MS 2000   /* of one request to the watching worker; how long it goes on when nobody waits any more */
#define LINGER_MS 1000  /* after the last one has left: who has its picture comes back for the next one */
#define FAILED_MS 10000 /* before a source is watched again that could not be */
#define VAIN_MS 20      /* between pictures for events that changed nothing, doubled by each */
#define VAIN_MOST_MS 400
#define NET_LEAST_MS 500 /* between pictures while the source is watched: half of the time for which it was still */
#define NET_MOST_MS 5000
#define PARTLY_MOST_MS 1000 /* the same of a source that tells of only some of what changes, once that is not lively */
#define LIVELY_MS 5000      /* for which a source that is not watched counts as lively after a change */
#define LIVELY_STEP_MS 100  /* between its pictures */
#define STILL_STEP_MS 500
#define RESUME_MS 100   /* behind a picture, in which one that has it waits for the next without a look */
#define OPTIONS_MAX 256 /* bytes of the options of one that may resume */
#define POINTER_SIZE 128

/* What was found when a picture was asked for. */
struct changes_look {
    char source[SOURCE_SIZE]; /* that can be watched; "": none */
    bool partly;              /* it tells of only some changes */
    uint64_t seen;            /* events before it */
    int64_t looked_ms;        /* when it was asked for; 0: none was */
};

struct changes_waiter {
    struct os_waker *waker;   /* owned */
    const char *pointer;      /* what the client knows of it, borrowed; NULL: it does not ask */
    bool draws_pointer;       /* it is in the picture */
    struct changes_look look; /* the last one */
    unsigned vain;            /* pictures in a row for events that changed nothing */
    struct changes_waiter *next;
};

/* The last picture. */
struct changes_last {
    char options[OPTIONS_MAX]; /* but for what differs from picture to picture; "": none */
    char hash[PICTURE_HASH_SIZE], pointer[POINTER_SIZE];
    struct changes_look look;
};

struct changes {
    struct worker_pool *watching, *pictures;
    struct os_mutex *lock; /* guards what follows */
    struct changes_waiter *waiters;
    bool watches;             /* the thread runs */
    char source[SOURCE_SIZE]; /* that it watches */
    bool hears;               /* and that has told something: it can */
    uint64_t events, pointer_events;
    int64_t failed_ms;  /* when that last failed; 0: never */
    int64_t left_ms;    /* when the last one has left */
    int64_t changed_ms; /* when a picture was last seen to be another */
    struct changes_last last;
};

int changes_new(struct changes **out, const struct strlist *card_classes, struct error *err)
{
    struct changes *changes = calloc(1, sizeof *changes);
    *out = changes;
    if (!changes)
        return error_set(err, ERR_NO_MEMORY, "no memory to wait for changes of the screen");
    changes->lock = os_mutex_new();
    int status = worker_pool_new(&changes->watching, card_classes, err);
    if (status == 0)
        status = worker_pool_new(&changes->pictures, card_classes, err);
    if (status == 0)
        worker_pool_limit(changes->pictures, 1);
    return status;
}

void changes_spare_children(struct changes *changes, struct children *children)
{
    worker_pool_spare_children(changes->pictures, children);
}

void changes_stop(struct changes *changes)
{
    worker_pool_stop(changes->watching);
    worker_pool_stop(changes->pictures);
}

/* ---- the watch ---- */

/* Takes what the watch was told. Returns false when it can't be: then the thread is over, in the same moment. */
static bool changes_hear(struct changes *changes, int status, const struct strlist *facts)
{
    os_mutex_lock(changes->lock);
    changes->hears = changes->watches = status == 0;
    if (status)
        changes->failed_ms = os_clock_ms();
    changes->events += strlist_get(facts, "pixels") != NULL;
    changes->pointer_events += strlist_get(facts, "pointer") != NULL;
    for (struct changes_waiter *waiter = changes->waiters; waiter && (status || facts->count > 0);
         waiter = waiter->next)
        os_waker_set(waiter->waker);
    os_mutex_unlock(changes->lock);
    return status == 0;
}

/* Returns one whose source is to be watched: that which is already, as long as somebody waits for it. With the lock. */
static const struct changes_waiter *changes_find_waiter(const struct changes *changes)
{
    const struct changes_waiter *other = NULL;
    for (const struct changes_waiter *waiter = changes->waiters; waiter; waiter = waiter->next) {
        if (*waiter->look.source && strcmp(waiter->look.source, changes->source) == 0)
            return waiter;
        if (*waiter->look.source)
            other = waiter;
    }
    return other;
}

/* Finds what to watch. Returns false when nobody waits, nor did a moment ago: then the
   thread is over, in the same moment. */
static bool changes_find_source(struct changes *changes, char verb[SOURCE_SIZE + 16])
{
    os_mutex_lock(changes->lock);
    const struct changes_waiter *waiter = changes_find_waiter(changes);
    if (waiter && strcmp(waiter->look.source, changes->source) != 0) {
        changes->hears = false;
        memcpy(changes->source, waiter->look.source, SOURCE_SIZE);
    }
    changes->watches = waiter || os_clock_ms() - changes->left_ms < LINGER_MS;
    bool goes_on = changes->watches;
    snprintf(verb, SOURCE_SIZE + 16, "changes-%s", changes->source);
    os_mutex_unlock(changes->lock);
    return goes_on;
}

static void changes_watch(void *context)
{
    struct changes *changes = context;
    char verb[SOURCE_SIZE + 16];
    for (bool goes_on = true; goes_on && changes_find_source(changes, verb);) {
        struct strlist facts = {0};
        struct error err;
        int status = worker_pool_lines(changes->watching, verb, NULL, WATCH_MS, &facts, &err);
        goes_on = changes_hear(changes, status, &facts);
        strlist_deinit(&facts);
    }
    worker_pool_stop(changes->watching);
}

/* Has the source of the waiter's last picture watched. Without a thread for that its pictures are compared more often. */
static void changes_note_source(struct changes *changes, struct changes_waiter *waiter, const char *source)
{
    struct error err;
    os_mutex_lock(changes->lock);
    snprintf(waiter->look.source, sizeof waiter->look.source, "%s",
             source && strlen(source) < SOURCE_SIZE ? source : "");
    bool failed = changes->failed_ms && os_clock_ms() - changes->failed_ms < FAILED_MS;
    if (*waiter->look.source && !changes->watches && !failed) {
        changes->hears = false;
        memcpy(changes->source, waiter->look.source, SOURCE_SIZE);
        changes->watches = os_thread_start(changes_watch, changes, &err) == 0;
    }
    os_mutex_unlock(changes->lock);
}

/* ---- a wait ---- */

static int changes_join(struct changes *changes, struct changes_waiter *waiter, struct error *err)
{
    int status = os_waker_new(&waiter->waker, err);
    if (status)
        return status;
    os_mutex_lock(changes->lock);
    if (!changes->waiters && os_clock_ms() - changes->left_ms > LIVELY_MS)
        changes->changed_ms = os_clock_ms(); /* of what was before nothing is known */
    waiter->next = changes->waiters;
    changes->waiters = waiter;
    os_mutex_unlock(changes->lock);
    return 0;
}

static void changes_leave(struct changes *changes, struct changes_waiter *waiter)
{
    os_mutex_lock(changes->lock);
    struct changes_waiter **at = &changes->waiters;
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    changes->left_ms = os_clock_ms();
    os_mutex_unlock(changes->lock);
    os_waker_free(waiter->waker);
}

/* Counts what may concern the waiter's picture. With the lock. */
static uint64_t changes_count(const struct changes *changes, const struct changes_waiter *waiter)
{
    return changes->events + (waiter->pointer || waiter->draws_pointer ? changes->pointer_events : 0);
}

static void changes_begin_look(struct changes *changes, struct changes_waiter *waiter)
{
    os_mutex_lock(changes->lock);
    uint64_t events = changes_count(changes, waiter);
    waiter->vain = waiter->look.looked_ms && events != waiter->look.seen ? waiter->vain + 1 : 0;
    waiter->look.seen = events;
    waiter->look.looked_ms = os_clock_ms();
    os_mutex_unlock(changes->lock);
}

static void changes_write_pointer(char text[POINTER_SIZE], const struct strlist *facts)
{
    const char *hash = strlist_get(facts, "pointer.hash"), *place = strlist_get(facts, "pointer");
    if (hash && place)
        snprintf(text, POINTER_SIZE, "%s,%s", hash, place);
    else
        snprintf(text, POINTER_SIZE, POINTER_UNKNOWN);
}

static bool changes_is_other_pointer(const struct changes_waiter *waiter, const char *pointer)
{
    return waiter->pointer && strcmp(pointer, waiter->pointer) != 0;
}

/* Writes the options that one who has a picture asks for the next one with: "" if they are too long. */
static void changes_write_options(char text[OPTIONS_MAX], const struct strlist *options)
{
    static const char *const others[] = {"if-changed=", "pointer=", "wait-ms="};
    int len = 0;
    text[0] = 0;
    for (size_t i = 0; i < options->count && len < OPTIONS_MAX; i++) {
        bool is_other = false;
        for (size_t j = 0; j < sizeof others / sizeof *others; j++)
            is_other |= strncmp(options->items[i], others[j], strlen(others[j])) == 0;
        if (!is_other)
            len += snprintf(text + len, (size_t)(OPTIONS_MAX - len), "%s\n", options->items[i]);
    }
    if (len >= OPTIONS_MAX)
        text[0] = 0;
}

/* Keeps what the picture was, for who has it and comes back. */
static void changes_keep_last(struct changes *changes, const struct changes_waiter *waiter,
                              const struct strlist *options, const char *hash, const char *pointer)
{
    struct changes_last *last = &changes->last;
    os_mutex_lock(changes->lock);
    last->look = waiter->look;
    changes_write_options(last->options, options);
    snprintf(last->hash, sizeof last->hash, "%s", hash ? hash : "");
    snprintf(last->pointer, sizeof last->pointer, "%s", pointer);
    os_mutex_unlock(changes->lock);
}

/* Returns whether the client has the last picture, which was asked for a moment ago, of a source that tells of all changes.
   Then the wait goes on where that of the picture ended, without a look: what has changed since makes an event. */
static bool changes_resume(struct changes *changes, struct changes_waiter *waiter, const struct strlist *options)
{
    const struct changes_last *last = &changes->last;
    const char *hash = strlist_get(options, "if-changed");
    char own[OPTIONS_MAX];
    changes_write_options(own, options);
    os_mutex_lock(changes->lock);
    bool resumes = *own && hash && strcmp(own, last->options) == 0 && strcmp(hash, last->hash) == 0 &&
                   !changes_is_other_pointer(waiter, last->pointer) && changes->hears && !last->look.partly &&
                   strcmp(changes->source, last->look.source) == 0 && os_clock_ms() - last->look.looked_ms < RESUME_MS;
    if (resumes)
        waiter->look = last->look;
    os_mutex_unlock(changes->lock);
    return resumes;
}

/* Takes a picture. *done: it is another, or the pointer is. */
static int changes_look(struct changes *changes, struct changes_waiter *waiter, const struct strlist *options,
                        struct os_socket *client, struct buffer *list, bool *done, struct error *err)
{
    struct strlist facts = {0};
    char pointer[POINTER_SIZE];
    buffer_clear(list);
    changes_begin_look(changes, waiter);
    int status = worker_pool_picture(changes->pictures, "screenshot", options, client, list, err);
    if (status)
        return status;
    answer_add_lines(list, &facts);
    changes_write_pointer(pointer, &facts);
    *done = !strlist_get(&facts, "unchanged") || changes_is_other_pointer(waiter, pointer);
    changes_note_source(changes, waiter, strlist_get(&facts, "watch"));
    waiter->look.partly = strlist_get(&facts, "watch.partly") != NULL;
    changes_keep_last(changes, waiter, options, strlist_get(&facts, "hash"), pointer);
    strlist_deinit(&facts);
    if (*done) {
        os_mutex_lock(changes->lock);
        changes->changed_ms = os_clock_ms();
        os_mutex_unlock(changes->lock);
    }
    return 0;
}

static int64_t changes_bound(int64_t ms, int64_t least, int64_t most)
{
    return ms < least ? least : ms > most ? most : ms;
}

/* Returns how long an event is to wait behind the last picture. One that changed nothing costs nothing yet. */
static int64_t changes_vain_ms(const struct changes_waiter *waiter)
{
    unsigned doublings = waiter->vain < 8 ? waiter->vain : 8;
    return doublings > 1 ? changes_bound((int64_t)VAIN_MS << (doublings - 2), 0, VAIN_MOST_MS) : 0;
}

/* Returns when the next picture is due, by what is known now. Those that are due without an event are so at the same moments
   for all waits. */
static int64_t changes_next_look(struct changes *changes, const struct changes_waiter *waiter)
{
    os_mutex_lock(changes->lock);
    bool hears = changes->hears && strcmp(changes->source, waiter->look.source) == 0;
    bool event = changes_count(changes, waiter) != waiter->look.seen;
    int64_t still_ms = os_clock_ms() - changes->changed_ms;
    os_mutex_unlock(changes->lock);
    if (hears && event)
        return waiter->look.looked_ms + changes_vain_ms(waiter);
    int64_t step_ms = hears && !waiter->look.partly ? changes_bound(still_ms / 2, NET_LEAST_MS, NET_MOST_MS)
                      : still_ms < LIVELY_MS        ? LIVELY_STEP_MS
                      : hears                       ? changes_bound(still_ms / 8, NET_LEAST_MS, PARTLY_MOST_MS)
                                                    : STILL_STEP_MS;
    return (waiter->look.looked_ms / step_ms + 1) * step_ms;
}

/* Waits until the next picture is due. */
static int changes_pause(struct changes *changes, const struct changes_waiter *waiter, struct os_socket *client,
                         int64_t end_ms, struct error *err)
{
    for (;;) {
        os_waker_clear(waiter->waker);
        int64_t due_ms = changes_next_look(changes, waiter);
        due_ms = due_ms < end_ms ? due_ms : end_ms;
        if (os_time_left(due_ms) == 0)
            return 0;
        if (os_socket_wait(client, waiter->waker, due_ms) == OS_WAIT_HANGUP)
            return error_set(err, ERR_CLOSED, "the client left while it waited for a change of the screen");
    }
}

void changes_expect(struct changes *changes)
{
    os_mutex_lock(changes->lock);
    changes->changed_ms = os_clock_ms();
    for (struct changes_waiter *waiter = changes->waiters; waiter; waiter = waiter->next)
        os_waker_set(waiter->waker);
    os_mutex_unlock(changes->lock);
}

bool changes_concerns(const struct strlist *options)
{
    const char *delta = strlist_get(options, "delta");
    return strlist_get(options, "wait-ms") || (delta && strcmp(delta, "1") == 0);
}

int changes_picture(struct changes *changes, const struct strlist *options, struct os_socket *client,
                    struct buffer *list, struct error *err)
{
    const char *cursor = strlist_get(options, "cursor");
    struct changes_waiter waiter = {.pointer = strlist_get(options, "pointer"),
                                    .draws_pointer = !cursor || strcmp(cursor, "0") != 0};
    int wait_ms;
    int status = screenshot_options_wait(options, &wait_ms, err);
    if (status == 0 && wait_ms == 0)
        return worker_pool_picture(changes->pictures, "screenshot", options, client, list, err);
    if (status == 0)
        status = changes_join(changes, &waiter, err);
    if (status)
        return status;
    int64_t end_ms = os_deadline(wait_ms);
    bool done = false;
    if (changes_resume(changes, &waiter, options))
        status = changes_pause(changes, &waiter, client, end_ms, err);
    while (status == 0 && !done) {
        status = changes_look(changes, &waiter, options, client, list, &done, err);
        done |= os_time_left(end_ms) == 0;
        if (status == 0 && !done)
            status = changes_pause(changes, &waiter, client, end_ms, err);
    }
    changes_leave(changes, &waiter);
    return status;
}
