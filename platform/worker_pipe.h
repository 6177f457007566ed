/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capture worker's own end of the pipe to the agent that started it. The agent's handle on the worker is
   platform/worker.h. */
#ifndef PLATFORM_WORKER_PIPE_H
#define PLATFORM_WORKER_PIPE_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>

#define OS_WORKER_PIPE_PARTS_MAX 4

struct os_worker_pipe;
/* Takes standard input and output for this alone: what else reads the one finds its end, and what else prints on the
   other (a library, a driver) goes to standard error. Gives up the agent's rights that a worker has no use for. Once, before
   any other thread. */
int os_worker_pipe_open(struct os_worker_pipe **out, struct error *err);
/* Returns 1 to max bytes, 0 when the agent has closed its end or is gone, ERR_TIMEOUT at the deadline. */
int os_worker_pipe_read(struct os_worker_pipe *pipe, void *bytes, size_t max, int64_t deadline_ms, struct error *err);
/* Writes all of the parts (at most OS_WORKER_PIPE_PARTS_MAX), in one write where the OS takes them so. */
int os_worker_pipe_write(struct os_worker_pipe *pipe, const struct slice *parts, size_t count, struct error *err);

#endif
