/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/thread.h"
#include "platform/clock.h"
#include "linux/errno.h"
#include "linux/waker.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ALLOCATIONS_MAX 3
#define STACK_SIZE (256 * 1024) /* bytes; only what is touched becomes memory */

struct start {
    void (*main)(void *context);
    void *context;
};

static void *thread_main(void *argument)
{
    struct start start = *(struct start *)argument;
    free(argument);
    start.main(start.context);
    return NULL;
}

static int thread_create(pthread_t *thread, int detach_state, void (*main)(void *context), void *context,
                         struct error *err)
{
    pthread_attr_t attr;
    struct start *start = malloc(sizeof *start);
    if (!start)
        return error_set(err, ERR_NO_MEMORY, "no memory to start a thread");
    *start = (struct start){main, context};
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, detach_state);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    int code = pthread_create(thread, &attr, thread_main, start);
    pthread_attr_destroy(&attr);
    if (code == 0)
        return 0;
    free(start);
    return errno_error(err, code, "could not start a thread");
}

int os_thread_start(void (*main)(void *context), void *context, struct error *err)
{
    pthread_t thread;
    return thread_create(&thread, PTHREAD_CREATE_DETACHED, main, context, err);
}

struct os_thread {
    pthread_t id;
};

int os_thread_start_joinable(struct os_thread **out, void (*main)(void *context), void *context, struct error *err)
{
    struct os_thread *thread = malloc(sizeof *thread);
    *out = NULL;
    if (!thread)
        return error_set(err, ERR_NO_MEMORY, "no memory to start a thread");
    int status = thread_create(&thread->id, PTHREAD_CREATE_JOINABLE, main, context, err);
    if (status)
        free(thread);
    else
        *out = thread;
    return status;
}

void os_thread_join(struct os_thread *thread)
{
    pthread_join(thread->id, NULL);
    free(thread);
}

unsigned os_cpu_count(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (unsigned)count : 1;
}

struct os_mutex {
    pthread_mutex_t mutex;
};

static void *thread_allocate(size_t size)
{
    void *memory = NULL;
    for (int i = 0; i < ALLOCATIONS_MAX && !memory; i++)
        memory = malloc(size);
    if (!memory) { /* while the program starts, or a picture is made */
        fputs("no memory for a lock\n", stderr);
        exit(1);
    }
    return memory;
}

struct os_mutex *os_mutex_new(void)
{
    struct os_mutex *mutex = thread_allocate(sizeof *mutex);
    pthread_mutex_init(&mutex->mutex, NULL);
    return mutex;
}

void os_mutex_free(struct os_mutex *mutex)
{
    if (mutex)
        pthread_mutex_destroy(&mutex->mutex);
    free(mutex);
}

void os_mutex_lock(struct os_mutex *mutex)
{
    pthread_mutex_lock(&mutex->mutex);
}

void os_mutex_unlock(struct os_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->mutex);
}

struct os_condition {
    pthread_cond_t condition;
};

struct os_condition *os_condition_new(void)
{
    struct os_condition *condition = thread_allocate(sizeof *condition);
    pthread_cond_init(&condition->condition, NULL);
    return condition;
}

void os_condition_free(struct os_condition *condition)
{
    if (condition)
        pthread_cond_destroy(&condition->condition);
    free(condition);
}

void os_condition_wait(struct os_condition *condition, struct os_mutex *mutex)
{
    pthread_cond_wait(&condition->condition, &mutex->mutex);
}

void os_condition_tell(struct os_condition *condition)
{
    pthread_cond_broadcast(&condition->condition);
}

short poll_until(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = os_time_left(deadline_ms);
        struct pollfd item = {.fd = fd, .events = events};
        int count = poll(&item, 1, left == OS_FOREVER ? -1 : left > INT_MAX ? INT_MAX : (int)left);
        if (count > 0)
            return item.revents;
        if (count < 0 && errno != EINTR)
            return POLLERR;
        if (count == 0 && os_time_left(deadline_ms) == 0)
            return 0;
    }
}

int os_waker_new(struct os_waker **out, struct error *err)
{
    struct os_waker *waker = malloc(sizeof *waker);
    *out = NULL;
    if (!waker)
        return error_set(err, ERR_NO_MEMORY, "no memory to wait");
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waker->fd < 0) {
        int code = errno;
        free(waker);
        return errno_error(err, code, "could not wait");
    }
    *out = waker;
    return 0;
}

void os_waker_free(struct os_waker *waker)
{
    if (!waker)
        return;
    close(waker->fd);
    free(waker);
}

void os_waker_set(struct os_waker *waker)
{
    while (eventfd_write(waker->fd, 1) < 0 && errno == EINTR)
        ;
}

void os_waker_clear(struct os_waker *waker)
{
    eventfd_t value;
    while (eventfd_read(waker->fd, &value) < 0 && errno == EINTR)
        ;
}

bool os_waker_wait(struct os_waker *waker, int64_t deadline_ms)
{
    return poll_until(waker->fd, POLLIN, deadline_ms) != 0;
}
