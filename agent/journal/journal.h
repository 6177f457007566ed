/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal: what the agent has promised, on the disk. A file for each boot of the system, of bounded size, and few of
 * them. What can't be written is said once, and the agent goes on. Any thread.
 *
 * Who appends holds what locks it likes; nothing waits then. Writing and syncing wait for the disk, and one thread's sync is
 * that of all that wait. */
#ifndef AGENT_JOURNAL_JOURNAL_H
#define AGENT_JOURNAL_JOURNAL_H

#include "agent/journal/read.h"

#define JOURNAL_BYTES (8u << 20)    /* of a file; beyond it the file is written anew with what is still of use */
#define JOURNAL_LIVE (4u << 20)     /* bytes of what is still of use, about; the oldest is left out */
#define JOURNAL_PENDING (16u << 20) /* bytes that wait to be written */
#define JOURNAL_AGAIN_MS 2000       /* between two tries after a failure */

struct journal;

struct journal_program { /* what the journal asks of its owner */
    /* Is told each record that was read. Only by journal_read(). */
    journal_visit *visit;
    /* Calls journal_live_begin() and then appends all that is still of use, the oldest first, with a lock held that all who
       append hold. Any thread. */
    void (*live)(void *context, struct journal *journal);
    void *context;
};

/* Makes a journal, or returns NULL without memory. folder: "" for none; it is one that keeps nothing then, as it is after
   each failure. */
struct journal *journal_new(const char *folder, const char *run_as, const struct journal_program *program);
/* Reads what there is. Once, before the first client. */
void journal_read(struct journal *journal);
/* Appends from here on. how: the agent was started. */
void journal_open(struct journal *journal, const char *how);
/* Writes what waits and closes the file, for the next executable; journal_open() opens it again. */
void journal_close(struct journal *journal);

/* Tells, once it was read, how the boot before this one ended; of_this_boot: how the run before this one did, in this boot. */
const struct journal_end *journal_last_end(const struct journal *journal, bool of_this_boot);
const struct journal_boot *journal_this_boot(const struct journal *journal);
/* Notes why this run ends, and returns when that is on the disk. */
void journal_end(struct journal *journal, const char *how);

/* Fills in the record's times. It is on the disk once a journal_sync() that began later has returned. */
void journal_append(struct journal *journal, struct journal_record *record);
void journal_live_begin(struct journal *journal);
void journal_write(struct journal *journal); /* to the system, which keeps it when the agent ends; accepts NULL, as */
void journal_sync(struct journal *journal);  /* to the disk */

const char *journal_folder(const struct journal *journal); /* "": there is to be none */
/* Copies why the journal keeps nothing now; the status is 0 while it does. */
void journal_failure(struct journal *journal, struct error *why);

#endif
