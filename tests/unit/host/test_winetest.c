/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports that Wine's own tests printed are under tests/golden/reports; the others are written here, in the forms of
   Wine's test.h, winetest.exe and TestLauncher. */
#include "host/periscope_winetest.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define REPORTS "tests/golden/reports/"

static size_t read_report(const char *name, char **bytes)
{
    char path[256];
    snprintf(path, sizeof path, REPORTS "%s", name);
    FILE *file = fopen(path, "rb");
    *bytes = NULL;
    if (!file)
        return 0;
    fseek(file, 0, SEEK_END);
    size_t len = (size_t)ftell(file);
    rewind(file);
    *bytes = malloc(len + 1);
    len = fread(*bytes, 1, len, file);
    fclose(file);
    return len;
}

/* Everything of a unit in one line: "VERDICT tests/failures/todo/flaky/skipped xSUMMARIES | problems | notes". */
static const char *told(const struct periscope_unit *unit)
{
    static char text[16384];
    size_t len = (size_t)snprintf(text, sizeof text, "%s %llu/%llu/%llu/%llu/%llu x%llu",
                                  periscope_unit_verdict_name(unit->verdict), (unsigned long long)unit->counts.tests,
                                  (unsigned long long)unit->counts.failures, (unsigned long long)unit->counts.todo,
                                  (unsigned long long)unit->counts.flaky, (unsigned long long)unit->counts.skipped,
                                  (unsigned long long)unit->summaries);
    for (size_t i = 0; i < unit->problems.count && len < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, " | %s", unit->problems.items[i]);
    for (size_t i = 0; i < unit->notes.count && len < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, " ; %s", unit->notes.items[i]);
    return text;
}

static const char *parsed(const char *report, size_t len, const char *name, enum periscope_unit_end end, int64_t status,
                          uint64_t pid)
{
    static char text[16384];
    struct periscope_unit unit;
    struct periscope_unit_run run = {.dll = "dll", .unit = name, .end = end, .status = status, .pid = pid};
    if (periscope_unit_parse(report, len, &run, &unit))
        return "(no memory)";
    snprintf(text, sizeof text, "%s", told(&unit));
    periscope_unit_free(&unit);
    return text;
}

static const char *exited(const char *report, int64_t status)
{
    return parsed(report, strlen(report), "atom", PERISCOPE_END_EXITED, status, 0);
}

static const char *golden(const char *file, const char *name, enum periscope_unit_end end, int64_t status)
{
    char *bytes;
    size_t len = read_report(file, &bytes);
    const char *text = bytes ? parsed(bytes, len, name, end, status, 0) : "(no such file)";
    free(bytes);
    return text;
}

/* ---- reports of real tests ---- */

static void real_reports(void)
{
    CHECK_TEXT(golden("kernel32_atom.txt", "atom", PERISCOPE_END_EXITED, 0), "passed 1049715/0/0/0/0 x1");
    CHECK_TEXT(golden("gdi32_clipping.txt", "clipping", PERISCOPE_END_EXITED, 0), "passed 129/0/3/0/0 x1");
    CHECK_TEXT(golden("ntdll_large_int.txt", "large_int", PERISCOPE_END_EXITED, 0), "passed 612/0/0/0/16 x1");
    CHECK_TEXT(golden("kernel32_profile.txt", "profile", PERISCOPE_END_EXITED, 4), "failed 578/4/28/0/0 x1");
    CHECK_TEXT(golden("user32_resource.txt", "resource", PERISCOPE_END_EXITED, 10), "failed 87/10/0/0/0 x1");
    CHECK_TEXT(golden("nope.txt", "nope", PERISCOPE_END_EXITED, 1), "failed 0/1/0/0/0 x0");
}

static void a_real_report_with_many_children(void)
{
    CHECK_TEXT(golden("user32_class.txt", "class", PERISCOPE_END_EXITED, 1), "failed 1237/1/4/0/0 x27");
}

static void a_real_report_with_colours_and_times(void)
{
    CHECK_TEXT(golden("user32_class_colours.txt", "class", PERISCOPE_END_EXITED, 1), "failed 1237/1/4/0/0 x27");
}

static void a_real_crash_with_the_message_of_the_test_itself(void)
{
    CHECK_TEXT(golden("user32_dialog_exception.txt", "dialog", PERISCOPE_END_EXITED, 5),
               "crashed 0/18/0/0/0 x0 | line 18: unhandled exception c0000005 (STATUS_ACCESS_VIOLATION)");
}

static void a_real_crash_that_hung_in_the_debugger(void)
{
    CHECK_TEXT(golden("user32_dialog_hung.txt", "dialog", PERISCOPE_END_TIMED_OUT, 0),
               "timed out 0/17/0/0/0 x0 | it did not end in time ; line 17: a process of the test had crashed");
    CHECK_TEXT(golden("user32_dialog_hung.txt", "dialog", PERISCOPE_END_EXITED, 5),
               "crashed 0/17/0/0/0 x0 | line 17: it crashed, and there is no summary line");
}

/* ---- forms ---- */

static void old_and_new_summaries(void)
{
    CHECK_TEXT(exited("atom: 12 tests executed (0 marked as todo, 0 failures), 0 skipped.\n", 0),
               "passed 12/0/0/0/0 x1");
    CHECK_TEXT(exited("0020:atom: 12 tests executed (0 marked as todo, 0 failures), 0 skipped.\n", 0),
               "passed 12/0/0/0/0 x1");
    CHECK_TEXT(exited("0020:atom: 1 test executed (0 marked as todo, 0 as flaky, 0 failures), 0 skipped.\n", 0),
               "passed 1/0/0/0/0 x1");
    CHECK_TEXT(
        exited("atom.c:1: Test failed: x\natom: 12 tests executed (0 marked as todo, 1 failure), 0 skipped.\n", 1),
        "failed 12/1/0/0/0 x1");
}

static void messages_of_every_kind(void)
{
    CHECK_TEXT(exited("atom.c:1: Test failed: a\n"
                      "atom.c:2: Test succeeded inside todo block: b\n"
                      "atom.c:3: Test marked todo: c\n"
                      "atom.c:4: Test marked flaky: d\n"
                      "atom.c:5: Test succeeded inside flaky todo block: e\n"
                      "atom.c:6: Tests skipped: f\n"
                      "atom.c:7: just a trace: Test failed: not one\n"
                      "atom.c:8: Test succeeded\n"
                      "0020:atom: 12 tests executed (1 marked as todo, 2 as flaky, 2 failures), 1 skipped.\n",
                      2),
               "failed 12/2/1/2/1 x1");
}

static void flaky_failures_alone_do_not_fail(void)
{
    CHECK_TEXT(exited("atom.c:4: Test marked flaky: d\n"
                      "0020:atom: 9 tests executed (0 marked as todo, 1 as flaky, 0 failures), 0 skipped.\n",
                      0),
               "passed 9/0/0/1/0 x1");
}

static void lines_may_end_in_cr_lf_or_not_at_all(void)
{
    CHECK_TEXT(
        exited(
            "atom.c:1: Test marked todo: x\r\n0020:atom: 2 tests executed (1 marked as todo, 0 failures), 0 skipped.",
            0),
        "passed 2/0/1/0/0 x1");
}

static void junk_between_lines_means_nothing(void)
{
    CHECK_TEXT(exited("it looks like wine32 is missing\n\x1b[0mfixme:heap:x\n\n  \n"
                      "atom.c:\natom.c:12\n: \n:::::\n12 tests executed\n"
                      "0020:atom: 2 tests executed (0 marked as todo, 0 failures), 0 skipped.\ntrailing\n",
                      0),
               "passed 2/0/0/0/0 x1");
}

static void a_unit_that_only_skipped(void)
{
    CHECK_TEXT(exited("atom.c:9: Tests skipped: no display\n"
                      "0020:atom: 0 tests executed (0 marked as todo, 0 failures), 1 skipped.\n",
                      0),
               "skipped 0/0/0/0/1 x1");
    CHECK_TEXT(exited("0020:atom: 0 tests executed (0 marked as todo, 0 failures), 0 skipped.\n", 0),
               "passed 0/0/0/0/0 x1 ; it tested nothing");
}

/* ---- several processes ---- */

static void summaries_of_children_count(void)
{
    CHECK_TEXT(exited("0024:atom: 3 tests executed (0 marked as todo, 0 failures), 0 skipped.\n"
                      "0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n",
                      0),
               "passed 8/0/0/0/0 x2");
}

static void failures_of_a_child_count_once(void)
{
    CHECK_TEXT(exited("atom.c:7: Test failed: in the child\n"
                      "0024:atom: 3 tests executed (0 marked as todo, 1 failure), 0 skipped.\n"
                      "atom.c:9: 1 failures in child process\n"
                      "0020:atom: 5 tests executed (0 marked as todo, 1 failure), 0 skipped.\n",
                      1),
               "failed 8/1/0/0/0 x2");
}

static void an_exception_in_a_child_is_a_failure(void)
{
    CHECK_TEXT(exited("atom.c:9: unhandled exception c0000005 in child process 0024\n"
                      "0020:atom: 5 tests executed (0 marked as todo, 1 failure), 0 skipped.\n",
                      1),
               "failed 5/1/0/0/0 x1");
}

static void a_line_torn_by_another_process(void)
{
    CHECK_TEXT(exited("atom.c:1: Test marked todo: half a l0024:atom: 3 tests executed (0 marked as todo, 0 failures), "
                      "0 skipped.\n"
                      "ine\nsome trace without an endatom.c:5: Test failed: x\n"
                      "0020:atom: 5 tests executed (1 marked as todo, 1 failure), 0 skipped.\n",
                      1),
               "failed 5/1/1/0/0 x1"); /* a line is read once: as the message that begins it */
    CHECK_TEXT(exited("trace0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n", 0),
               "passed 5/0/0/0/0 x1");
    CHECK_TEXT(exited("traceatom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n", 0),
               "passed 5/0/0/0/0 x1");
}

static void only_the_main_process_can_end_the_unit(void)
{
    static const char report[] = "0024:atom: 3 tests executed (0 marked as todo, 0 failures), 0 skipped.\n";
    CHECK_TEXT(parsed(report, strlen(report), "atom", PERISCOPE_END_EXITED, 0, 0x20),
               "failed 3/0/0/0/0 x1 | no summary line of the main process, 0020");
    CHECK_TEXT(parsed(report, strlen(report), "atom", PERISCOPE_END_EXITED, 0, 0x24), "passed 3/0/0/0/0 x1");
}

static void messages_of_another_unit_are_a_problem(void)
{
    CHECK_TEXT(exited("heap.c:1: Test failed: x\n"
                      "0020:atom: 5 tests executed (0 marked as todo, 1 failure), 0 skipped.\n",
                      1),
               "failed 5/1/0/0/0 x1 | line 1: a message of another unit, heap");
    CHECK_TEXT(exited("common.h:1: Test failed: x\n"
                      "0020:atom: 5 tests executed (0 marked as todo, 1 failure), 0 skipped.\n",
                      1),
               "failed 5/1/0/0/0 x1");
    CHECK_TEXT(exited("0024:heap: 5 tests executed (0 marked as todo, 1 failure), 0 skipped.\n"
                      "0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n",
                      0),
               "failed 5/0/0/0/0 x1 | line 1: a summary of another unit, heap");
}

/* ---- what does not agree ---- */

static void a_report_cut_short(void)
{
    CHECK_TEXT(exited("atom.c:1: Test marked todo: x\natom.c:2: Test fa", 0),
               "failed 0/0/1/0/0 x0 | no summary line: the test ended early, or its report was cut short");
    CHECK_TEXT(exited("0020:atom: 12 tests executed (0 marked as todo, 0 fail", 0),
               "failed 0/0/0/0/0 x0 | not a Wine test's report: no line of its 54 bytes has the form of one"
               " ; line 1: a malformed summary");
    CHECK_TEXT(exited("", 0), "failed 0/0/0/0/0 x0 | the report is empty");
    CHECK_TEXT(exited("Hello\n", 0),
               "failed 0/0/0/0/0 x0 | not a Wine test's report: no line of its 6 bytes has the form of one");
}

static void numbers_that_do_not_agree(void)
{
    CHECK_TEXT(exited("0020:atom: 5 tests executed (0 marked as todo, 2 failures), 0 skipped.\n", 2),
               "failed 5/2/0/0/0 x1 | no failures in the report, 2 in its summary");
    CHECK_TEXT(
        exited("atom.c:1: Test failed: x\n0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n", 1),
        "failed 5/1/0/0/0 x1 | 1 failures in the report, none in its summary");
    CHECK_TEXT(
        exited("atom.c:1: Test failed: x\n0020:atom: 5 tests executed (0 marked as todo, 2 failures), 0 skipped.\n", 2),
        "failed 5/1/0/0/0 x1 ; 1 failures in the report, 2 in its summary");
    CHECK_TEXT(
        exited("0020:atom: 5 tests executed (3 marked as todo, 0 failures), 4 skipped.\n", 0),
        "failed 5/0/3/0/4 x1 | no todos in the report, 3 in its summary | no skips in the report, 4 in its summary");
}

static void an_exit_code_that_does_not_agree(void)
{
    CHECK_TEXT(
        exited("atom.c:1: Test failed: x\n0020:atom: 5 tests executed (0 marked as todo, 1 failure), 0 skipped.\n", 0),
        "failed 5/1/0/0/0 x1 | exit code 0 despite 1 failures");
    CHECK_TEXT(exited("0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n", 7),
               "failed 5/0/0/0/0 x1 | exit code 7, but no failure in the report");
}

/* ---- crashes ---- */

static void crashes(void)
{
    static const char summary[] = "0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n";
    CHECK_TEXT(parsed(summary, strlen(summary), "atom", PERISCOPE_END_SIGNALLED, 11, 0),
               "crashed 5/0/0/0/0 x1 | ended by signal 11 (SIGSEGV)");
    CHECK_TEXT(exited("", 0xc0000005), "crashed 0/0/0/0/0 x0 | ended with status c0000005 (STATUS_ACCESS_VIOLATION)");
    CHECK_TEXT(exited("", (int32_t)0xc0000005),
               "crashed 0/0/0/0/0 x0 | ended with status c0000005 (STATUS_ACCESS_VIOLATION)");
    CHECK_TEXT(exited("Unhandled exception: page fault on read access to 0x0 in 64-bit code\n", 5),
               "crashed 0/0/0/0/0 x0 | line 1: it crashed, and there is no summary line");
    CHECK_TEXT(exited("wine: Call from 0x7b to unimplemented function x.dll.Y, aborting\n", 1),
               "crashed 0/0/0/0/0 x0 | line 1: it crashed, and there is no summary line");
    CHECK_TEXT(exited("atom: unhandled exception c00000fd at 0x7b\n", 253),
               "crashed 0/1/0/0/0 x0 | line 1: unhandled exception c00000fd (STATUS_STACK_OVERFLOW)");
}

static void a_crash_of_a_child_is_told_where_the_test_went_on(void)
{
    CHECK_TEXT(
        exited("wine: Unhandled page fault on read access to 0 at address 1 (thread 0024), starting debugger...\n"
               "0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n",
               0),
        "passed 5/0/0/0/0 x1 ; line 1: a process of the test crashed");
    CHECK_TEXT(
        exited("wine: Unhandled page fault on read access to 0 at address 1 (thread 0024), starting debugger...\n"
               "0024:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n",
               5),
        "crashed 5/0/0/0/0 x1 | line 1: it crashed, exit code 5");
}

/* ---- whole reports ---- */

static const char *report_told(const char *report)
{
    static char text[32768];
    struct periscope_winetest winetest;
    size_t len = 0;
    text[0] = '\0';
    if (periscope_winetest_parse(report, strlen(report), &winetest))
        return "(no memory)";
    for (size_t i = 0; i < winetest.count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s:%s %s", i ? " # " : "", winetest.units[i].dll,
                                winetest.units[i].unit, told(&winetest.units[i]));
    periscope_winetest_free(&winetest);
    return text;
}

#define GOOD "0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n"

static void frames_of_winetest_and_testlauncher(void)
{
    CHECK_TEXT(report_told("Version 4\nTest output:\n"
                           "kernel32:atom start dlls/kernel32/tests/atom.c\n" GOOD
                           "kernel32:atom:0020 done (0) in 1s 72B\n"
                           "kernel32:heap start dlls/kernel32/tests/heap.c 1.17\n"
                           "heap.c:1: Test failed: x\n"
                           "0024:heap: 7 tests executed (0 marked as todo, 1 failure), 0 skipped.\n"
                           "kernel32:heap:0024 done (1) in 2s\n"
                           "cmd.exe:batch skipped programs/cmd.exe/tests/batch.c -\n"),
               "kernel32:atom passed 5/0/0/0/0 x1 # kernel32:heap failed 7/1/0/0/0 x1 # "
               "cmd.exe:batch skipped 0/0/0/0/0 x0 ; winetest.exe was told to skip it");
    CHECK_TEXT(report_told("kernel32:atom start - -\r\n" GOOD "kernel32:atom:0020 done (0)\r\n"),
               "kernel32:atom passed 5/0/0/0/0 x1");
    CHECK_TEXT(report_told("atom: start - -\natom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\natom: "
                           "done (0) in 1s\n"),
               "atom:atom passed 5/0/0/0/0 x1");
}

static void a_frame_that_says_timed_out(void)
{
    CHECK_TEXT(
        report_told("kernel32:atom start - -\natom.c:1: Test failed: x\nkernel32:atom:0020 done (258) in 120s\n"),
        "kernel32:atom timed out 0/1/0/0/0 x0 | it did not end in time");
}

static void frames_that_are_garbled(void)
{
    CHECK_TEXT(report_told("kernel32:atom start - -\n" GOOD "kernel32:heap start - -\n" GOOD),
               "kernel32:atom failed 5/0/0/0/0 x1 | no done line, or it is garbled # "
               "kernel32:heap failed 0/0/0/0/0 x0 | no summary line: the test ended early, or its report was cut short"
               " | no done line: the report was cut short");
    CHECK_TEXT(report_told("kernel32:atom start - -\n" GOOD "kernel32:atom:0020 done (0) in 1s\n"
                           "kernel32:heap:0024 done (0) in 1s\n"),
               "kernel32:atom passed 5/0/0/0/0 x1 # kernel32:heap failed 0/0/0/0/0 x0 | "
               "not a Wine test's report: no line of its 34 bytes has the form of one | "
               "no start line, or it is garbled");
    CHECK_TEXT(
        report_told("kernel32:atom start - -\n" GOOD "a trace without an end kernel32:atom:0020 done (0) in 1s\n"),
        "kernel32:atom passed 5/0/0/0/0 x1");
    CHECK_TEXT(report_told("kernel32:atom start - -\n" GOOD "a tracekernel32:atom:0020 done (0) in 1s\n"),
               "kernel32:atom passed 5/0/0/0/0 x1");
}

static void output_of_a_child_after_the_end_belongs_to_the_unit(void)
{
    CHECK_TEXT(report_told("kernel32:atom start - -\n" GOOD
                           "kernel32:atom:0020 done (0) in 1s\natom.c:3: Test failed: late\n"),
               "kernel32:atom failed 5/1/0/0/0 x1 | 1 failures in the report, none in its summary | "
               "exit code 0 despite 1 failures");
}

static void a_report_without_a_frame(void)
{
    CHECK_TEXT(report_told(GOOD), ":atom passed 5/0/0/0/0 x1");
    CHECK_TEXT(report_told("\x01\x02\xff"),
               ": failed 0/0/0/0/0 x0 | not a Wine test's report: no line of its 3 bytes has the form of one");
}

static void whoever_runs_a_unit_is_not_fooled_by_frames_in_it(void)
{
    CHECK_TEXT(exited(GOOD "dll:atom:0020 done (0) in 1s\ndll:heap start - -\n", 3),
               "failed 5/0/0/0/0 x1 | exit code 3, but no failure in the report");
}

/* ---- where the lines are ---- */

static void lines_are_found_again_in_the_report(void)
{
    static const char report[] =
        "kernel32:atom start - -\nx\natom.c:3: Test failed: y\r\n" GOOD "kernel32:atom:0020 done (1) in 1s\n";
    struct periscope_winetest winetest;
    CHECK_INT(periscope_winetest_parse(report, strlen(report), &winetest), PERISCOPE_OK);
    CHECK_INT(winetest.count, 1);
    const struct periscope_unit *unit = winetest.units;
    CHECK_INT(unit->line_count, 2);
    CHECK_INT(unit->lines[0].kind, PERISCOPE_LINE_FAILURE);
    CHECK_INT(unit->lines[0].number, 2);
    CHECK(unit->lines[0].len == 24 && memcmp(report + unit->lines[0].offset, "atom.c:3: Test failed: y", 24) == 0);
    CHECK_INT(unit->lines[1].kind, PERISCOPE_LINE_SUMMARY);
    CHECK_INT(unit->seconds, 1);
    periscope_winetest_free(&winetest);
    periscope_winetest_free(&winetest);
}

/* ---- bounds ---- */

static char *repeated(const char *text, size_t count, size_t *len)
{
    size_t step = strlen(text);
    char *bytes = malloc(step * count);
    for (size_t i = 0; i < step * count; i++)
        bytes[i] = text[i % step];
    *len = step * count;
    return bytes;
}

static void more_lines_than_are_kept(void)
{
    size_t len;
    char *report = repeated("atom.c:1: Test failed: x\n", PERISCOPE_WINETEST_MAX_LINES + 100, &len);
    CHECK_TEXT(parsed(report, len, "atom", PERISCOPE_END_EXITED, 1, 0),
               "failed 0/16484/0/0/0 x0 | no summary line: the test ended early, or its report was cut short | "
               "it prints too much: 412100 bytes, and the TestBot takes 32768 ; "
               "100 further lines are counted but not kept");
    free(report);
}

static void more_problems_than_are_kept(void)
{
    size_t len;
    char *report = repeated("heap.c:1: Test failed: x\n", 1000, &len);
    struct periscope_unit unit;
    struct periscope_unit_run run = {.unit = "atom", .end = PERISCOPE_END_EXITED};
    CHECK_INT(periscope_unit_parse(report, len, &run, &unit), PERISCOPE_OK);
    CHECK_INT(unit.problems.count, PERISCOPE_WINETEST_MAX_REMARKS);
    CHECK_TEXT(unit.problems.items[unit.problems.count - 1], "further ones are not kept");
    periscope_unit_free(&unit);
    free(report);
}

static void more_units_than_are_read(void)
{
    size_t len;
    char *report = repeated("a:b start - -\n", PERISCOPE_WINETEST_MAX_UNITS + 3, &len);
    struct periscope_winetest winetest;
    CHECK_INT(periscope_winetest_parse(report, len, &winetest), PERISCOPE_OK);
    CHECK_INT(winetest.count, PERISCOPE_WINETEST_MAX_UNITS);
    CHECK_INT(winetest.problems.count, 1);
    CHECK_TEXT(winetest.problems.items[0], "there are more than 65536 units; the others are omitted");
    periscope_winetest_free(&winetest);
    free(report);
}

/* Each a line of 10 MB that invites a search from every byte of it; the program's time limit is the judge. */
static void hostile_lines_of_ten_megabytes(void)
{
    static const char *const parts[] = {"\0",          "a",
                                        "1",           ":",
                                        "atom.c:",     "atom.c:1:",
                                        " done (",     " tests executed (",
                                        "a:b done (1", " unhandled exception ",
                                        ": Test",      "wine: Call from ",
                                        "\x1b[",       "0 tests executed (",
                                        "\xff",        "0020:atom: 1 tests executed ("};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t step = parts[i][0] ? strlen(parts[i]) : 1, len = 0;
        char *line = parts[i][0] ? repeated(parts[i], 10000000 / step, &len) : calloc(1, len = 10000000);
        struct periscope_winetest winetest;
        CHECK_INT(periscope_winetest_parse(line, len, &winetest), PERISCOPE_OK);
        CHECK_INT(winetest.count, 1);
        periscope_winetest_free(&winetest);
        CHECK(strncmp(parsed(line, len, "atom", PERISCOPE_END_EXITED, 0, 0), "failed ", 7) == 0);
        free(line);
    }
}

static void numbers_too_large_to_be_counts(void)
{
    CHECK_TEXT(exited("0020:atom: 99999999999999999999 tests executed (0 marked as todo, 0 failures), 0 skipped.\n", 0),
               "passed 9223372036854775807/0/0/0/0 x1");
    CHECK_TEXT(exited("atom.c:99999999999999999999: Test failed: x\n"
                      "0020:atom: 1 tests executed (0 marked as todo, 1 failures), 0 skipped.\n",
                      1),
               "failed 1/1/0/0/0 x1");
    CHECK_TEXT(exited("0020:atom: 1 tests executed (0 marked as todo, 99999999999999999999 failures), 0 skipped.\n", 1),
               "failed 1/9223372036854775807/0/0/0 x1"
               " | no failures in the report, 9223372036854775807 in its summary");
}

/* The TestBot takes 32 KiB of a unit. It counts its done line and the line that starts the next unit. */
static void a_report_of_more_than_32_kib_fails(void)
{
    static char report[40000];
    const char *good = "0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped.\n";
    size_t len = (size_t)snprintf(report, sizeof report, "%32768s", good);
    CHECK_TEXT(parsed(report, len, "atom", PERISCOPE_END_EXITED, 0, 0), "passed 5/0/0/0/0 x1");
    len = (size_t)snprintf(report, sizeof report, "%32769s", good);
    CHECK_TEXT(parsed(report, len, "atom", PERISCOPE_END_EXITED, 0, 0),
               "failed 5/0/0/0/0 x1 | it prints too much: 32769 bytes, and the TestBot takes 32768");
}

static void flaky_failures_that_the_summary_cannot_count(void)
{
    CHECK_TEXT(exited("atom.c:4: Test marked flaky: d\n"
                      "0020:atom: 9 tests executed (0 marked as todo, 0 failures), 0 skipped.\n",
                      0),
               "passed 9/0/0/1/0 x1 ; 1 flaky failures in the report, no count of them in its summary");
    CHECK_TEXT(exited("atom.c:4: Test marked flaky: d\n"
                      "0020:atom: 9 tests executed (0 marked as todo, 0 as flaky, 0 failures), 0 skipped.\n",
                      0),
               "failed 9/0/0/1/0 x1 | 1 flaky failures in the report, none in its summary");
}

/* ---- the list ---- */

static const char *listed(const char *output)
{
    static char text[1024];
    struct periscope_strings units;
    size_t len = 0;
    text[0] = '\0';
    int status = periscope_winetest_list(output, strlen(output), &units);
    if (status)
        return status == PERISCOPE_INVALID ? "(none)" : "(no memory)";
    for (size_t i = 0; i < units.count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", units.items[i]);
    periscope_strings_free(&units);
    return text;
}

static void lists_of_units(void)
{
    static const char *const files[] = {"list.txt", "usage.txt"};
    for (size_t i = 0; i < 2; i++) {
        char *bytes;
        size_t len = read_report(files[i], &bytes);
        CHECK(bytes != NULL);
        if (bytes) {
            bytes[len] = '\0';
            CHECK_TEXT(listed(bytes), "atom environ path");
        }
        free(bytes);
    }
    CHECK_TEXT(listed("Valid test names:\n    a\nfixme: no name\n    b c\n    b\n    a\n    ../x\n"), "a b");
    CHECK_TEXT(listed("Valid test names:\n"), "(none)");
    CHECK_TEXT(listed("    a\n"), "(none)");
    CHECK_TEXT(listed(""), "(none)");
}

int main(void)
{
    RUN(real_reports);
    RUN(a_real_report_with_many_children);
    RUN(a_real_report_with_colours_and_times);
    RUN(a_real_crash_with_the_message_of_the_test_itself);
    RUN(a_real_crash_that_hung_in_the_debugger);
    RUN(old_and_new_summaries);
    RUN(messages_of_every_kind);
    RUN(flaky_failures_alone_do_not_fail);
    RUN(lines_may_end_in_cr_lf_or_not_at_all);
    RUN(junk_between_lines_means_nothing);
    RUN(a_unit_that_only_skipped);
    RUN(summaries_of_children_count);
    RUN(failures_of_a_child_count_once);
    RUN(an_exception_in_a_child_is_a_failure);
    RUN(a_line_torn_by_another_process);
    RUN(only_the_main_process_can_end_the_unit);
    RUN(messages_of_another_unit_are_a_problem);
    RUN(a_report_cut_short);
    RUN(numbers_that_do_not_agree);
    RUN(an_exit_code_that_does_not_agree);
    RUN(crashes);
    RUN(a_crash_of_a_child_is_told_where_the_test_went_on);
    RUN(frames_of_winetest_and_testlauncher);
    RUN(a_frame_that_says_timed_out);
    RUN(frames_that_are_garbled);
    RUN(output_of_a_child_after_the_end_belongs_to_the_unit);
    RUN(a_report_without_a_frame);
    RUN(whoever_runs_a_unit_is_not_fooled_by_frames_in_it);
    RUN(lines_are_found_again_in_the_report);
    RUN(more_lines_than_are_kept);
    RUN(more_problems_than_are_kept);
    RUN(more_units_than_are_read);
    RUN(hostile_lines_of_ten_megabytes);
    RUN(numbers_too_large_to_be_counts);
    RUN(a_report_of_more_than_32_kib_fails);
    RUN(flaky_failures_that_the_summary_cannot_count);
    RUN(lists_of_units);
    return CHECK_RESULT();
}
