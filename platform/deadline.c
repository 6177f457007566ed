/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/clock.h"

int64_t os_deadline(int64_t timeout_ms)
{
    int64_t now = os_clock_ms();
    return timeout_ms < 0 || timeout_ms > OS_FOREVER - now ? OS_FOREVER : now + timeout_ms;
}

int64_t os_time_left(int64_t deadline_ms)
{
    if (deadline_ms == OS_FOREVER)
        return OS_FOREVER;
    int64_t left = deadline_ms - os_clock_ms();
    return left > 0 ? left : 0;
}
