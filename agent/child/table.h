/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records of the child table: which there are, in which order, and which of them a pid names. Only for
   agent/child/ and agent/limit/. The lock is held, except where a function says otherwise. */
#ifndef AGENT_CHILD_TABLE_H
#define AGENT_CHILD_TABLE_H

#include "agent/child/record.h"

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

/* ---- of earlier boots: agent/child/recall.c ---- */

/* Returns a child of an earlier boot whose status is known, and its output is on the disk; else NULL. */
struct child *child_past_find(const struct children *children, uint64_t pid);
/* Sets why no child has that pid, and returns ERR_NOT_FOUND. */
int child_not_found(const struct children *children, uint64_t pid, struct error *err);

#endif
