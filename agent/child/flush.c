/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/child/flush.h"
#include "agent/child/journal.h"
#include "agent/child/table.h"
#include "agent/log.h"
#include "platform/clock.h"
#include "platform/file.h"

#include <stdlib.h>

#define FLUSH_MS 1000        /* between two looks at what has grown */
#define FLUSH_STUCK_MS 10000 /* at a child's files: then another thread goes on with those of the others */
#define FLUSH_STUCK_MAX 4    /* such threads at once */

static bool sync_reports_as(struct child *child, bool grown, const struct os_identity *as)
{
    struct error err;
    bool done = true;
    if (os_identity_enter(as, &err))
        return false;
    for (int i = 0; i < 2; i++) {
        int status = child->reports[i] ? os_file_sync(child->reports[i], grown ? &child->flushed[i] : NULL, NULL) : 0;
        done &= status == 0 || status == ERR_NOT_FOUND;
    }
    os_identity_leave(as);
    return done;
}

/* Flushes a child's output to the disk as who had it opened, since the test may have put anything in its place. grown: only
   if it has. Returns whether what is there is on the disk: the test may have removed it. */
static bool sync_reports(struct child *child, bool grown)
{
    struct error err;
    struct os_identity *as = NULL;
    if (!child->reports[0] && !child->reports[1])
        return true;
    if (!child->user || os_identity_find(&as, *child->user ? child->user : OS_IDENTITY_AGENT, &err))
        return false;
    bool done = sync_reports_as(child, grown, as);
    os_identity_free(as);
    return done;
}

void flush_exited(struct children *children, struct child *child)
{
    bool done = sync_reports(child, false);
    os_mutex_lock(children->lock);
    bool news = done && !child->on_disk; /* another may have been at it, too */
    child->synced = true;
    child->on_disk |= done;
    if (news)
        child_journal_note(children->now.journal, JOURNAL_FLUSHED, child);
    os_mutex_unlock(children->lock);
    journal_sync(children->now.journal);
}

/* ---- as it grows ---- */

static bool flush_wants(const struct child *child)
{
    return (child->reports[0] || child->reports[1]) && child->user && !child->synced && !child->flushing;
}

struct flushed {
    struct child *child; /* in use */
};

/* Returns the children to flush, in an array that is the caller's to free. The lock is held. */
static struct flushed *flush_collect(struct children *children, size_t *count)
{
    struct child *const newest[] = {children->now.running.newest, children->now.exited.newest};
    struct flushed *list = calloc(children->now.running.count + children->now.exited.count + 1u, sizeof *list);
    *count = 0;
    for (int i = 0; list && i < 2; i++)
        for (struct child *child = newest[i]; child; child = child->older)
            if (flush_wants(child)) {
                child_use(child);
                list[(*count)++].child = child;
            }
    return list;
}

/* Flushes one in its turn, and gives it back. */
static void flush_one(struct children *children, unsigned turn, struct child *child)
{
    os_mutex_lock(children->lock);
    bool wanted = turn == children->flush.turn && flush_wants(child), exited = child->exited;
    if (wanted) {
        child->flushing = true;
        children->flush.since = os_clock_ms();
        os_mutex_unlock(children->lock);
        if (exited)
            flush_exited(children, child);
        else
            (void)sync_reports(child, true);
        os_mutex_lock(children->lock);
        child->flushing = false;
        if (turn == children->flush.turn)
            children->flush.since = 0;
    }
    child_release(child);
    os_mutex_unlock(children->lock);
}

/* Returns whether the thread is to go on. */
static bool flush_round(struct children *children, unsigned turn)
{
    size_t count;
    os_mutex_lock(children->lock);
    struct flushed *list = flush_collect(children, &count);
    if (count == 0)
        children->flush.runs = false;
    os_mutex_unlock(children->lock);
    for (size_t i = 0; i < count; i++)
        flush_one(children, turn, list[i].child);
    free(list);
    os_mutex_lock(children->lock);
    bool stuck = turn != children->flush.turn;
    if (stuck && count)
        children->flush.stuck--;
    os_mutex_unlock(children->lock);
    return count > 0 && !stuck;
}

static void flush_main(void *context)
{
    struct children *children = context;
    os_mutex_lock(children->lock);
    unsigned turn = children->flush.turn;
    os_mutex_unlock(children->lock);
    while (flush_round(children, turn))
        os_sleep_ms(FLUSH_MS);
}

void flush_begin(struct children *children)
{
    struct error err;
    int status = 0;
    os_mutex_lock(children->lock);
    bool stuck = children->flush.runs && children->flush.since &&
                 os_clock_ms() - children->flush.since > FLUSH_STUCK_MS && children->flush.stuck < FLUSH_STUCK_MAX;
    if (stuck || !children->flush.runs) {
        children->flush.turn++;
        children->flush.stuck += stuck;
        children->flush.since = 0;
        status = os_thread_start(flush_main, children, &err);
        children->flush.runs = status == 0;
    }
    os_mutex_unlock(children->lock);
    if (status)
        log_line("what programs write is flushed only at their end, until the next one starts: %s", err.text);
}
