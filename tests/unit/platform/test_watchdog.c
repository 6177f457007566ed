/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/check.h"

#include "platform/clock.h"
#include "platform/watchdog.h"

#include <stdatomic.h>
#include <stdbool.h>

#define PATIENCE_MS 20000 /* running into it is a failure */

static atomic_int calls;

static void expired(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

static bool calls_reach(int count)
{
    for (int64_t end = os_deadline(PATIENCE_MS); atomic_load(&calls) < count && os_time_left(end) > 0;)
        os_sleep_ms(1);
    return atomic_load(&calls) == count;
}

static struct os_watchdog *watchdog;

static void a_deadline_that_passes_is_told_once(void)
{
    struct error err;
    CHECK_INT(os_watchdog_new(&watchdog, expired, &calls, &err), 0);
    os_watchdog_arm(watchdog, os_deadline(1));
    CHECK(calls_reach(1));
    os_sleep_ms(20);
    CHECK_INT(atomic_load(&calls), 1);
}

static void it_can_be_armed_again_and_for_the_past(void)
{
    os_watchdog_arm(watchdog, os_deadline(2));
    CHECK(calls_reach(2));
    os_watchdog_arm(watchdog, os_clock_ms() - 1000);
    CHECK(calls_reach(3));
}

static void a_new_deadline_replaces_the_old(void)
{
    os_watchdog_arm(watchdog, os_deadline(PATIENCE_MS * 10));
    os_watchdog_arm(watchdog, os_deadline(1));
    CHECK(calls_reach(4));
}

static void a_disarmed_one_keeps_quiet(void)
{
    for (int i = 0; i < 200; i++) {
        os_watchdog_arm(watchdog, os_deadline(1));
        os_watchdog_disarm(watchdog);
        int count = atomic_load(&calls);
        os_sleep_ms((unsigned)i % 3);
        CHECK_INT(atomic_load(&calls), count);
    }
}

int main(void)
{
    RUN(a_deadline_that_passes_is_told_once);
    RUN(it_can_be_armed_again_and_for_the_past);
    RUN(a_new_deadline_replaces_the_old);
    RUN(a_disarmed_one_keeps_quiet);
    return CHECK_RESULT();
}
