/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verb `test`: parses the command line and carries out the steps of a run. */
#include "host/cli/away.h"
#include "host/cli/test/test.h"

#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_LEEWAY_S 30 /* like the TestBot's hosts */

static const struct cli_option options[] = {
    {"runner", 'R', "COMMAND", "run the executable by this command, such as wine; default: none"},
    {"env", 'e', "NAME[=VALUE]", "set a variable of each unit's environment; without '=', remove it"},
    {"time-limit", 'l', "SECONDS", "how long a unit may take (120)"},
    {"wait-ready", 0, "SECONDS", "first wait so long until the guest's desktop is ready; else the run is incomplete"},
    AWAY_OPTION,
    {"total-limit", 'L', "SECONDS", "how long all units together, and what comes before them, may take (no limit)"},
    {"dump-time", 0, "SECONDS", "how long minidumps may take beyond a unit's limit (0.5), Windows guests"},
    {"output", 'o', "DIR", "write report.txt, result.json, junit.xml and screenshot.png here"},
    {"screenshot", 's', "never|end|failure|unit", "when: at the end (default), also after bad units, or after each"},
    {"screenshot-at", 0, "SECONDS", "take a picture of each unit this long after its start, if it still runs"},
    {"attachment-prefix", 0, "PATH", "the prefix of a picture's name in junit.xml (DIR)"},
    {"record", 0, NULL, "record the screen meanwhile, into DIR/recording; needs --output"},
    {"no-settime", 0, NULL, "do not set the guest's clock"},
    {0},
};

/* ---- the command line ---- */

static int test_parse_pictures(struct test *test)
{
    static const char *const names[] = {
        [PICTURES_NEVER] = "never", [PICTURES_END] = "end", [PICTURES_FAILURE] = "failure", [PICTURES_UNIT] = "unit"};
    const char *when = cli_option(test->cli, "screenshot");
    test->pictures = PICTURES_END;
    if (!when)
        return 0;
    for (int i = 0; i < 4; i++) {
        if (strcmp(when, names[i]) == 0) {
            test->pictures = (enum test_pictures)i;
            return 0;
        }
    }
    return cli_usage(test->cli, "--screenshot: '%s' is none of never, end, failure, unit", when);
}

static bool test_parse_time(struct test *test, const char *name, int *ms)
{
    const char *text = cli_option(test->cli, name);
    return !text || cli_seconds(test->cli, name, text, ms);
}

static int test_parse_times(struct test *test)
{
    int total_ms = -1;
    test->unit_limit_ms = TEST_LIMIT_MS;
    test->picture_at_ms = -1;
    test->dump_ms = TEST_DUMP_MS;
    test->ready_ms = -1;
    if (!test_parse_time(test, "wait-ready", &test->ready_ms) ||
        !test_parse_time(test, "time-limit", &test->unit_limit_ms) ||
        !test_parse_time(test, "total-limit", &total_ms) || !test_parse_time(test, "dump-time", &test->dump_ms) ||
        !test_parse_time(test, "screenshot-at", &test->picture_at_ms))
        return CLI_USAGE;
    test->deadline = os_deadline(total_ms);
    away_show(test->cli, 0); /* calls end soon: test_await_return() waits, beyond a unit's time too */
    return away_take(test->cli, &test->away_ms);
}

/* Splits --runner at spaces. */
static void test_parse_runner(struct test *test)
{
    const char *runner = cli_option(test->cli, "runner");
    if (!runner || strcmp(runner, "none") == 0)
        return;
    for (size_t len; *runner; runner += len) {
        runner += strspn(runner, " ");
        len = strcspn(runner, " ");
        if (len)
            strlist_addf(&test->runner, "%.*s", (int)len, runner);
    }
}

/* Sets the variables of the units. Those named WINETEST_* are read by Wine tests (wine/test.h) and make their reports
   parseable. */
static void test_make_environment(struct test *test)
{
    const char **given = cli_option_all(test->cli, "env");
    if (test->runner.count)
        strlist_add(&test->env, "WINETEST_PLATFORM=wine");
    strlist_add(&test->env, "WINETEST_DEBUG=1");
    strlist_add(&test->env, "WINETEST_INTERACTIVE=0");
    strlist_add(&test->env, "WINETEST_REPORT_SUCCESS=0");
    strlist_add(&test->env, "WINETEST_COLOR=0");
    for (size_t i = 0; given && given[i]; i++)
        strlist_add(&test->env, given[i]); /* a later setting of the same name wins */
    if (!given)
        test->env.failed = true;
    free(given);
}

/* Returns "kernel32" for "kernel32_test.exe", "kernel32_test64.exe" and "kernel32.exe". */
static char *test_dll_name(const char *executable)
{
    const char *name = cli_file_name(executable), *end = strstr(name, "_test");
    size_t len = end && end > name ? (size_t)(end - name) : strcspn(name, ".");
    if (len > PERISCOPE_WINETEST_MAX_NAME)
        len = PERISCOPE_WINETEST_MAX_NAME;
    char *dll = malloc(len + 1);
    if (dll)
        snprintf(dll, len + 1, "%.*s", (int)len, name);
    return dll;
}

static int test_parse(struct test *test)
{
    struct cli *cli = test->cli;
    const char *prefix = cli_option(cli, "attachment-prefix");
    test->executable = cli->operands[0];
    test->output = cli_option(cli, "output");
    test->record.wanted = cli_option(cli, "record") != NULL;
    if (test->record.wanted && !test->output)
        return cli_usage(cli, "--record needs --output, the folder that the recording is fetched into");
    test->dll = test_dll_name(test->executable);
    if (prefix)
        strlist_add(&test->attachment, prefix);
    test_parse_runner(test);
    test_make_environment(test);
    if (!test->dll || test->env.failed || test->runner.failed || test->attachment.failed)
        return cli_error(cli, (enum cli_exit)TEST_LOCAL, "no memory");
    int exit_status = test_parse_pictures(test);
    return exit_status ? exit_status : test_parse_times(test);
}

/* ---- the run ---- */

static void test_set_time(struct test *test)
{
    if (cli_option(test->cli, "no-settime"))
        return;
    int status = periscope_settime(test->cli->periscope, (uint64_t)(os_wall_time_ms() / 1000), CLOCK_LEEWAY_S);
    if (status)
        test_warn(test, "the guest's clock could not be set: %s", periscope_error_text(test->cli->periscope));
}

static int test_choose_units(struct test *test)
{
    struct cli *cli = test->cli;
    char *const *names = cli->operands + 1;
    size_t count = cli->operand_count - 1;
    if (count == 0) {
        int exit_status = test_list_units(test);
        if (exit_status)
            return exit_status;
        names = test->listed.items;
        count = test->listed.count;
    }
    if (count > TEST_MAX_UNITS)
        return cli_usage(cli, "%zu units are too many: the limit is %d", count, TEST_MAX_UNITS);
    test->units = calloc(count, sizeof *test->units);
    if (!test->units)
        return cli_error(cli, (enum cli_exit)TEST_LOCAL, "no memory for %zu units", count);
    test->unit_count = count;
    for (size_t i = 0; i < count; i++)
        test->units[i].name = names[i];
    return 0;
}

static int test_exit_of(enum periscope_unit_verdict verdict)
{
    switch (verdict) {
    case PERISCOPE_UNIT_PASSED:
    case PERISCOPE_UNIT_SKIPPED:
        return TEST_PASSED;
    case PERISCOPE_UNIT_FAILED:
        return TEST_FAILED;
    case PERISCOPE_UNIT_CRASHED:
        return TEST_CRASHED;
    case PERISCOPE_UNIT_TIMED_OUT:
        return TEST_TIMED_OUT;
    case PERISCOPE_UNIT_LOST:
        return CLI_NO_AGENT;
    case PERISCOPE_UNIT_NOT_RUN:
        return TEST_INCOMPLETE;
    }
    return TEST_INCOMPLETE;
}

static int test_verdict(const struct test *test)
{
    int worst = test->out_of_time ? TEST_TIMED_OUT : TEST_PASSED;
    for (size_t i = 0; i < test->unit_count; i++) {
        int exit_status = test_exit_of(test->units[i].result.verdict);
        if (exit_status > worst && !(test->out_of_time && exit_status == TEST_INCOMPLETE))
            worst = exit_status;
    }
    if (test->stop)
        return test->stop;
    return worst == TEST_PASSED && test->output_failed ? TEST_LOCAL : worst;
}

static void test_write_result(struct test *test, int exit_status)
{
    struct json json;
    if (!test->output)
        return;
    json_init(&json);
    json_object_begin(&json, NULL);
    json_text(&json, "host", test->cli->target);
    test_json(&json, test, exit_status);
    json_number(&json, "exit", (uint64_t)exit_status);
    json_object_end(&json);
    buffer_append(&json.out, "\n", 1);
    if (json.out.failed)
        test_warn(test, "no memory for result.json");
    else
        test_output_write(test, "result.json", json.out.data, json.out.len);
    test->output_failed |= json.out.failed;
    json_deinit(&json);
}

/* Lets the calls after the last unit's end go on for a while, but not as long as the guest likes. */
static void test_allow_grace(struct test *test)
{
    int64_t left = os_time_left(test->deadline);
    if (left < INT_MAX - TEST_GRACE_MS)
        periscope_set_limit(test->cli->periscope, (int)left + TEST_GRACE_MS);
}

static int test_run_units(struct test *test)
{
    int exit_status = test_choose_units(test);
    if (exit_status)
        return exit_status;
    test_allow_grace(test);
    for (size_t i = 0; i < test->unit_count; i++)
        test_run_unit(test, i);
    if (!test->stop && test->pictures != PICTURES_NEVER)
        test_take_picture(test, &test->picture, "screenshot.png", false);
    return 0;
}

static int test_finish(struct test *test)
{
    test->duration_ms = (uint64_t)(os_wall_time_ms() - test->started_ms);
    test_output_close(test);
    int exit_status = test_verdict(test);
    test_write_result(test, exit_status);
    exit_status = test_verdict(test);
    test_record_show(test);
    test_show_summary(test);
    test_json(&test->cli->reply, test, exit_status);
    test->cli->status = test_exit_name(exit_status);
    test->judged = true;
    return exit_status;
}

static int test_carry_out(struct test *test)
{
    int exit_status = test_output_open(test);
    if (!exit_status) {
        exit_status = test_guest_open(test);
        if (!exit_status) {
            test_set_time(test);
            test_record_start(test);
            exit_status = test_run_units(test);
        }
        if (exit_status == CLI_INTERRUPTED)
            periscope_set_limit(test->cli->periscope, TEST_LEAVE_MS);
        else if (exit_status)
            test_allow_grace(test);
        test_record_stop(test);
        test_guest_close(test);
    }
    return exit_status ? exit_status : test_finish(test);
}

static void test_deinit(struct test *test)
{
    for (size_t i = 0; i < test->unit_count; i++) {
        periscope_unit_free(&test->units[i].result);
        periscope_machine_free(&test->units[i].machine);
        strlist_deinit(&test->units[i].ended);
        strlist_deinit(&test->units[i].restored);
        test_free_picture(&test->units[i].picture);
        test_free_evidence(&test->units[i].evidence);
        free(test->units[i].waits_for);
        strlist_deinit(&test->units[i].left);
        free(test->units[i].output);
    }
    test_free_picture(&test->picture);
    os_upload_abandon(test->report);
    periscope_strings_free(&test->listed);
    periscope_strings_free(&test->properties);
    periscope_strings_free(&test->look);
    strlist_deinit(&test->runner);
    strlist_deinit(&test->env);
    strlist_deinit(&test->attachment);
    strlist_deinit(&test->warnings);
    test_record_deinit(test);
    free(test->units);
    free(test->folder);
    free(test->program);
    free(test->banner);
    free(test->dll);
}

static int test_run(struct cli *cli)
{
    struct test test = {.cli = cli, .started_ms = os_wall_time_ms()};
    cli_catch_interrupt(cli);
    int exit_status = test_parse(&test);
    if (!exit_status)
        exit_status = test_carry_out(&test);
    if (!test.judged && exit_status == CLI_FAILED) {
        exit_status = TEST_LOCAL; /* 1 is a verdict of this verb */
        cli->status = test_exit_name(exit_status);
    }
    test_deinit(&test);
    return exit_status;
}

const struct command command_test = {
    .name = "test",
    .operands = "TEST.exe [UNIT...]",
    .summary = "Run a Wine test: send it, run its units, fetch report and picture",
    .details = "Without UNIT all units that the executable lists are run. Sets the guest's clock, sends the\n"
               "executable to a folder of its own, runs each unit with a time limit and the WINETEST_ variables,\n"
               "and removes the folder. After a time-out, takes a screenshot and reports what the unit waits for,\n"
               "such as a dialog, then ends the unit and all its descendants.\n"
               "\n"
               "The exit status is the verdict: 0 all units passed, 1 one failed, 3 one crashed, 4 a time-out,\n"
               "5 a unit could not be started, 6 a local failure; or that of every verb.\n",
    .examples = "  periscope test vm1:9000 kernel32_test.exe atom environ\n"
                "  periscope test --runner wine --output out vm1:9000 user32_test.exe msg\n"
                "  periscope test --time-limit 300 --screenshot unit -o out vm1:9000 d3d11_test.exe\n",
    .options = options,
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .run = test_run,
};
