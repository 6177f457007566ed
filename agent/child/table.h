/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records of the child table: which there are, in which order, and which of them a pid names. Only for
   agent/child/ and agent/limit/. The lock is held, except where a function says otherwise. */
#ifndef AGENT_CHILD_TABLE_H
#define AGENT_CHILD_TABLE_H

#include "agent/child/limit.h"
#include "agent/journal/journal.h"
#include "agent/stream/stream.h"
#include "platform/process.h"
#include "platform/thread.h"

#define CHILD_BUCKETS 1024 /* of the index; a power of two */

struct child_waiter {
    struct os_waker *waker;
    struct child_waiter *next;
};

struct child {
    struct child *newer, *older; /* in its list */
    struct child *same_bucket;   /* the next one of the index, an older one */
    struct os_process *process;  /* owned */
    uint64_t pid;
    unsigned users; /* threads that use it without the lock; the last one frees it */
    bool tracked, exited, synced, forgotten;
    bool lost;           /* of an earlier boot: it has ended, and nobody knows how */
    int64_t rebooted_s;  /* of an earlier boot: when the next one began, since 1970 */
    uint64_t start_time; /* os_process_start_time() */
    uint32_t status;
    char *reports[2];             /* owned: where its output goes, or NULL */
    struct streams *streams;      /* held: NULL, or its pipes */
    char *user;                   /* owned: os_identity_user() of who opened them; NULL: not known */
    char *tag;                    /* owned; NULL: none */
    char *command;                /* owned: its arguments, about; NULL: not known */
    int64_t started_ms, ended_ms; /* os_boot_clock_ms(); 0: not known */
    int64_t started_wall_ms;
    struct child_limit limit;
    struct child_waiter *waiters; /* on their owners' stacks */
};

struct child_list {
    struct child *newest, *oldest;
    unsigned count;
};

/* What a child that the table has forgotten may have left is found by this. */
struct child_left {
    struct os_process_root root;
    char *tag; /* owned; NULL: none */
};
#define CHILD_LEFT_MAX 256 /* the last ones */

struct child_table {
    struct child_list running, exited;
    struct child_left left[CHILD_LEFT_MAX];
    unsigned left_next;                 /* the oldest */
    struct child *index[CHILD_BUCKETS]; /* the tracked ones, by pid, the newest first */
    struct journal *journal;            /* of what happens to them; NULL: none */
};

struct children {
    struct os_mutex *lock;        /* guards everything below */
    struct child_table now, past; /* of this boot; of those before, whose processes are gone */
    unsigned max;
    struct os_waker *limits; /* of the thread that waits for limits; NULL: there is none yet */
    limit_act *limit_act;    /* NULL until limits_begin() */
    void *limit_context;
    unsigned starting_count; /* threads that may have a child that is not listed yet */
    struct child *restored;  /* the last one that children_restore made; used only there, before any client connects */
    bool resumed;            /* after an upgrade, which handed over the children of this boot */
};

/* Acquires a child for use without the lock, which child_release() ends; NULL, with the error, when there is none. */
struct child *children_acquire(struct children *children, uint64_t pid, struct error *err);
/* Lists a child, and reaps: it may have exited before it was listed. Takes the lock. */
void children_add(struct children *children, struct child *child);

void child_free(struct child *child);
struct os_process_root child_root(const struct child *child);
/* Keeps it among those that were forgotten, in place of the oldest. The tag is taken over. */
void child_table_leave(struct child_table *table, struct os_process_root root, char *tag);
void child_wake_waiters(struct child *child);
/* Begins and ends the use of a child without the lock. */
void child_use(struct child *child);
void child_release(struct child *child);

/* Finds a tracked child. The newest comes first, since a pid may be reused. */
struct child *child_table_find(const struct child_table *table, uint64_t pid);
/* Lists a child as running, in place of one that has exited and had its pid. */
void child_table_add(struct child_table *table, struct child *child);
/* Takes a child off its list and the index, and frees it unless it is in use. */
void child_table_drop(struct child_table *table, struct child *child);
/* Takes a child out of the index alone: it stays listed so that it is reaped. */
void child_table_untrack(struct child_table *table, struct child *child);
/* Moves one that has exited, or drops it if it is not tracked, and wakes who waits for it. */
void child_table_exited(struct child_table *table, struct child *child);
/* Moves the children that have exited since the last call to the list of exited ones, and wakes who waits for them. */
void child_table_reap(struct child_table *table);

/* ---- the journal: agent/child/journal.c; a journal of NULL is none ---- */

void child_journal_started(struct journal *journal, const struct child *child);
void child_journal_exited(struct journal *journal, const struct child *child);
void child_journal_note(struct journal *journal, enum journal_kind kind, const struct child *child);
/* Returns a child of an earlier boot whose status is known, and its output is on the disk; else NULL. */
struct child *child_past_find(const struct children *children, uint64_t pid);
/* Sets why no child has that pid, and returns ERR_NOT_FOUND. */
int child_not_found(const struct children *children, uint64_t pid, struct error *err);

#endif
