/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reserve of threads, with real ones; how many the system makes is up to the test. */
#include "tests/unit/check.h"

#include "agent/spare.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdatomic.h>

static int threads_allowed; /* may still be made */

/* Counted instead of os_thread_start, which it calls. */
int __real_os_thread_start(void (*main)(void *context), void *context, struct error *err);
int __wrap_os_thread_start(void (*main)(void *context), void *context, struct error *err);
int __wrap_os_thread_start(void (*main)(void *context), void *context, struct error *err)
{
    if (threads_allowed == 0)
        return error_set(err, ERR_SYSTEM, "could not start a thread");
    threads_allowed--;
    return __real_os_thread_start(main, context, err);
}

static struct os_waker *go_on;
static atomic_int served, ended;

static void serve(void *context)
{
    (void)context;
    atomic_fetch_add(&served, 1);
    os_waker_wait(go_on, OS_FOREVER);
    atomic_fetch_add(&ended, 1);
}

static bool becomes(atomic_int *value, int wanted)
{
    int64_t deadline = os_deadline(10000);
    while (atomic_load(value) != wanted && os_time_left(deadline))
        os_sleep_ms(1);
    return atomic_load(value) == wanted;
}

/* Gives jobs until none is taken, waiting for threads that are about to wait. Returns how many were taken. */
static int give_all(struct spares *spares, int wanted)
{
    int taken = 0;
    int64_t deadline = os_deadline(10000);
    while (taken < wanted && os_time_left(deadline)) {
        if (spares_run(spares, serve, NULL))
            taken++;
        else
            os_sleep_ms(1);
    }
    return taken;
}

static struct spares *begin(int allowed)
{
    struct error err;
    struct spares *spares;
    threads_allowed = allowed;
    atomic_store(&served, 0);
    atomic_store(&ended, 0);
    if (os_waker_new(&go_on, &err) || spares_new(&spares, &err))
        abort();
    keep_in_reach(go_on);
    keep_in_reach(spares);
    return spares;
}

static void each_serves_one_and_no_more(void)
{
    struct spares *spares = begin(SPARE_THREADS);
    CHECK_INT(give_all(spares, SPARE_THREADS), SPARE_THREADS);
    CHECK(becomes(&served, SPARE_THREADS));
    CHECK(!spares_run(spares, serve, NULL));
    os_waker_set(go_on);
    CHECK(becomes(&ended, SPARE_THREADS));
    CHECK_INT(atomic_load(&served), SPARE_THREADS);
}

static void they_serve_again(void)
{
    struct spares *spares = begin(SPARE_THREADS);
    os_waker_set(go_on);
    for (int i = 1; i <= 5; i++) {
        CHECK_INT(give_all(spares, SPARE_THREADS), SPARE_THREADS);
        CHECK(becomes(&ended, i * SPARE_THREADS));
    }
}

static void what_is_missing_is_made_when_it_can_be(void)
{
    struct spares *spares = begin(1);
    CHECK_INT(give_all(spares, 1), 1);
    CHECK(!spares_run(spares, serve, NULL));
    spares_fill(spares);
    CHECK(!spares_run(spares, serve, NULL));
    threads_allowed = 1;
    spares_fill(spares);
    CHECK_INT(give_all(spares, 1), 1);
    CHECK(becomes(&served, 2));
    os_waker_set(go_on);
    CHECK(becomes(&ended, 2));
}

static void without_a_reserve_nothing_is_taken(void)
{
    struct spares *spares = begin(0);
    CHECK(!spares_run(spares, serve, NULL));
    CHECK(!spares_run(NULL, serve, NULL));
}

int main(void)
{
    RUN(each_serves_one_and_no_more);
    RUN(they_serve_again);
    RUN(what_is_missing_is_made_when_it_can_be);
    RUN(without_a_reserve_nothing_is_taken);
    return CHECK_RESULT();
}
