/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/check.h"

#include "base/findings.h"

#include <stdio.h>

static char told[8][256];
static unsigned told_count;

static void keep(void *context, const char *line)
{
    CHECK(context == told);
    if (told_count < 8)
        snprintf(told[told_count++], sizeof told[0], "%s", line);
}

static void each_is_a_line_and_is_counted(void)
{
    struct findings findings = {.tell = keep, .context = told};
    told_count = 0;
    findings_add(&findings, FINDING_PASS, "one", "%d is %s", 1, "there");
    findings_add(&findings, FINDING_FAIL, "two", "of\nlines");
    findings_add(&findings, FINDING_SKIP, "three", "x");
    findings_add(&findings, FINDING_FIXED, "four", "y");
    findings_add(&findings, FINDING_FAIL, "five", "z");
    CHECK_INT(told_count, 5);
    CHECK_TEXT(told[0], "pass one: 1 is there");
    CHECK_TEXT(told[1], "FAIL two: of?lines");
    CHECK_TEXT(told[2], "skip three: x");
    CHECK_TEXT(told[3], "fixed four: y");
    CHECK_INT(findings.counts[FINDING_FAIL], 2);
    CHECK_INT(findings.counts[FINDING_PASS] + findings.counts[FINDING_SKIP] + findings.counts[FINDING_FIXED], 3);
    CHECK_INT(findings.failed.count, 2);
    CHECK_TEXT(findings.failed.items[0], "two");
    CHECK_TEXT(findings.failed.items[1], "five");
    findings_deinit(&findings);
}

static void without_a_reader_they_are_counted(void)
{
    struct findings findings = {.tell = NULL};
    findings_add(&findings, FINDING_FAIL, "name", "detail");
    CHECK_INT(findings.counts[FINDING_FAIL], 1);
    CHECK_TEXT(findings.failed.items[0], "name");
    findings_deinit(&findings);
}

int main(void)
{
    RUN(each_is_a_line_and_is_counted);
    RUN(without_a_reader_they_are_counted);
    return CHECK_RESULT();
}
