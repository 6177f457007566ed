/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Only for agent/journal/. */
#ifndef AGENT_JOURNAL_PRIVATE_H
#define AGENT_JOURNAL_PRIVATE_H

#include "agent/journal/journal.h"
#include "platform/append.h"
#include "platform/thread.h"

#define JOURNAL_PATH_SIZE 4200 /* bytes */

struct journal_slot {
    char *bytes; /* owned; NULL: no file, or one that is of no use */
    size_t len;
    struct journal_boot boot;
};

struct journal {
    struct journal_program program;
    char *folder, *run_as; /* owned */
    struct journal_boot boot;
    const char *how;
    unsigned slot;                        /* the file of this boot */
    bool has_slot;                        /* it is there already */
    struct journal_end boot_end, run_end; /* of the boot before this one, and of the run before in this boot */

    struct os_mutex
        *commit; /* held while the disk is waited for; guards what follows, and is taken before the owner's */
    struct os_append *owner; /* keeps other agents out */
    struct os_append *file;  /* NULL after a failure */
    size_t size, limit;      /* bytes */
    uint64_t written, synced;

    struct os_mutex *lock; /* guards what follows; nothing waits with it */
    struct buffer pending;
    uint32_t chain;
    uint64_t appended;            /* records; the others are compared with it */
    bool off;                     /* after a failure: nothing is appended */
    bool committing, write_again; /* somebody has `commit`, and is to write what has been appended meanwhile */
    struct error failure;
    int64_t again_ms; /* when to try again */
};

void journal_slot_path(const struct journal *journal, unsigned slot, char path[JOURNAL_PATH_SIZE]);
/* Finds what the system tells of this boot. */
void journal_find_boot(struct journal_boot *boot);
/* Reads all files, tells their records to the owner, and chooses the one of this boot. */
void journal_read_slots(struct journal *journal);

#endif
