/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verb `test`, which is too much for one file: test.c reads the command line and goes through the steps,
 * guest.c has the folder in the guest and starts programs in it, unit.c runs one unit, output.c writes files,
 * evidence_fetch.c keeps what is known of a unit that hangs, json.c and show.c print the result.
 */
#ifndef HOST_CLI_TEST_TEST_H
#define HOST_CLI_TEST_TEST_H

#include "host/cli/cli.h"

#include "base/buffer.h"
#include "base/strlist.h"
#include "host/periscope_winetest.h"
#include "platform/file.h"

#define TEST_MAX_UNITS 4096
#define TEST_LIMIT_MS 120000        /* of a unit, as winetest.exe has it */
#define TEST_LIST_MS 60000          /* for the list of units: Wine may have a new prefix to fill first */
#define TEST_COMMAND_MS 30000       /* for mkdir and rm in the guest */
#define TEST_RECONNECT_MS 30000     /* for a lost guest to come back, so that its report can be had */
#define TEST_MAX_OUTPUT (64u << 20) /* bytes of a unit's output; of more only the start is read */
#define TEST_MAX_KEPT (256u << 20)  /* bytes of all units' outputs that are kept for junit.xml */
#define TEST_SHOWN_LINES 10         /* of a unit on the terminal */
#define TEST_FILE_NAME_SIZE (2 * PERISCOPE_WINETEST_MAX_NAME + 64) /* bytes of the name of a file of a unit */
#define TEST_JSON_LINES 1000                                       /* of a unit in JSON */

/* X(symbol, value, name in JSON, text of --help): the verdict, from good to bad. What keeps the verb from a verdict has
   the statuses of every verb, but what fails on this side is 6, since 1 is taken. */
#define TEST_EXITS(X)                                                                                                  \
    X(TEST_PASSED, 0, "passed", "every unit passed, or said why it tested nothing")                                    \
    X(TEST_FAILED, 1, "failed", "a unit failed")                                                                       \
    X(TEST_CRASHED, 3, "crashed", "a unit crashed")                                                                    \
    X(TEST_TIMED_OUT, 4, "timed-out", "a unit ran out of time, or all of them together")                               \
    X(TEST_INCOMPLETE, 5, "incomplete", "a unit could not be started, or the list of units not be had")                \
    X(TEST_LOCAL, 6, "local", "something on this side failed: a file, memory")

enum test_exit {
#define X(symbol, value, name, help) symbol = value,
    TEST_EXITS(X)
#undef X
};

enum test_pictures { PICTURES_NEVER, PICTURES_END, PICTURES_FAILURE, PICTURES_UNIT };

struct test_picture {
    char *file;  /* owned: its name in the output folder; NULL: there is none */
    char *error; /* owned: why; NULL: none was wanted */
    struct periscope_strings facts;
};

#define TEST_DUMPS_MAX 4 /* of a unit */

/* Of a unit whose time was up. */
struct test_evidence {
    char *summary;        /* owned: what it seemed to wait for; NULL: unknown */
    char *says;           /* owned: what a dialog said; NULL: there was none */
    char *error;          /* owned: why there is none; NULL: none was wanted, or there is */
    struct strlist files; /* their names in the output folder */
};

struct test_unit {
    const char *name; /* borrowed */
    struct periscope_unit result;
    uint8_t *output; /* owned; NULL: there is none, or it is kept in report.txt alone */
    size_t output_len;
    uint64_t duration_ms;
    bool not_started;        /* its report was made here, since it lacks DLLs */
    struct strlist ended;    /* processes that a time-out found: "PID NAME" */
    struct strlist restored; /* what they had left on the screen of a Windows guest */
    struct strlist left;     /* that go on although it has ended (Windows guests): "PID NAME" */
    struct test_picture picture;
    struct test_evidence evidence;
};

struct test {
    struct cli *cli;

    /* ---- what was asked for ---- */
    const char *executable; /* this side's file */
    char *dll;              /* owned */
    struct strlist runner;  /* the command in front of the test; may be empty */
    struct strlist env;     /* of every unit */
    enum test_pictures pictures;
    int unit_limit_ms, picture_at_ms; /* picture_at_ms -1: only at the unit's end */
    int64_t deadline;                 /* of all units together */
    const char *output;               /* this side's folder; NULL: no files */
    struct strlist attachment;        /* one item: what stands before a picture's name in junit.xml */

    /* ---- the guest ---- */
    bool windows;
    bool plain;    /* no exec: the environment needs a shell or a batch file */
    char *folder;  /* owned: absolute; NULL until it is made */
    char *program; /* owned: the executable in it */
    struct periscope_strings properties;
    char *banner; /* owned */

    /* ---- the run ---- */
    struct periscope_strings listed; /* the names of the units where the executable was asked for them */
    struct test_unit *units;         /* owned */
    size_t unit_count, done_count;
    size_t kept; /* bytes of all outputs */
    int stop;    /* not 0: an exit status; no further unit is run */
    bool out_of_time;
    struct strlist warnings;
    struct test_picture picture; /* of the end */
    int64_t started_ms;          /* wall time */
    uint64_t duration_ms;
    struct os_upload *report; /* report.txt as it grows; NULL: no files, or it failed */
    bool output_failed;
    bool judged; /* the exit status is a verdict */
};

/* A warning: told at once, and kept for the JSON. */
void test_warn(struct test *test, const char *format, ...) PRINTF_LIKE(2, 3);
/* A status that means that nothing more can be done: lost, interrupted. Sets test->stop. */
bool test_is_final(struct test *test, int status);

/* ---- guest.c: 0, or an exit status that was reported ---- */

int test_guest_open(struct test *test);   /* learns of the guest, makes the folder, sends the executable */
void test_guest_close(struct test *test); /* removes the folder; a failure is a warning */
/* The guest's name of a file in the folder: owned by the caller, NULL without memory. */
char *test_guest_path(const struct test *test, const char *name);
/* Starts the executable with one argument; what it prints goes to `output` (an absolute name). A periscope_status. */
int test_guest_start(struct test *test, const char *argument, const char *output, uint64_t *pid);
/* At most TEST_MAX_OUTPUT bytes; *cut tells that there were more. A periscope_status. */
int test_guest_fetch(struct test *test, const char *file, uint8_t **bytes, size_t *len, bool *cut);

/* ---- unit.c ---- */

int test_list_units(struct test *test); /* into test->listed; 0, or an exit status that was reported */
void test_run_unit(struct test *test, size_t index);
void test_take_picture(struct test *test, struct test_picture *picture, const char *file, bool freely);
void test_free_picture(struct test_picture *picture); /* leaves it empty */

/* "atom", where a unit is run again "atom-2": what stands in the names of its files, without characters that a name of a
   file, or GitLab, can't have. */
void test_file_base(const struct test *test, const struct test_unit *unit, char *base, size_t size);

/* ---- evidence_fetch.c ---- */

/* What the unit, whose process this is, waits for; kept in files where there is an output folder. */
void test_take_evidence(struct test *test, struct test_unit *unit, uint64_t pid);
/* Of a unit that crashed in a Windows guest: the minidump that the guest kept, if it does so. */
void test_take_crash(struct test *test, struct test_unit *unit, uint64_t pid);
void test_find_left(struct test *test, struct test_unit *unit, uint64_t pid);   /* of a unit that has ended */
void test_remove_old_evidence(struct test *test, const struct test_unit *unit); /* of an earlier run */
void test_free_evidence(struct test_evidence *evidence);                        /* leaves it empty */

/* ---- output.c ---- */

int test_output_open(struct test *test); /* makes the folder, removes what an earlier run left; an exit status */
/* The unit framed as TestLauncher frames it, appended to report.txt. */
void test_output_unit(struct test *test, const struct test_unit *unit);
bool test_output_write(struct test *test, const char *file, const void *bytes, size_t len); /* false: warned */
void test_output_remove(struct test *test, const char *file); /* that of an earlier run; a failure is a warning */
void test_output_close(struct test *test);                    /* junit.xml, result.json, and report.txt gets its name */

/* ---- json.c, show.c ---- */

void test_json(struct json *json, const struct test *test, int exit_status);
const char *test_exit_name(int exit_status);
void test_show_start(const struct test *test, const char *unit); /* on a terminal: which one runs */
void test_show_unit(const struct test *test, const struct test_unit *unit);
void test_show_summary(const struct test *test);

#endif
