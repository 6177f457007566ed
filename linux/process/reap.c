/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/process/reap.h"
#include "platform/clock.h"

#include <pthread.h>
#include <stdbool.h>
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
