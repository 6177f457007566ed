/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/child/table.h"
#include "agent/child/journal.h"
#include "agent/log.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdlib.h>

void child_free(struct child *child)
{
    os_process_free(child->process);
    streams_release(child->streams);
    free(child->reports[0]);
    free(child->reports[1]);
    free(child->user);
    free(child->tag);
    free(child->command);
    free((char *)(uintptr_t)child->limit.files);
    free(child);
}

struct os_process_root child_root(const struct child *child)
{
    return (struct os_process_root){child->pid, child->start_time, os_process_end_time(child->process)};
}

void child_table_leave(struct child_table *table, struct os_process_root root, char *tag)
{
    struct child_left *left = &table->left[table->left_next++ % CHILD_LEFT_MAX];
    free(left->tag);
    *left = (struct child_left){root, tag};
}

void child_wake_waiters(struct child *child)
{
    for (struct child_waiter *w = child->waiters; w; w = w->next)
        os_waker_set(w->waker);
}

void child_use(struct child *child)
{
    child->users++;
}

void child_release(struct child *child)
{
    if (--child->users == 0 && child->forgotten)
        child_free(child);
}

/* ---- lists ---- */

static void child_list_push(struct child_list *list, struct child *child)
{
    child->newer = NULL;
    child->older = list->newest;
    *(list->newest ? &list->newest->newer : &list->oldest) = child;
    list->newest = child;
    list->count++;
}

static void child_list_take(struct child_list *list, struct child *child)
{
    *(child->newer ? &child->newer->older : &list->newest) = child->older;
    *(child->older ? &child->older->newer : &list->oldest) = child->newer;
    list->count--;
}

/* ---- the index ---- */

static size_t child_bucket(uint64_t pid)
{
    return (size_t)(pid ^ pid >> 10) % CHILD_BUCKETS; /* those of Windows are multiples of four */
}

struct child *child_table_find(const struct child_table *table, uint64_t pid)
{
    struct child *child = table->index[child_bucket(pid)];
    while (child && child->pid != pid)
        child = child->same_bucket;
    return child;
}

void child_table_untrack(struct child_table *table, struct child *child)
{
    struct child **link = &table->index[child_bucket(child->pid)];
    while (*link && *link != child)
        link = &(*link)->same_bucket;
    if (*link)
        *link = child->same_bucket;
    child->tracked = false;
}

/* ---- both ---- */

void child_table_drop(struct child_table *table, struct child *child)
{
    child_list_take(child->exited ? &table->exited : &table->running, child);
    if (child->tracked)
        child_table_untrack(table, child);
    child->forgotten = true;
    if (child->process && os_process_end_time(child->process)) {
        child_table_leave(table, child_root(child), child->tag);
        child->tag = NULL;
    }
    child_wake_waiters(child);
    if (child->users == 0)
        child_free(child);
}

void child_table_add(struct child_table *table, struct child *child)
{
    struct child *older = child->tracked ? child_table_find(table, child->pid) : NULL;
    if (older && older->exited) /* its pid was reused: nobody can ask for it any more */
        child_table_drop(table, older);
    if (child->tracked) {
        struct child **bucket = &table->index[child_bucket(child->pid)];
        child->same_bucket = *bucket;
        *bucket = child;
    }
    child_list_push(&table->running, child);
}

static void log_exit(const struct child *child)
{
    struct error reason;
    if (os_process_lost(child->process, &reason))
        log_line("child %" PRIu64 " exited, and its status is lost: %s", child->pid, reason.text);
    else
        log_line("child %" PRIu64 " exited with status %" PRIu32, child->pid, child->status);
}

void child_table_exited(struct child_table *table, struct child *child)
{
    streams_exited(child->streams);
    if (!child->ended_ms)
        child->ended_ms = os_boot_clock_ms();
    if (!child->tracked) {
        child_table_drop(table, child);
        return;
    }
    child_list_take(&table->running, child);
    child->exited = true;
    child_list_push(&table->exited, child);
    child_wake_waiters(child);
}

void child_table_reap(struct child_table *table)
{
    struct child *older;
    for (struct child *child = table->running.newest; child; child = older) {
        older = child->older;
        if (!os_process_poll(child->process, &child->status))
            continue;
        log_exit(child);
        if (child->tracked)
            child_journal_exited(table->journal, child);
        child_table_exited(table, child);
    }
}
