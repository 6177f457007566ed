/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/check.h"

#include "platform/parallel.h"

#include <stdatomic.h>

enum { COUNT = 1000 };
static atomic_int calls[COUNT];

static void call(void *context, size_t index)
{
    atomic_fetch_add(&calls[index], *(int *)context);
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
            os_parallel(threads[t], counts[c], call, &one);
            int wrong = 0;
            for (size_t i = 0; i < COUNT; i++)
                wrong += atomic_load(&calls[i]) != (i < counts[c]);
            CHECK_INT(wrong, 0);
        }
}

/* Plain memory: what the threads wrote must be there when os_parallel returns. */
static size_t squares[COUNT];

static void square(void *context, size_t index)
{
    (void)context;
    squares[index] = index * index;
}

static void results_are_there_when_it_returns(void)
{
    os_parallel(4, COUNT, square, NULL);
    int wrong = 0;
    for (size_t i = 0; i < COUNT; i++)
        wrong += squares[i] != i * i;
    CHECK_INT(wrong, 0);
}

int main(void)
{
    RUN(each_index_is_worked_on_once);
    RUN(results_are_there_when_it_returns);
    return CHECK_RESULT();
}
