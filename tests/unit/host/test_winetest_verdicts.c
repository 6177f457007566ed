/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdicts at the borders of their rules. */
#include "host/periscope_winetest.h"
#include "tests/unit/check.h"

#define SUMMARY(failures) "0020:atom: 5 tests executed (0 marked as todo, " failures "), 0 skipped.\n"

/* The verdict of such a unit's report, its failures, and its first problem. */
static const char *verdict(const char *report, int64_t status)
{
    static char text[1000];
    struct periscope_unit unit;
    struct periscope_unit_run run = {
        .dll = "dll", .unit = "atom", .end = PERISCOPE_END_EXITED, .status = status, .pid = 0x20};
    if (periscope_unit_parse(report, strlen(report), &run, &unit))
        return "(no memory)";
    snprintf(text, sizeof text, "%s %d%s%s", periscope_unit_verdict_name(unit.verdict), (int)unit.counts.failures,
             unit.problems.count ? ": " : "", unit.problems.count ? unit.problems.items[0] : "");
    periscope_unit_free(&unit);
    return text;
}

/* An exit status is an NTSTATUS where one of its two upper bits is set: an error (c...), a warning (8...) or, as of
   control-C in a debugger, an information (4...). */
static void statuses_that_are_exceptions(void)
{
    CHECK_TEXT(verdict(SUMMARY("0 failures"), 0), "passed 0");
    CHECK_TEXT(verdict(SUMMARY("0 failures"), 255), "failed 0: exit code 255, but no failure in the report");
    CHECK_TEXT(verdict(SUMMARY("0 failures"), 0x3fffffff),
               "failed 0: exit code 1073741823, but no failure in the report");
    CHECK_TEXT(verdict(SUMMARY("0 failures"), 0x40010005), "crashed 0: ended with status 40010005 (DBG_CONTROL_C)");
    CHECK_TEXT(verdict(SUMMARY("0 failures"), 0x80000003), "crashed 0: ended with status 80000003 (STATUS_BREAKPOINT)");
    CHECK_TEXT(verdict(SUMMARY("0 failures"), 0xc0000005),
               "crashed 0: ended with status c0000005 (STATUS_ACCESS_VIOLATION)");
}

/* Another process of the test crashed, and the main one came to its end all the same. */
static void an_exception_beside_a_summary_is_a_failure(void)
{
    CHECK_TEXT(
        verdict("0024:atom: unhandled exception c0000005 at 0x7b\natom.c:7: Test failed: x\n" SUMMARY("2 failures"), 2),
        "failed 2");
    CHECK_TEXT(verdict("0020:atom: unhandled exception c0000005 at 0x7b\n", 5),
               "crashed 1: line 1: unhandled exception c0000005 (STATUS_ACCESS_VIOLATION)");
}

/* The words of Wine's test.h before 2018 and since. */
static void todos_that_succeed_are_failures(void)
{
    CHECK_TEXT(verdict("atom.c:1: Test succeeded inside todo block: x\n" SUMMARY("1 failure"), 1), "failed 1");
    CHECK_TEXT(verdict("atom.c:1: Todo succeeded: x\n" SUMMARY("1 failure"), 1), "failed 1");
    CHECK_TEXT(verdict("atom.c:1: Todo succeeded: x\n" SUMMARY("0 failures"), 0),
               "failed 1: 1 failures in the report, none in its summary");
}

int main(void)
{
    RUN(statuses_that_are_exceptions);
    RUN(an_exception_beside_a_summary_is_a_failure);
    RUN(todos_that_succeed_are_failures);
    return CHECK_RESULT();
}
