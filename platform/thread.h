/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads, locks and the way to wake a blocked wait. */
#ifndef PLATFORM_THREAD_H
#define PLATFORM_THREAD_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Starts main(context) in a detached thread with a small stack (256 KiB). */
int os_thread_start(void (*main)(void *context), void *context, struct error *err);
/* Starts one whose end os_thread_join() waits for. */
struct os_thread;
int os_thread_start_joinable(struct os_thread **out, void (*main)(void *context), void *context, struct error *err);
void os_thread_join(struct os_thread *thread); /* frees it */

/* Returns the number of processors that this process may run on, at least 1. */
unsigned os_cpu_count(void);

struct os_mutex;                            /* opaque */
struct os_mutex *os_mutex_new(void);        /* ends the program without memory */
void os_mutex_free(struct os_mutex *mutex); /* only once nobody can lock it any more; accepts NULL */
void os_mutex_lock(struct os_mutex *mutex);
void os_mutex_unlock(struct os_mutex *mutex);

/* Something that threads wait for while they hold a mutex. */
struct os_condition;
struct os_condition *os_condition_new(void);            /* ends the program without memory */
void os_condition_free(struct os_condition *condition); /* accepts NULL */
/* Waits until it is told, without the mutex meanwhile. It may return for no reason: the caller looks again. */
void os_condition_wait(struct os_condition *condition, struct os_mutex *mutex);
/* Wakes all who wait: from any thread, with the mutex or without. */
void os_condition_tell(struct os_condition *condition);

/* Something another thread can set to end a wait (os_waker_wait, os_socket_wait). Setting it twice is the same as once. */
struct os_waker;
int os_waker_new(struct os_waker **out, struct error *err);
void os_waker_free(struct os_waker *waker); /* accepts NULL */
void os_waker_set(struct os_waker *waker);
void os_waker_clear(struct os_waker *waker);
/* Waits until it is set, and leaves it so; returns false at the deadline. */
bool os_waker_wait(struct os_waker *waker, int64_t deadline_ms);

#endif
