/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libperiscope: reads the reports that Wine conformance tests print, and writes their results as JUnit XML.
 *
 * Memory in, memory out: no guest, no file, no clock, no global state; any thread. A report may be any bytes of any
 * length: the time is linear in its length, and the memory is bounded by the limits below.
 *
 * The rules are those of the Wine TestBot (docs: periscope-test(1), VERDICT). A unit has problems, each of which makes
 * it fail, and notes, which do not; each is one line of UTF-8.
 */
#ifndef PERISCOPE_WINETEST_H
#define PERISCOPE_WINETEST_H

#include "host/periscope.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PERISCOPE_WINETEST_MAX_UNITS 65536 /* in a report */
#define PERISCOPE_WINETEST_MAX_LINES 16384 /* kept of each unit; further ones are only counted */
#define PERISCOPE_WINETEST_MAX_REPORT                                                                                  \
    32768u /* bytes of a unit's report: a longer one is read, but makes the unit fail */
#define PERISCOPE_WINETEST_MAX_REMARKS                                                                                 \
    64 /* problems of a unit, and as many notes; the last one says that there are more */
#define PERISCOPE_WINETEST_MAX_NAME 128    /* bytes of the name of a DLL or unit */
#define PERISCOPE_WINETEST_MAX_LISTED 1024 /* units of one executable; Wine has some 130 at most */

/* X(symbol, name): from good to bad. */
#define PERISCOPE_UNIT_VERDICTS(X)                                                                                     \
    X(PERISCOPE_UNIT_PASSED, "passed")                                                                                 \
    X(PERISCOPE_UNIT_SKIPPED, "skipped") /* it tested nothing and says why */                                          \
    X(PERISCOPE_UNIT_FAILED, "failed")                                                                                 \
    X(PERISCOPE_UNIT_CRASHED, "crashed")                                                                               \
    X(PERISCOPE_UNIT_TIMED_OUT, "timed out")                                                                           \
    X(PERISCOPE_UNIT_LOST, "lost") /* how it ended is unknown */                                                       \
    X(PERISCOPE_UNIT_NOT_RUN, "not run")

enum periscope_unit_verdict {
#define X(symbol, name) symbol,
    PERISCOPE_UNIT_VERDICTS(X)
#undef X
};
/* Returns the name of a verdict, "passed"; never NULL. */
PERISCOPE_API const char *periscope_unit_verdict_name(enum periscope_unit_verdict verdict);

/* How the main process of a unit ended, as far as its runner knows. */
enum periscope_unit_end {
    PERISCOPE_END_UNKNOWN,
    PERISCOPE_END_EXITED,    /* status: the exit code */
    PERISCOPE_END_SIGNALLED, /* status: the signal's number, Linux's */
    PERISCOPE_END_TIMED_OUT, /* it did not end in time */
    PERISCOPE_END_LOST,      /* the guest or its agent was lost; see reason */
    PERISCOPE_END_NOT_RUN,   /* it could not be started, or no time was left; see reason */
    PERISCOPE_END_SKIPPED,   /* it was skipped on request; see reason */
};

struct periscope_unit_run { /* all borrowed */
    const char *dll, *unit; /* NULL: unknown */
    enum periscope_unit_end end;
    int64_t status;
    uint64_t pid; /* as the report would print it; 0: unknown, as with a runner command */
    /* Why, for the last three ends; for a time-out, what the unit waited for; for the others, a problem of the
       report. NULL: none. */
    const char *reason;
};

struct periscope_unit_counts {
    uint64_t tests, failures, todo, flaky, skipped;
};

/* X(symbol, name): the kinds of lines of a report, apart from lines without meaning here. */
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
/* Returns the name of a kind, "failure"; never NULL. */
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
    int64_t seconds; /* as reported; -1: not reported */

    struct periscope_unit_counts
        counts; /* the unit's result: failures from the lines, if any; the rest from the summaries */
    struct periscope_unit_counts summed; /* the sum of the summaries of the unit's processes */
    uint64_t summaries;                  /* their number */

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

/* Parses a report of any number of units, framed as by winetest.exe and TestLauncher ("kernel32:atom start ..."), or
   that of one unit without a frame. Returns PERISCOPE_OK, or PERISCOPE_LOCAL without memory, with *out empty. */
PERISCOPE_API int periscope_winetest_parse(const void *report, size_t len, struct periscope_winetest *out);
/* Frees the units and leaves it empty; accepts NULL. */
PERISCOPE_API void periscope_winetest_free(struct periscope_winetest *winetest);

/* Parses the output of one unit for the caller that ran it. Frames in it are treated as text, so that no test can forge
   its end. */
PERISCOPE_API int periscope_unit_parse(const void *output, size_t len, const struct periscope_unit_run *run,
                                       struct periscope_unit *out);
/* Frees what the unit owns and leaves it empty; accepts NULL. */
PERISCOPE_API void periscope_unit_free(struct periscope_unit *unit);

/* Parses the output of `TEST.exe --list`: the names of its units, each once. Returns PERISCOPE_INVALID if it is no such
   list. */
PERISCOPE_API int periscope_winetest_list(const void *output, size_t len, struct periscope_strings *units);

/* ---- what the machine did, and whose fault it is ---- */

/* X(symbol, name): from good to bad. */
#define PERISCOPE_MACHINE_STATES(X)                                                                                    \
    X(PERISCOPE_MACHINE_FINE, "fine")                                                                                  \
    X(PERISCOPE_MACHINE_UNKNOWN, "unknown")     /* the agent does not tell: no Periscope, or an older one */           \
    X(PERISCOPE_MACHINE_GPU_FAULT, "gpu-fault") /* of a program; the card goes on */                                   \
    X(PERISCOPE_MACHINE_SCREEN_FROZEN,                                                                                 \
      "screen-frozen")                          /* what draws it does not answer, also behind the test's end */        \
    X(PERISCOPE_MACHINE_GPU_ERROR, "gpu-error") /* of the card itself */                                               \
    X(PERISCOPE_MACHINE_GPU_RESET, "gpu-reset")                                                                        \
    X(PERISCOPE_MACHINE_GPU_LOST, "gpu-lost") /* or it hangs, or has lost its driver */                                \
    X(PERISCOPE_MACHINE_AGENT_RESTARTED, "agent-restarted")                                                            \
    X(PERISCOPE_MACHINE_REBOOTED, "rebooted")                                                                          \
    X(PERISCOPE_MACHINE_CONNECTION_LOST, "connection-lost") /* the agent does not answer any more */

enum periscope_machine_state {
#define X(symbol, name) symbol,
    PERISCOPE_MACHINE_STATES(X)
#undef X
};
/* Returns the name of a state, "gpu-reset"; never NULL. */
PERISCOPE_API const char *periscope_machine_name(enum periscope_machine_state state);

/* X(symbol, name): whose fault a bad result is. */
#define PERISCOPE_FAULTS(X)                                                                                            \
    X(PERISCOPE_FAULT_NOBODY, "nobody")                                                                                \
    X(PERISCOPE_FAULT_TEST, "test")                                                                                    \
    X(PERISCOPE_FAULT_GUEST, "guest")                                                                                  \
    X(PERISCOPE_FAULT_INFRASTRUCTURE, "infrastructure")

enum periscope_fault {
#define X(symbol, name) symbol,
    PERISCOPE_FAULTS(X)
#undef X
};
/* Returns "nobody", "test", "guest" or "infrastructure"; never NULL. */
PERISCOPE_API const char *periscope_fault_name(enum periscope_fault fault);

struct periscope_machine_looks { /* all borrowed: the agent's properties before and after a test */
    const struct periscope_strings *before;
    const struct periscope_strings *after; /* NULL: the agent did not answer any more */
    const struct periscope_strings
        *events; /* what the RPC events told of the time between, "event=..."; NULL: unknown */
    const char
        *program; /* of the test, "d3d11_test.exe": its faults of a graphics card are the test's; NULL: unknown */
    const char *
        screen; /* the agent's word, behind the test's end, that the screen does not answer; NULL: it does, or unknown */
};
struct periscope_machine {
    enum periscope_machine_state state;
    struct periscope_strings
        reasons; /* a line each: all that happened, the worst first; also faults of other programs */
};
/* Compares what was told before a test and after it. Returns PERISCOPE_OK, or PERISCOPE_LOCAL without memory, with *out
   empty. */
PERISCOPE_API int periscope_machine_judge(const struct periscope_machine_looks *looks, struct periscope_machine *out);
/* Frees the reasons and leaves it empty; accepts NULL. */
PERISCOPE_API void periscope_machine_free(struct periscope_machine *machine);
/* Tells whose fault the result of a test is, by what the test said and what the machine did. */
PERISCOPE_API enum periscope_fault periscope_fault_of(enum periscope_unit_verdict verdict,
                                                      enum periscope_machine_state state);

/* ---- JUnit XML ---- */

#define PERISCOPE_JUNIT_MAX 29000000u     /* bytes: GitLab accepts files of less than 30 MB */
#define PERISCOPE_JUNIT_MAX_TEXT 1048576u /* bytes of a test case's text: libxml2 accepts 10 MB; fewer are readable */
#define PERISCOPE_JUNIT_MAX_CASES 8192

struct periscope_junit_case { /* all borrowed */
    const struct periscope_unit *unit;
    const void *output; /* the bytes that the unit's lines and offsets refer to; NULL: none, or not kept */
    size_t output_len;
    uint64_t duration_ms;
    const char *attachment;   /* path of a picture, relative to the root of the job's artifacts; NULL: none */
    const char *const *files; /* names of other files kept of the unit, such as minidumps; written as properties */
    size_t file_count;
    const struct periscope_machine *machine; /* what the machine did; NULL: unknown */
    uint64_t
        timeline_line; /* where the page of the recording is to be opened: a line of the report; 0: at its beginning */
};

struct periscope_junit {   /* all borrowed */
    const char *name;      /* of the suite */
    const char *host;      /* NULL: omitted */
    const char *timestamp; /* ISO 8601; NULL: omitted */
    const char *report;    /* the file with the complete output, named where the output is cut; NULL: none */
    const struct periscope_junit_case *cases;
    size_t count;
    const char *timeline; /* path of the page of a recording, relative as attachments; NULL: none */
};

/* Writes a test case for each unit, with the DLL as its class. A failed unit has a failure element with the failure
   lines as its text. A crash, a time-out and any other abnormal end is an error element. The system-out has the mark
   for which GitLab shows the picture, [[ATTACHMENT|path]], in a failed case also that of the timeline, then the output; marks in the
   output itself are made ineffective. The middle of a long output is omitted, and the number of omitted bytes is given. A unit that occurs
   again is "atom #2". The document is valid XML 1.0 whatever the tests printed. The caller frees *xml; it ends with a
   NUL that *len does not count. PERISCOPE_INVALID: more than PERISCOPE_JUNIT_MAX_CASES, or a '[', ']' or '|' in a path; PERISCOPE_LOCAL: no memory. */
PERISCOPE_API int periscope_junit_write(const struct periscope_junit *junit, char **xml, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
