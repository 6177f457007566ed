/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/result.h"
#include "host/report/winetest_scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

static void scan_keep_line(struct winetest_scan *scan, enum periscope_unit_line_kind kind, size_t offset, size_t len,
                           uint64_t number)
{
    struct periscope_unit *unit = scan->unit;
    if (unit->line_count == PERISCOPE_WINETEST_MAX_LINES) {
        unit->lines_not_kept++;
        return;
    }
    /* It grows at each power of two, so that the public struct needs no field for the capacity. */
    if ((unit->line_count & (unit->line_count - 1)) == 0) {
        size_t capacity = unit->line_count ? unit->line_count * 2 : 1;
        struct periscope_unit_line *lines = realloc(unit->lines, capacity * sizeof *lines);
        if (!lines) {
            scan->failed = true;
            return;
        }
        unit->lines = lines;
    }
    unit->lines[unit->line_count++] = (struct periscope_unit_line){kind, offset, len, number};
}

static bool scan_is_ours(const struct winetest_scan *scan, struct slice name)
{
    /* TestLauncher names the DLL in the messages that it prints itself. */
    return scan->name.len == 0 || slice_equal(name, scan->name) || slice_equal(name, scan->dll);
}

static void scan_count_message(struct winetest_scan *scan, const struct line_message *message, uint64_t number)
{
    scan->wine_test = true;
    if (scan_is_ours(scan, message->name) || message->other_source)
        return;
    winetest_problem(scan, "line %" PRIu64 ": a message of another unit, %.*s", number,
                     message->name.len < 64 ? (int)message->name.len : 64, (const char *)message->name.data);
}

/* Records the end of a process. pid 0 stands for any process, as in reports without process ids. */
static void scan_process_ended(struct winetest_scan *scan, uint64_t pid)
{
    scan->any_ended = true;
    if (!scan->ended && (pid == 0 || scan->unit->pid == 0 || pid == scan->unit->pid))
        scan->main_ended = true;
}

static void scan_crash(struct winetest_scan *scan, uint64_t number)
{
    if (scan->first_crash_line == 0)
        scan->first_crash_line = number;
}

static void scan_exception(struct winetest_scan *scan, const struct line_message *message, uint64_t number)
{
    scan_count_message(scan, message, number);
    scan->counted.failures++;
    scan->exceptions++;
    scan->exception_code = message->value;
    scan_crash(scan, number);
    if (scan_is_ours(scan, message->name)) {
        scan->unit->summed.failures++; /* this process prints no summary that counts it */
        scan_process_ended(scan, message->pid);
    }
}

/* Counts a message. Returns the kind to keep the line as, or -1 to drop it. */
static int scan_message(struct winetest_scan *scan, const struct line_message *message, uint64_t number)
{
    switch (message->kind) {
    case LINE_PLAIN:
        return -1;
    case LINE_FAILED:
    case LINE_CHILD_EXCEPTION:
        scan_count_message(scan, message, number);
        scan->counted.failures++;
        return PERISCOPE_LINE_FAILURE;
    case LINE_TODO:
        scan_count_message(scan, message, number);
        scan->counted.todo++;
        return PERISCOPE_LINE_TODO;
    case LINE_FLAKY:
        scan_count_message(scan, message, number);
        scan->counted.flaky++;
        return PERISCOPE_LINE_FLAKY;
    case LINE_SKIPPED:
        scan->wine_test = true;
        scan->counted.skipped += scan_is_ours(scan, message->name);
        return PERISCOPE_LINE_SKIPPED;
    case LINE_CHILD_FAILURES:
        scan->child_failures += message->value;
        return PERISCOPE_LINE_FAILURE;
    case LINE_EXCEPTION:
        scan_exception(scan, message, number);
        return PERISCOPE_LINE_CRASH;
    case LINE_NO_SUCH_TEST:
        scan->wine_test = true;
        scan->counted.failures++;
        scan->unit->summed.failures++;
        scan_process_ended(scan, 0);
        return PERISCOPE_LINE_FAILURE;
    case LINE_TOO_MUCH:
        winetest_note(scan, "line %" PRIu64 ": winetest.exe reports that the test prints too much", number);
        return -1;
    }
    return -1;
}

static uint64_t scan_sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static bool scan_summary(struct winetest_scan *scan, const struct line_summary *summary, uint64_t number)
{
    struct periscope_unit_counts *summed = &scan->unit->summed;
    scan->wine_test = true;
    if (!scan_is_ours(scan, summary->name)) {
        if (summary->todo || summary->failures)
            winetest_problem(scan, "line %" PRIu64 ": a summary of another unit, %.*s", number,
                             summary->name.len < 64 ? (int)summary->name.len : 64, (const char *)summary->name.data);
        return false;
    }
    summed->tests = scan_sum(summed->tests, summary->tests);
    summed->todo = scan_sum(summed->todo, summary->todo);
    summed->flaky = scan_sum(summed->flaky, summary->flaky);
    summed->failures = scan_sum(summed->failures, summary->failures);
    summed->skipped = scan_sum(summed->skipped, summary->skipped);
    scan->tells_flaky |= summary->tells_flaky;
    scan->unit->summaries++;
    scan_process_ended(scan, summary->pid);
    if (scan->unit->unit[0] == '\0') { /* without a frame, the summary names the unit */
        free(scan->unit->unit);
        scan->unit->unit = winetest_name(summary->name);
        scan->failed |= !scan->unit->unit;
    }
    return true;
}

static void scan_line(struct winetest_scan *scan, struct slice line, size_t offset, uint64_t number)
{
    struct line_message message;
    struct line_summary summary = {0};
    scan->ended = offset >= scan->end;
    line_message(line, scan->name, &message);
    int kind = scan_message(scan, &message, number);
    if (message.crash) {
        scan_crash(scan, number);
        kind = kind < 0 ? (int)PERISCOPE_LINE_CRASH : kind;
    }
    /* As the TestBot reads a line only once, a summary behind a message is none. */
    int read = message.kind == LINE_PLAIN ? line_summary(line, scan->name, &summary) : 0;
    if (read < 0)
        winetest_note(scan, "line %" PRIu64 ": a malformed summary", number);
    bool ours = read > 0 && scan_summary(scan, &summary, number);
    if (kind < 0 && ours)
        kind = PERISCOPE_LINE_SUMMARY;
    if (kind >= 0)
        scan_keep_line(scan, (enum periscope_unit_line_kind)kind, offset, line.len, number);
}

static void scan_lines(struct winetest_scan *scan, struct slice text)
{
    struct slice line;
    uint64_t number = 0;
    for (size_t at = 0; !scan->failed && line_next(text, &at, &line);)
        scan_line(scan, line, (size_t)(line.data - text.data), ++number);
}

/* ---- a unit ---- */

static struct slice scan_text(const char *text)
{
    return (struct slice){(const uint8_t *)text, text ? strlen(text) : 0};
}

int winetest_unit_parse(struct slice output, size_t size, size_t end, const struct periscope_unit_run *run,
                        struct periscope_unit *out)
{
    *out = (struct periscope_unit){
        .end = run->end, .status = run->status, .pid = run->pid, .seconds = -1, .len = output.len};
    out->dll = winetest_name(scan_text(run->dll));
    out->unit = winetest_name(scan_text(run->unit));
    struct winetest_scan scan = {
        .unit = out, .dll = scan_text(run->dll), .name = scan_text(run->unit), .size = size, .end = end};
    scan.failed = !out->dll || !out->unit;
    if (!scan.failed)
        scan_lines(&scan, output);
    if (!scan.failed)
        winetest_judge(&scan, run);
    strings_take(&out->problems, &scan.problems);
    strings_take(&out->notes, &scan.notes);
    if (!scan.failed)
        return PERISCOPE_OK;
    periscope_unit_free(out);
    return PERISCOPE_LOCAL;
}

int periscope_unit_parse(const void *output, size_t len, const struct periscope_unit_run *run,
                         struct periscope_unit *out)
{
    return winetest_unit_parse((struct slice){output, len}, len, SIZE_MAX, run, out);
}

void periscope_unit_free(struct periscope_unit *unit)
{
    if (!unit)
        return;
    free(unit->dll);
    free(unit->unit);
    free(unit->lines);
    periscope_strings_free(&unit->problems);
    periscope_strings_free(&unit->notes);
    *unit = (struct periscope_unit){0};
}

const char *periscope_unit_line_name(enum periscope_unit_line_kind kind)
{
    switch (kind) {
#define X(symbol, name)                                                                                                \
    case symbol:                                                                                                       \
        return name;
        PERISCOPE_UNIT_LINES(X)
#undef X
    }
    return "unknown";
}
