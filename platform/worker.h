/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's handle on its capture worker: a process of its own executable, spoken to over that one's standard input and
   output (platform/worker_pipe.h is the other end). */
#ifndef PLATFORM_WORKER_H
#define PLATFORM_WORKER_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct os_worker;
int os_worker_start(struct os_worker **out, const char *argument, struct error *err);
int os_worker_write(struct os_worker *worker, const void *bytes, size_t len, int64_t deadline_ms, struct error *err);
/* Returns 1 to max bytes, 0 when the worker ended, ERR_TIMEOUT at the deadline. */
int os_worker_read(struct os_worker *worker, void *bytes, size_t max, int64_t deadline_ms, struct error *err);
/* Gives where the kernel holds it, as os_process_waits_in(). For the report of a worker that hangs. */
void os_worker_stuck_in(struct os_worker *worker, char *text, size_t size);
void os_worker_stop(struct os_worker *worker); /* kills it, never waits for it; accepts NULL */

#endif
