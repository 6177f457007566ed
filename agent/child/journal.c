/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/child/journal.h"

#include <string.h>

#define LIMIT_RECORDS 180
#define LIVE_RECORDS 280 /* bytes of a child's lines, about, without its texts */

/* Keeps what the other records lack, whose times are those of the writing. */
static void child_journal_about(struct journal *journal, const struct child *child)
{
    struct journal_record record = {
        .kind = JOURNAL_ABOUT,
        .numbers = {child->pid, (uint64_t)child->started_ms, child->exited ? (uint64_t)child->ended_ms : 0},
        .texts = {child->tag}};
    if (journal)
        journal_append(journal, &record);
}

static void child_journal_limit(struct journal *journal, const struct child *child);

void child_journal_started(struct journal *journal, const struct child *child)
{
    struct journal_record record = {.kind = JOURNAL_STARTED,
                                    .numbers = {child->pid, child->start_time},
                                    .texts = {child->user, child->reports[0], child->reports[1]}};
    if (journal)
        journal_append(journal, &record);
    child_journal_about(journal, child);
    child_journal_limit(journal, child);
}

void child_journal_note(struct journal *journal, enum journal_kind kind, const struct child *child)
{
    struct journal_record record = {.kind = kind, .numbers = {child->pid, child->status}};
    if (journal)
        journal_append(journal, &record);
}

void child_journal_exited(struct journal *journal, const struct child *child)
{
    bool lost = os_process_lost(child->process, NULL) != 0;
    child_journal_note(journal, lost ? JOURNAL_LOST : JOURNAL_EXITED, child);
}

static void child_journal_limit(struct journal *journal, const struct child *child)
{
    char storage[64];
    struct buffer actions;
    const struct child_limit *limit = &child->limit;
    buffer_init_fixed(&actions, storage, sizeof storage);
    limit_append_actions(&actions, limit->actions);
    buffer_append(&actions, "", 1);
    struct journal_record record = {.kind = JOURNAL_LIMIT,
                                    .numbers = {child->pid, (uint64_t)limit->ms, (uint64_t)limit->deadline},
                                    .texts = {storage, limit->files}};
    if (journal && limit->ms)
        journal_append(journal, &record);
    if (limit->reached)
        child_journal_note(journal, JOURNAL_OVERTIME, child);
}

static size_t live_size(const struct child *child)
{
    size_t size = LIVE_RECORDS + (child->user ? strlen(child->user) : 0) + (child->tag ? 2 * strlen(child->tag) : 0);
    if (child->limit.ms)
        size += LIMIT_RECORDS + (child->limit.files ? strlen(child->limit.files) : 0);
    for (int i = 0; i < 2; i++)
        size += child->reports[i] ? strlen(child->reports[i]) : 0;
    return size;
}

/* Returns the oldest record of a list that has room, with all that are newer. */
static const struct child *oldest_with_room(const struct child_list *list, size_t *room)
{
    const struct child *found = NULL;
    for (const struct child *child = list->newest; child && live_size(child) <= *room; child = child->older) {
        *room -= live_size(child);
        found = child;
    }
    return found;
}

static void journal_one(struct journal *journal, const struct child *child)
{
    if (!child->tracked)
        return;
    child_journal_started(journal, child);
    if (child->exited) {
        child_journal_exited(journal, child);
        child_journal_about(journal, child);
    }
    if (child->on_disk)
        child_journal_note(journal, JOURNAL_FLUSHED, child);
}

void child_journal_table(void *context, struct journal *journal)
{
    struct children *children = context;
    size_t room = JOURNAL_LIVE;
    os_mutex_lock(children->lock);
    const struct child *running = oldest_with_room(&children->now.running, &room);
    const struct child *exited = oldest_with_room(&children->now.exited, &room);
    journal_live_begin(journal);
    for (; exited; exited = exited->newer)
        journal_one(journal, exited);
    for (; running; running = running->newer)
        journal_one(journal, running);
    os_mutex_unlock(children->lock);
}
