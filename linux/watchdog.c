/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/watchdog.h"

#include "platform/clock.h"
#include "platform/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct os_watchdog {
    void (*expired)(void *context);
    void *context; /* borrowed */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* on the monotonic clock, as deadlines are */
    int64_t deadline_ms;    /* OS_FOREVER while not armed */
};

static void wait_until(struct os_watchdog *watchdog, int64_t deadline_ms)
{
    if (deadline_ms == OS_FOREVER) {
        pthread_cond_wait(&watchdog->changed, &watchdog->lock);
        return;
    }
    struct timespec until = {.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
    pthread_cond_timedwait(&watchdog->changed, &watchdog->lock, &until);
}

static void watch(void *context)
{
    struct os_watchdog *watchdog = context;
    pthread_mutex_lock(&watchdog->lock);
    for (;;) {
        if (os_time_left(watchdog->deadline_ms) > 0) {
            wait_until(watchdog, watchdog->deadline_ms);
            continue;
        }
        /* Under the lock, so that a disarm waits for its end. */
        watchdog->deadline_ms = OS_FOREVER;
        watchdog->expired(watchdog->context);
    }
}

int os_watchdog_new(struct os_watchdog **out, void (*expired)(void *context), void *context, struct error *err)
{
    struct os_watchdog *watchdog = calloc(1, sizeof *watchdog);
    pthread_condattr_t attributes;
    *out = NULL;
    if (!watchdog)
        return error_set(err, ERR_NO_MEMORY, "no memory for a watchdog");
    *watchdog = (struct os_watchdog){.expired = expired, .context = context, .deadline_ms = OS_FOREVER};
    pthread_mutex_init(&watchdog->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watchdog->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    int status = os_thread_start(watch, watchdog, err);
    if (status < 0)
        free(watchdog);
    else
        *out = watchdog;
    return status;
}

void os_watchdog_arm(struct os_watchdog *watchdog, int64_t deadline_ms)
{
    pthread_mutex_lock(&watchdog->lock);
    watchdog->deadline_ms = deadline_ms;
    pthread_cond_signal(&watchdog->changed);
    pthread_mutex_unlock(&watchdog->lock);
}

void os_watchdog_disarm(struct os_watchdog *watchdog)
{
    os_watchdog_arm(watchdog, OS_FOREVER);
}
