/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/waker.h"
#include "platform/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

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
