/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope: reads the reports that Wine conformance tests print, and writes their results as JUnit XML.
 *
 * Memory in, memory out: no guest, no file, no clock, no global state; any thread. A report may be any bytes of any
 * length: the time is linear in it, and the memory is bounded by the limits below.
 *
 * What counts is what the Wine TestBot counts (docs: periscope-test(1), VERDICT). A unit has problems, each of which
 * makes it fail, and notes, which do not; both are one line of UTF-8 each.
 */
#ifndef PERISCOPE_WINETEST_H
#define PERISCOPE_WINETEST_H

#include "host/periscope.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PERISCOPE_WINETEST_MAX_UNITS 65536 /* in a report */
#define PERISCOPE_WINETEST_MAX_LINES 16384 /* kept of each unit; more are counted, not kept */
#define PERISCOPE_WINETEST_MAX_REMARKS 64 /* problems of a unit, and as many notes; the last says that there are more */
#define PERISCOPE_WINETEST_MAX_NAME 128   /* bytes of the name of a DLL or unit */
#define PERISCOPE_WINETEST_MAX_LISTED 1024 /* units of one executable; Wine has some 130 at most */

/* X(symbol, name): from good to bad. */
#define PERISCOPE_UNIT_VERDICTS(X)                                                                                     \
    X(PERISCOPE_UNIT_PASSED, "passed")                                                                                 \
    X(PERISCOPE_UNIT_SKIPPED, "skipped") /* it tested nothing, and it is told why */                                   \
    X(PERISCOPE_UNIT_FAILED, "failed")                                                                                 \
    X(PERISCOPE_UNIT_CRASHED, "crashed")                                                                               \
    X(PERISCOPE_UNIT_TIMED_OUT, "timed out")                                                                           \
    X(PERISCOPE_UNIT_LOST, "lost") /* nobody knows how it ended */                                                     \
    X(PERISCOPE_UNIT_NOT_RUN, "not run")

enum periscope_unit_verdict {
#define X(symbol, name) symbol,
    PERISCOPE_UNIT_VERDICTS(X)
#undef X
};
PERISCOPE_API const char *periscope_unit_verdict_name(enum periscope_unit_verdict verdict); /* "passed"; never NULL */

/* How the main process of a unit ended, as far as whoever ran it knows. */
enum periscope_unit_end {
    PERISCOPE_END_UNKNOWN,
    PERISCOPE_END_EXITED,    /* status: the exit code */
    PERISCOPE_END_SIGNALLED, /* status: the signal's number, Linux's */
    PERISCOPE_END_TIMED_OUT, /* it had not ended in time */
    PERISCOPE_END_LOST,      /* the guest or its agent went away; reason */
    PERISCOPE_END_NOT_RUN,   /* it could not be started, or there was no time left; reason */
    PERISCOPE_END_SKIPPED,   /* it was left out on purpose; reason */
};

struct periscope_unit_run { /* all borrowed */
    const char *dll, *unit; /* NULL: unknown */
    enum periscope_unit_end end;
    int64_t status;
    uint64_t pid; /* as the report would print it; 0: unknown, also where a runner stands before the test */
    /* Of the last three; what it waited for when its time was up; with the others a problem of the report; NULL: none. */
    const char *reason;
};

struct periscope_unit_counts {
    uint64_t tests, failures, todo, flaky, skipped;
};

/* X(symbol, name): what a line of a report can be, besides text that means nothing here. */
#define PERISCOPE_UNIT_LINES(X)                                                                                        \
    X(PERISCOPE_LINE_FAILURE, "failure") /* Test failed; Test succeeded inside todo block; and the like */             \
    X(PERISCOPE_LINE_TODO, "todo")                                                                                     \
    X(PERISCOPE_LINE_FLAKY, "flaky")                                                                                   \
    X(PERISCOPE_LINE_SKIPPED, "skipped")                                                                               \
    X(PERISCOPE_LINE_CRASH, "crash") /* an unhandled exception, of whatever process */                                 \
    X(PERISCOPE_LINE_SUMMARY, "summary")

enum periscope_unit_line_kind {
#define X(symbol, name) symbol,
    PERISCOPE_UNIT_LINES(X)
#undef X
};
PERISCOPE_API const char *periscope_unit_line_name(enum periscope_unit_line_kind kind);

struct periscope_unit_line {
    enum periscope_unit_line_kind kind;
    size_t offset, len; /* bytes of the report, without the line end */
    uint64_t number;    /* of the line within the unit, from 1 */
};

struct periscope_unit {
    char *dll, *unit; /* owned; "" when unknown */
    enum periscope_unit_verdict verdict;
    enum periscope_unit_end end;
    int64_t status;
    uint64_t pid;
    int64_t seconds; /* as the report tells; -1: it does not */

    struct periscope_unit_counts counts; /* the unit's result: of failures the lines, else what the summaries say */
    struct periscope_unit_counts summed; /* over the summaries of the unit's processes */
    uint64_t summaries;                  /* how many there were */

    size_t offset, len;                /* bytes of the report that are this unit's */
    struct periscope_unit_line *lines; /* owned; in order */
    size_t line_count;
    uint64_t lines_not_kept; /* beyond PERISCOPE_WINETEST_MAX_LINES */
    struct periscope_strings problems, notes;
};

struct periscope_winetest {
    struct periscope_unit *units; /* owned, in the order of the report */
    size_t count;
    struct periscope_strings problems; /* of the report as a whole */
};

/* A report of any number of units, framed as winetest.exe and TestLauncher do ("kernel32:atom start ..."), or that of
   one unit without a frame. PERISCOPE_OK; PERISCOPE_LOCAL when memory runs out, and *out is then empty. */
PERISCOPE_API int periscope_winetest_parse(const void *report, size_t len, struct periscope_winetest *out);
PERISCOPE_API void periscope_winetest_free(struct periscope_winetest *winetest); /* leaves it empty; accepts NULL */

/* The output of one unit, by one who ran it: frames in it are taken for text, so that no test can forge its end. */
PERISCOPE_API int periscope_unit_parse(const void *output, size_t len, const struct periscope_unit_run *run,
                                       struct periscope_unit *out);
PERISCOPE_API void periscope_unit_free(struct periscope_unit *unit); /* leaves it empty; accepts NULL */

/* The units that `TEST.exe --list` names, once each. PERISCOPE_INVALID when that is no such list. */
PERISCOPE_API int periscope_winetest_list(const void *output, size_t len, struct periscope_strings *units);

/* ---- JUnit XML ---- */

#define PERISCOPE_JUNIT_MAX 29000000u     /* bytes: GitLab takes files of less than 30 MB */
#define PERISCOPE_JUNIT_MAX_TEXT 1048576u /* bytes of a test case's text: libxml2 takes 10 MB, people far less */
#define PERISCOPE_JUNIT_MAX_CASES 8192

struct periscope_junit_case { /* all borrowed */
    const struct periscope_unit *unit;
    const void *output; /* the bytes that unit's lines and offsets refer to; NULL: none, or they are not kept */
    size_t output_len;
    uint64_t duration_ms;
    const char *attachment;   /* path of a picture, relative to the root of the job's artifacts; NULL: none */
    const char *const *files; /* names of what else is kept of the unit, as minidumps; told as properties */
    size_t file_count;
};

struct periscope_junit {   /* all borrowed */
    const char *name;      /* of the suite */
    const char *host;      /* NULL: not told */
    const char *timestamp; /* ISO 8601; NULL: not told */
    const char *report;    /* where the whole output is, for those who see it cut here */
    const struct periscope_junit_case *cases;
    size_t count;
};

/* A test case for each unit: its class is the DLL. What failed is a failure with the lines of failure as its text; a
   crash, a time-out and what else kept a unit from its end is an error. The output is in system-out behind the mark
   that GitLab shows the picture for, [[ATTACHMENT|path]]; marks in the output itself are made harmless. An output that
   is too long loses its middle, and it is said how much. A unit that occurs again is "atom #2".
   The document is valid XML 1.0 whatever the tests printed. *xml is the caller's to free(), with a NUL that *len does
   not count. PERISCOPE_INVALID: more than PERISCOPE_JUNIT_MAX_CASES, or a '[', ']' or '|' in an attachment's path;
   PERISCOPE_LOCAL: memory ran out. */
PERISCOPE_API int periscope_junit_write(const struct periscope_junit *junit, char **xml, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
