/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What platform/process_tree.c needs of a system: its processes, and ways to end them. Only for platform/, linux/ and
   win32/. */
#ifndef PLATFORM_PROCESS_TABLE_H
#define PLATFORM_PROCESS_TABLE_H

#include "platform/process.h"

#define OS_PROCESS_TABLE_MAX 32768 /* processes of a table */

struct os_process_id {
    uint64_t pid;
    uint64_t start; /* in the system's unit, 0 when unknown. With the pid it names one process for ever */
    uint64_t end;   /* in the same unit: when the agent has seen that it had ended; 0: it has not */
};
struct os_process_id os_process_id(const struct os_process *process);
/* Returns whether the child itself has ended, by what the system tells the agent as its parent, never by the table. */
bool os_process_has_ended(const struct os_process *process);

/* The system's processes at one time, by an index. */
struct os_process_table;
extern const size_t os_process_table_size; /* bytes: its memory is the driver's, all zeroes at first */
/* Looks at the system anew: *count processes, at most OS_PROCESS_TABLE_MAX. Fails when not all can be seen, with the
   reason in *err; the table then has those that can be, maybe none. */
int os_process_table_look(struct os_process_table *table, size_t *count, struct error *err);
uint64_t os_process_table_pid(const struct os_process_table *table, size_t index);
uint64_t os_process_table_start(struct os_process_table *table, size_t index); /* 0 when unknown, or it has ended */
/* Returns whether that process started it, or it is in the session that it leads. Nobody else may have the parent's pid
   by now. */
bool os_process_table_is_child(struct os_process_table *table, size_t index, const struct os_process_id *parent);
/* Returns whether a session of that number is still the one that this process has led, by a member that was in it before
   the process had ended: a later process may have had its pid, and have left others too. */
bool os_process_table_keeps(const struct os_process_table *table, const struct os_process_id *leader);
/* Returns whether it is no member of any tree: this agent, what has ended, what belongs to the system. */
bool os_process_table_is_exempt(const struct os_process_table *table, size_t index);
void os_process_table_name(const struct os_process_table *table, size_t index, char name[OS_PROCESS_NAME_SIZE]);
void os_process_table_describe(struct os_process_table *table, size_t index, struct os_process_info *info);
/* Asks the members to end, and returns how many could be asked: without any there is nothing to wait for. */
size_t os_process_table_ask(struct os_process_table *table, const bool *members);
/* Stops the members where the system can, and what they have started since the look, so that they start no others before
   they are ended. A process that is no member goes on. */
void os_process_table_freeze(struct os_process_table *table, const bool *members);
/* Ends one by force, unless it has ended since the look. Fails, with the reason alone, when it is not to be ended. */
int os_process_table_kill(struct os_process_table *table, size_t index, struct error *err);

/* Returns whether processes that name this one as their parent or session mean it, and no later one of its pid. */
bool process_table_means(struct os_process_table *table, size_t count, const struct os_process_id *id);

#endif
