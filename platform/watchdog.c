/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/watchdog.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>

struct os_watchdog {
    void (*expired)(void *context);
    void *context; /* borrowed */
    struct os_mutex *lock;
    struct os_waker *changed; /* set where the thread would sleep beyond the deadline */
    /* Under the lock: */
    int64_t deadline_ms; /* OS_FOREVER while not armed */
    int64_t sleeps_ms;   /* until when the thread does */
};

/* Returns the deadline to wait for next. Calls expired() under the lock, so that a disarm waits for its end. */
static int64_t watchdog_look(struct os_watchdog *watchdog)
{
    os_mutex_lock(watchdog->lock);
    if (os_time_left(watchdog->deadline_ms) == 0) {
        watchdog->deadline_ms = OS_FOREVER;
        watchdog->expired(watchdog->context);
    }
    int64_t deadline_ms = watchdog->sleeps_ms = watchdog->deadline_ms;
    os_mutex_unlock(watchdog->lock);
    return deadline_ms;
}

static void watchdog_main(void *context)
{
    struct os_watchdog *watchdog = context;
    for (;;) {
        os_waker_wait(watchdog->changed, watchdog_look(watchdog));
        os_waker_clear(watchdog->changed); /* before the look: a later change sets it again */
    }
}

int os_watchdog_new(struct os_watchdog **out, void (*expired)(void *context), void *context, struct error *err)
{
    struct os_watchdog *watchdog = calloc(1, sizeof *watchdog);
    *out = NULL;
    if (!watchdog)
        return error_set(err, ERR_NO_MEMORY, "no memory for a watchdog");
    *watchdog = (struct os_watchdog){.expired = expired,
                                     .context = context,
                                     .lock = os_mutex_new(),
                                     .deadline_ms = OS_FOREVER,
                                     .sleeps_ms = OS_FOREVER};
    int status = os_waker_new(&watchdog->changed, err);
    if (status == 0)
        status = os_thread_start(watchdog_main, watchdog, err);
    if (status == 0) {
        *out = watchdog;
        return 0;
    }
    os_waker_free(watchdog->changed);
    free(watchdog);
    return status;
}

void os_watchdog_arm(struct os_watchdog *watchdog, int64_t deadline_ms)
{
    os_mutex_lock(watchdog->lock);
    watchdog->deadline_ms = deadline_ms;
    if (deadline_ms < watchdog->sleeps_ms) /* else it wakes for nothing at most once, and not for each request */
        os_waker_set(watchdog->changed);
    os_mutex_unlock(watchdog->lock);
}

void os_watchdog_disarm(struct os_watchdog *watchdog)
{
    os_watchdog_arm(watchdog, OS_FOREVER);
}
