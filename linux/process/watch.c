/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread that SIGCHLD wakes. Signals of children that exit together come as one, so it only says "look". */
#include "platform/clock.h"
#include "platform/process.h"
#include "platform/thread.h"
#include "linux/errno.h"
#include "linux/process.h"
#include "linux/process/reap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static pthread_mutex_t abandoned_lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t *abandoned; /* under abandoned_lock */
static size_t abandoned_count, abandoned_capacity;

void reap_abandoned(void)
{
    pthread_mutex_lock(&abandoned_lock);
    for (size_t i = abandoned_count; i-- > 0;)
        if (waitpid(abandoned[i], NULL, WNOHANG) != 0)
            abandoned[i] = abandoned[--abandoned_count];
    pthread_mutex_unlock(&abandoned_lock);
}

void reap_later(pid_t pid)
{
    pthread_mutex_lock(&abandoned_lock);
    if (abandoned_count == abandoned_capacity) {
        size_t capacity = abandoned_capacity ? abandoned_capacity * 2 : 16;
        pid_t *grown = realloc(abandoned, capacity * sizeof *grown);
        if (grown) {
            abandoned = grown;
            abandoned_capacity = capacity;
        }
    }
    if (abandoned_count < abandoned_capacity)
        abandoned[abandoned_count++] = pid;
    pthread_mutex_unlock(&abandoned_lock);
    reap_abandoned(); /* it may have exited before it was listed */
}

static bool none_abandoned(void)
{
    pthread_mutex_lock(&abandoned_lock);
    bool none = abandoned_count == 0;
    pthread_mutex_unlock(&abandoned_lock);
    return none;
}

void reap_within(int ms)
{
    int64_t deadline = os_deadline(ms);
    for (reap_abandoned(); !none_abandoned() && os_time_left(deadline); reap_abandoned())
        os_sleep_ms(5);
}

struct watch {
    void (*changed)(void *context);
    void *context;
    sigset_t signals;
};

static void watch_main(void *context)
{
    struct watch *watch = context;
    for (;;) {
        siginfo_t info;
        if (sigwaitinfo(&watch->signals, &info) < 0 && errno != EINTR)
            abort(); /* EINVAL only: a set we built wrongly */
        reap_abandoned();
        watch->changed(watch->context);
    }
}

int os_process_watch(void (*changed)(void *context), void *context, struct error *err)
{
    static struct watch watch;
    sigset_t before;
    watch.changed = changed;
    watch.context = context;
    sigemptyset(&watch.signals);
    sigaddset(&watch.signals, SIGCHLD);
    /* An agent started with SIGCHLD ignored would have no exit status at all. */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN); /* sendfile(2) has no MSG_NOSIGNAL */
    signal(SIGXFSZ, SIG_IGN); /* a file beyond a limit is that request's error, not the agent's end */
    int code = pthread_sigmask(SIG_BLOCK, &watch.signals, &before);
    if (code)
        return errno_error(err, code, "could not block SIGCHLD");
    sigdelset(&before, SIGCHLD); /* an upgraded agent starts with it blocked */
    process_save_mask(&before);
    return os_thread_start(watch_main, &watch, err);
}
