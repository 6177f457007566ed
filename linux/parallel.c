/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/parallel.h"

#include "platform/thread.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#define STACK_SIZE (256 * 1024) /* bytes */

struct share {
    void (*work)(void *context, size_t index);
    void *context; /* borrowed */
    size_t count;
    atomic_size_t next;
};

static void *take_pieces(void *argument)
{
    struct share *share = argument;
    for (size_t index; (index = atomic_fetch_add(&share->next, 1)) < share->count;)
        share->work(share->context, index);
    return NULL;
}

static unsigned start_helpers(pthread_t *helpers, unsigned wanted, struct share *share)
{
    pthread_attr_t attributes;
    if (wanted == 0 || pthread_attr_init(&attributes) != 0)
        return 0;
    pthread_attr_setstacksize(&attributes, STACK_SIZE > PTHREAD_STACK_MIN ? STACK_SIZE : PTHREAD_STACK_MIN);
    unsigned started = 0;
    while (started < wanted && pthread_create(&helpers[started], &attributes, take_pieces, share) == 0)
        started++;
    pthread_attr_destroy(&attributes);
    return started;
}

void os_parallel(unsigned threads, size_t count, void (*work)(void *context, size_t index), void *context)
{
    struct share share = {.work = work, .context = context, .count = count};
    pthread_t helpers[OS_PARALLEL_MAX - 1];
    if (threads == 0)
        threads = os_cpu_count();
    if (threads > count)
        threads = count ? (unsigned)count : 1;
    if (threads > OS_PARALLEL_MAX)
        threads = OS_PARALLEL_MAX;
    unsigned started = start_helpers(helpers, threads - 1, &share);
    take_pieces(&share);
    for (unsigned i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
}
