/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is made of the journal when the agent starts again, and what is told of children of earlier boots. */
#include "agent/child/children.h"
#include "agent/child/flush.h"
#include "agent/child/journal.h"
#include "agent/child/table.h"
#include "agent/log.h"
#include "base/timestamp.h"
#include "platform/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static char *replay_text(const char *text)
{
    return *text ? strdup(text) : NULL;
}

/* Makes room as a start does; of an earlier boot's those go first that have ended. */
static void replay_room(struct child_table *table, unsigned max)
{
    while (table->running.count + table->exited.count >= max)
        child_table_drop(table, table->exited.oldest ? table->exited.oldest : table->running.oldest);
}

static void replay_started(struct child_table *table, unsigned max, const struct journal_record *record)
{
    struct child *older = child_table_find(table, record->numbers[0]), *child = calloc(1, sizeof *child);
    if (older)
        child_table_drop(table, older);
    if (!child) {
        log_line("no memory for child %" PRIu64 " of the journal", record->numbers[0]);
        return;
    }
    replay_room(table, max);
    child->pid = record->numbers[0];
    child->start_time = record->numbers[1];
    child->tracked = true;
    child->user = strdup(record->texts[0]);
    child->reports[0] = replay_text(record->texts[1]);
    child->reports[1] = replay_text(record->texts[2]);
    child_table_add(table, child);
}

static void replay_ended(struct child_table *table, struct child *child, const struct journal_record *record)
{
    child->lost = record->kind == JOURNAL_LOST;
    child->status = child->lost ? 0 : (uint32_t)record->numbers[1];
    child->ended_ms = record->boot_ms;
    if (!child->exited)
        child_table_exited(table, child);
}

static void replay_about(struct child *child, const struct journal_record *record)
{
    child->started_ms = (int64_t)record->numbers[1];
    child->started_wall_ms = os_wall_time_ms() - (os_boot_clock_ms() - child->started_ms);
    if (record->numbers[2])
        child->ended_ms = (int64_t)record->numbers[2];
    if (!child->tag)
        child->tag = replay_text(record->texts[0]);
}

static void replay_limit(struct child *child, const struct journal_record *record)
{
    struct child_limit *limit = &child->limit;
    if (limit->ms || record->numbers[1] > LIMIT_MAX_MS || record->numbers[2] > INT64_MAX ||
        limit_parse_actions(&limit->actions, record->texts[0], NULL))
        return;
    limit->ms = (int64_t)record->numbers[1];
    limit->deadline = (int64_t)record->numbers[2];
    limit->files = replay_text(record->texts[1]);
}

static void replay_child(struct child_table *table, const struct journal_record *record)
{
    struct child *child = child_table_find(table, record->numbers[0]);
    if (!child)
        return;
    if (record->kind == JOURNAL_EXITED || record->kind == JOURNAL_LOST)
        replay_ended(table, child, record);
    else if (record->kind == JOURNAL_ABOUT)
        replay_about(child, record);
    else if (record->kind == JOURNAL_LIMIT)
        replay_limit(child, record);
    else if (record->kind == JOURNAL_OVERTIME)
        child->limit.reached = true;
    else if (record->kind == JOURNAL_FLUSHED)
        child->synced = child->on_disk = true;
    else
        child_table_drop(table, child);
}

/* Notes of each child of a boot that is over when the next one began. */
static void note_reboot(struct child_list *list, int64_t time_s)
{
    for (struct child *child = list->newest; child; child = child->older)
        if (child->rebooted_s == 0)
            child->rebooted_s = time_s;
}

static void note_boot(struct children *children, const struct journal_boot *boot)
{
    note_reboot(&children->past.running, boot->time_s);
    note_reboot(&children->past.exited, boot->time_s);
}

/* Takes a record over into the table of its boot. Those of this one came from the agent before, after an upgrade; then it
   only matters that a pid is no earlier boot's any more. */
static void replay(void *context, const struct journal_boot *boot, const struct journal_record *record)
{
    struct children *children = context;
    struct child *past = boot->is_this ? child_table_find(&children->past, record->numbers[0]) : NULL;
    struct child_table *table = !boot->is_this ? &children->past : children->resumed ? NULL : &children->now;
    switch (record->kind) {
    case JOURNAL_AGENT:
        note_boot(children, boot);
        break;
    case JOURNAL_STARTED:
        if (past)
            child_table_drop(&children->past, past);
        if (table)
            replay_started(table, boot->is_this ? children->max : CHILDREN_PAST_MAX, record);
        break;
    case JOURNAL_ABOUT:
    case JOURNAL_LIMIT:
    case JOURNAL_OVERTIME:
    case JOURNAL_EXITED:
    case JOURNAL_LOST:
    case JOURNAL_FLUSHED:
    case JOURNAL_FORGOTTEN:
        if (table)
            replay_child(table, record);
        break;
    default:
        break;
    }
}

/* Gives the records of an agent that has ended their processes, as far as they are there still. */
static void recall_list(struct child_table *table, struct child_list *list)
{
    struct child *older;
    for (struct child *child = list->newest; child; child = older) {
        enum os_process_end end = !child->exited ? OS_PROCESS_RUNS : child->lost ? OS_PROCESS_LOST : OS_PROCESS_EXITED;
        older = child->older;
        if (!child->process)
            child->process = os_process_recall(child->pid, child->start_time, end, child->status,
                                               child->ended_ms ? os_process_time_at(child->ended_ms) : 0);
        if (child->process)
            continue;
        log_line("no memory for child %" PRIu64 " of the journal", child->pid);
        child_table_drop(table, child);
    }
}

struct journal *children_keep_journal(struct children *children, const char *folder, const char *run_as, bool resumed)
{
    struct journal_program program = {replay, child_journal_table, children};
    struct journal *journal = journal_new(folder, run_as, &program);
    if (!journal)
        return NULL;
    os_mutex_lock(children->lock);
    children->resumed = resumed;
    journal_read(journal);
    note_boot(children, journal_this_boot(journal));
    recall_list(&children->now, &children->now.running);
    recall_list(&children->now, &children->now.exited);
    children->now.journal = journal;
    child_table_reap(&children->now);
    os_mutex_unlock(children->lock);
    journal_open(journal, resumed ? "upgrade" : "start");
    flush_begin(children);
    return journal;
}

/* ---- asking ---- */

static bool is_known(const struct child *child)
{
    return child->exited && !child->lost && (child->on_disk || (!child->reports[0] && !child->reports[1]));
}

struct child *child_past_find(const struct children *children, uint64_t pid)
{
    struct child *child = child_table_find(&children->past, pid);
    return child && is_known(child) ? child : NULL;
}

int child_not_found(const struct children *children, uint64_t pid, struct error *err)
{
    static const char none[] = "process does not exist or is not a child process";
    const struct child *child = child_table_find(&children->past, pid);
    char time[TIMESTAMP_SIZE];
    if (!child)
        return error_set(err, ERR_NOT_FOUND, "the %" PRIu64 " %s", pid, none);
    timestamp_text(time, child->rebooted_s * 1000);
    if (!child->exited || child->lost)
        return error_set(err, ERR_NOT_FOUND, "the %" PRIu64 " %s: the machine rebooted at %s%s", pid, none, time,
                         child->lost ? ", and its status was lost before" : "");
    return error_set(err, ERR_NOT_FOUND,
                     "the %" PRIu64 " %s: the machine rebooted at %s; it had exited with status %" PRIu32 "%s", pid,
                     none, time, child->status, is_known(child) ? "" : ", and its output may be incomplete");
}
