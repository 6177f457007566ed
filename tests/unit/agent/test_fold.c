/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written of lines that repeat, with a made-up clock. */
#include "tests/unit/check.h"

#include "agent/fold.h"

static struct fold fold;
static char written[20000];
static int64_t now_ms;

static void write_it(void *context, const char *text)
{
    size_t len = strlen(written);
    (void)context;
    snprintf(written + len, sizeof written - len, "%lld %s\n", (long long)now_ms, text);
}

static void begin(void)
{
    memset(&fold, 0, sizeof fold);
    *written = '\0';
    now_ms = 0;
}

static void add(const char *text)
{
    if (fold_add(&fold, text, now_ms, write_it, NULL))
        write_it(NULL, text);
}

static unsigned lines_written(void)
{
    unsigned count = 0;
    for (const char *p = written; *p; p++)
        count += *p == '\n';
    return count;
}

static void different_lines_are_all_written(void)
{
    begin();
    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "line %d", i);
        add(text);
    }
    CHECK_INT(lines_written(), 100);
    CHECK(strstr(written, "repeated") == NULL);
    CHECK_INT(fold_next_ms(&fold), INT64_MAX);
}

static void a_repeated_line_is_counted_until_its_time_is_over(void)
{
    begin();
    for (now_ms = 0; now_ms < 880; now_ms += 2)
        add("poll");
    CHECK_TEXT(written, "0 poll\n");
    CHECK_INT(fold_next_ms(&fold), FOLD_FIRST_MS);
    now_ms = FOLD_FIRST_MS;
    fold_emit_due(&fold, now_ms, write_it, NULL);
    CHECK_TEXT(written, "0 poll\n1000 poll (repeated 439 times in 0.9 s)\n");
    CHECK_INT(fold_next_ms(&fold), INT64_MAX);
}

static void lines_in_turns_are_folded_each(void)
{
    begin();
    for (now_ms = 0; now_ms < 900; now_ms += 3) {
        add("a");
        add("b");
        add("c");
    }
    CHECK_TEXT(written, "0 a\n0 b\n0 c\n");
    now_ms = FOLD_FIRST_MS;
    add("d");
    CHECK_TEXT(written, "0 a\n0 b\n0 c\n1000 a (repeated 299 times in 0.9 s)\n1000 b (repeated 299 times in 0.9 s)\n"
                        "1000 c (repeated 299 times in 0.9 s)\n1000 d\n");
}

/* A line a millisecond for an hour: at first after 1, 3, 7 s, in the end once a minute. */
static void what_never_ends_is_told_ever_more_rarely(void)
{
    begin();
    for (now_ms = 0; now_ms < 3600000; now_ms++)
        add("poll");
    CHECK(lines_written() > 55 && lines_written() < 70);
    CHECK(strncmp(written,
                  "0 poll\n1000 poll (repeated 999 times in 1.0 s)\n3000 poll (repeated 2000 times in 2.0 s)\n",
                  86) == 0);
    CHECK(strstr(written, " poll (repeated 60000 times in 60.0 s)\n") != NULL);
}

static void a_line_that_comes_again_later_is_a_new_one(void)
{
    begin();
    add("once");
    now_ms = FOLD_FIRST_MS;
    add("once");
    CHECK_TEXT(written, "0 once\n1000 once\n");
}

static void who_loses_its_place_is_told(void)
{
    begin();
    add("first");
    now_ms = 1;
    add("first");
    for (int i = 0; i < FOLD_LINES; i++, now_ms++) {
        char text[16];
        snprintf(text, sizeof text, "line %d", i);
        add(text);
    }
    CHECK(strstr(written, "first (repeated 1 time in 0.0 s)\n") != NULL);
    CHECK_INT(lines_written(), FOLD_LINES + 2);
}

static void at_the_end_all_counts_are_told(void)
{
    begin();
    for (int i = 0; i < 3; i++)
        add("a");
    fold_emit_all(&fold, true, write_it, NULL);
    fold_emit_all(&fold, false, write_it, NULL);
    fold_emit_all(&fold, false, write_it, NULL);
    CHECK_TEXT(written, "0 a\n0 a (repeated 2 times in 0.0 s)\n0 a (repeated 2 times in 0.0 s)\n");
}

static void a_long_line_gives_way_to_its_count(void)
{
    char text[FOLD_TEXT_SIZE + 100];
    begin();
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    add(text);
    add(text);
    *written = '\0';
    fold_emit_all(&fold, false, write_it, NULL);
    CHECK_INT(strlen(written), strlen("0 ") + FOLD_TEXT_SIZE - 128 + strlen(" (repeated 1 time in 0.0 s)\n"));
    CHECK_TEXT(strchr(written, '('), "(repeated 1 time in 0.0 s)\n");
}

int main(void)
{
    RUN(different_lines_are_all_written);
    RUN(a_repeated_line_is_counted_until_its_time_is_over);
    RUN(lines_in_turns_are_folded_each);
    RUN(what_never_ends_is_told_ever_more_rarely);
    RUN(a_line_that_comes_again_later_is_a_new_one);
    RUN(who_loses_its_place_is_told);
    RUN(at_the_end_all_counts_are_told);
    RUN(a_long_line_gives_way_to_its_count);
    return CHECK_RESULT();
}
