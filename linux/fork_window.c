/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/fork_window.h"

#include <pthread.h>

static pthread_mutex_t fork_lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows; held over no fork */
static pthread_cond_t window_ended = PTHREAD_COND_INITIALIZER;
static struct fork_window *windows; /* on their owners' stacks */
static uint64_t window_count;
static bool frozen;

bool fork_window_begin(struct fork_window *window)
{
    pthread_mutex_lock(&fork_lock);
    bool allowed = !frozen;
    if (allowed) {
        window->number = ++window_count;
        window->next = windows;
        windows = window;
    }
    pthread_mutex_unlock(&fork_lock);
    return allowed;
}

void fork_window_end(const struct fork_window *window)
{
    pthread_mutex_lock(&fork_lock);
    struct fork_window **link = &windows;
    while (*link != window)
        link = &(*link)->next;
    *link = window->next;
    pthread_cond_broadcast(&window_ended);
    pthread_mutex_unlock(&fork_lock);
}

/* Returns whether one of the first windows, up to that number, is still open. The lock is held. */
static bool any_window(uint64_t last)
{
    for (const struct fork_window *window = windows; window; window = window->next)
        if (window->number <= last)
            return true;
    return false;
}

void fork_settle(void)
{
    pthread_mutex_lock(&fork_lock);
    for (uint64_t last = window_count; any_window(last);)
        pthread_cond_wait(&window_ended, &fork_lock);
    pthread_mutex_unlock(&fork_lock);
}

void fork_freeze(void)
{
    pthread_mutex_lock(&fork_lock);
    frozen = true;
    while (windows)
        pthread_cond_wait(&window_ended, &fork_lock);
    pthread_mutex_unlock(&fork_lock);
}

void fork_thaw(void)
{
    pthread_mutex_lock(&fork_lock);
    frozen = false;
    pthread_mutex_unlock(&fork_lock);
}
