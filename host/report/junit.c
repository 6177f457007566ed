/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes JUnit XML as GitLab reads it (docs.gitlab.com/ci/testing/unit_test_reports), and as Jenkins' xUnit plugin takes
   it, which refuses a file with anything that its schema junit-10.xsd lacks. GitLab shows the classname, name
   and time of a test case and the text of one failure, error or skipped element. The first [[ATTACHMENT|path]] in the
   system-out of a failed test case is shown as its picture; Jenkins' attachments plugin takes all of them. */
#include "host/periscope_winetest.h"

#include "base/buffer.h"
#include "host/report/xml.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ATTACHMENT_MARK "[[ATTACHMENT|"
#define MARK_LEN (sizeof ATTACHMENT_MARK - 1)
#define FIXED_SIZE 4096    /* bytes of a case, or of the suite, without its long texts */
#define LINE_MAX_SIZE 2000 /* bytes of one line of failure, or of one remark */
#define LINE_CUT_SIZE 48   /* and of the note in place of its middle */
#define FAILURE_SHARE 4    /* the failure lines get one part in so many of a case's bytes */
#define CASE_NAME_SIZE (PERISCOPE_WINETEST_MAX_NAME + 32)
#define REMARK_SHARE 8 /* the notes get one part in so many */

static struct slice junit_slice(const char *text)
{
    return (struct slice){(const uint8_t *)text, strlen(text)};
}

static void junit_text(struct buffer *out, const char *text)
{
    xml_text(out, junit_slice(text), NULL);
}

static void junit_time(struct buffer *out, uint64_t ms)
{
    buffer_printf(out, " time=\"%" PRIu64 ".%03" PRIu64 "\"", ms / 1000, ms % 1000);
}

/* ---- verdicts in JUnit ---- */

static const char *junit_element(enum periscope_unit_verdict verdict)
{
    switch (verdict) {
    case PERISCOPE_UNIT_PASSED:
        return NULL;
    case PERISCOPE_UNIT_SKIPPED:
        return "skipped";
    case PERISCOPE_UNIT_FAILED:
        return "failure";
    case PERISCOPE_UNIT_CRASHED:
    case PERISCOPE_UNIT_TIMED_OUT:
    case PERISCOPE_UNIT_LOST:
    case PERISCOPE_UNIT_NOT_RUN:
        return "error";
    }
    return "error";
}

static size_t junit_count_of(const struct periscope_junit *junit, const char *element)
{
    size_t count = 0;
    for (size_t i = 0; i < junit->count; i++) {
        const char *is = junit_element(junit->cases[i].unit->verdict);
        count += is && strcmp(is, element) == 0;
    }
    return count;
}

/* ---- texts of the tests ---- */

/* Writes a text with a space in each attachment mark, so that only our marks are effective. Returns their number. */
static uint64_t junit_test_text(struct buffer *out, struct slice text, struct xml_shown *shown)
{
    uint64_t marks = 0;
    size_t begun = 0;
    for (size_t i = 0; i + MARK_LEN <= text.len; i++) {
        if (text.data[i] != '[' || memcmp(text.data + i, ATTACHMENT_MARK, MARK_LEN) != 0)
            continue;
        xml_text(out, (struct slice){text.data + begun, i + 1 - begun}, shown);
        buffer_append(out, " ", 1);
        begun = i + 1;
        marks++;
    }
    xml_text(out, (struct slice){text.data + begun, text.len - begun}, shown);
    return marks;
}

/* ---- failure lines ---- */

static bool junit_is_shown(const struct periscope_unit *unit, const struct periscope_unit_line *line)
{
    if (unit->verdict == PERISCOPE_UNIT_SKIPPED)
        return line->kind == PERISCOPE_LINE_SKIPPED;
    return line->kind == PERISCOPE_LINE_FAILURE || line->kind == PERISCOPE_LINE_CRASH;
}

/* Appends a line, a long one without its middle. Returns false if the buffer would grow beyond `limit`. */
static bool junit_line_within(struct buffer *out, struct slice line, size_t limit)
{
    struct slice start, end;
    xml_cut(line, LINE_MAX_SIZE, &start, &end);
    size_t size = xml_text_size(start) + xml_text_size(end) + (start.len < line.len ? LINE_CUT_SIZE : 1);
    if (out->len + size + size / MARK_LEN > limit)
        return false;
    junit_test_text(out, start, NULL);
    if (start.len < line.len)
        buffer_printf(out, "[%zu bytes omitted]", line.len - start.len - end.len);
    junit_test_text(out, end, NULL);
    return buffer_append(out, "\n", 1);
}

struct line_list { /* lines within a limit: from the first that does not fit on they are only counted */
    struct buffer *out;
    size_t limit;
    uint64_t left_out;
};

static void junit_line_list_add(struct line_list *list, struct slice line)
{
    if (list->left_out > 0 || !junit_line_within(list->out, line, list->limit))
        list->left_out++;
}

static void junit_line_list_strings(struct line_list *list, const struct periscope_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        junit_line_list_add(list, junit_slice(strings->items[i]));
}

static void junit_failure_text(struct buffer *out, const struct periscope_junit_case *item, size_t max)
{
    const struct periscope_unit *unit = item->unit;
    struct line_list list = {.out = out, .limit = out->len + max};
    junit_line_list_strings(&list, &unit->problems);
    for (size_t i = 0; item->output && i < unit->line_count; i++)
        if (junit_is_shown(unit, &unit->lines[i]))
            junit_line_list_add(
                &list, (struct slice){(const uint8_t *)item->output + unit->lines[i].offset, unit->lines[i].len});
    list.left_out += unit->lines_not_kept;
    if (list.left_out > 0)
        buffer_printf(out, "[%" PRIu64 " more lines]\n", list.left_out);
}

static void junit_message(struct buffer *out, const struct periscope_unit *unit)
{
    char text[64];
    snprintf(text, sizeof text, "%" PRIu64 " failure%s", unit->counts.failures, unit->counts.failures == 1 ? "" : "s");
    if (unit->verdict == PERISCOPE_UNIT_FAILED && unit->counts.failures > 0)
        xml_attribute(out, "message", text);
    else if (unit->problems.count > 0)
        xml_attribute(out, "message", unit->problems.items[0]);
    else
        xml_attribute(out, "message", periscope_unit_verdict_name(unit->verdict));
}

static void junit_write_failure(struct buffer *out, const struct periscope_junit_case *item, size_t max)
{
    const char *element = junit_element(item->unit->verdict);
    if (!element)
        return;
    buffer_printf(out, "      <%s", element);
    junit_message(out, item->unit);
    xml_attribute(out, "type", periscope_unit_verdict_name(item->unit->verdict));
    buffer_append(out, ">", 1);
    junit_failure_text(out, item, max);
    buffer_printf(out, "</%s>\n", element);
}

/* ---- the output ---- */

static void junit_write_notes(struct buffer *out, const struct periscope_unit *unit, size_t max)
{
    struct line_list list = {.out = out, .limit = out->len + max};
    if (unit->notes.count == 0)
        return;
    buffer_printf(out, "\n[periscope notes:\n");
    junit_line_list_strings(&list, &unit->notes);
    if (list.left_out > 0)
        buffer_printf(out, "%" PRIu64 " more lines\n", list.left_out);
    buffer_append(out, "]", 1);
}

static const char *junit_fault(const struct periscope_junit_case *item)
{
    enum periscope_machine_state state = item->machine ? item->machine->state : PERISCOPE_MACHINE_UNKNOWN;
    return periscope_fault_name(periscope_fault_of(item->unit->verdict, state));
}

/* Writes what the machine did, unless it is as it should be. */
static void junit_write_machine(struct buffer *out, const struct periscope_junit_case *item, size_t max)
{
    struct line_list list = {.out = out, .limit = out->len + max};
    if (!item->machine || item->machine->state <= PERISCOPE_MACHINE_UNKNOWN)
        return;
    buffer_printf(out, "\n[periscope machine: %s; whose fault: %s\n", periscope_machine_name(item->machine->state),
                  junit_fault(item));
    junit_line_list_strings(&list, &item->machine->reasons);
    if (list.left_out > 0)
        buffer_printf(out, "%" PRIu64 " more lines\n", list.left_out);
    buffer_append(out, "]", 1);
}

static void junit_write_shown(struct buffer *out, const struct xml_shown *shown, uint64_t marks)
{
    if (shown->invalid > 0)
        buffer_printf(out, "\n[periscope: invalid UTF-8 is shown as \xef\xbf\xbd, %" PRIu64 " times]", shown->invalid);
    if (shown->controls > 0)
        buffer_printf(out, "\n[periscope: %" PRIu64 " control characters are shown as their symbols]", shown->controls);
    if (marks > 0)
        buffer_printf(out, "\n[periscope: %" PRIu64 " attachment marks of the test have a space inserted]", marks);
}

static void junit_write_left_out(struct buffer *out, const struct periscope_junit *junit, size_t len)
{
    buffer_printf(out, "\n[periscope: %zu bytes are omitted here", len);
    if (junit->report) {
        buffer_printf(out, "; the complete output is in ");
        junit_text(out, junit->report);
    }
    buffer_printf(out, "]\n");
}

static void junit_write_mark(struct buffer *out, const char *path)
{
    buffer_printf(out, ATTACHMENT_MARK);
    junit_text(out, path);
    buffer_printf(out, "]]\n");
}

/* Leads to the page of the recording: as a file for those who take several of a case (GitLab takes the first alone), and as an
   address with the line at which it is to be opened. */
static void junit_write_timeline(struct buffer *out, const char *path, uint64_t line)
{
    junit_write_mark(out, path);
    buffer_printf(out, "[periscope timeline: ");
    junit_text(out, path);
    if (line)
        buffer_printf(out, "#l=%" PRIu64, line);
    buffer_printf(out, "]\n");
}

static void junit_write_output(struct buffer *out, const struct periscope_junit *junit,
                               const struct periscope_junit_case *item, size_t max)
{
    struct xml_shown shown = {0};
    /* Empty rather than null: nothing may be added to a null pointer, not even 0. */
    struct slice start, end, whole = {item->output ? item->output : "", item->output ? item->output_len : 0};
    buffer_printf(out, "      <system-out>");
    if (item->attachment)
        junit_write_mark(out, item->attachment);
    if (junit->timeline && junit_element(item->unit->verdict))
        junit_write_timeline(out, junit->timeline, item->timeline_line);
    /* A mark grows by one byte when it is made ineffective. */
    xml_cut(whole, max - max / MARK_LEN - max / REMARK_SHARE, &start, &end);
    uint64_t marks = junit_test_text(out, start, &shown);
    if (start.len < whole.len) {
        junit_write_left_out(out, junit, whole.len - start.len - end.len);
        marks += junit_test_text(out, end, &shown);
    } else if (!item->output && item->unit->len > 0) {
        junit_write_left_out(out, junit, item->unit->len);
    }
    junit_write_notes(out, item->unit, max / REMARK_SHARE / 2);
    junit_write_machine(out, item, max / REMARK_SHARE / 2);
    junit_write_shown(out, &shown, marks);
    buffer_printf(out, "</system-out>\n");
}

/* ---- test cases and suite ---- */

static size_t junit_earlier(const struct periscope_junit *junit, size_t index)
{
    const struct periscope_unit *unit = junit->cases[index].unit;
    size_t count = 0;
    for (size_t i = 0; i < index; i++)
        count +=
            strcmp(junit->cases[i].unit->unit, unit->unit) == 0 && strcmp(junit->cases[i].unit->dll, unit->dll) == 0;
    return count;
}

/* Formats the name of a case: the unit's, with a number if the unit runs again. */
static void junit_case_name(const struct periscope_junit *junit, size_t index, char name[CASE_NAME_SIZE])
{
    const struct periscope_unit *unit = junit->cases[index].unit;
    size_t earlier = junit_earlier(junit, index);
    snprintf(name, CASE_NAME_SIZE, earlier ? "%s #%zu" : "%s", *unit->unit ? unit->unit : unit->dll, earlier + 1);
}

/* Writes a property of a case, "DLL:NAME" or "DLL:NAME evidence". */
static void junit_property(struct buffer *out, const char *dll, const char *name, const char *what, const char *value)
{
    char key[2 * CASE_NAME_SIZE];
    snprintf(key, sizeof key, "%s:%s%s", dll, name, what);
    buffer_printf(out, "      <property");
    xml_attribute(out, "name", key);
    xml_attribute(out, "value", value);
    buffer_printf(out, "/>\n");
}

static void junit_write_properties_of(struct buffer *out, const struct periscope_junit *junit, size_t index)
{
    const struct periscope_junit_case *item = &junit->cases[index];
    const struct periscope_unit_counts *counts = &item->unit->counts;
    char name[CASE_NAME_SIZE], value[256];
    junit_case_name(junit, index, name);
    snprintf(value, sizeof value,
             "tests=%" PRIu64 " failures=%" PRIu64 " todo=%" PRIu64 " flaky=%" PRIu64 " skipped=%" PRIu64
             " machine=%s fault=%s",
             counts->tests, counts->failures, counts->todo, counts->flaky, counts->skipped,
             item->machine ? periscope_machine_name(item->machine->state) : "unknown", junit_fault(item));
    junit_property(out, item->unit->dll, name, "", value);
    for (size_t i = 0; i < item->file_count; i++)
        junit_property(out, item->unit->dll, name, " evidence", item->files[i]);
}

/* Writes what JUnit has no attribute for, of all cases: Jenkins' schema allows properties in a suite alone. */
static void junit_write_properties(struct buffer *out, const struct periscope_junit *junit)
{
    if (junit->count == 0)
        return;
    buffer_printf(out, "    <properties>\n");
    for (size_t i = 0; i < junit->count; i++)
        junit_write_properties_of(out, junit, i);
    buffer_printf(out, "    </properties>\n");
}

static void junit_write_case(struct buffer *out, const struct periscope_junit *junit, size_t index, size_t max)
{
    const struct periscope_junit_case *item = &junit->cases[index];
    const struct periscope_unit *unit = item->unit;
    char name[CASE_NAME_SIZE];
    junit_case_name(junit, index, name);
    buffer_printf(out, "    <testcase");
    xml_attribute(out, "classname", unit->dll);
    xml_attribute(out, "name", name);
    junit_time(out, item->duration_ms);
    buffer_printf(out, ">\n");
    junit_write_failure(out, item, max / FAILURE_SHARE);
    junit_write_output(out, junit, item, max - max / FAILURE_SHARE);
    buffer_printf(out, "    </testcase>\n");
}

static void junit_counts(struct buffer *out, const struct periscope_junit *junit)
{
    uint64_t ms = 0;
    for (size_t i = 0; i < junit->count; i++)
        ms += junit->cases[i].duration_ms;
    buffer_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", junit->count, junit_count_of(junit, "failure"),
                  junit_count_of(junit, "error"));
    junit_time(out, ms);
}

static void junit_write_suite(struct buffer *out, const struct periscope_junit *junit, size_t max_text)
{
    buffer_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    junit_counts(out, junit);
    buffer_printf(out, ">\n  <testsuite");
    xml_attribute(out, "name", junit->name);
    if (junit->host)
        xml_attribute(out, "hostname", junit->host);
    if (junit->timestamp)
        xml_attribute(out, "timestamp", junit->timestamp);
    junit_counts(out, junit);
    buffer_printf(out, " skipped=\"%zu\">\n", junit_count_of(junit, "skipped"));
    junit_write_properties(out, junit);
    for (size_t i = 0; i < junit->count; i++)
        junit_write_case(out, junit, i, max_text);
    buffer_printf(out, "  </testsuite>\n</testsuites>\n");
}

static bool junit_path_is_valid(const char *path)
{
    return !path || !strpbrk(path, "[]|");
}

static bool junit_is_valid(const struct periscope_junit *junit)
{
    if (junit->count > PERISCOPE_JUNIT_MAX_CASES || !junit_path_is_valid(junit->timeline))
        return false;
    for (size_t i = 0; i < junit->count; i++)
        if (!junit_path_is_valid(junit->cases[i].attachment))
            return false;
    return true;
}

/* Returns how many bytes of text each case may have, so that the document stays within its limit. */
static size_t junit_share(size_t count)
{
    size_t left = PERISCOPE_JUNIT_MAX - FIXED_SIZE;
    size_t each = count ? left / count : 0;
    size_t text = each > 2 * FIXED_SIZE ? each - FIXED_SIZE : each / 2;
    return text < PERISCOPE_JUNIT_MAX_TEXT ? text : PERISCOPE_JUNIT_MAX_TEXT;
}

int periscope_junit_write(const struct periscope_junit *junit, char **xml, size_t *len)
{
    struct buffer out;
    *xml = NULL;
    *len = 0;
    if (!junit_is_valid(junit))
        return PERISCOPE_INVALID;
    buffer_init(&out, PERISCOPE_JUNIT_MAX);
    junit_write_suite(&out, junit, junit_share(junit->count));
    if (!buffer_append(&out, "", 1)) {
        buffer_deinit(&out);
        return PERISCOPE_LOCAL;
    }
    *xml = (char *)out.data;
    *len = out.len - 1;
    return PERISCOPE_OK;
}
