/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/test/test.h"

#include "base/timestamp.h"

#include <string.h>

const char *test_exit_name(int exit_status)
{
    switch (exit_status) {
#define X(symbol, value, name, help)                                                                                   \
    case value:                                                                                                        \
        return name;
        TEST_EXITS(X)
#undef X
    }
    return cli_exit_name((enum cli_exit)exit_status);
}

static void test_json_items(struct json *json, const char *key, char *const *items, size_t count)
{
    json_array_begin(json, key);
    for (size_t i = 0; i < count; i++)
        json_text(json, NULL, items[i]);
    json_array_end(json);
}

static void test_json_strings(struct json *json, const char *key, const struct periscope_strings *strings)
{
    test_json_items(json, key, strings->items, strings->count);
}

static void test_json_picture(struct json *json, const struct test_picture *picture)
{
    if (!picture->file && !picture->error) {
        json_null(json, "screenshot");
        return;
    }
    json_object_begin(json, "screenshot");
    json_text(json, "file", picture->file);
    json_text(json, "error", picture->error);
    test_json_strings(json, "facts", &picture->facts);
    json_object_end(json);
}

static void test_json_evidence(struct json *json, const struct test_evidence *evidence)
{
    if (!evidence->summary && !evidence->error && evidence->files.count == 0) {
        json_null(json, "evidence");
        return;
    }
    json_object_begin(json, "evidence");
    json_text(json, "summary", evidence->summary);
    json_text(json, "says", evidence->says);
    json_text(json, "error", evidence->error);
    test_json_items(json, "files", evidence->files.items, evidence->files.count);
    json_object_end(json);
}

static void test_json_counts(struct json *json, const struct periscope_unit_counts *counts)
{
    json_number(json, "tests", counts->tests);
    json_number(json, "failures", counts->failures);
    json_number(json, "todo", counts->todo);
    json_number(json, "flaky", counts->flaky);
    json_number(json, "skipped", counts->skipped);
}

static void test_json_lines(struct json *json, const struct test_unit *unit)
{
    size_t count = 0;
    json_array_begin(json, "lines");
    for (size_t i = 0; unit->output && i < unit->result.line_count && count < TEST_JSON_LINES; i++) {
        const struct periscope_unit_line *line = &unit->result.lines[i];
        if (line->kind == PERISCOPE_LINE_SUMMARY)
            continue;
        json_object_begin(json, NULL);
        json_text(json, "kind", periscope_unit_line_name(line->kind));
        json_number(json, "line", line->number);
        json_text_len(json, "text", unit->output + line->offset, line->len);
        json_object_end(json);
        count++;
    }
    json_array_end(json);
    bool dropped = !unit->output && unit->result.line_count > 0;
    json_bool(json, "lines_cut", dropped || count == TEST_JSON_LINES || unit->result.lines_not_kept > 0);
}

static const char *test_json_end_name(enum periscope_unit_end end)
{
    static const char *const names[] = {
        [PERISCOPE_END_UNKNOWN] = "unknown",     [PERISCOPE_END_EXITED] = "exited",
        [PERISCOPE_END_SIGNALLED] = "signalled", [PERISCOPE_END_TIMED_OUT] = "timed-out",
        [PERISCOPE_END_LOST] = "lost",           [PERISCOPE_END_NOT_RUN] = "not-run",
        [PERISCOPE_END_SKIPPED] = "skipped"};
    return names[end];
}

static void test_json_machine(struct json *json, const struct test_unit *unit)
{
    json_object_begin(json, "machine");
    json_text(json, "state", unit->judged_machine ? periscope_machine_name(unit->machine.state) : "unknown");
    test_json_strings(json, "reasons", &unit->machine.reasons);
    json_object_end(json);
    json_text(json, "fault", periscope_fault_name(test_fault_of(unit)));
}

static void test_json_unit(struct json *json, const struct test_unit *unit)
{
    json_object_begin(json, NULL);
    json_text(json, "name", unit->name);
    json_text(json, "verdict", periscope_unit_verdict_name(unit->result.verdict));
    json_text(json, "end", test_json_end_name(unit->result.end));
    json_integer(json, "status", unit->result.status);
    json_decimal(json, "seconds", (double)unit->duration_ms / 1000);
    test_json_counts(json, &unit->result.counts);
    json_object_begin(json, "summed");
    test_json_counts(json, &unit->result.summed);
    json_object_end(json);
    test_json_strings(json, "problems", &unit->result.problems);
    test_json_strings(json, "notes", &unit->result.notes);
    test_json_machine(json, unit);
    test_json_items(json, "ended", unit->ended.items, unit->ended.count);
    test_json_items(json, "restored", unit->restored.items, unit->restored.count);
    test_json_items(json, "left", unit->left.items, unit->left.count);
    test_json_lines(json, unit);
    test_json_picture(json, &unit->picture);
    test_json_evidence(json, &unit->evidence);
    json_text(json, "waits_for", unit->waits_for);
    json_object_end(json);
}

static void test_json_recording(struct json *json, const struct test_record *record)
{
    if (!record->wanted) {
        json_null(json, "recording");
        return;
    }
    json_object_begin(json, "recording");
    json_text(json, "folder", record->fetched ? TEST_RECORDING : NULL);
    json_text(json, "error", record->error);
    json_number(json, "pictures", record->found.pictures);
    json_number(json, "dropped", record->found.dropped);
    json_object_end(json);
}

void test_json(struct json *json, const struct test *test, int exit_status)
{
    char stamp[TIMESTAMP_SIZE];
    timestamp_text(stamp, test->started_ms);
    json_text(json, "executable", cli_file_name(test->executable));
    json_text(json, "dll", test->dll);
    json_text(json, "agent", test->banner);
    json_text(json, "verdict", test_exit_name(exit_status));
    json_text(json, "started", stamp);
    json_decimal(json, "seconds", (double)test->duration_ms / 1000);
    json_array_begin(json, "units");
    for (size_t i = 0; i < test->unit_count; i++)
        test_json_unit(json, &test->units[i]);
    json_array_end(json);
    test_json_picture(json, &test->picture);
    test_json_recording(json, &test->record);
    json_array_begin(json, "warnings");
    for (size_t i = 0; i < test->warnings.count; i++)
        json_text(json, NULL, test->warnings.items[i]);
    json_array_end(json);
    test_json_strings(json, "guest", &test->properties);
}
