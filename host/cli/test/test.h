/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verb `test`, split into several files: verb.c parses the command line and carries out the steps, test.c has what the
 * others share, guest.c makes the folder in the guest and starts programs in it, unit.c runs one unit, output.c writes files,
 * evidence_fetch.c keeps what is known of a unit that hangs, record.c the recording of the screen, machine.c tells what the machine did, json.c and show.c print
 * the result.
 */
#ifndef HOST_CLI_TEST_TEST_H
#define HOST_CLI_TEST_TEST_H

#include "host/cli/cli.h"

#include "base/buffer.h"
#include "base/strlist.h"
#include "host/cli/recorded.h"
#include "host/periscope_winetest.h"
#include "platform/file.h"
#include "platform/thread.h"

#include <stdatomic.h>

#define TEST_MAX_UNITS 4096
#define TEST_LIMIT_MS 120000        /* of a unit, like winetest.exe's */
#define TEST_LIST_MS 60000          /* for the list of units: Wine may first have to set up a new prefix */
#define TEST_LOOK_MS 10000          /* at most, between two looks whether a unit only waits */
#define TEST_BEHIND_MS 30000        /* behind a unit's time, until the guest ends it by itself */
#define TEST_DUMP_MS 500            /* beyond a unit's limit, for all of its minidumps */
#define TEST_COMMAND_MS 30000       /* for mkdir and rm in the guest */
#define TEST_GRACE_MS 30000         /* behind --total-limit, to end the last unit and to fetch what is known of it */
#define TEST_LEAVE_MS 10000         /* after Ctrl-C, to end the unit and to remove the folder */
#define TEST_MAX_OUTPUT (64u << 20) /* bytes of a unit's output; of a longer one only the start is read */
#define TEST_MAX_KEPT (256u << 20)  /* bytes of all units' outputs that are kept for junit.xml */
#define TEST_SHOWN_LINES 10         /* of a unit on the terminal */
#define TEST_FILE_NAME_SIZE (2 * PERISCOPE_WINETEST_MAX_NAME + 64) /* bytes of the name of a file of a unit */
#define TEST_PAGE "timeline.html"
#define TEST_RECORDING "recording" /* the folder with the recording in the output folder */
#define TEST_JSON_LINES 1000       /* of a unit in JSON */

/* X(symbol, value, name in JSON, text of --help): the verdicts, from good to bad. If there is no verdict the status is
   one of those of every verb, except that a local failure is 6, since 1 is a verdict. */
#define TEST_EXITS(X)                                                                                                  \
    X(TEST_PASSED, 0, "passed", "every unit passed, or was skipped with a reason")                                     \
    X(TEST_FAILED, 1, "failed", "a unit failed")                                                                       \
    X(TEST_CRASHED, 3, "crashed", "a unit crashed")                                                                    \
    X(TEST_TIMED_OUT, 4, "timed-out", "a unit ran out of time, or all of them together")                               \
    X(TEST_INCOMPLETE, 5, "incomplete", "a unit could not be started, or the units could not be listed")               \
    X(TEST_LOCAL, 6, "local", "a local failure: a file, memory")

enum test_exit {
#define X(symbol, value, name, help) symbol = value,
    TEST_EXITS(X)
#undef X
};

enum test_pictures { PICTURES_NEVER, PICTURES_END, PICTURES_FAILURE, PICTURES_UNIT };

struct test_picture {
    char *file;  /* owned: its name in the output folder; NULL: none */
    char *error; /* owned: why there is none; NULL: none was requested */
    struct periscope_strings facts;
};

#define TEST_DUMPS_MAX 4 /* of a unit */

/* Evidence of a unit that timed out. */
struct test_evidence {
    char *summary;        /* owned: what the unit seemed to wait for; NULL: unknown */
    char *says;           /* owned: the text of a dialog; NULL: none */
    char *error;          /* owned: why there is none; NULL: none was requested, or there is evidence */
    struct strlist files; /* their names in the output folder */
};

/* What was seen of a unit at one moment: see quiet.c. */
struct test_quiet {
    bool valid;
    uint64_t written, pids, cpu_ms; /* pids: their sum */
    char screen[32];                /* its hash; "": not looked at */
};

struct test_unit {
    const char *name; /* borrowed */
    struct test_quiet quiet;
    char *waits_for; /* owned: a window that it only waited in for a while; NULL: not seen */
    struct periscope_unit result;
    uint8_t *output; /* owned; NULL: none, or kept only in report.txt */
    size_t output_len;
    uint64_t report_line; /* how many lines report.txt has before its output */
    uint64_t duration_ms;
    bool not_started;        /* its report was made here, since DLLs are missing */
    struct strlist ended;    /* processes ended after a time-out: "PID NAME" */
    struct strlist restored; /* what they had changed on the screen of a Windows guest */
    struct strlist left;     /* processes that still run after its end (Windows guests): "PID NAME" */
    struct test_picture picture;
    struct test_evidence evidence;
    struct periscope_machine machine; /* what the machine did while it ran */
    bool judged_machine;              /* else nothing is known of it */
};

/* The recording of the screen, and when which output came (docs/recording.md). */
struct test_record {
    bool wanted;
    char *id, *folder;              /* owned: in the guest; NULL: none was begun */
    char *error;                    /* owned: why there is none; NULL: there is, or none is wanted */
    bool fetched;                   /* it is in the output folder */
    bool has_page;                  /* and timeline.html of it */
    struct recorded found;          /* what is in it */
    bool has_clock;                 /* the following two are known */
    int64_t to_mono_us, to_wall_us; /* from our clock to the guest's */
    struct buffer times;            /* output.times; while a unit runs, of the thread */
    struct os_thread *thread;       /* NULL: none runs */
    struct periscope *watching;     /* owned: its connection */
    const char *file;               /* borrowed: the guest's file that it watches */
    int64_t ended_us;               /* when the unit's end was noticed; 0: it was not, or no unit runs */
    uint64_t begin;                 /* of that in report.txt */
    atomic_bool unit_ended;
};

struct test {
    struct cli *cli;

    /* ---- options ---- */
    const char *executable; /* a local file */
    char *dll;              /* owned */
    struct strlist runner;  /* the command before the test; may be empty */
    struct strlist env;     /* of every unit */
    enum test_pictures pictures;
    int unit_limit_ms, picture_at_ms; /* picture_at_ms -1: only at the unit's end */
    int away_ms;                      /* for a guest that does not answer to return */
    int ready_ms;                     /* to wait for the desktop before all; -1: not at all */
    int dump_ms;                      /* for minidumps, beyond the unit's limit */
    int64_t deadline;                 /* of all that comes before the last unit's end */
    const char *output;               /* a local folder; NULL: no files */
    struct strlist attachment;        /* one item: the prefix of a picture's name in junit.xml */

    /* ---- the guest ---- */
    bool windows;
    bool plain;                          /* no exec: the environment needs a shell or a batch file */
    char *folder;                        /* owned: absolute; NULL until it is made */
    char *program;                       /* owned: the executable in it */
    struct periscope_strings properties; /* when the run began */
    struct periscope_strings look;       /* the same behind the last unit; empty: there was none */
    char events_id[32], events_last[24]; /* up to where its events are known; "": it tells none */
    char *banner;                        /* owned */

    /* ---- the run ---- */
    struct periscope_strings listed; /* the names of the units that the executable listed */
    struct test_unit *units;         /* owned */
    size_t unit_count, done_count;
    size_t kept; /* bytes of all outputs */
    int stop;    /* not 0: an exit status; no further unit is run */
    bool out_of_time;
    bool gone; /* the guest did not return */
    struct strlist warnings;
    struct test_picture picture; /* at the end */
    int64_t started_ms;          /* wall time */
    uint64_t duration_ms;
    struct os_upload *report; /* report.txt as it grows; NULL: no files, or it failed */
    uint64_t report_len;      /* bytes of it */
    uint64_t report_lines;
    struct test_record record;
    bool output_failed;
    bool judged; /* the exit status is a verdict */
};

/* Prints a warning and keeps it for the JSON. */
void test_warn(struct test *test, const char *format, ...) PRINTF_LIKE(2, 3);
/* Returns whether a status ends the run: the guest is lost, or the run is interrupted. Sets test->stop then. */
bool test_is_final(struct test *test, int status);
/* Waits for a guest to return that did not answer a call, which has ended with this status. Returns whether it has: then
   the call may be made again. Once it has not, this does not wait any more. */
bool test_await_return(struct test *test, int status);
/* Builds the part of file names that identifies a unit: "atom", or "atom-2" if the unit runs again, without characters
   that file names or GitLab do not allow, or that are no UTF-8: the name in junit.xml is then the file's. */
void test_file_base(const struct test *test, const struct test_unit *unit, char *base, size_t size);
/* Frees what the picture owns and leaves it empty. */
void test_free_picture(struct test_picture *picture);

/* ---- guest.c: 0, or an exit status that was reported ---- */

/* Identifies the guest, makes the folder and sends the executable. */
int test_guest_open(struct test *test);
/* Removes the folder; a failure is a warning. */
void test_guest_close(struct test *test);
/* Returns the path of a file in the guest's folder, owned by the caller; NULL without memory. */
char *test_guest_path(const struct test *test, const char *name);
/* Starts the executable with one argument; its output goes to the file `output` (an absolute name). Returns a
   periscope_status. */
int test_guest_start(struct test *test, const char *argument, const char *output, uint64_t *pid);
/* Fetches at most TEST_MAX_OUTPUT bytes of a file; *cut: there were more. Returns a periscope_status. */
int test_guest_fetch(struct test *test, const char *file, uint8_t **bytes, size_t *len, bool *cut);

/* ---- unit.c ---- */

/* Asks the executable for its units, test->listed. Returns 0, or an exit status that was reported. */
int test_list_units(struct test *test);
/* Runs a unit and stores its result. */
void test_run_unit(struct test *test, size_t index);
/* Takes a picture into the output folder, if there is one. */
void test_take_picture(struct test *test, struct test_picture *picture, const char *file, bool freely);

/* ---- evidence_fetch.c ---- */

/* Collects evidence of what the unit waits for, in files if there is an output folder; minidumps only until that
   deadline. pid: the unit's process. */
void test_take_evidence(struct test *test, struct test_unit *unit, uint64_t pid, int64_t dumps_until);
/* Fetches the minidump of a unit that crashed in a Windows guest, if the guest kept one. */
void test_take_crash(struct test *test, struct test_unit *unit, uint64_t pid);
/* Lists the processes that a unit has left running. */
void test_find_left(struct test *test, struct test_unit *unit, uint64_t pid);
/* Removes the evidence of an earlier run. */
void test_remove_old_evidence(struct test *test, const struct test_unit *unit);
/* Frees the evidence and leaves it empty. */
void test_free_evidence(struct test_evidence *evidence);

/* ---- record.c: each does nothing where no recording is wanted; a failure is a warning ---- */

void test_record_start(struct test *test);
/* Stops it and fetches it into the output folder. */
void test_record_stop(struct test *test);
/* Notes from now on when what comes into the guest's file (borrowed), which begins at that byte of report.txt. */
void test_record_unit_begin(struct test *test, const char *file, uint64_t begin);
/* Notes that its end was noticed: what is done to it from here on is no part of the unit. */
void test_record_unit_noticed(struct test *test);
/* Notes how much of report.txt its output is, and then, once that is written, how much is there with the line of its end. */
void test_record_unit_end(struct test *test, uint64_t end);
void test_record_unit_reported(struct test *test);
/* Makes timeline.html of the output folder, once all else is in it. */
void test_record_show(struct test *test);
void test_record_deinit(struct test *test);

/* ---- quiet.c ---- */

/* Returns whether the agent has this RPC, as its properties said. */
bool test_agent_has(const struct test *test, const char *rpc);
/* Looks whether the unit, whose output goes to that file of the guest, only waits in a window since the look before this
   one, ms ago. It is then told, once. */
void test_look_for_dialog(struct test *test, struct test_unit *unit, uint64_t pid, const char *file, int64_t ms);

/* ---- machine.c ---- */

/* Notes which events were before the first unit, once: at once where there are cards that could have some; else when a first
   call has shown whether the agent has exec. What comes from a testagentd by way of another program may claim anything. */
void test_mark_events(struct test *test, bool has_exec);
/* Compares what the agent tells behind a unit with what it told before. */
void test_judge_machine(struct test *test, struct test_unit *unit);
/* Tells whose fault the unit's result is. */
enum periscope_fault test_fault_of(const struct test_unit *unit);

/* ---- output.c ---- */

/* Returns the path of a file in the output folder, owned by the caller; NULL without memory. */
char *test_output_path(const struct test *test, const char *file);
/* Returns how many bytes of report.txt are before the unit's own output, once test->report_len are. */
uint64_t test_output_head(const struct test *test, const struct test_unit *unit);
/* Makes the folder and removes the files of an earlier run. Returns an exit status. */
int test_output_open(struct test *test);
/* Appends the unit to report.txt, framed as by TestLauncher. */
void test_output_unit(struct test *test, struct test_unit *unit);
/* Writes a file. Returns false after a warning. */
bool test_output_write(struct test *test, const char *file, const void *bytes, size_t len);
/* Removes a file of an earlier run; a failure is a warning. */
void test_output_remove(struct test *test, const char *file);
/* Completes report.txt and writes junit.xml. */
void test_output_close(struct test *test);
/* Writes junit.xml. */
void test_output_write_junit(struct test *test);

/* ---- json.c, show.c ---- */

void test_json(struct json *json, const struct test *test, int exit_status);
const char *test_exit_name(int exit_status);
/* Prints on a terminal which unit runs. */
void test_show_start(const struct test *test, const char *unit);
void test_show_unit(const struct test *test, const struct test_unit *unit);
void test_show_summary(const struct test *test);

#endif
