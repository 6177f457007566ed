/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/child/limits.h"
#include "agent/child/journal.h"
#include "agent/child/table.h"
#include "agent/log.h"
#include "platform/clock.h"

#define AGAIN_MS 1000 /* until the next try where there is no memory or thread */

/* Returns a child whose limit is over, in use; else NULL, and when the next one's is. */
static struct child *limits_take(struct children *children, int64_t *next)
{
    struct child *over = NULL;
    *next = OS_FOREVER;
    os_mutex_lock(children->lock);
    for (struct child *child = children->now.running.newest; child && !over; child = child->older) {
        const struct child_limit *limit = &child->limit;
        if (!limit->deadline || limit->busy)
            continue;
        if (os_time_left(limit->deadline) == 0)
            over = child;
        else if (limit->deadline < *next)
            *next = limit->deadline;
    }
    if (over) {
        over->limit.reached = over->limit.busy = true;
        child_use(over);
        if (over->tracked)
            child_journal_note(children->now.journal, JOURNAL_OVERTIME, over);
    }
    os_mutex_unlock(children->lock);
    return over;
}

static void limits_give_back(struct children *children, struct child *child)
{
    os_mutex_lock(children->lock);
    child->limit.busy = false;
    child->limit.deadline = os_deadline(AGAIN_MS);
    child_release(child);
    os_mutex_unlock(children->lock);
}

static void limits_main(void *context)
{
    struct children *children = context;
    for (;;) {
        int64_t next;
        os_waker_clear(children->limits);
        struct child *child = limits_take(children, &next);
        if (!child)
            (void)os_waker_wait(children->limits, next);
        else if (!children->limit_act(children->limit_context, child))
            limits_give_back(children, child);
    }
}

void limits_changed(struct children *children)
{
    struct error err;
    os_mutex_lock(children->lock);
    if (children->limits) {
        os_waker_set(children->limits);
    } else if (children->limit_act && os_waker_new(&children->limits, &err) == 0 &&
               os_thread_start(limits_main, children, &err)) {
        os_waker_free(children->limits);
        children->limits = NULL;
    }
    bool lacking = !children->limits && children->limit_act;
    os_mutex_unlock(children->lock);
    if (lacking)
        log_line("time limits are not kept until the next one: %s", err.text);
}

void limits_begin(struct children *children, limit_act *act, void *context)
{
    bool any = false;
    os_mutex_lock(children->lock);
    children->limit_act = act;
    children->limit_context = context;
    for (const struct child *child = children->now.running.newest; child; child = child->older)
        any |= child->limit.deadline != 0;
    os_mutex_unlock(children->lock);
    if (any)
        limits_changed(children);
}
