/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the journal keeps of children. A journal of NULL is none. Only for agent/child/; the lock is held. */
#ifndef AGENT_CHILD_JOURNAL_H
#define AGENT_CHILD_JOURNAL_H

#include "agent/child/record.h"

void child_journal_started(struct journal *journal, const struct child *child);
void child_journal_exited(struct journal *journal, const struct child *child);
void child_journal_note(struct journal *journal, enum journal_kind kind, const struct child *child);
/* Appends the table, those that run before all; takes the lock. context: struct children, as struct journal_program has it. */
void child_journal_table(void *context, struct journal *journal);

#endif
