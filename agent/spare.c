/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/spare.h"
#include "platform/clock.h"
#include "platform/thread.h"

#include <stdlib.h>

struct job {
    void (*main)(void *context);
    void *context;
};

struct spares {
    struct os_mutex *lock;  /* guards what follows */
    struct os_waker *given; /* set while there are jobs */
    unsigned waiting;       /* threads, also those that a job is meant for */
    unsigned job_count;     /* never more than wait */
    struct job jobs[SPARE_THREADS];
};

/* Enters the reserve. Returns false when it is full. */
static bool spare_enter(struct spares *spares)
{
    os_mutex_lock(spares->lock);
    bool room = spares->waiting < SPARE_THREADS;
    spares->waiting += room;
    os_mutex_unlock(spares->lock);
    return room;
}

/* Takes a job and leaves the reserve with it. The waker wakes all threads: for most of them nothing is left. */
static bool spare_take(struct spares *spares, struct job *job)
{
    os_mutex_lock(spares->lock);
    bool found = spares->job_count > 0;
    if (found) {
        *job = spares->jobs[--spares->job_count];
        spares->waiting--;
    }
    if (spares->job_count == 0)
        os_waker_clear(spares->given);
    os_mutex_unlock(spares->lock);
    return found;
}

static void spare_main(void *context)
{
    struct spares *spares = context;
    while (spare_enter(spares)) {
        struct job job = {0};
        while (!spare_take(spares, &job))
            (void)os_waker_wait(spares->given, OS_FOREVER);
        job.main(job.context);
    }
}

int spares_new(struct spares **out, struct error *err)
{
    *out = NULL;
    struct spares *spares = calloc(1, sizeof *spares);
    if (!spares)
        return error_set(err, ERR_NO_MEMORY, "no memory for threads in reserve");
    int status = os_waker_new(&spares->given, err);
    if (status) {
        free(spares);
        return status;
    }
    spares->lock = os_mutex_new();
    for (int i = 0; i < SPARE_THREADS; i++)
        (void)os_thread_start(spare_main, spares, NULL);
    *out = spares;
    return 0;
}

void spares_fill(struct spares *spares)
{
    os_mutex_lock(spares->lock);
    bool missing = spares->waiting < SPARE_THREADS;
    os_mutex_unlock(spares->lock);
    if (missing)
        (void)os_thread_start(spare_main, spares, NULL);
}

bool spares_run(struct spares *spares, void (*main)(void *context), void *context)
{
    if (!spares)
        return false;
    os_mutex_lock(spares->lock);
    bool free_one = spares->job_count < spares->waiting;
    if (free_one) {
        spares->jobs[spares->job_count++] = (struct job){main, context};
        os_waker_set(spares->given);
    }
    os_mutex_unlock(spares->lock);
    return free_one;
}
