/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs one unit: starts it, waits for it, ends it after a time-out, fetches and parses its output. */
#include "host/cli/child.h"
#include "host/cli/test/test.h"

#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRACE_MS 2000     /* between the request to end and the end by force */
#define LATE_GRACE_MS 200 /* the same of a unit that has had its time */
#define KILLED_STATUS 257 /* exit code of what a Windows agent has ended */
#define GONE_MS 5000      /* to wait for the status of a unit that was ended */

/* ---- pictures ---- */

static bool picture_is_warning(const char *fact)
{
    return strncmp(fact, "warning=", 8) == 0;
}

static void picture_failed(struct test *test, struct test_picture *picture, const char *why)
{
    picture->error = strdup(why);
    test_warn(test, "no screenshot: %s", why);
}

static bool picture_is_png(const uint8_t *bytes, size_t len)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return len > sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

static int picture_fetch(struct test *test, bool freely, struct test_picture *picture, uint8_t **bytes, size_t *len)
{
    static const char *const options[] = {"passive=0", NULL};
    struct periscope *p = test->cli->periscope;
    int status = PERISCOPE_UNSUPPORTED;
    if (freely)
        status = periscope_screenshot(p, options, &picture->facts, bytes, len);
    return status == PERISCOPE_UNSUPPORTED ? periscope_screenshot(p, NULL, &picture->facts, bytes, len) : status;
}

/* Takes a picture in place of an earlier one. freely: also by means that the running unit may notice, since it is ended
   next. */
void test_take_picture(struct test *test, struct test_picture *picture, const char *file, bool freely)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (!test->output)
        return;
    test_free_picture(picture);
    test_output_remove(test, file);
    int status = picture_fetch(test, freely, picture, &bytes, &len);
    if (status) {
        picture_failed(test, picture, periscope_error_text(test->cli->periscope));
        test_is_final(test, status);
        return;
    }
    for (size_t i = 0; i < picture->facts.count; i++)
        if (picture_is_warning(picture->facts.items[i]))
            test_warn(test, "%s: %s", file, picture->facts.items[i] + 8);
    if (!picture_is_png(bytes, len))
        picture_failed(test, picture, "what the agent sent is no PNG file");
    else if (test_output_write(test, file, bytes, len))
        picture->file = strdup(file);
    free(bytes);
}

static void picture_name(const struct test *test, const struct test_unit *unit, char file[TEST_FILE_NAME_SIZE])
{
    char base[TEST_FILE_NAME_SIZE / 2];
    test_file_base(test, unit, base, sizeof base);
    snprintf(file, TEST_FILE_NAME_SIZE, "screenshot-%s.png", base);
}

/* Removes the picture of an earlier run, so that it is not mistaken for one of this run. */
static void picture_remove_old(struct test *test, const struct test_unit *unit)
{
    char file[TEST_FILE_NAME_SIZE];
    if (!test->output)
        return;
    picture_name(test, unit, file);
    test_output_remove(test, file);
}

static void picture_of_unit(struct test *test, struct test_unit *unit, bool freely)
{
    char file[TEST_FILE_NAME_SIZE];
    picture_name(test, unit, file);
    test_take_picture(test, &unit->picture, file, freely);
}

/* ---- running ---- */

/* The state of a unit while it runs. */
struct running {
    struct test *test;
    struct test_unit *unit;
    struct periscope_unit_run run;
    uint64_t pid;
    char *file;   /* owned: the guest's file with its output */
    char *reason; /* owned: run.reason points to it */
};

static void running_set_end(struct running *running, enum periscope_unit_end end, int64_t status, const char *reason)
{
    free(running->reason);
    running->reason = reason ? strdup(reason) : NULL;
    running->run.end = end;
    running->run.status = status;
    running->run.reason = running->reason;
}

static int running_wait(struct running *running, int64_t deadline, struct periscope_exit *ended)
{
    struct periscope *p = running->test->cli->periscope;
    int64_t left = os_time_left(deadline);
    return periscope_wait(p, running->pid, left > INT_MAX ? INT_MAX : (int)left, 0, ended);
}

/* Waits until this deadline or that of all units. A guest that was away for longer is asked once more when it is back: the
   unit may still run, or the guest has booted. Returns a periscope_status. */
static int running_wait_until(struct running *running, int64_t deadline)
{
    struct test *test = running->test;
    struct periscope_exit ended;
    deadline = deadline < test->deadline ? deadline : test->deadline;
    int status = running_wait(running, deadline, &ended);
    if (test_await_return(test, status))
        status = running_wait(running, deadline, &ended);
    if (status)
        return status;
    if (ended.exited)
        running_set_end(running, PERISCOPE_END_EXITED, ended.code, NULL);
    else
        running_set_end(running, PERISCOPE_END_SIGNALLED, ended.signal, NULL);
    return 0;
}

/* Ends the unit and its descendants. Returns a periscope_status. */
static int running_kill(struct running *running, int grace_ms)
{
    struct test_unit *unit = running->unit;
    struct periscope_strings killed;
    int status = periscope_kill(running->test->cli->periscope, running->pid, grace_ms, &killed);
    for (size_t i = 0; i < killed.count; i++)
        strlist_add(child_is_fact(killed.items[i]) ? &unit->restored : &unit->ended, killed.items[i]);
    periscope_strings_free(&killed);
    return status;
}

/* Ends a unit after its time-out. The picture is taken first: it shows what the unit waits for. */
static void running_end_by_force(struct running *running)
{
    struct test *test = running->test;
    struct periscope *p = test->cli->periscope;
    struct periscope_exit ended;
    int64_t dumps_until = os_deadline(test->dump_ms);
    test_record_unit_noticed(test);
    running_set_end(running, PERISCOPE_END_TIMED_OUT, 0, NULL);
    test->out_of_time |= os_time_left(test->deadline) == 0;
    if (test->pictures != PICTURES_NEVER)
        picture_of_unit(test, running->unit, true);
    test_take_evidence(test, running->unit, running->pid, dumps_until);
    if (running->unit->evidence.summary)
        running_set_end(running, PERISCOPE_END_TIMED_OUT, 0, running->unit->evidence.summary);
    int status = running_kill(running, LATE_GRACE_MS);
    if (status) {
        test_warn(test, "%s could not be ended: %s", running->unit->name, periscope_error_text(p));
        test_is_final(test, status);
    } else {
        (void)periscope_wait(p, running->pid, GONE_MS, 0, &ended); /* so that its output is complete */
    }
}

static void running_lost(struct running *running, int status)
{
    struct test *test = running->test;
    struct periscope *p = test->cli->periscope;
    running_set_end(running, PERISCOPE_END_LOST, 0, periscope_error_text(p));
    test_is_final(test, status);
    if (!test->stop)
        test->stop = CLI_NO_AGENT; /* the guest's state is unknown: no further unit is run in it */
}

/* Ends the unit in the guest too when the run is interrupted. */
static void running_interrupted(struct running *running)
{
    struct test *test = running->test;
    running_set_end(running, PERISCOPE_END_LOST, 0, "it was interrupted");
    test_is_final(test, PERISCOPE_INTERRUPTED);
    if (running_kill(running, GRACE_MS))
        test_warn(test, "%s could not be ended: %s", running->unit->name, periscope_error_text(test->cli->periscope));
}

/* Looks for a minidump and for processes that are left, before the agent forgets the process id, which may then be
   reused. */
static void running_look_after_exit(struct running *running)
{
    bool crashed = running->run.end == PERISCOPE_END_EXITED && (running->run.status & 0x80000000u);
    if (crashed)
        test_take_crash(running->test, running->unit, running->pid);
    test_find_left(running->test, running->unit, running->pid);
}

/* Waits so, and looks meanwhile whether the unit only waits for somebody. */
static int running_wait_looking(struct running *running, int64_t until)
{
    struct test *test = running->test;
    int64_t deadline = until < test->deadline ? until : test->deadline;
    int64_t step = test->unit_limit_ms / 8 < TEST_LOOK_MS ? test->unit_limit_ms / 8 : TEST_LOOK_MS;
    int status = PERISCOPE_STILL_RUNNING;
    while (status == PERISCOPE_STILL_RUNNING && os_time_left(deadline) > step && !running->unit->waits_for) {
        status = running_wait_until(running, os_deadline(step));
        if (status == PERISCOPE_STILL_RUNNING)
            test_look_for_dialog(test, running->unit, running->pid, running->file, step);
    }
    return status == PERISCOPE_STILL_RUNNING ? running_wait_until(running, until) : status;
}

/* Returns whether the agent tells that the unit was ended by the guest's own time limit: the host was away. */
static bool running_was_over_limit(struct running *running)
{
    char option[32];
    struct periscope_strings lines;
    bool ended = running->run.end == PERISCOPE_END_SIGNALLED || running->run.status == KILLED_STATUS;
    snprintf(option, sizeof option, "pid=%llu", (unsigned long long)running->pid);
    if (!ended || !test_agent_has(running->test, "ps") ||
        periscope_ps(running->test->cli->periscope, (const char *const[]){option, NULL}, &lines))
        return false;
    bool over = lines.count && strstr(lines.items[0], "\tlimit=reached");
    periscope_strings_free(&lines);
    return over;
}

static void running_watch(struct running *running)
{
    struct test *test = running->test;
    int64_t deadline = os_deadline(test->unit_limit_ms);
    int status = PERISCOPE_STILL_RUNNING;
    if (test->picture_at_ms >= 0 && test->picture_at_ms < test->unit_limit_ms) {
        status = running_wait_looking(running, os_deadline(test->picture_at_ms));
        if (status == PERISCOPE_STILL_RUNNING)
            picture_of_unit(test, running->unit, false);
    }
    if (status == PERISCOPE_STILL_RUNNING)
        status = running_wait_looking(running, deadline);
    if (status == PERISCOPE_STILL_RUNNING)
        running_end_by_force(running);
    else if (status == PERISCOPE_INTERRUPTED)
        running_interrupted(running);
    else if (status)
        running_lost(running, status);
    else if (running_was_over_limit(running))
        running_set_end(running, PERISCOPE_END_TIMED_OUT, 0, "the guest has ended it by its time limit");
    else
        running_look_after_exit(running);
    (void)periscope_forget(test->cli->periscope, running->pid);
}

static void running_fetch(struct running *running)
{
    struct test *test = running->test;
    struct test_unit *unit = running->unit;
    bool cut;
    const char *const files[] = {running->file};
    int status = test_guest_fetch(test, running->file, &unit->output, &unit->output_len, &cut);
    if (test_await_return(test, status))
        status = test_guest_fetch(test, running->file, &unit->output, &unit->output_len, &cut);
    if (status) {
        const char *why = periscope_error_text(test->cli->periscope);
        test_warn(test, "the output of %s could not be fetched: %s", unit->name, why);
        if (!running->reason)
            running_set_end(running, running->run.end, running->run.status, why);
        test_is_final(test, status);
        return;
    }
    if (cut && !running->reason)
        running_set_end(running, running->run.end, running->run.status, "its output is longer than the limit, 64 MiB");
    (void)periscope_rm(test->cli->periscope, files, 1, NULL);
}

/* Returns "required DLL a.dll, b.dll is missing" at the end of the agent's text, or NULL for another reason. */
static const char *running_missing_dlls(const char *reason)
{
    static const char start[] = "required DLL ", end[] = " is missing";
    const char *found = strstr(reason, start);
    size_t len = strlen(reason), end_len = strlen(end);
    return found && len > end_len && strcmp(reason + len - end_len, end) == 0 ? found : NULL;
}

/* Makes the report that TestLauncher prints in place of the test. */
static void running_report_missing(struct running *running, const char *missing)
{
    struct test_unit *unit = running->unit;
    struct buffer out;
    buffer_init(&out, TEST_MAX_OUTPUT);
    buffer_printf(&out, "%s.c:0: Tests skipped: %s\n", unit->name, missing);
    buffer_printf(&out, "0000:%s: 0 tests executed (0 marked as todo, 0 failures), 1 skipped.\n", unit->name);
    unit->output = out.data;
    unit->output_len = out.len;
    unit->not_started = true;
    running_set_end(running, PERISCOPE_END_EXITED, 0, NULL);
}

/* Starts the unit. Returns a periscope_status. */
static int running_start(struct running *running)
{
    struct test *test = running->test;
    char name[32];
    snprintf(name, sizeof name, "output-%zu.txt", test->done_count);
    running->file = test_guest_path(test, name);
    int status =
        running->file ? test_guest_start(test, running->unit->name, running->file, &running->pid) : PERISCOPE_LOCAL;
    const char *why = periscope_error_text(test->cli->periscope);
    const char *missing = status == PERISCOPE_REFUSED ? running_missing_dlls(why) : NULL;
    if (missing) {
        running_report_missing(running, missing);
    } else if (status) {
        running_set_end(running, PERISCOPE_END_NOT_RUN, 0, why);
        test_is_final(test, status);
    }
    return status;
}

static void running_judge(struct running *running)
{
    struct test *test = running->test;
    struct test_unit *unit = running->unit;
    running->run.dll = test->dll;
    running->run.unit = unit->name;
    /* With a runner or a batch file, the process id of the test itself is unknown. */
    bool behind = test->runner.count > 0 || (test->plain && test->windows);
    running->run.pid = behind ? 0 : running->pid;
    if (periscope_unit_parse(unit->output, unit->output_len, &running->run, &unit->result)) {
        test_warn(test, "no memory to read the output of %s", unit->name);
        test->stop = TEST_LOCAL;
    }
    if (!test->stop || unit->result.verdict == PERISCOPE_UNIT_LOST)
        test_judge_machine(test, unit);
    bool bad = unit->result.verdict > PERISCOPE_UNIT_SKIPPED, has_one = unit->picture.file || unit->picture.error;
    if (!test->stop && !has_one && (test->pictures == PICTURES_UNIT || (test->pictures == PICTURES_FAILURE && bad)))
        picture_of_unit(test, unit, false);
    test_output_unit(test, unit);
}

/* Keeps a unit's output for junit.xml and the JSON, up to a limit for all units; report.txt has them all. */
static void unit_keep_or_drop(struct test *test, struct test_unit *unit)
{
    if (unit->output_len <= TEST_MAX_KEPT - test->kept) {
        test->kept += unit->output_len;
        return;
    }
    test_warn(test, "the output of %s is only in report.txt: all outputs together have more than %u bytes", unit->name,
              TEST_MAX_KEPT);
    free(unit->output);
    unit->output = NULL;
    unit->output_len = 0;
}

void test_run_unit(struct test *test, size_t index)
{
    struct test_unit *unit = &test->units[index];
    struct running running = {.test = test, .unit = unit};
    int64_t started = os_clock_ms();
    picture_remove_old(test, unit);
    test_remove_old_evidence(test, unit);
    test_show_start(test, unit->name);
    if (test->stop) {
        running_set_end(&running, PERISCOPE_END_NOT_RUN, 0, "the run was aborted");
    } else if (os_time_left(test->deadline) == 0) {
        test->out_of_time = true;
        running_set_end(&running, PERISCOPE_END_NOT_RUN, 0, "the total time limit was reached");
    } else if (running_start(&running) == 0) {
        uint64_t begin = test_output_head(test, unit);
        test_record_unit_begin(test, running.file, begin);
        running_watch(&running);
        running_fetch(&running);
        test_record_unit_end(test, begin + unit->output_len);
    }
    unit->duration_ms = (uint64_t)(os_clock_ms() - started);
    running_judge(&running);
    test_record_unit_reported(test);
    free(running.file);
    free(running.reason);
    test->done_count++;
    test_show_unit(test, unit);
    unit_keep_or_drop(test, unit);
}

/* ---- the list of units ---- */

static int list_failed(struct test *test, const char *why)
{
    return cli_error(test->cli, (enum cli_exit)TEST_INCOMPLETE, "%s: no list of units: %s",
                     cli_file_name(test->executable), why);
}

/* Reads what `TEST.exe --list` printed. */
static int list_read(struct test *test, const char *file)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    bool cut;
    const char *const files[] = {file};
    int status = test_guest_fetch(test, file, &bytes, &len, &cut);
    if (status)
        return cli_failed(test->cli, status);
    (void)periscope_rm(test->cli->periscope, files, 1, NULL);
    status = periscope_winetest_list(bytes, len, &test->listed);
    char why[200];
    snprintf(why, sizeof why, "its output is '%.*s'", (int)(len < 120 ? len : 120), bytes ? (const char *)bytes : "");
    free(bytes);
    return status || test->listed.count == 0 ? list_failed(test, why) : 0;
}

int test_list_units(struct test *test)
{
    struct periscope *p = test->cli->periscope;
    struct periscope_exit ended;
    uint64_t pid;
    char *file = test_guest_path(test, "list.txt");
    if (!file)
        return list_failed(test, "no memory");
    int status = test_guest_start(test, "--list", file, &pid);
    if (status) {
        status =
            status == PERISCOPE_REFUSED ? list_failed(test, periscope_error_text(p)) : cli_failed(test->cli, status);
    } else {
        status = periscope_wait(p, pid, TEST_LIST_MS, 0, &ended);
        if (status == PERISCOPE_STILL_RUNNING)
            status = list_failed(test, "it did not end in time");
        else if (status)
            status = cli_failed(test->cli, status);
        if (periscope_kill(p, pid, GRACE_MS, NULL))
            test_warn(test, "what the list of units has started could not be ended: %s", periscope_error_text(p));
        (void)periscope_forget(p, pid);
        if (!status)
            status = list_read(test, file);
    }
    free(file);
    return status;
}
