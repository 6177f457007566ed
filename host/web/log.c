/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/gateway.h"

#include "base/error.h"
#include "platform/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#define LINES_A_SECOND 20

static atomic_llong log_second;
static atomic_uint log_lines, log_dropped;

/* Counts a line of this second; returns whether it may be written. */
static bool log_may_write(void)
{
    long long second = os_clock_ms() / 1000;
    if (atomic_exchange(&log_second, second) != second)
        atomic_store(&log_lines, 0);
    if (atomic_fetch_add(&log_lines, 1) < LINES_A_SECOND)
        return true;
    atomic_fetch_add(&log_dropped, 1);
    return false;
}

void gateway_log(const char *format, ...)
{
    struct error line; /* one line of printable text */
    va_list args;
    if (!log_may_write())
        return;
    va_start(args, format);
    error_vset(&line, ERR_INVALID, format, args);
    va_end(args);
    unsigned dropped = atomic_exchange(&log_dropped, 0);
    if (dropped)
        fprintf(stderr, "periscope-gateway: (%u lines left out)\n", dropped);
    fprintf(stderr, "periscope-gateway: %s\n", line.text);
}

void gateway_wake(struct gateway *gateway)
{
    if (gateway->wake)
        gateway->wake();
}
