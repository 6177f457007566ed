/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/parallel.h"
#include "platform/thread.h"

#include <stdatomic.h>

struct share {
    void (*work)(void *context, size_t index);
    void *context; /* borrowed */
    size_t count;
    atomic_size_t next;
};

static void parallel_take_pieces(void *context)
{
    struct share *share = context;
    for (size_t index; (index = atomic_fetch_add(&share->next, 1)) < share->count;)
        share->work(share->context, index);
}

/* Returns how many threads are of use, the caller's included. */
static unsigned parallel_threads(unsigned wanted, size_t count)
{
    unsigned threads = wanted ? wanted : os_cpu_count();
    if (threads > count)
        threads = count ? (unsigned)count : 1;
    return threads > OS_PARALLEL_MAX ? OS_PARALLEL_MAX : threads;
}

void os_parallel(unsigned threads, size_t count, void (*work)(void *context, size_t index), void *context)
{
    struct share share = {.work = work, .context = context, .count = count};
    struct os_thread *helpers[OS_PARALLEL_MAX - 1];
    unsigned started = 0, wanted = parallel_threads(threads, count) - 1;
    while (started < wanted && os_thread_start_joinable(&helpers[started], parallel_take_pieces, &share, NULL) == 0)
        started++;
    parallel_take_pieces(&share);
    for (unsigned i = 0; i < started; i++)
        os_thread_join(helpers[i]);
}
