/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small test for Linux in the form of a Wine test: what `periscope test` is tried with where Wine can't be had.
 *
 * usage: sample_test UNIT, or --list
 *
 * draw opens a window and leaves it up for SAMPLE_SECONDS (3) seconds. From fail on the units do what tests do that go wrong;
 * noise prints SAMPLE_MEGABYTES (4). The source file that a message names is UNIT.c, as with Wine's tests, where each
 * unit has its own.
 */
#include "tests/sample/window.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *unit;
static int successes, failures, todos, flaky, skipped;

__attribute__((format(printf, 3, 4))) static void say(int line, const char *kind, const char *format, ...)
{
    va_list args;
    printf("%s.c:%d: %s", unit, line, kind);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void check(int line, bool condition, const char *what)
{
    if (condition) {
        successes++;
        return;
    }
    failures++;
    say(line, "Test failed: ", "%s", what);
}
#define OK(condition, what) check(__LINE__, condition, what)

static void skip(int line, const char *why)
{
    skipped++;
    say(line, "Tests skipped: ", "%s", why);
}

static unsigned from_environment(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);
    return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

/* ---- units ---- */

static void test_draw(void)
{
    struct window window;
    const char *why = window_open(&window, 640, 400, "sample_test draw");
    if (why) {
        skip(__LINE__, why);
        return;
    }
    OK(window_draw(&window), "the picture was drawn");
    say(__LINE__, "", "a window of 640x400 is up for %u s", from_environment("SAMPLE_SECONDS", 3));
    fflush(stdout);
    OK(window_show(&window, from_environment("SAMPLE_SECONDS", 3)), "the window stayed");
    window_close(&window);
}

static void test_pass(void)
{
    OK(strlen(unit) == 4, "the unit has its name");
    OK(getpid() > 0, "the process has an id");
    OK(!getenv("WINETEST_DEBUG") || strcmp(getenv("WINETEST_DEBUG"), "1") == 0, "WINETEST_DEBUG is 1");
}

static void test_fail(void)
{
    OK(true, "this succeeds");
    OK(1 + 1 == 3, "one and one are 2, not 3");
    OK(false, "a second failure");
}

static void test_todo(void)
{
    OK(true, "this succeeds");
    todos++;
    say(__LINE__, "Test marked todo: ", "this is known not to work");
    flaky++;
    say(__LINE__, "Test marked flaky: ", "this works at times");
    skip(__LINE__, "what is not there can't be tested");
}

static void test_skip(void)
{
    skip(__LINE__, "there is nothing to test here");
}

static void test_crash(void)
{
    OK(true, "all was well up to here");
    fflush(stdout);
    raise(SIGSEGV);
}

static void test_hang(void)
{
    signal(SIGTERM, SIG_IGN);
    say(__LINE__, "", "going to hang, and SIGTERM does not help");
    fflush(stdout);
    for (;;)
        pause();
}

/* A process that nobody waits for, and that would write into the report for an hour. */
static void test_orphan(void)
{
    OK(true, "a child is left behind");
    fflush(stdout);
    if (fork() == 0) {
        signal(SIGTERM, SIG_IGN);
        for (int i = 0; i < 3600; i++) {
            sleep(1);
            say(__LINE__, "", "the child that was left goes on");
            fflush(stdout);
        }
        _exit(0);
    }
}

static void test_noise(void)
{
    unsigned long lines = from_environment("SAMPLE_MEGABYTES", 4) * 1024ul * 1024ul / 64;
    for (unsigned long i = 0; i < lines; i++)
        printf("noise.c:%05d: line %09lu of a test that prints far too much\n", __LINE__, i);
    OK(true, "all of it was printed");
}

static void test_cut(void)
{
    OK(false, "a failure before the test ends too early");
    printf("cut.c:%d: Test fai", __LINE__);
    fflush(stdout);
    _exit(0);
}

static void test_bytes(void)
{
    static const char text[] = "no UTF-8: \xff\xfe \xc3(, a NUL: \0, colours: \x1b[31mred\x1b[0m, "
                               "]]>, [[ATTACHMENT|/etc/passwd]]\r\n";
    fwrite(text, 1, sizeof text - 1, stdout);
    OK(false, "f\xfcr Latin-1, \xe2\x82\xac for UTF-8, \x1b[5m for a terminal");
}

static const struct test {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"draw", test_draw},   {"pass", test_pass},   {"fail", test_fail},   {"todo", test_todo},
    {"skip", test_skip},   {"crash", test_crash}, {"hang", test_hang},   {"orphan", test_orphan},
    {"noise", test_noise}, {"cut", test_cut},     {"bytes", test_bytes},
};

#define TEST_COUNT (sizeof tests / sizeof *tests)

static void list(void)
{
    puts("Valid test names:");
    for (size_t i = 0; i < TEST_COUNT; i++)
        printf("    %s\n", tests[i].name);
}

static int run(const struct test *test)
{
    unit = test->name;
    test->run();
    printf("%04x:%s: %d tests executed (%d marked as todo, %d as flaky, %d %s), %d skipped.\n", (unsigned)getpid(),
           unit, successes + failures + todos + flaky, todos, flaky, failures, failures == 1 ? "failure" : "failures",
           skipped);
    return failures < 255 ? failures : 255;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        printf("Usage: %s test_name\n\n", argv[0]);
        list();
        return 1;
    }
    if (strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    for (size_t i = 0; i < TEST_COUNT; i++)
        if (strcmp(tests[i].name, argv[1]) == 0)
            return run(&tests[i]);
    printf("Fatal: test '%s' does not exist.\n", argv[1]);
    return 1;
}
