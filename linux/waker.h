/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a waker is, for those who poll it beside a socket. Only for linux/. */
#ifndef LINUX_WAKER_H
#define LINUX_WAKER_H

#include "platform/thread.h"

#include <stdint.h>

struct os_waker {
    int fd; /* an eventfd: readable once set */
};

/* Polls until something happens on fd, the deadline (monotonic) passes, or a signal needed no attention. Returns the
   events, 0 at the deadline. */
short poll_until(int fd, short events, int64_t deadline_ms);

#endif
