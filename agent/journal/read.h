/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of the journal, as they are found at the start: one for each boot of the system. */
#ifndef AGENT_JOURNAL_READ_H
#define AGENT_JOURNAL_READ_H

#include "agent/journal/record.h"

#define JOURNAL_FILES 4          /* boots */
#define JOURNAL_READ (32u << 20) /* bytes of a file that are read */
#define JOURNAL_PATH_SIZE 4200   /* bytes */

/* A boot, as the first lines of its file tell it. */
struct journal_boot {
    char id[64];
    uint64_t sequence; /* greater than that of each boot before */
    int64_t time_s;    /* since 1970 */
    bool is_this;
};

/* How a run of the agent ended. */
struct journal_end {
    bool known;      /* there was one */
    char how[16];    /* the text of its record END; "": there is none */
    int64_t wall_ms; /* of its last record */
};

/* Is told each record that was read, the oldest boot first, each boot's BOOT first. */
typedef void journal_visit(void *context, const struct journal_boot *boot, const struct journal_record *record);

/* What the files tell. */
struct journal_past {
    struct journal_boot boot;             /* this one */
    unsigned slot;                        /* its file */
    bool has_slot;                        /* it is there already */
    struct journal_end boot_end, run_end; /* of the boot before this one, and of the run before in this boot */
};

void journal_path(const char *folder, const char *name, char path[JOURNAL_PATH_SIZE]);
void journal_slot_path(const char *folder, unsigned slot, char path[JOURNAL_PATH_SIZE]);
/* Finds what the system tells of this boot. */
void journal_find_boot(struct journal_boot *boot);
/* Reads all files, tells their records to the visitor, and chooses the one of this boot, which was found. */
void journal_read_slots(struct journal_past *past, const char *folder, journal_visit *visit, void *context);

#endif
