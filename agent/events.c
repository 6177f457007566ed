/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/events.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "platform/thread.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CUT "... (cut)"
#define UNREAD_MS 3000 /* before an upgrade: what happened then may not have been read */

struct event {
    int64_t time_ms, boot_ms; /* wall time; since the boot, when it was added */
    const char *kind;
    char text[EVENT_TEXT_SIZE];
};

struct events_waiter {
    struct os_waker *waker;
    struct events_waiter *next;
};

static struct {
    struct os_mutex *lock; /* guards all but the id; never held over a call that can block */
    uint64_t last;         /* number of the newest event; 0: there was none */
    uint64_t taken;        /* that of the newest one of the agent before an upgrade; 0: there was none */
    int64_t taken_ms;      /* os_boot_clock_ms() of the upgrade; 0: there was none */
    struct events_waiter *waiters;
    char id[17]; /* random, of this agent and those it becomes by upgrades: the numbers begin again with it */
    struct event ring[EVENTS_MAX];
} events;

void events_init(void)
{
    struct error err;
    uint64_t number;
    if (os_random(&number, &err))
        number = (uint64_t)os_wall_time_ms();
    snprintf(events.id, sizeof events.id, "%016" PRIx64, number);
    events.lock = os_mutex_new();
}

/* Returns the number of the oldest event that is kept. The lock is held. */
static uint64_t events_oldest(void)
{
    return events.last > EVENTS_MAX ? events.last - EVENTS_MAX + 1 : 1;
}

/* Returns whether the agent before an upgrade has told an event: what the system has kept of its boot is read again after
   it. Times of the boot do not move when the clock is set. The lock is held. */
static bool events_told_before(const struct event *event)
{
    int64_t happened_ms = event->boot_ms - (os_wall_time_ms() - event->time_ms);
    if (events.taken == 0 || happened_ms >= events.taken_ms)
        return false;
    bool told = happened_ms < events.taken_ms - UNREAD_MS;
    for (uint64_t number = events_oldest(); number <= events.taken && !told; number++) {
        const struct event *other = &events.ring[(number - 1) % EVENTS_MAX];
        told = strcmp(event->kind, other->kind) == 0 && strcmp(event->text, other->text) == 0;
    }
    return told;
}

static void events_put(const struct event *event)
{
    events.ring[events.last++ % EVENTS_MAX] = *event;
    for (struct events_waiter *waiter = events.waiters; waiter; waiter = waiter->next)
        os_waker_set(waiter->waker);
}

__attribute__((format(printf, 3, 0))) static void events_take(int64_t time_ms, const char *kind, const char *format,
                                                              va_list args)
{
    struct event event = {.time_ms = time_ms, .boot_ms = os_boot_clock_ms(), .kind = kind};
    if (!events.lock)
        return;
    if (vsnprintf(event.text, EVENT_TEXT_SIZE, format, args) >= EVENT_TEXT_SIZE)
        strcpy(event.text + EVENT_TEXT_SIZE - sizeof CUT, CUT);
    utf8_make_printable(event.text);
    os_mutex_lock(events.lock);
    if (!events_told_before(&event))
        events_put(&event);
    os_mutex_unlock(events.lock);
}

void events_add(const char *kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    events_take(os_wall_time_ms(), kind, format, args);
    va_end(args);
}

void events_add_at(int64_t time_ms, const char *kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    events_take(time_ms, kind, format, args);
    va_end(args);
}

void events_save(struct buffer *out)
{
    os_mutex_lock(events.lock);
    buffer_printf(out, "events %s %" PRId64 " %" PRIu64 "\n", events.id, os_boot_clock_ms(), events_oldest());
    for (uint64_t number = events_oldest(); number <= events.last; number++) {
        const struct event *event = &events.ring[(number - 1) % EVENTS_MAX];
        buffer_printf(out, "event %" PRId64 " %" PRId64 " %s %s\n", event->time_ms, event->boot_ms, event->kind,
                      event->text);
    }
    os_mutex_unlock(events.lock);
}

static void events_restore_one(const char *text)
{
    char kind[16];
    int at = 0;
    struct event event = {0};
    if (sscanf(text, "%" SCNd64 " %" SCNd64 " %15s%n", &event.time_ms, &event.boot_ms, kind, &at) < 3 || !text[at])
        return;
    event.kind = strdup(kind); /* for as long as the process */
    if (!event.kind)
        event.kind = "";
    snprintf(event.text, sizeof event.text, "%s", text + at + 1);
    events_put(&event);
    events.taken = events.last;
}

bool events_restore(const char *line)
{
    uint64_t first;
    if (strncmp(line, "event ", 6) == 0) {
        events_restore_one(line + 6);
        return true;
    }
    if (sscanf(line, "events %16s %" SCNd64 " %" SCNu64, events.id, &events.taken_ms, &first) < 3)
        return false;
    events.last = first - 1;
    return true;
}

bool events_were_taken(void)
{
    return events.taken > 0;
}

static void events_add_line(struct strlist *out, const char *before, uint64_t number)
{
    const struct event *event = &events.ring[(number - 1) % EVENTS_MAX];
    char time[TIMESTAMP_SIZE];
    timestamp_text(time, event->time_ms);
    strlist_addf(out, "%s%" PRIu64 "\t%s\t%s\t%s", before, number, time, event->kind, event->text);
}

void events_copy(struct buffer *out)
{
    struct strlist lines = {0};
    os_mutex_lock(events.lock);
    for (uint64_t number = events_oldest(); number <= events.last; number++)
        events_add_line(&lines, "", number);
    os_mutex_unlock(events.lock);
    for (size_t i = 0; i < lines.count; i++)
        buffer_printf(out, "%s\n", lines.items[i]);
    out->failed |= lines.failed;
    strlist_deinit(&lines);
}

uint64_t events_last(void)
{
    if (!events.lock)
        return 0;
    os_mutex_lock(events.lock);
    uint64_t last = events.last;
    os_mutex_unlock(events.lock);
    return last;
}

bool events_next(uint64_t after, struct event_copy *out)
{
    if (!events.lock)
        return false;
    os_mutex_lock(events.lock);
    uint64_t number = after + 1 > events_oldest() ? after + 1 : events_oldest();
    bool found = number <= events.last;
    const struct event *event = &events.ring[(number - 1) % EVENTS_MAX];
    *out = (struct event_copy){
        .number = number, .boot_ms = event->boot_ms, .time_ms = event->time_ms, .kind = event->kind};
    memcpy(out->text, event->text, sizeof out->text);
    os_mutex_unlock(events.lock);
    return found;
}

static bool events_is_fault(const struct event *event, int64_t since_ms)
{
    return event->time_ms >= since_ms &&
           (strcmp(event->kind, "gpu") == 0 || strcmp(event->kind, "kernel") == 0 || strcmp(event->kind, "crash") == 0);
}

void events_add_faults(struct strlist *out, unsigned max, int64_t max_age_ms)
{
    int64_t since_ms = os_wall_time_ms() - max_age_ms;
    if (!events.lock)
        return;
    os_mutex_lock(events.lock);
    uint64_t first = events.last + 1;
    for (uint64_t number = events.last; max > 0 && number >= events_oldest(); number--)
        if (events_is_fault(&events.ring[(number - 1) % EVENTS_MAX], since_ms)) {
            first = number;
            max--;
        }
    for (; first <= events.last; first++)
        if (events_is_fault(&events.ring[(first - 1) % EVENTS_MAX], since_ms))
            events_add_line(out, "event=", first);
    os_mutex_unlock(events.lock);
}

/* Waits for an event behind `since`. The lock is held, and released during the wait. */
static int events_wait(const struct events_query *query, uint64_t since, struct os_waker *waker,
                       struct os_socket *client, struct error *err)
{
    enum os_wait_result result = OS_WAIT_WOKEN;
    struct events_waiter waiter = {waker, events.waiters}, **link = &events.waiters;
    events.waiters = &waiter;
    while (events.last <= since && result == OS_WAIT_WOKEN) {
        os_mutex_unlock(events.lock);
        result = os_socket_wait(client, waker, query->deadline_ms);
        os_waker_clear(waker);
        os_mutex_lock(events.lock);
    }
    while (*link != &waiter)
        link = &(*link)->next;
    *link = waiter.next;
    return result == OS_WAIT_HANGUP ? error_set(err, ERR_CLOSED, "the client hung up") : 0;
}

/* Adds the answer. The lock is held. */
static void events_answer(uint64_t since, struct strlist *out)
{
    uint64_t number = events_oldest();
    strlist_addf(out, "id=%s", events.id);
    strlist_addf(out, "last=%" PRIu64, events.last);
    if (since + 1 < number)
        strlist_addf(out, "lost=%" PRIu64, number - since - 1);
    if (number <= since)
        number = since + 1;
    for (; number <= events.last; number++)
        events_add_line(out, "event=", number);
}

static int events_list_since(const struct events_query *query, uint64_t since, struct os_waker *waker,
                             struct os_socket *client, struct strlist *out, struct error *err)
{
    int status = 0;
    os_mutex_lock(events.lock);
    if (since > events.last)
        status = error_set(err, ERR_INVALID, "events: since=%" PRIu64 " is behind the last event, %" PRIu64, since,
                           events.last);
    else if (events.last == since && os_time_left(query->deadline_ms))
        status = events_wait(query, since, waker, client, err);
    if (status == 0)
        events_answer(since, out);
    os_mutex_unlock(events.lock);
    if (status == 0 && out->failed)
        return error_set(err, ERR_NO_MEMORY, "no memory to list the events");
    return status;
}

int events_list(const struct events_query *query, struct os_socket *client, struct strlist *out, struct error *err)
{
    struct os_waker *waker;
    bool same = !query->id || strcmp(query->id, events.id) == 0;
    int status = os_waker_new(&waker, err);
    if (status)
        return status;
    status = events_list_since(query, same ? query->since : 0, waker, client, out, err);
    os_waker_free(waker);
    return status;
}
