/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recording of a run: the screen from before the first unit to after the last, and when which output came. */
#include "host/cli/test/test.h"

#include "host/cli/recorded.h"
#include "host/cli/timeline.h"
#include "platform/clock.h"
#include "platform/tree.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES_NAME "output.times"
#define TIMES_MAX (16u << 20) /* bytes */
#define TIMES_WAIT_MS 20000   /* of one request */
#define TIMES_STEP_MS 20      /* between two lines */

static void record_failed(struct test *test, const char *why)
{
    free(test->record.error);
    test->record.error = strdup(why);
    test_warn(test, "the screen is not recorded: %s", why);
}

/* ---- when output came ---- */

/* Writes down that so many bytes of report.txt had come by that time of ours, in the guest's time. */
static void times_add(struct test *test, uint64_t offset, int64_t at_us)
{
    struct test_record *record = &test->record;
    if (record->has_clock)
        buffer_printf(&record->times, "%" PRIu64 " %" PRId64 " %" PRId64 "\n", offset, at_us + record->to_mono_us,
                      at_us + record->to_wall_us);
}

static void times_main(void *context)
{
    struct test *test = context;
    struct test_record *record = &test->record;
    uint64_t size = 0, last = 0;
    while (!atomic_load(&record->unit_ended) &&
           periscope_await_file(record->watching, record->file, &size, TIMES_WAIT_MS) == PERISCOPE_OK) {
        if (size != last)
            times_add(test, record->begin + size, os_clock_us());
        last = size;
        os_sleep_ms(TIMES_STEP_MS);
    }
}

static void times_set_patience(const struct test *test, struct periscope *p)
{
    const struct cli *cli = test->cli;
    periscope_set_timeouts(p, cli->connect_timeout_ms < 0 ? PERISCOPE_CONNECT_MS : cli->connect_timeout_ms,
                           PERISCOPE_IO_MS);
}

void test_record_unit_begin(struct test *test, const char *file, uint64_t begin)
{
    struct test_record *record = &test->record;
    struct error err;
    if (!record->has_clock)
        return;
    record->file = file;
    record->begin = begin;
    atomic_store(&record->unit_ended, false);
    record->ended_us = 0;
    times_add(test, begin, os_clock_us());
    record->watching = periscope_new(test->cli->host, test->cli->port);
    if (!record->watching)
        return;
    times_set_patience(test, record->watching);
    if (os_thread_start_joinable(&record->thread, times_main, test, &err)) {
        record->thread = NULL;
        test_warn(test, "when output comes is not written down: %s", err.text);
    }
}

void test_record_unit_noticed(struct test *test)
{
    struct test_record *record = &test->record;
    if (!record->has_clock || record->ended_us)
        return;
    atomic_store(&record->unit_ended, true);
    if (record->thread) {
        periscope_interrupt(record->watching);
        os_thread_join(record->thread);
    }
    record->thread = NULL;
    periscope_free(record->watching);
    record->watching = NULL;
    record->ended_us = os_clock_us();
}

void test_record_unit_end(struct test *test, uint64_t end)
{
    test_record_unit_noticed(test);
    times_add(test, end, test->record.ended_us);
}

void test_record_unit_reported(struct test *test)
{
    if (test->record.ended_us)
        times_add(test, test->report_len, test->record.ended_us);
    test->record.ended_us = 0;
}

/* ---- the recording ---- */

/* Removes that of an earlier run. */
static void record_remove_old(struct test *test, const char *path)
{
    struct os_tree_notes notes = {{0}, 0};
    struct os_file_facts index;
    struct error err;
    char file[4200];
    uint64_t removed;
    snprintf(file, sizeof file, "%s/index.txt", path);
    os_file_look(file, &index);
    if (index.exists && (os_tree_empty(path, &notes, &removed, &err) || notes.count))
        test_warn(test, "the recording of an earlier run could not be removed from '%s'", path);
    strlist_deinit(&notes.texts);
}

/* Learns the guest's clocks from an answer that was asked for at that time of ours. */
static void record_take_clock(struct test *test, const struct periscope_strings *facts, int64_t asked_us)
{
    const char *mono = periscope_strings_get(facts, "mono-us"), *wall = periscope_strings_get(facts, "wall-us");
    int64_t middle_us = asked_us + (os_clock_us() - asked_us) / 2;
    test->record.has_clock = mono && wall;
    if (!test->record.has_clock)
        return;
    test->record.to_mono_us = strtoll(mono, NULL, 10) - middle_us;
    test->record.to_wall_us = strtoll(wall, NULL, 10) - middle_us;
}

static void record_begin(struct test *test)
{
    struct periscope *p = test->cli->periscope;
    struct periscope_strings facts;
    int status = periscope_record_start(p, NULL, &facts);
    const char *id = periscope_strings_get(&facts, "id"), *folder = periscope_strings_get(&facts, "folder");
    if (status || !id || !folder) {
        record_failed(test, status ? periscope_error_text(p) : "the agent does not say where");
        test_is_final(test, status);
    } else {
        test->record.id = strdup(id);
        test->record.folder = strdup(folder);
    }
    periscope_strings_free(&facts);
    int64_t asked_us = os_clock_us(); /* the start may have waited for the first picture */
    if (test->record.id && periscope_record_list(p, &facts) == 0)
        record_take_clock(test, &facts, asked_us);
    periscope_strings_free(&facts);
}

void test_record_start(struct test *test)
{
    char *path = test->record.wanted ? test_output_path(test, TEST_RECORDING) : NULL;
    if (!path)
        return;
    record_remove_old(test, path);
    test_output_remove(test, TIMES_NAME);
    test_output_remove(test, TEST_PAGE);
    free(path);
    buffer_init(&test->record.times, TIMES_MAX);
    record_begin(test);
}

static void record_fetch(struct test *test)
{
    struct error err;
    char *path = test_output_path(test, TEST_RECORDING);
    int status =
        path ? recorded_fetch(test->cli, test->record.folder, path, false, &test->record.found, &err) : PERISCOPE_LOCAL;
    if (status)
        record_failed(test, !path ? "no memory" : err.status ? err.text : periscope_error_text(test->cli->periscope));
    test->record.fetched = status == 0;
    free(path);
}

void test_record_stop(struct test *test)
{
    static const char *const options[] = {"reason=the test has ended", NULL};
    struct test_record *record = &test->record;
    struct periscope_strings facts;
    if (!record->id || !record->folder)
        return;
    /* Also if it can't be stopped: what an agent has recorded that was restarted is still there. */
    if (periscope_record_stop(test->cli->periscope, record->id, options, &facts))
        test_warn(test, "the recording was not stopped: %s", periscope_error_text(test->cli->periscope));
    periscope_strings_free(&facts);
    record_fetch(test);
    if (record->times.failed)
        test_warn(test, "not all of when output came was written down");
    if (record->has_clock)
        test_output_write(test, TIMES_NAME, record->times.data, record->times.len);
}

void test_record_show(struct test *test)
{
    struct error err;
    if (!test->record.fetched)
        return;
    int status = timeline_make(test->output, &err);
    if (status)
        test_warn(test, "no timeline.html: %s", err.text);
    test->record.has_page = status == 0;
    if (test->record.has_page)
        test_output_write_junit(test); /* again, with where the page is */
}

void test_record_deinit(struct test *test)
{
    buffer_deinit(&test->record.times);
    free(test->record.id);
    free(test->record.folder);
    free(test->record.error);
}
