/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/parallel.h"
#include "platform/thread.h"

struct share {
    const struct os_work *work; /* borrowed */
    size_t count;
    struct os_mutex *lock; /* guards what follows */
    struct os_condition *finished_one;
    size_t next, finished;
    unsigned lanes; /* that have begun */
};

/* Does a piece that was taken, without the lock meanwhile, and waits for its turn to finish it. */
static void parallel_do_piece(struct share *share, unsigned lane, size_t index)
{
    const struct os_work *work = share->work;
    os_mutex_unlock(share->lock);
    work->work(work->context, lane, index);
    os_mutex_lock(share->lock);
    while (share->finished != index) /* a lane that is at an earlier one comes to its end, and tells */
        os_condition_wait(share->finished_one, share->lock);
    os_mutex_unlock(share->lock);
    work->finish(work->context, lane, index);
    os_mutex_lock(share->lock);
    share->finished++;
    os_condition_tell(share->finished_one);
}

static void parallel_run_lane(void *context)
{
    struct share *share = context;
    os_mutex_lock(share->lock);
    unsigned lane = share->lanes++;
    while (share->next < share->count)
        parallel_do_piece(share, lane, share->next++);
    os_mutex_unlock(share->lock);
}

unsigned os_parallel_lanes(unsigned threads, size_t count)
{
    unsigned lanes = threads ? threads : os_cpu_count();
    if (lanes > count)
        lanes = count ? (unsigned)count : 1;
    return lanes > OS_PARALLEL_MAX ? OS_PARALLEL_MAX : lanes;
}

void os_parallel(unsigned lanes, size_t count, const struct os_work *work)
{
    struct share share = {.work = work, .count = count};
    struct os_thread *helpers[OS_PARALLEL_MAX - 1];
    unsigned started = 0, wanted = os_parallel_lanes(lanes, count) - 1;
    share.lock = os_mutex_new();
    share.finished_one = os_condition_new();
    while (started < wanted && os_thread_start_joinable(&helpers[started], parallel_run_lane, &share, NULL) == 0)
        started++;
    parallel_run_lane(&share);
    for (unsigned i = 0; i < started; i++)
        os_thread_join(helpers[i]);
    os_condition_free(share.finished_one);
    os_mutex_free(share.lock);
}
