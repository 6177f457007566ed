/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints a run for people: a line for each unit when it ends, its problems below it, and a summary. */
#include "host/cli/test/test.h"
#include "host/cli/out.h"

#include "base/utf8.h"
#include "platform/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COLUMNS 24
#define LINE_COLUMNS 200 /* bytes of a report's line that are shown; report.txt has all */

static const char *show_colour(enum periscope_unit_verdict verdict)
{
    switch (verdict) {
    case PERISCOPE_UNIT_PASSED:
        return "\33[32m";
    case PERISCOPE_UNIT_SKIPPED:
        return "\33[33m";
    default:
        return "\33[31m";
    }
}

static bool show_is_coloured(void)
{
    const char *no = getenv("NO_COLOR");
    return os_terminal_is_output() && !(no && *no);
}

void test_show_start(const struct test *test, const char *unit)
{
    if (test->cli->json || test->cli->quiet || !os_terminal_is_output())
        return;
    out_print("%s:%s ...", test->dll, unit);
    out_flush(NULL);
}

/* Formats "1234 tests, 2 failures, 3 todo". Zero counts are omitted, except that of the tests. */
static void show_counts_text(const struct periscope_unit_counts *counts, char *text, size_t size)
{
    const struct {
        uint64_t number;
        const char *what;
    } parts[] = {{counts->failures, counts->failures == 1 ? "failure" : "failures"},
                 {counts->todo, "todo"},
                 {counts->flaky, "flaky"},
                 {counts->skipped, "skipped"}};
    int len = snprintf(text, size, "%" PRIu64 " %s", counts->tests, counts->tests == 1 ? "test" : "tests");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && len > 0 && (size_t)len < size; i++)
        if (parts[i].number)
            len += snprintf(text + len, size - (size_t)len, ", %" PRIu64 " %s", parts[i].number, parts[i].what);
}

/* Prints a part of a report without the bytes that could control a terminal. */
static void show_text(const struct test *test, const char *before, const uint8_t *bytes, size_t len)
{
    char text[LINE_COLUMNS + 1];
    size_t shown = len < LINE_COLUMNS ? len : LINE_COLUMNS;
    for (size_t i = 0; i < shown; i++)
        text[i] = bytes[i] ? (char)bytes[i] : '?';
    text[shown] = 0;
    utf8_make_printable(text);
    cli_print(test->cli, "    %s%s%s\n", before, text, shown < len ? " ... (cut)" : "");
}

static void show_items(const struct test *test, const char *before, char *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        show_text(test, before, (const uint8_t *)items[i], strlen(items[i]));
}

static void show_strings(const struct test *test, const char *before, const struct periscope_strings *strings)
{
    show_items(test, before, strings->items, strings->count);
}

static bool show_is_bad_line(const struct periscope_unit_line *line)
{
    return line->kind == PERISCOPE_LINE_FAILURE || line->kind == PERISCOPE_LINE_CRASH;
}

static void show_lines(const struct test *test, const struct test_unit *unit)
{
    size_t shown = 0, bad = 0;
    for (size_t i = 0; unit->output && i < unit->result.line_count; i++) {
        const struct periscope_unit_line *line = &unit->result.lines[i];
        if (!show_is_bad_line(line))
            continue;
        bad++;
        if (shown < TEST_SHOWN_LINES) {
            show_text(test, "", unit->output + line->offset, line->len);
            shown++;
        }
    }
    if (bad > shown)
        cli_print(test->cli, "    ... and %zu more\n", bad - shown);
}

/* Prints what the machine did, unless it is as it should be, and whose fault that makes the result. */
static void show_machine(const struct test *test, const struct test_unit *unit)
{
    if (!unit->judged_machine || unit->machine.state <= PERISCOPE_MACHINE_UNKNOWN)
        return;
    cli_print(test->cli, "    machine: %s; whose fault: %s\n", periscope_machine_name(unit->machine.state),
              periscope_fault_name(test_fault_of(unit)));
    show_strings(test, "  ", &unit->machine.reasons);
}

void test_show_unit(const struct test *test, const struct test_unit *unit)
{
    char name[2 * PERISCOPE_WINETEST_MAX_NAME + 2], counts[160];
    bool colours = show_is_coloured();
    enum periscope_unit_verdict verdict = unit->result.verdict;
    if (!test->cli->quiet && os_terminal_is_output())
        cli_print(test->cli, "\r\33[K");
    snprintf(name, sizeof name, "%.128s:%.128s", test->dll, unit->name);
    show_counts_text(&unit->result.counts, counts, sizeof counts);
    cli_print(test->cli, "%-*s %s%-9s%s %6.1f s  %s\n", NAME_COLUMNS, name, colours ? show_colour(verdict) : "",
              periscope_unit_verdict_name(verdict), colours ? "\33[0m" : "", (double)unit->duration_ms / 1000, counts);
    show_strings(test, "", &unit->result.problems);
    show_strings(test, "note: ", &unit->result.notes);
    show_machine(test, unit);
    show_lines(test, unit);
    show_items(test, "ended: ", unit->ended.items, unit->ended.count);
    show_items(test, "restored: ", unit->restored.items, unit->restored.count);
    show_items(test, "left running: ", unit->left.items, unit->left.count);
    if (unit->picture.file)
        cli_print(test->cli, "    picture: %s/%s\n", test->output, unit->picture.file);
    if (unit->evidence.says)
        show_text(test, "its text: ", (const uint8_t *)unit->evidence.says, strlen(unit->evidence.says));
    for (size_t i = 0; i < unit->evidence.files.count; i++)
        cli_print(test->cli, "    evidence: %s/%s\n", test->output, unit->evidence.files.items[i]);
    out_flush(NULL);
}

static void show_add_counts(struct periscope_unit_counts *sum, const struct periscope_unit_counts *counts)
{
    sum->tests += counts->tests;
    sum->failures += counts->failures;
    sum->todo += counts->todo;
    sum->flaky += counts->flaky;
    sum->skipped += counts->skipped;
}

/* Prints "3 units: 2 passed, 1 timed out; 1234 tests, ...". */
void test_show_summary(const struct test *test)
{
    unsigned by_verdict[PERISCOPE_UNIT_NOT_RUN + 1] = {0};
    struct periscope_unit_counts sum = {0};
    char counts[160];
    const char *comma = "";
    for (size_t i = 0; i < test->done_count; i++) {
        by_verdict[test->units[i].result.verdict]++;
        show_add_counts(&sum, &test->units[i].result.counts);
    }
    show_counts_text(&sum, counts, sizeof counts);
    cli_print(test->cli, "%zu unit%s: ", test->done_count, test->done_count == 1 ? "" : "s");
    for (unsigned i = 0; i <= PERISCOPE_UNIT_NOT_RUN; i++) {
        if (by_verdict[i] == 0)
            continue;
        cli_print(test->cli, "%s%u %s", comma, by_verdict[i],
                  periscope_unit_verdict_name((enum periscope_unit_verdict)i));
        comma = ", ";
    }
    cli_print(test->cli, "; %s; %.1f s\n", counts, (double)test->duration_ms / 1000);
    if (test->output)
        cli_print(test->cli, "%s: report.txt, result.json, junit.xml%s%s%s\n", test->output,
                  test->picture.file ? ", " : "", test->picture.file ? test->picture.file : "",
                  test->record.has_page ? ", recording, timeline.html" : "");
}
