/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/watchdog.h"

#include "platform/clock.h"
#include "win32/process/wait.h"
#include "win32/winerror.h"

#include <stdlib.h>

struct os_watchdog {
    void (*expired)(void *context);
    void *context; /* borrowed */
    CRITICAL_SECTION lock;
    HANDLE changed;      /* an event that one wait clears */
    int64_t deadline_ms; /* under the lock; OS_FOREVER while not armed */
};

/* The deadline to wait for next. What has expired is told under the lock, so that a disarm waits for its end. */
static int64_t look(struct os_watchdog *watchdog)
{
    EnterCriticalSection(&watchdog->lock);
    if (os_time_left(watchdog->deadline_ms) == 0) {
        watchdog->deadline_ms = OS_FOREVER;
        watchdog->expired(watchdog->context);
    }
    int64_t deadline_ms = watchdog->deadline_ms;
    LeaveCriticalSection(&watchdog->lock);
    return deadline_ms;
}

static void watch(void *context)
{
    struct os_watchdog *watchdog = context;
    for (;;)
        wait_for(&watchdog->changed, 1, look(watchdog));
}

int os_watchdog_new(struct os_watchdog **out, void (*expired)(void *context), void *context, struct error *err)
{
    struct os_watchdog *watchdog = calloc(1, sizeof *watchdog);
    *out = NULL;
    if (!watchdog)
        return error_set(err, ERR_NO_MEMORY, "no memory for a watchdog");
    *watchdog = (struct os_watchdog){.expired = expired, .context = context, .deadline_ms = OS_FOREVER};
    watchdog->changed = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!watchdog->changed) {
        int status = windows_error(err, GetLastError(), "could not make a watchdog");
        free(watchdog);
        return status;
    }
    InitializeCriticalSection(&watchdog->lock);
    int status = os_thread_start(watch, watchdog, err);
    if (status < 0) {
        CloseHandle(watchdog->changed);
        free(watchdog);
        return status;
    }
    *out = watchdog;
    return 0;
}

void os_watchdog_arm(struct os_watchdog *watchdog, int64_t deadline_ms)
{
    EnterCriticalSection(&watchdog->lock);
    watchdog->deadline_ms = deadline_ms;
    SetEvent(watchdog->changed);
    LeaveCriticalSection(&watchdog->lock);
}

void os_watchdog_disarm(struct os_watchdog *watchdog)
{
    os_watchdog_arm(watchdog, OS_FOREVER);
}
