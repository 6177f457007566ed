/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unit tests: CHECK counts, prints and goes on; alive under NDEBUG. Output is what tests/run reads: a line
 * "ok NAME", "FAIL NAME: why" or "SKIP NAME: why" for each test. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failures;     /* in the current test */
static int check_failed_tests; /* in the program */
static const char *check_skip; /* why the current test can't run, or NULL */

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                                                   \
            check_failures++;                                                                                          \
        }                                                                                                              \
    } while (0)
#define CHECK_INT(got, want)                                                                                           \
    do {                                                                                                               \
        long long got_ = (long long)(got), want_ = (long long)(want);                                                  \
        if (got_ != want_) {                                                                                           \
            printf("# %s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got, got_, want_);                          \
            check_failures++;                                                                                          \
        }                                                                                                              \
    } while (0)
#define CHECK_TEXT(got, want)                                                                                          \
    do {                                                                                                               \
        const char *got_ = (got), *want_ = (want);                                                                     \
        if (!got_ || strcmp(got_, want_) != 0) {                                                                       \
            printf("# %s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #got, got_ ? got_ : "(null)", want_);    \
            check_failures++;                                                                                          \
        }                                                                                                              \
    } while (0)
/* Use as: if (!can) { SKIP("why"); return; } */
#define SKIP(why) (check_skip = (why))

#define RUN(test)                                                                                                      \
    do {                                                                                                               \
        check_failures = 0;                                                                                            \
        check_skip = NULL;                                                                                             \
        test();                                                                                                        \
        if (check_failures) {                                                                                          \
            printf("FAIL %s: %d checks failed\n", #test, check_failures);                                              \
            check_failed_tests++;                                                                                      \
        } else if (check_skip) {                                                                                       \
            printf("SKIP %s: %s\n", #test, check_skip);                                                                \
        } else {                                                                                                       \
            printf("ok %s\n", #test);                                                                                  \
        }                                                                                                              \
        fflush(stdout);                                                                                                \
    } while (0)
#define CHECK_RESULT() (check_failed_tests != 0)

/* Returns and prints the seed of a test's random numbers: PERISCOPE_SEED, or else always the same. */
static inline unsigned check_seed(void)
{
    const char *given = getenv("PERISCOPE_SEED");
    unsigned seed = given && *given ? (unsigned)strtoul(given, NULL, 0) : 1;
    printf("# PERISCOPE_SEED=%u\n", seed);
    return seed;
}

/* Keeps in reach what lives as long as its program does: for a checker of leaks it is none. */
static inline void keep_in_reach(void *memory)
{
    static void *volatile kept[1024];
    static size_t count;
    if (count < sizeof kept / sizeof kept[0])
        kept[count++] = memory;
}

#endif
