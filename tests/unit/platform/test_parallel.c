/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/check.h"

#include "platform/clock.h"
#include "platform/parallel.h"

#include <stdatomic.h>
#include <stdbool.h>

#define PATIENCE_MS 10000 /* running into it is a failure */
#define HELPER_MS 5       /* how much longer a helper's piece takes than one of the caller's */

enum { COUNT = 1000 };

static _Thread_local bool is_caller; /* set in the thread that calls os_parallel() */
static atomic_int calls[COUNT], strangers /* indices that no piece has */;

static void finish_nothing(void *context, unsigned lane, size_t index)
{
    (void)context;
    (void)lane;
    (void)index;
}

static void run(unsigned lanes, size_t count, void (*work)(void *context, unsigned lane, size_t index), void *context)
{
    os_parallel(lanes, count, &(struct os_work){work, finish_nothing, context});
}

static void call(void *context, unsigned lane, size_t index)
{
    (void)lane;
    if (index < COUNT)
        atomic_fetch_add(&calls[index], *(int *)context);
    else
        atomic_fetch_add(&strangers, 1);
}

static void each_index_is_worked_on_once(void)
{
    static const unsigned threads[] = {0, 1, 2, 3, OS_PARALLEL_MAX, 1000};
    static const size_t counts[] = {0, 1, 2, 7, COUNT};
    int one = 1;
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            for (size_t i = 0; i < COUNT; i++)
                atomic_store(&calls[i], 0);
            run(os_parallel_lanes(threads[t], counts[c]), counts[c], call, &one);
            int wrong = 0;
            for (size_t i = 0; i < COUNT; i++)
                wrong += atomic_load(&calls[i]) != (i < counts[c]);
            CHECK_INT(wrong, 0);
        }
    CHECK_INT(atomic_load(&strangers), 0);
}

/* ---- how many at once ---- */

static atomic_int inside, most, meetings;
static int64_t meeting_end; /* a deadline for all pieces together */

/* Stays until so many are inside at once, or are inside no more. */
static void meet(void *context, unsigned lane, size_t index)
{
    (void)lane;
    int wanted = *(int *)context, now = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);
    (void)index;
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
    while (atomic_load(&most) < wanted && os_time_left(meeting_end) > 0)
        os_sleep_ms(1);
    atomic_fetch_add(&meetings, atomic_load(&most) >= wanted);
    os_sleep_ms(1); /* time for one too many to come in */
    atomic_fetch_sub(&inside, 1);
}

static void check_threads_at_once(unsigned threads, size_t count, int wanted)
{
    atomic_store(&most, 0);
    atomic_store(&meetings, 0);
    meeting_end = os_deadline(PATIENCE_MS);
    run(threads, count, meet, &wanted);
    CHECK_INT(atomic_load(&most), wanted);
    CHECK_INT(atomic_load(&meetings), count);
}

/* No piece returns before as many pieces are under way as there are threads, and never are there more. */
static void as_many_pieces_as_threads_are_under_way_at_once(void)
{
    check_threads_at_once(1, 3, 1);
    check_threads_at_once(2, 8, 2);
    check_threads_at_once(5, 5, 5);
    check_threads_at_once(8, 3, 3);
    check_threads_at_once(1000, 4 * OS_PARALLEL_MAX, OS_PARALLEL_MAX);
}

static atomic_int by_caller;

static void note_caller(void *context, unsigned lane, size_t index)
{
    (void)lane;
    (void)context;
    (void)index;
    atomic_fetch_add(&by_caller, is_caller);
}

static void one_thread_is_the_callers(void)
{
    atomic_store(&by_caller, 0);
    run(1, COUNT, note_caller, NULL);
    CHECK_INT(atomic_load(&by_caller), COUNT);
}

/* ---- the end ---- */

/* Plain memory: what the threads wrote must be there when os_parallel returns. */
static size_t squares[COUNT];

/* A helper is still at its piece when the caller has found no more. */
static void square_slowly(void *context, unsigned lane, size_t index)
{
    (void)lane;
    (void)context;
    if (!is_caller)
        os_sleep_ms(HELPER_MS);
    else if (index % 64 == 0)
        os_sleep_ms(1); /* so that helpers get some at all */
    squares[index] = index * index;
}

static void results_are_there_when_it_returns(void)
{
    for (int i = 0; i < 10; i++) {
        memset(squares, 0xff, sizeof squares);
        run(4, COUNT, square_slowly, NULL);
        int wrong = 0;
        for (size_t k = 0; k < COUNT; k++)
            wrong += squares[k] != k * k;
        CHECK_INT(wrong, 0);
    }
}

/* ---- the order ---- */

/* Of each lane the piece that it works on, and plain memory that only the one who finishes may touch. */
static atomic_size_t at_work[OS_PARALLEL_MAX];
static size_t finished[COUNT], finished_count;
static atomic_int finishers, faults, late;

/* The first piece of all takes longest, so that those behind it have to wait. */
static void work_on(void *context, unsigned lane, size_t index)
{
    if (lane >= *(unsigned *)context || atomic_exchange(&at_work[lane], index + 1) != 0)
        atomic_fetch_add(&faults, 1);
    if (index % 50 == 0)
        os_sleep_ms(1);
}

static void finish_in_turn(void *context, unsigned lane, size_t index)
{
    (void)context;
    if (atomic_fetch_add(&finishers, 1) != 0 || atomic_exchange(&at_work[lane], 0) != index + 1)
        atomic_fetch_add(&faults, 1);
    finished[finished_count++] = index;
    atomic_fetch_sub(&finishers, 1);
}

static void pieces_are_finished_in_order(void)
{
    static const unsigned lanes[] = {1, 2, 3, OS_PARALLEL_MAX};
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
        unsigned most_lanes = lanes[i];
        int wrong = 0;
        finished_count = 0;
        os_parallel(most_lanes, COUNT, &(struct os_work){work_on, finish_in_turn, &most_lanes});
        CHECK_INT(finished_count, COUNT);
        for (size_t k = 0; k < COUNT; k++)
            wrong += finished[k] != k;
        CHECK_INT(wrong, 0);
        CHECK_INT(atomic_load(&faults), 0);
    }
}

static void wait_for_another(void *context, unsigned lane, size_t index)
{
    (void)context;
    (void)lane;
    if (index == 1)
        atomic_store(&late, 1);
}

/* Ends only when the second piece is worked on meanwhile. */
static void finish_beside_work(void *context, unsigned lane, size_t index)
{
    int64_t end = os_deadline(PATIENCE_MS);
    (void)context;
    (void)lane;
    while (index == 0 && !atomic_load(&late) && os_time_left(end) > 0)
        os_sleep_ms(1);
}

static void others_work_while_one_finishes(void)
{
    os_parallel(2, 2, &(struct os_work){wait_for_another, finish_beside_work, NULL});
    CHECK_INT(atomic_load(&late), 1);
}

int main(void)
{
    is_caller = true;
    RUN(each_index_is_worked_on_once);
    RUN(as_many_pieces_as_threads_are_under_way_at_once);
    RUN(one_thread_is_the_callers);
    RUN(results_are_there_when_it_returns);
    RUN(pieces_are_finished_in_order);
    RUN(others_work_while_one_finishes);
    return CHECK_RESULT();
}
