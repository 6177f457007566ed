/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of units at the borders of their rules, with the verdicts of the TestBot's own parser: test_testbot.py compares
   with it. */
#include "host/periscope_winetest.h"
#include "tests/unit/check.h"

#include <stdlib.h>

/* "DLL:UNIT VERDICT TESTS/FAILURES | problems" of each unit, joined by " # ". */
static const char *frames_told(const char *report)
{
    static char text[4096];
    struct periscope_winetest winetest;
    size_t len = 0;
    text[0] = '\0';
    if (periscope_winetest_parse(report, strlen(report), &winetest))
        return "(no memory)";
    for (size_t i = 0; i < winetest.count && len < sizeof text; i++) {
        const struct periscope_unit *unit = &winetest.units[i];
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s:%s %s %llu/%llu", i ? " # " : "", unit->dll,
                                unit->unit, periscope_unit_verdict_name(unit->verdict),
                                (unsigned long long)unit->counts.tests, (unsigned long long)unit->counts.failures);
        for (size_t j = 0; j < unit->problems.count && len < sizeof text; j++)
            len += (size_t)snprintf(text + len, sizeof text - len, " | %s", unit->problems.items[j]);
    }
    periscope_winetest_free(&winetest);
    return text;
}

#define FINE "0020:atom: 5 tests executed (0 marked as todo, 0 failures), 0 skipped."
#define START "kernel32:atom start - -\n"
#define DONE "kernel32:atom:0020 done (0) in 0s\n"

static void the_next_start_line_counts_to_the_size(void)
{
    static char report[40000];
    size_t text = 32768 - strlen(FINE "\n" DONE "kernel32:heap start - -\n");
    for (size_t more = 0; more < 2; more++) {
        snprintf(report, sizeof report, START "%*s" FINE "\n" DONE "kernel32:heap start - -\n", (int)(text + more),
                 "\n");
        bool passes = strncmp(frames_told(report), "kernel32:atom passed ", 21) == 0;
        CHECK_INT(passes, more == 0);
    }
}

static void lines_that_glue_frames_to_other_text(void)
{
    CHECK_TEXT(frames_told(START FINE DONE), "kernel32:atom failed 5/0 | no done line: the report was cut short");
    CHECK_TEXT(frames_told(START FINE "\ntext " DONE), "kernel32:atom passed 5/0");
    CHECK_TEXT(frames_told(START FINE "\n" DONE "kernel32:heap start - -text\n"), "kernel32:atom passed 5/0");
    CHECK_TEXT(frames_told(START FINE "\nkernel32:atom:0020 done (0) in text\n"), "kernel32:atom passed 5/0");
}

static void second_done_lines_are_judged(void)
{
    CHECK_TEXT(frames_told(START FINE "\nkernel32:atom:0020 done (258) in 0s\n" FINE "\n" DONE),
               "kernel32:atom timed out 5/0 | it did not end in time # kernel32:atom passed 5/0");
}

static void a_summary_behind_the_done_line_is_not_the_main_process_s(void)
{
    CHECK_TEXT(frames_told(START DONE FINE "\n"),
               "kernel32:atom failed 5/0 | no summary line of the main process, 0020");
    CHECK_TEXT(
        frames_told(START FINE "\n" DONE "0024:atom: 1 tests executed (0 marked as todo, 0 failures), 0 skipped.\n"),
        "kernel32:atom passed 6/0");
}

static void a_skipped_unit_that_speaks_is_judged(void)
{
    CHECK_TEXT(frames_told("kernel32:atom skipped - -\natom.c:1: Test failed: x\n"
                           "0020:atom: 5 tests executed (0 marked as todo, 1 failures), 0 skipped.\n"),
               "kernel32:atom failed 5/1 | exit code 0 despite 1 failures");
    CHECK_TEXT(frames_told("kernel32:atom skipped - -\n" FINE "\nkernel32:atom:0020 done (1) in 0s\n"),
               "kernel32:atom failed 5/0 | exit code 1, but no failure in the report");
}

int main(void)
{
    RUN(the_next_start_line_counts_to_the_size);
    RUN(lines_that_glue_frames_to_other_text);
    RUN(second_done_lines_are_judged);
    RUN(a_summary_behind_the_done_line_is_not_the_main_process_s);
    RUN(a_skipped_unit_that_speaks_is_judged);
    return CHECK_RESULT();
}
