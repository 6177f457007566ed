/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of the journal: bytes in memory, no file.
 *
 *     CRC32C LENGTH PAYLOAD\n
 *
 * The CRC, eight hexadecimal digits, is that of everything behind it and continues that of the line before. So a line holds
 * only behind those that it was written behind, whatever a disk shows of older files. A payload is the record's kind, its
 * two times and its own fields, separated by tabs. Fields that are missing or unknown are of another version: the former
 * make a line bad, the latter and unknown kinds are passed over. */
#ifndef AGENT_JOURNAL_RECORD_H
#define AGENT_JOURNAL_RECORD_H

#include "base/buffer.h"

#define JOURNAL_VERSION 1
#define JOURNAL_LINE_MAX 16384 /* bytes of a payload */
#define JOURNAL_TEXTS 3
#define JOURNAL_NUMBERS 3

/* X(symbol, name, numbers, texts): how many of each a record has */
#define JOURNAL_KINDS(X)                                                                                               \
    X(BOOT, "boot", 2, 2)   /* version, sequence; the boot's id, a random text. The first line, and no other one */    \
    X(AGENT, "agent", 1, 2) /* the boot's time in seconds since 1970; how it was started, its version */               \
    X(STARTED, "started", 2, 3)     /* pid, start time; user, output, errors */                                        \
    X(EXITED, "exited", 2, 0)       /* pid, status */                                                                  \
    X(LOST, "lost", 1, 0)           /* pid: it has ended, and nobody knows how */                                      \
    X(FLUSHED, "flushed", 1, 0)     /* pid: its output is on the disk */                                               \
    X(FORGOTTEN, "forgotten", 1, 0) /* pid */                                                                          \
    X(END, "end", 0, 1)             /* why the agent ends */                                                           \
    X(ABOUT, "about", 3, 1)         /* pid, when it was started and has ended, in ms since the boot (0: not); tag */   \
    X(LIMIT, "limit", 3, 2) /* pid, its time limit in ms, when it is over by a clock of this boot; what to do      \
                                       then, how the names of the files begin */   \
    X(OVERTIME, "overtime", 1, 0) /* pid: it ran when its time limit was over */

enum journal_kind {
#define X(symbol, name, numbers, texts) JOURNAL_##symbol,
    JOURNAL_KINDS(X)
#undef X
        JOURNAL_KIND_COUNT
};

struct journal_record {
    enum journal_kind kind;
    int64_t boot_ms; /* since the boot, also while the system slept: no clock that is set moves it */
    int64_t wall_ms; /* since 1970: what people read, and nothing is ordered by */
    uint64_t numbers[JOURNAL_NUMBERS];
    const char *texts[JOURNAL_TEXTS]; /* borrowed */
};

/* Continues the CRC-32C (Castagnoli, reflected) of what came before; 0 begins. */
uint32_t journal_crc(uint32_t crc, const void *bytes, size_t len);
/* Appends a line and moves the chain on. A record that is too long has empty texts. */
void journal_record_append(struct buffer *out, uint32_t *chain, const struct journal_record *record);

struct journal_reader {
    char *bytes; /* borrowed; what was read is changed */
    size_t len;
    size_t at;      /* the end of the last good line: what is behind it is to be cut off, unless it is the end */
    uint32_t chain; /* 0 at first */
};
/* Reads the next record that this version knows. Its texts are in the reader's bytes. Returns false at the end, or at the
   first bad line. */
bool journal_record_read(struct journal_reader *reader, struct journal_record *record);

#endif
