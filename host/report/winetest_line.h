/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recognises the lines of a Wine test's report. Pure; each call takes time linear in the line's length.
 *
 * The forms are those of Wine's include/wine/test.h, 1.0 to 8.0 and later, of winetest.exe and of TestLauncher:
 *
 *     atom.c:123: Test failed: text            a message; with WINETEST_TIME "atom.c:123:0.456 Test failed: text"
 *     0020:atom: 12 tests executed (1 marked as todo, 0 as flaky, 2 failures), 3 skipped.        a summary
 *     atom: 12 tests executed (1 marked as todo, 1 failure), 3 skipped.                          an older one
 *     0020:atom: unhandled exception c0000005 at 00007FF612345678                                instead of one
 *     kernel32:atom start - -                                                                    frames
 *     kernel32:atom:0020 done (2) in 1s
 *
 * Several processes may write to one report, so a line may begin with an incomplete line of another process. Where the
 * name of the unit is known, a message or summary of that unit is found anywhere in the line.
 */
#ifndef HOST_REPORT_WINETEST_LINE_H
#define HOST_REPORT_WINETEST_LINE_H

#include "base/buffer.h"

#include <stdbool.h>

enum line_kind {
    LINE_PLAIN,
    LINE_FAILED,          /* Test failed; Test succeeded inside todo block */
    LINE_TODO,            /* Test marked todo */
    LINE_FLAKY,           /* Test marked flaky; Test succeeded inside flaky todo block */
    LINE_SKIPPED,         /* Tests skipped */
    LINE_CHILD_FAILURES,  /* N failures in child process: this process's summary counts them too */
    LINE_CHILD_EXCEPTION, /* unhandled exception XXXXXXXX in child process PID */
    LINE_EXCEPTION,       /* PID:UNIT: unhandled exception XXXXXXXX at ADDRESS */
    LINE_NO_SUCH_TEST,    /* Fatal: test 'NAME' does not exist. */
    LINE_TOO_MUCH,        /* The test prints too much data */
};

struct line_message {
    enum line_kind kind;
    struct slice name; /* the source file's name without ".c", or the unit */
    bool other_source; /* the source's name does not end in ".c": it may belong to any unit */
    bool crash;        /* Wine reports a crash in this line, whatever its kind */
    uint64_t value;    /* failures in the child, or the exception's code */
    uint64_t pid;      /* of LINE_EXCEPTION; 0: unknown */
};

struct line_summary {
    struct slice name;
    uint64_t pid; /* 0: unknown */
    uint64_t tests, todo, flaky, failures, skipped;
    bool tells_flaky; /* it has the count of flaky failures, as since Wine 8 */
};

struct line_frame {
    struct slice dll, unit;
    uint64_t pid;    /* 0: unknown */
    int64_t status;  /* of a done line */
    int64_t seconds; /* -1: unknown */
    bool skipped;    /* "skipped" in place of "start" */
};

/* Reads a line as a message, LINE_PLAIN if it is none. line: without its line end. unit: empty when unknown, as is dll
   below. */
void line_message(struct slice line, struct slice unit, struct line_message *out);
/* Reads a summary line. Returns 1; 0 for another line; -1 for one that looks like a summary but is malformed. */
int line_summary(struct slice line, struct slice unit, struct line_summary *out);
/* Reads the line that starts a unit's part of a report. */
bool line_start(struct slice line, struct line_frame *out);
/* Reads the line that ends a unit's part. */
bool line_done(struct slice line, struct slice dll, struct line_frame *out);

/* Takes the line that starts at *at, without its line end ("\n" or "\r\n"), and advances *at past it. Returns false at
   the end. */
bool line_next(struct slice text, size_t *at, struct slice *line);

bool slice_is(struct slice slice, const char *text);
bool slice_equal(struct slice a, struct slice b);

#endif
