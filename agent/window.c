/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/window.h"
#include "platform/clock.h"

bool window_take(struct window *window, bool changes, unsigned *more)
{
    int64_t now = os_clock_ms();
    if (now - window->begin_ms >= WINDOW_MS)
        *window = (struct window){.begin_ms = now, .more = window->more};
    if (!changes && window->count >= WINDOW_MAX) {
        window->more++;
        return false;
    }
    window->count++;
    *more = window->more;
    window->more = 0;
    return true;
}
