/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The thread that SIGCHLD wakes. Signals of children that exit together come as one, so it only says "look". */
#include "platform/process.h"
#include "platform/thread.h"
#include "linux/errno.h"
#include "linux/net/socket.h"
#include "linux/process/reap.h"
#include "linux/process/watch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct watch {
    void (*changed)(void *context);
    void *context;
    sigset_t signals;
    struct {
        pthread_mutex_t lock;
        void (*call)(void *context);
        void *context;
    } ending;
};

static const int ends[] = {SIGTERM, SIGINT, SIGHUP};
#define END_COUNT (sizeof ends / sizeof *ends)

static struct watch watch = {.ending.lock = PTHREAD_MUTEX_INITIALIZER}; /* set before the first thread */

void watch_end(void (*ending)(void *context), void *context)
{
    pthread_mutex_lock(&watch.ending.lock);
    watch.ending.call = ending;
    watch.ending.context = context;
    pthread_mutex_unlock(&watch.ending.lock);
}

void watch_let_end(bool at_once)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < END_COUNT; i++)
        sigaddset(&set, ends[i]);
    pthread_sigmask(at_once ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

/* Ends the process by the signal, which it only put off: who has sent it sees that. */
static void end_by(int number)
{
    pthread_mutex_lock(&watch.ending.lock);
    if (watch.ending.call)
        watch.ending.call(watch.ending.context);
    watch_let_end(true);
    raise(number);
    pthread_mutex_unlock(&watch.ending.lock);
}

static void watch_main(void *context)
{
    (void)context;
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(&watch.signals, &info);
        if (number < 0 && errno != EINTR)
            abort(); /* EINVAL only: a set we built wrongly */
        if (number > 0 && number != SIGCHLD)
            end_by(number);
        reap_abandoned();
        watch.changed(watch.context);
    }
}

/* ---- processes of an agent that has ended ---- */

static void foreign_main(void *context)
{
    int fd = (int)(intptr_t)context;
    struct pollfd item = {.fd = fd, .events = POLLIN};
    while (poll(&item, 1, -1) < 0 && errno == EINTR)
        ;
    close(fd);
    watch.changed(watch.context);
}

/* Before Linux 5.3 their end is seen when another child's is, or somebody asks. */
void watch_foreign(pid_t pid)
{
    const long pidfd_open = 434;
    int fd = (int)syscall(pidfd_open, pid, 0);
    if (fd >= 0 && os_thread_start(foreign_main, (void *)(intptr_t)fd, NULL))
        close(fd);
}

/* Leaves out what was ignored when the agent was started, as by nohup(1): it stays so. */
static void watch_add_ends(void)
{
    struct sigaction action;
    for (size_t i = 0; i < END_COUNT; i++)
        if (sigaction(ends[i], NULL, &action) == 0 && action.sa_handler == SIG_DFL)
            sigaddset(&watch.signals, ends[i]);
}

int os_process_watch(void (*changed)(void *context), void *context, struct error *err)
{
    watch.changed = changed;
    watch.context = context;
    sigemptyset(&watch.signals);
    sigaddset(&watch.signals, SIGCHLD);
    watch_add_ends();
    /* An agent started with SIGCHLD ignored would have no exit status at all. */
    signal(SIGCHLD, SIG_DFL);
    socket_ignore_pipe_signal();
    signal(SIGXFSZ, SIG_IGN); /* a file beyond a limit is that request's error, not the agent's end */
    int code = pthread_sigmask(SIG_BLOCK, &watch.signals, NULL);
    if (code)
        return errno_error(err, code, "could not block SIGCHLD");
    return os_thread_start(watch_main, NULL, err);
}
