/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread that SIGCHLD wakes. Signals of children that exit together come as one, so it only says "look". */
#include "platform/process.h"
#include "platform/thread.h"
#include "linux/errno.h"
#include "linux/process/reap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

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
    watch.changed = changed;
    watch.context = context;
    sigemptyset(&watch.signals);
    sigaddset(&watch.signals, SIGCHLD);
    /* An agent started with SIGCHLD ignored would have no exit status at all. */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN); /* sendfile(2) has no MSG_NOSIGNAL */
    signal(SIGXFSZ, SIG_IGN); /* a file beyond a limit is that request's error, not the agent's end */
    int code = pthread_sigmask(SIG_BLOCK, &watch.signals, NULL);
    if (code)
        return errno_error(err, code, "could not block SIGCHLD");
    return os_thread_start(watch_main, &watch, err);
}
