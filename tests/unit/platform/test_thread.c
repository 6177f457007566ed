/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/check.h"

#include "platform/clock.h"
#include "platform/thread.h"

#include <stdatomic.h>

#define PATIENCE_MS 20000 /* running into it is a failure */

static struct error err;
static struct os_waker *waker, *answer;
static int plain; /* written by a thread, read after it was joined */

static void write_late(void *context)
{
    os_sleep_ms(30);
    plain = *(int *)context;
}

static void a_join_waits_for_the_end(void)
{
    struct os_thread *thread;
    int value = 42;
    CHECK_INT(os_thread_start_joinable(&thread, write_late, &value, &err), 0);
    os_thread_join(thread);
    CHECK_INT(plain, 42);
}

static void answer_when_woken(void *context)
{
    atomic_store((atomic_bool *)context, os_waker_wait(waker, os_deadline(PATIENCE_MS)));
    os_waker_set(answer);
}

static void a_waker_wakes_another_thread(void)
{
    atomic_bool woken = false;
    CHECK_INT(os_thread_start(answer_when_woken, &woken, &err), 0);
    CHECK(!os_waker_wait(answer, os_deadline(20)));
    os_waker_set(waker);
    CHECK(os_waker_wait(answer, os_deadline(PATIENCE_MS)));
    CHECK(atomic_load(&woken));
    os_waker_clear(answer);
}

/* ---- conditions ---- */

#define TURNS 500
#define TAKERS 4

/* Takers that take turns: each waits until the number is its own, which all are told. */
static struct turns {
    struct os_mutex *lock;
    struct os_condition *changed;
    unsigned next, takers;
} turns;

static void take_turns(void *context)
{
    (void)context;
    os_mutex_lock(turns.lock);
    unsigned own = turns.takers++;
    for (; own < TURNS * TAKERS; own += TAKERS) {
        while (turns.next != own)
            os_condition_wait(turns.changed, turns.lock);
        turns.next++;
        os_condition_tell(turns.changed);
    }
    os_mutex_unlock(turns.lock);
}

static void all_who_wait_are_told(void)
{
    struct os_thread *threads[TAKERS] = {0};
    turns = (struct turns){.lock = os_mutex_new(), .changed = os_condition_new()};
    for (unsigned i = 0; i < TAKERS; i++)
        CHECK_INT(os_thread_start_joinable(&threads[i], take_turns, NULL, &err), 0);
    for (unsigned i = 0; i < TAKERS; i++)
        os_thread_join(threads[i]);
    CHECK_INT(turns.next, TURNS * TAKERS);
    os_condition_free(turns.changed);
    os_mutex_free(turns.lock);
}

static void it_stays_set_until_it_is_cleared(void)
{
    os_waker_clear(waker);
    CHECK(!os_waker_wait(waker, os_deadline(0)));
    os_waker_set(waker);
    os_waker_set(waker);
    CHECK(os_waker_wait(waker, os_deadline(0)));
    CHECK(os_waker_wait(waker, OS_FOREVER));
    os_waker_clear(waker);
    CHECK(!os_waker_wait(waker, os_deadline(1)));
    os_waker_clear(waker);
}

static void a_deadline_lies_in_the_future_and_never_overflows(void)
{
    int64_t before = os_clock_ms(), deadline = os_deadline(60000), after = os_clock_ms();
    CHECK(deadline >= before + 60000 && deadline <= after + 60000);
    CHECK(os_time_left(deadline) > 0 && os_time_left(deadline) <= 60000);
    CHECK(os_deadline(-1) == OS_FOREVER);
    CHECK(os_deadline(INT64_MAX) == OS_FOREVER);
    CHECK(os_time_left(OS_FOREVER) == OS_FOREVER);
    CHECK_INT(os_time_left(before - 1), 0);
    CHECK_INT(os_time_left(INT64_MIN / 2), 0);
}

int main(void)
{
    if (os_waker_new(&waker, &err) || os_waker_new(&answer, &err))
        return 1;
    RUN(a_join_waits_for_the_end);
    RUN(a_waker_wakes_another_thread);
    RUN(all_who_wait_are_told);
    RUN(it_stays_set_until_it_is_cleared);
    RUN(a_deadline_lies_in_the_future_and_never_overflows);
    os_waker_free(waker);
    os_waker_free(answer);
    return CHECK_RESULT();
}
