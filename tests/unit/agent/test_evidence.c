/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/check.h"

#include "host/cli/test/evidence_text.h"

#include <stdlib.h>

#define PROCESS "process\t10\t1\tx_test.exe\t64-bit, 1 thread\n"
#define DEBUGGER "process\t11\t10\twinedbg.exe\t64-bit, 1 thread\n"
#define IME "window\tx_test.exe\tDefault IME\tIME\t10\t1x1+0+0\t0\t0\t\n"

/* The summary, valid until the next call. */
static const char *summary_of(const char *text)
{
    static struct evidence evidence;
    evidence_deinit(&evidence);
    CHECK(evidence_read(text, &evidence));
    return evidence.summary;
}

static void each_way_of_not_ending_is_told_apart(void)
{
    CHECK_TEXT(summary_of(PROCESS IME "window\tx_test.exe\tA box\t#32770\t10\t9x9+0+0\t1\t0\tText\n"),
               "dialog 'A box' from x_test.exe");
    CHECK_TEXT(summary_of(PROCESS IME "window\tx_test.exe\tA window\tX\t10\t9x9+0+0\t1\t1\t\n"),
               "window 'A window' of x_test.exe does not respond");
    CHECK_TEXT(summary_of(PROCESS IME "window\tx_test.exe\tA window\tX\t10\t9x9+0+0\t1\t0\t\n"),
               "window 'A window' of x_test.exe is open");
    CHECK_TEXT(summary_of(PROCESS IME "other-window\tupdate.exe\tReboot now?\t#32770\t90\t9x9+0+0\t1\t0\tYes\n"),
               "dialog 'Reboot now?' from update.exe, which is not the test's");
    CHECK_TEXT(summary_of(PROCESS IME), "x_test.exe (64-bit, 1 thread) has no window");
    CHECK_TEXT(summary_of(PROCESS "no-windows\tno screen\n"),
               "x_test.exe (64-bit, 1 thread); its windows are unknown: no screen");
    CHECK_TEXT(summary_of(""), "none of its processes is left");
    CHECK_TEXT(summary_of("no-processes\tthere is no /proc\n"), "its processes are unknown: there is no /proc");
}

static void a_crash_is_that_of_who_crashed(void)
{
    const char *dialog = "window\twinedbg.exe\tProgram Error\t#32770\t11\t9x9+0+0\t1\t0\tText\n";
    char text[1000];
    snprintf(text, sizeof text, PROCESS DEBUGGER "%s", dialog);
    CHECK_TEXT(summary_of(text), "dialog 'Program Error' from x_test.exe");
    snprintf(text, sizeof text, "%s" DEBUGGER, dialog); /* its parent has gone */
    CHECK_TEXT(summary_of(text), "dialog 'Program Error' from winedbg.exe");
}

static void the_test_s_own_dialog_tells_more_than_others(void)
{
    CHECK_TEXT(summary_of(PROCESS "window\tx_test.exe\tOwn\t#32770\t10\t9x9+0+0\t1\t0\t\n"
                                  "window\tx_test.exe\tHung\tX\t10\t9x9+0+0\t1\t1\t\n"
                                  "other-window\ty.exe\tOther\t#32770\t9\t9x9+0+0\t1\t0\t\n"),
               "dialog 'Own' from x_test.exe");
    CHECK_TEXT(summary_of(PROCESS "window\tx_test.exe\tBelow\t#32770\t10\t9x9+0+0\t1\t0\t\n"
                                  "window\tx_test.exe\tAbove\t#32770\t10\t9x9+0+0\t1\t0\t\n"
                                  "window\tx_test.exe\tHidden\t#32770\t10\t9x9+0+0\t0\t0\t\n"),
               "dialog 'Above' from x_test.exe");
}

static void windows_of_linux_have_fewer_fields(void)
{
    CHECK_TEXT(summary_of("process\t10\t1\tdemo\tS in do_poll\nwindow\tdemo\tA window\tDemo\t10\t9x9+0+0\t1\n"),
               "window 'A window' of demo is open");
}

static void what_a_dialog_says_is_one_line(void)
{
    struct evidence evidence;
    CHECK(evidence_read("window\tx\tBox\t#32770\t1\t9x9+0+0\t1\t0\tOne\\r\\ntwo\\tand C:\\\\x\\n\n", &evidence));
    CHECK_TEXT(evidence.says, "One / two and C:\\\\x / ");
    evidence_deinit(&evidence);
    CHECK(evidence_read(PROCESS, &evidence));
    CHECK(!evidence.says);
    evidence_deinit(&evidence);
}

static void long_texts_are_cut_and_say_so(void)
{
    char *text = malloc(100000);
    struct evidence evidence;
    int len = sprintf(text, "window\tx\t");
    memset(text + len, 'T', 5000);
    len += 5000;
    len += sprintf(text + len, "\t#32770\t1\t9x9+0+0\t1\t0\t");
    memset(text + len, 'S', 50000);
    text[len + 50000] = 0;
    CHECK(evidence_read(text, &evidence));
    CHECK_INT(strlen(evidence.summary), strlen("dialog ''... from x") + 200);
    CHECK(strstr(evidence.summary, "T...'"));
    CHECK_INT(strlen(evidence.says), 1003);
    CHECK_TEXT(evidence.says + 999, "S...");
    evidence_deinit(&evidence);
    free(text);
}

static void what_is_dumped_are_the_tests_processes(void)
{
    uint64_t pids[2] = {0};
    CHECK_INT(evidence_processes(DEBUGGER PROCESS IME "process\tx\t1\tno number\t\nprocess\t12\n", pids, 2), 1);
    CHECK_INT(pids[0], 10);
    CHECK_INT(evidence_processes(PROCESS PROCESS PROCESS, pids, 2), 2);
}

static void processes_are_listed(void)
{
    struct strlist list = {0};
    evidence_list_processes(PROCESS IME DEBUGGER, &list);
    CHECK_INT(list.count, 2);
    CHECK_TEXT(list.items[0], "10 x_test.exe");
    CHECK_TEXT(list.items[1], "11 winedbg.exe");
    strlist_deinit(&list);
}

int main(void)
{
    RUN(each_way_of_not_ending_is_told_apart);
    RUN(a_crash_is_that_of_who_crashed);
    RUN(the_test_s_own_dialog_tells_more_than_others);
    RUN(windows_of_linux_have_fewer_fields);
    RUN(what_a_dialog_says_is_one_line);
    RUN(long_texts_are_cut_and_say_so);
    RUN(what_is_dumped_are_the_tests_processes);
    RUN(processes_are_listed);
    return CHECK_RESULT();
}
