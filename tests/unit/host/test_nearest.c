/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/nearest.h"
#include "tests/unit/check.h"

static const char *meant(const char *typed)
{
    static const char *const words[] = {"ping", "put",  "get",        "rm",        "run",
                                        "wait", "test", "screenshot", "wait-boot", "settime"};
    struct nearest nearest = nearest_to(typed, strlen(typed));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        nearest_consider(&nearest, words[i]);
    return nearest.best ? nearest.best : "none";
}

static void a_slip_of_the_finger_is_seen_through(void)
{
    CHECK_TEXT(meant("tst"), "test");   /* a letter too few */
    CHECK_TEXT(meant("tesst"), "test"); /* too many */
    CHECK_TEXT(meant("tesr"), "test");  /* another one */
    CHECK_TEXT(meant("tets"), "test");  /* two swapped */
    CHECK_TEXT(meant("screnshoot"), "screenshot");
    CHECK_TEXT(meant("wait_boot"), "wait-boot");
    CHECK_TEXT(meant("set-time"), "settime");
    CHECK_TEXT(meant("pu"), "put");
    CHECK_TEXT(meant("mr"), "rm");
}

static void an_abbreviation_is_completed(void)
{
    CHECK_TEXT(meant("scr"), "screenshot");
    CHECK_TEXT(meant("screen"), "screenshot");
    CHECK_TEXT(meant("wait-"), "wait-boot");
}

static void what_is_far_from_all_is_left_alone(void)
{
    CHECK_TEXT(meant(""), "none");
    CHECK_TEXT(meant("x"), "none");
    CHECK_TEXT(meant("vm1:9000"), "none");
    CHECK_TEXT(meant("upload"), "none");
    CHECK_TEXT(meant("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "none");
}

static void only_the_given_part_is_looked_at(void)
{
    struct nearest nearest = nearest_to("outptu=file", 6);
    char hint[NEAREST_HINT_SIZE];
    nearest_consider(&nearest, "output");
    CHECK_TEXT(nearest_hint(&nearest, "--", hint), "; did you mean '--output'?");
    nearest = nearest_to("xyz", 3);
    nearest_consider(&nearest, "a-word-that-is-too-long-to-be-near-to-any");
    CHECK_TEXT(nearest_hint(&nearest, "--", hint), "");
}

int main(void)
{
    RUN(a_slip_of_the_finger_is_seen_through);
    RUN(an_abbreviation_is_completed);
    RUN(what_is_far_from_all_is_left_alone);
    RUN(only_the_given_part_is_looked_at);
    return CHECK_RESULT();
}
