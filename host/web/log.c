/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/web/gateway.h"

#include "base/error.h"
#include "platform/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define LINES_A_SECOND 20
#define FOLD_MS 10000

static atomic_llong log_second;
static atomic_uint log_lines, log_dropped;
static atomic_flag log_lock = ATOMIC_FLAG_INIT;

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

/* Writes a line, unless it is the last one again: that is counted. With the lock. */
static void log_write(const char *text)
{
    static char last[sizeof((struct error *)0)->text];
    static unsigned repeated;
    static int64_t last_ms;
    int64_t now = os_clock_ms();
    if (strcmp(text, last) == 0 && now - last_ms < FOLD_MS) {
        repeated++;
        return;
    }
    if (repeated)
        fprintf(stderr, "periscope-gateway: (the last line %u times more)\n", repeated);
    unsigned dropped = atomic_exchange(&log_dropped, 0);
    if (dropped)
        fprintf(stderr, "periscope-gateway: (%u lines left out)\n", dropped);
    fprintf(stderr, "periscope-gateway: %s\n", text);
    snprintf(last, sizeof last, "%s", text);
    repeated = 0;
    last_ms = now;
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
    while (atomic_flag_test_and_set(&log_lock))
        os_sleep_ms(1);
    log_write(line.text);
    atomic_flag_clear(&log_lock);
}

void gateway_wake(struct gateway *gateway)
{
    if (gateway->wake)
        gateway->wake();
}
