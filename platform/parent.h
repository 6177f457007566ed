/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other end of platform/worker.h: what a worker process uses to talk with the process that started it. */
#ifndef PLATFORM_PARENT_H
#define PLATFORM_PARENT_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>

#define OS_PARENT_PARTS_MAX 4

struct os_parent;
/* Takes standard input and output for this alone: what else reads the one finds its end, and what else prints on the
   other (a library, a driver) goes to standard error. Once, before any other thread. */
int os_parent_open(struct os_parent **out, struct error *err);
/* 1 to max bytes, 0 when the parent has closed its end or is gone, ERR_TIMEOUT at the deadline. */
int os_parent_read(struct os_parent *parent, void *bytes, size_t max, int64_t deadline_ms, struct error *err);
/* All of the parts (at most OS_PARENT_PARTS_MAX), in one write where the OS takes them so. */
int os_parent_write(struct os_parent *parent, const struct slice *parts, size_t count, struct error *err);

#endif
