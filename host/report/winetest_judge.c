/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Determines the verdict of a unit. The rules are the TestBot's: a report is believed only if its messages, its
   summaries and the exit code agree. */
#include "host/report/winetest_scan.h"

#include <inttypes.h>
#include <stdio.h>

/* Returns whether an exit code is an NTSTATUS of a warning or error. No test returns more than 255 by itself. */
static bool judge_is_exception(int64_t status)
{
    return ((uint64_t)status & 0xc0000000u) != 0;
}

static const char *judge_signal_name(int64_t number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {{1, " (SIGHUP)"},   {2, " (SIGINT)"},   {3, " (SIGQUIT)"},  {4, " (SIGILL)"},  {5, " (SIGTRAP)"},
                 {6, " (SIGABRT)"},  {7, " (SIGBUS)"},   {8, " (SIGFPE)"},   {9, " (SIGKILL)"}, {11, " (SIGSEGV)"},
                 {13, " (SIGPIPE)"}, {15, " (SIGTERM)"}, {24, " (SIGXCPU)"}, {31, " (SIGSYS)"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return "";
}

/* Formats " (STATUS_ACCESS_VIOLATION)", or "" for an unknown status. */
static const char *judge_status_name(uint64_t status, char text[64])
{
    const char *name = periscope_exit_name((uint32_t)status);
    snprintf(text, 64, name ? " (%s)" : "%s", name ? name : "");
    return text;
}

/* Adds a crash as a problem. Returns false if the unit did not crash. */
static bool judge_crash(struct winetest_scan *scan)
{
    const struct periscope_unit *unit = scan->unit;
    bool no_end = !scan->main_ended || unit->summaries == 0;
    char name[64];
    if (unit->end == PERISCOPE_END_SIGNALLED)
        winetest_problem(scan, "ended by signal %" PRId64 "%s", unit->status, judge_signal_name(unit->status));
    else if (unit->end == PERISCOPE_END_EXITED && judge_is_exception(unit->status))
        winetest_problem(scan, "ended with status %08" PRIx32 "%s", (uint32_t)unit->status,
                         judge_status_name((uint64_t)unit->status, name));
    else if (no_end && scan->exceptions > 0)
        winetest_problem(scan, "line %" PRIu64 ": unhandled exception %08" PRIx64 "%s", scan->first_crash_line,
                         scan->exception_code, judge_status_name(scan->exception_code, name));
    else if (no_end && scan->first_crash_line > 0)
        winetest_problem(scan, "line %" PRIu64 ": it crashed, and there is no summary line", scan->first_crash_line);
    else if (scan->first_crash_line > 0 && unit->end == PERISCOPE_END_EXITED && unit->status != 0 &&
             unit->counts.failures == scan->exceptions)
        /* Under Wine on Unix an exception's code is truncated to its low 8 bits; no failure accounts for it. */
        winetest_problem(scan, "line %" PRIu64 ": it crashed, exit code %" PRId64, scan->first_crash_line,
                         unit->status);
    else
        return false;
    return true;
}

static void judge_summary(struct winetest_scan *scan, size_t len)
{
    if (scan->main_ended)
        return;
    if (len == 0)
        winetest_problem(scan, "the report is empty");
    else if (!scan->wine_test)
        winetest_problem(scan, "not a Wine test's report: no line of its %zu bytes has the form of one", len);
    else if (scan->any_ended)
        winetest_problem(scan, "no summary line of the main process, %04" PRIx64, scan->unit->pid);
    else
        winetest_problem(scan, "no summary line: the test ended early, or its report was cut short");
}

static void judge_count(struct winetest_scan *scan, const char *what, uint64_t lines, uint64_t summed)
{
    if (lines > 0 && summed == 0)
        winetest_problem(scan, "%" PRIu64 " %s in the report, none in its summary", lines, what);
    else if (lines == 0 && summed > 0)
        winetest_problem(scan, "no %s in the report, %" PRIu64 " in its summary", what, summed);
    else if (lines != summed)
        winetest_note(scan, "%" PRIu64 " %s in the report, %" PRIu64 " in its summary", lines, what, summed);
}

/* Compares the flaky failures. Summaries from before Wine 8 have no count of them, and then nothing is missing. */
static void judge_flaky(struct winetest_scan *scan)
{
    uint64_t lines = scan->counted.flaky;
    if (scan->tells_flaky)
        judge_count(scan, "flaky failures", lines, scan->unit->summed.flaky);
    else if (lines > 0)
        winetest_note(scan, "%" PRIu64 " flaky failures in the report, no count of them in its summary", lines);
}

static void judge_counts(struct winetest_scan *scan)
{
    const struct periscope_unit_counts *counted = &scan->counted, *summed = &scan->unit->summed;
    if (!scan->main_ended)
        return;
    /* A child's failures may be counted twice: in its own summary, if it prints one, and in its parent's. */
    uint64_t twice = counted->failures + scan->child_failures;
    judge_count(scan, "failures", twice == summed->failures ? twice : counted->failures, summed->failures);
    judge_count(scan, "todos", counted->todo, summed->todo);
    judge_flaky(scan);
    judge_count(scan, "skips", counted->skipped, summed->skipped);
}

static void judge_size(struct winetest_scan *scan)
{
    if (scan->size > PERISCOPE_WINETEST_MAX_REPORT)
        winetest_problem(scan, "it prints too much: %zu bytes, and the TestBot takes %u", scan->size,
                         PERISCOPE_WINETEST_MAX_REPORT);
}

static void judge_exit_code(struct winetest_scan *scan)
{
    const struct periscope_unit *unit = scan->unit;
    if (unit->end != PERISCOPE_END_EXITED)
        return;
    if (unit->counts.failures > 0 && unit->status == 0)
        winetest_problem(scan, "exit code 0 despite %" PRIu64 " failures", unit->counts.failures);
    else if (unit->counts.failures == 0 && unit->status != 0)
        winetest_problem(scan, "exit code %" PRId64 ", but no failure in the report", unit->status);
}

static void judge_run(struct winetest_scan *scan, const char *reason)
{
    struct periscope_unit *unit = scan->unit;
    if (judge_crash(scan)) {
        unit->verdict = PERISCOPE_UNIT_CRASHED;
        return;
    }
    judge_summary(scan, unit->len);
    judge_counts(scan);
    judge_size(scan);
    judge_exit_code(scan);
    if (reason)
        winetest_problem(scan, "%s", reason);
    if (scan->first_crash_line > 0)
        winetest_note(scan, "line %" PRIu64 ": a process of the test crashed", scan->first_crash_line);
    if (unit->counts.failures > 0 || scan->problems.count > 0)
        unit->verdict = PERISCOPE_UNIT_FAILED;
    else if (unit->counts.tests == 0 && unit->counts.skipped > 0)
        unit->verdict = PERISCOPE_UNIT_SKIPPED;
    else
        unit->verdict = PERISCOPE_UNIT_PASSED;
    if (unit->verdict == PERISCOPE_UNIT_PASSED && unit->counts.tests == 0)
        winetest_note(scan, "it tested nothing");
}

/* Sets the counts. Summaries may count a failure twice, so they are used for failures only if no line reports one. Of a
   process that printed no summary only its lines are known. */
static void judge_set_counts(struct winetest_scan *scan)
{
    struct periscope_unit_counts *counts = &scan->unit->counts;
    const struct periscope_unit_counts *counted = &scan->counted;
    *counts = scan->unit->summed;
    counts->failures = counted->failures > 0 ? counted->failures : counts->failures;
    counts->todo = counted->todo > counts->todo ? counted->todo : counts->todo;
    counts->flaky = counted->flaky > counts->flaky ? counted->flaky : counts->flaky;
    counts->skipped = counted->skipped > counts->skipped ? counted->skipped : counts->skipped;
}

void winetest_judge(struct winetest_scan *scan, const struct periscope_unit_run *run)
{
    struct periscope_unit *unit = scan->unit;
    const char *reason = run->reason ? run->reason : "the reason is not known";
    judge_set_counts(scan);
    switch (run->end) {
    case PERISCOPE_END_TIMED_OUT:
        unit->verdict = PERISCOPE_UNIT_TIMED_OUT;
        if (run->reason)
            winetest_problem(scan, "timed out; %s", run->reason);
        else
            winetest_problem(scan, "it did not end in time");
        if (scan->first_crash_line > 0)
            winetest_note(scan, "line %" PRIu64 ": a process of the test had crashed", scan->first_crash_line);
        break;
    case PERISCOPE_END_LOST:
        unit->verdict = PERISCOPE_UNIT_LOST;
        winetest_problem(scan, "%s", reason);
        break;
    case PERISCOPE_END_NOT_RUN:
        unit->verdict = PERISCOPE_UNIT_NOT_RUN;
        winetest_problem(scan, "%s", reason);
        break;
    case PERISCOPE_END_SKIPPED:
        unit->verdict = PERISCOPE_UNIT_SKIPPED;
        winetest_note(scan, "%s", reason);
        break;
    case PERISCOPE_END_UNKNOWN:
    case PERISCOPE_END_EXITED:
    case PERISCOPE_END_SIGNALLED:
        judge_run(scan, run->reason);
        break;
    }
    if (unit->lines_not_kept > 0)
        winetest_note(scan, "%" PRIu64 " further lines are counted but not kept", unit->lines_not_kept);
}

const char *periscope_unit_verdict_name(enum periscope_unit_verdict verdict)
{
    switch (verdict) {
#define X(symbol, name)                                                                                                \
    case symbol:                                                                                                       \
        return name;
        PERISCOPE_UNIT_VERDICTS(X)
#undef X
    }
    return "unknown";
}
