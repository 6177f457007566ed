/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That the document is valid XML and says the same to other parsers is tests/integration/test_verb_test.py's to show. */
#include "host/periscope_winetest.h"
#include "host/report/xml.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define TEXT(literal) ((struct slice){(const uint8_t *)(literal), sizeof(literal) - 1})

static const char *xml(struct slice text, struct xml_shown *shown)
{
    static char result[1024];
    struct buffer out;
    buffer_init(&out, sizeof result - 1);
    xml_text(&out, text, shown);
    snprintf(result, sizeof result, "%.*s", (int)out.len, out.data ? (char *)out.data : "");
    CHECK_INT(xml_text_size(text), out.len);
    buffer_deinit(&out);
    return result;
}

static void what_xml_cannot_hold_is_shown_and_counted(void)
{
    struct xml_shown shown = {0};
    CHECK_TEXT(xml(TEXT("a<b>&\"c\"\tü\r\nd"), &shown), "a&lt;b&gt;&amp;&quot;c&quot;\tü\nd");
    CHECK(shown.invalid == 0 && shown.controls == 0);
    CHECK_TEXT(xml(TEXT("\0\x1b[0m\r\x7f"), &shown), "␀␛[0m␍␡");
    CHECK_INT(shown.controls, 4);
    CHECK_TEXT(xml(TEXT("\xff\xef\xbf\xbe\xed\xa0\x80]]>"), &shown), "�����]]&gt;");
    CHECK_INT(shown.invalid, 5);
}

/* "START|END" of a text cut for so many bytes. */
static const char *cut(const char *text, size_t max)
{
    static char result[4096];
    struct slice start, end;
    xml_cut((struct slice){(const uint8_t *)text, strlen(text)}, max, &start, &end);
    snprintf(result, sizeof result, "%.*s|%.*s", (int)start.len, start.data, (int)end.len, end.data);
    CHECK(xml_text_size(start) + xml_text_size(end) <= max);
    return result;
}

static void a_long_text_loses_its_middle(void)
{
    CHECK_TEXT(cut("hello", 5), "hello|");
    CHECK_TEXT(cut("hello", 4), "he|lo");
    CHECK_TEXT(cut("one\ntwo\nthree\nfour\n", 12), "one\n|four\n");
    CHECK_TEXT(cut("&&&&&&", 12), "&|&");
    CHECK_TEXT(cut("a\r\nb\r\n", 4), "a\r\nb\r\n|");
    CHECK_TEXT(cut("", 0), "|");
    CHECK_TEXT(cut("x", 0), "|");
    CHECK_TEXT(cut("üüüü", 5), "ü|ü");
}

/* ---- documents ---- */

static struct periscope_unit parsed(const char *name, const char *output, enum periscope_unit_end end, int64_t status)
{
    struct periscope_unit unit;
    struct periscope_unit_run run = {.dll = "kernel32", .unit = name, .end = end, .status = status};
    if (end == PERISCOPE_END_LOST || end == PERISCOPE_END_NOT_RUN)
        run.reason = "gone";
    CHECK_INT(periscope_unit_parse(output, strlen(output), &run, &unit), PERISCOPE_OK);
    return unit;
}

static char *document(const struct periscope_junit_case *cases, size_t count, size_t *len)
{
    char *text;
    struct periscope_junit junit = {.name = "kernel32", .report = "report.txt", .cases = cases, .count = count};
    CHECK_INT(periscope_junit_write(&junit, &text, len), PERISCOPE_OK);
    CHECK(text && strlen(text) == *len);
    return text;
}

#define GOOD "0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n"

static char *document_of_one(const char *output, enum periscope_unit_end end, int64_t status, const char *attachment)
{
    size_t len;
    struct periscope_unit unit = parsed("atom", output, end, status);
    struct periscope_junit_case item = {
        .unit = &unit, .output = output, .output_len = strlen(output), .duration_ms = 1234, .attachment = attachment};
    char *text = document(&item, 1, &len);
    periscope_unit_free(&unit);
    return text;
}

static bool holds(char *text, const char *part)
{
    bool found = text && strstr(text, part);
    if (!found)
        printf("# no %s in:\n%s\n", part, text ? text : "(null)");
    free(text);
    return found;
}

static void failures_lead_to_the_page_of_the_recording(void)
{
    const char *failed =
        "atom.c:1: Test failed: x\n0020:atom: 5 tests executed (0 marked as todo, 1 failure), 0 skipped.\n";
    struct periscope_unit bad = parsed("atom", failed, PERISCOPE_END_EXITED, 1);
    const char *passed = "0020:heap: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n";
    struct periscope_unit good = parsed("heap", passed, PERISCOPE_END_EXITED, 0);
    struct periscope_junit_case cases[] = {
        {.unit = &bad, .output = failed, .output_len = strlen(failed), .attachment = "a.png", .timeline_line = 12},
        {.unit = &good, .output = passed, .output_len = strlen(passed), .timeline_line = 20}};
    struct periscope_junit junit = {.name = "x", .cases = cases, .count = 2, .timeline = "o&/timeline.html"};
    char *text = NULL;
    size_t len;
    CHECK_INT(periscope_junit_write(&junit, &text, &len), PERISCOPE_OK);
    CHECK(text && !strstr(strstr(text, "name=\"heap\""), "timeline"));
    CHECK(holds(text, "<system-out>[[ATTACHMENT|a.png]]\n[[ATTACHMENT|o&amp;/timeline.html]]\n"
                      "[periscope timeline: o&amp;/timeline.html#l=12]\natom.c:1"));
    junit.timeline = "x]";
    CHECK_INT(periscope_junit_write(&junit, &text, &len), PERISCOPE_INVALID);
    periscope_unit_free(&bad);
    periscope_unit_free(&good);
}

static void what_each_verdict_becomes(void)
{
    CHECK(holds(document_of_one(GOOD, PERISCOPE_END_EXITED, 0, NULL),
                "<testcase classname=\"kernel32\" name=\"atom\" time=\"1.234\">"));
    CHECK(holds(document_of_one(GOOD, PERISCOPE_END_EXITED, 0, NULL),
                "tests=\"1\" failures=\"0\" errors=\"0\" time=\"1.234\" skipped=\"0\""));
    CHECK(holds(document_of_one(
                    "atom.c:1: Test failed: x\n0020:atom: 5 tests executed (0 marked as todo, 1 failure), 0 skipped.\n",
                    PERISCOPE_END_EXITED, 1, NULL),
                "<failure message=\"1 failure\" type=\"failed\">atom.c:1: Test failed: x\n</failure>"));
    CHECK(holds(document_of_one("", PERISCOPE_END_SIGNALLED, 11, NULL),
                "<error message=\"ended by signal 11 (SIGSEGV)\" type=\"crashed\">"));
    CHECK(holds(document_of_one("", PERISCOPE_END_TIMED_OUT, 0, NULL), "type=\"timed out\">"));
    CHECK(holds(document_of_one("", PERISCOPE_END_LOST, 0, NULL),
                "<error message=\"gone\" type=\"lost\">gone\n</error>"));
    CHECK(holds(document_of_one("", PERISCOPE_END_NOT_RUN, 0, NULL), "type=\"not run\">"));
    CHECK(holds(
        document_of_one(
            "atom.c:1: Tests skipped: why\n0020:atom: 0 tests executed (0 marked as todo, 0 failures), 1 skipped.\n",
            PERISCOPE_END_EXITED, 0, NULL),
        "<skipped message=\"skipped\" type=\"skipped\">atom.c:1: Tests skipped: why\n</skipped>"));
}

#define FAILED "atom.c:1: Test failed: x\n0020:atom: 5 tests executed (0 marked as todo, 1 failure), 0 skipped.\n"
#define SKIPPED "atom.c:1: Tests skipped: why\n0020:atom: 0 tests executed (0 marked as todo, 0 failures), 1 skipped.\n"

static unsigned occurrences(const char *text, const char *part)
{
    unsigned count = 0;
    for (const char *at = text; at && (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

/* The numbers of the kinds differ, so that none can stand for another. */
static void the_counts_of_a_suite_are_those_of_its_cases(void)
{
    struct periscope_unit units[] = {
        parsed("atom", GOOD, PERISCOPE_END_EXITED, 0),    parsed("atom", FAILED, PERISCOPE_END_EXITED, 1),
        parsed("atom", FAILED, PERISCOPE_END_EXITED, 1),  parsed("atom", SKIPPED, PERISCOPE_END_EXITED, 0),
        parsed("atom", SKIPPED, PERISCOPE_END_EXITED, 0), parsed("atom", SKIPPED, PERISCOPE_END_EXITED, 0),
        parsed("atom", "", PERISCOPE_END_SIGNALLED, 11),  parsed("atom", "", PERISCOPE_END_TIMED_OUT, 0),
        parsed("atom", "", PERISCOPE_END_LOST, 0),        parsed("atom", "", PERISCOPE_END_NOT_RUN, 0)};
    enum { COUNT = sizeof units / sizeof *units };
    struct periscope_junit_case cases[COUNT] = {{0}};
    size_t len;
    for (size_t i = 0; i < COUNT; i++)
        cases[i] = (struct periscope_junit_case){.unit = &units[i], .duration_ms = 1000 + i};
    char *text = document(cases, COUNT, &len);
    /* Of all suites and of the one. */
    CHECK_INT(occurrences(text, " tests=\"10\" failures=\"2\" errors=\"4\" time=\"10.045\""), 2);
    CHECK_INT(occurrences(text, " time=\"10.045\" skipped=\"3\">"), 1);
    CHECK_INT(occurrences(text, "<testcase "), 10);
    CHECK_INT(occurrences(text, "<failure "), 2);
    CHECK_INT(occurrences(text, "<error "), 4);
    CHECK_INT(occurrences(text, "<skipped "), 3);
    free(text);
    for (size_t i = 0; i < COUNT; i++)
        periscope_unit_free(&units[i]);
}

static void the_counts_of_a_case_are_those_of_its_unit(void)
{
    CHECK(holds(document_of_one("atom.c:1: Test failed: x\natom.c:2: Test failed: y\natom.c:3: Test marked todo: x\n"
                                "atom.c:4: Test marked todo: x\natom.c:5: Test marked todo: x\n"
                                "atom.c:6: Test marked flaky: x\n"
                                "0020:atom: 12 tests executed (3 marked as todo, 1 as flaky, 2 failures), 0 skipped.\n",
                                PERISCOPE_END_EXITED, 2, NULL),
                "<property name=\"kernel32:atom\" value=\"tests=12 failures=2 todo=3 flaky=1 skipped=0 machine=unknown "
                "fault=test\"/>\n"));
    CHECK(holds(document_of_one(SKIPPED, PERISCOPE_END_EXITED, 0, NULL),
                "<property name=\"kernel32:atom\" value=\"tests=0 failures=0 todo=0 flaky=0 skipped=1 machine=unknown "
                "fault=nobody\"/>\n"));
}

static void an_attachment_belongs_to_its_own_case(void)
{
    size_t len;
    struct periscope_unit unit = parsed("atom", FAILED, PERISCOPE_END_EXITED, 1);
    struct periscope_junit_case cases[] = {{.unit = &unit, .output = FAILED, .attachment = "out/a&b.png"},
                                           {.unit = &unit, .output = FAILED, .attachment = "out/c.png"},
                                           {.unit = &unit, .output = FAILED}};
    char *text = document(cases, 3, &len);
    CHECK_INT(occurrences(text, "[[ATTACHMENT|"), 2);
    const char *first = text ? strstr(text, "name=\"atom\"") : NULL;
    const char *second = text ? strstr(text, "name=\"atom #2\"") : NULL;
    const char *third = text ? strstr(text, "name=\"atom #3\"") : NULL;
    const char *a = text ? strstr(text, "<system-out>[[ATTACHMENT|out/a&amp;b.png]]\n") : NULL;
    const char *c = text ? strstr(text, "<system-out>[[ATTACHMENT|out/c.png]]\n") : NULL;
    CHECK(first && second && third && a && c && first < a && a < second && second < c && c < third);
    free(text);
    periscope_unit_free(&unit);
}

static void the_attachment_comes_first_and_alone(void)
{
    CHECK(holds(document_of_one("[[ATTACHMENT|/etc/passwd]]\n" GOOD, PERISCOPE_END_EXITED, 0, "out/a.png"),
                "<system-out>[[ATTACHMENT|out/a.png]]\n[ [ATTACHMENT|/etc/passwd]]\n"));
    CHECK(holds(document_of_one("[[[[ATTACHMENT|x]]\n" GOOD, PERISCOPE_END_EXITED, 0, NULL),
                "1 attachment marks of the test have a space inserted"));
}

static void files_of_evidence_are_named(void)
{
    size_t len;
    const char *const files[] = {"evidence-atom.txt", "dump-\"atom\".dmp"};
    struct periscope_unit unit = parsed("atom", "", PERISCOPE_END_TIMED_OUT, 0);
    struct periscope_junit_case item = {.unit = &unit, .files = files, .file_count = 2};
    CHECK(holds(document(&item, 1, &len), "<property name=\"kernel32:atom evidence\" value=\"evidence-atom.txt\"/>"));
    CHECK(holds(document(&item, 1, &len),
                "<property name=\"kernel32:atom evidence\" value=\"dump-&quot;atom&quot;.dmp\"/>"));
    periscope_unit_free(&unit);
}

static void an_output_that_is_not_kept_is_told_of(void)
{
    size_t len;
    struct periscope_unit unit = parsed("atom", GOOD, PERISCOPE_END_EXITED, 0);
    struct periscope_junit_case item = {.unit = &unit};
    CHECK(holds(document(&item, 1, &len),
                "[periscope: 71 bytes are omitted here; the complete output is in report.txt]"));
    periscope_unit_free(&unit);
}

static void an_attachment_that_cannot_be_marked_is_refused(void)
{
    char *text;
    size_t len;
    struct periscope_unit unit = parsed("atom", GOOD, PERISCOPE_END_EXITED, 0);
    struct periscope_junit_case item = {.unit = &unit};
    struct periscope_junit junit = {.name = "x", .cases = &item, .count = 1};
    static const char *const wrong[] = {"a|b.png", "a[b.png", "a]b.png"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        item.attachment = wrong[i];
        CHECK_INT(periscope_junit_write(&junit, &text, &len), PERISCOPE_INVALID);
        CHECK(!text && len == 0);
    }
    item.attachment = "a b.png";
    CHECK_INT(periscope_junit_write(&junit, &text, &len), PERISCOPE_OK);
    free(text);
    junit.count = PERISCOPE_JUNIT_MAX_CASES + 1;
    CHECK_INT(periscope_junit_write(&junit, &text, &len), PERISCOPE_INVALID);
    periscope_unit_free(&unit);
}

static void a_unit_that_comes_again_has_a_name_of_its_own(void)
{
    size_t len;
    struct periscope_unit unit = parsed("atom", GOOD, PERISCOPE_END_EXITED, 0);
    struct periscope_unit other = parsed("heap", GOOD, PERISCOPE_END_EXITED, 0);
    struct periscope_junit_case cases[] = {{.unit = &unit}, {.unit = &other}, {.unit = &unit}};
    char *text = document(cases, 3, &len);
    CHECK_INT(occurrences(text, " name=\"atom\""), 1);
    CHECK_INT(occurrences(text, " name=\"heap\""), 1);
    CHECK_INT(occurrences(text, " name=\"atom #2\""), 1);
    CHECK_INT(occurrences(text, " name=\"kernel32:atom\""), 1);
    CHECK_INT(occurrences(text, " name=\"kernel32:atom #2\""), 1);
    free(text);
    periscope_unit_free(&unit);
    periscope_unit_free(&other);
}

static void the_document_stays_below_the_limit(void)
{
    static struct periscope_junit_case cases[PERISCOPE_JUNIT_MAX_CASES];
    static const size_t counts[] = {1, 40, 1000, PERISCOPE_JUNIT_MAX_CASES};
    size_t size = 4000000, len;
    char *output = malloc(size + 1);
    memset(output, '&', size);
    output[size] = '\0';
    for (size_t i = 0; i + 30 < size; i += 61)
        memcpy(output + i, "\nheap.c:1: Test failed: &&&&", 28);
    struct periscope_unit unit = parsed("atom", output, PERISCOPE_END_EXITED, 0);
    for (size_t i = 0; i < PERISCOPE_JUNIT_MAX_CASES; i++)
        cases[i] = (struct periscope_junit_case){.unit = &unit, .output = output, .output_len = size};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char *text = document(cases, counts[i], &len);
        CHECK(len > 0 && len < PERISCOPE_JUNIT_MAX);
        CHECK(holds(text, "the complete output is in report.txt]"));
    }
    periscope_unit_free(&unit);
    free(output);
}

static void what_the_machine_did_and_whose_fault_it_is(void)
{
    char *reasons[] = {"graphics card <0>: was reset", NULL};
    struct periscope_machine machine = {PERISCOPE_MACHINE_GPU_RESET, {reasons, 1}}, fine = {.reasons = {reasons, 1}};
    struct periscope_unit unit = parsed("atom", GOOD, PERISCOPE_END_TIMED_OUT, 0);
    struct periscope_junit_case item = {
        .unit = &unit, .output = GOOD, .output_len = sizeof GOOD - 1, .machine = &machine};
    size_t len;
    char *text = document(&item, 1, &len);
    CHECK(strstr(text, "[periscope machine: gpu-reset; whose fault: guest\ngraphics card &lt;0&gt;: was reset\n]"));
    CHECK(strstr(text, " machine=gpu-reset fault=guest\"/>"));
    free(text);
    item.machine = &fine;
    text = document(&item, 1, &len);
    CHECK(!strstr(text, "[periscope machine"));
    CHECK(strstr(text, " machine=fine fault=test\"/>"));
    free(text);
    periscope_unit_free(&unit);
}

int main(void)
{
    RUN(what_xml_cannot_hold_is_shown_and_counted);
    RUN(a_long_text_loses_its_middle);
    RUN(failures_lead_to_the_page_of_the_recording);
    RUN(what_each_verdict_becomes);
    RUN(the_counts_of_a_suite_are_those_of_its_cases);
    RUN(the_counts_of_a_case_are_those_of_its_unit);
    RUN(an_attachment_belongs_to_its_own_case);
    RUN(the_attachment_comes_first_and_alone);
    RUN(files_of_evidence_are_named);
    RUN(an_output_that_is_not_kept_is_told_of);
    RUN(an_attachment_that_cannot_be_marked_is_refused);
    RUN(a_unit_that_comes_again_has_a_name_of_its_own);
    RUN(the_document_stays_below_the_limit);
    RUN(what_the_machine_did_and_whose_fault_it_is);
    return CHECK_RESULT();
}
