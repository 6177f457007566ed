/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The conditions of waitready, by what is known at a time that the test tells. */
#include "agent/conditions.h"
#include "platform/desktop_state.h"
#include "tests/unit/check.h"

static struct conditions_wanted wanted;
static struct conditions_known known;
static struct condition found[CONDITIONS_MAX];
static size_t count;

static void begin(void)
{
    conditions_deinit(&known);
    wanted = (struct conditions_wanted){.states = 1u << DESKTOP_READY, .cpu = -1, .disk = -1, .idle_ms = 1000};
}

static void take(const char *const *lines, int64_t now_ms)
{
    struct strlist list = {0};
    while (*lines)
        strlist_add(&list, *lines++);
    conditions_take_facts(&known, &list, now_ms);
    strlist_deinit(&list);
}

static const struct condition *check(const char *name, int64_t now_ms)
{
    count = conditions_check(&wanted, &known, now_ms, found);
    for (size_t i = 0; i < count; i++)
        if (strcmp(found[i].name, name) == 0)
            return &found[i];
    printf("# there is no condition %s\n", name);
    exit(1);
}

static void sample(int64_t at_ms, uint64_t busy, uint64_t total, uint64_t disk_ms)
{
    struct os_activity activity = {at_ms, busy, total, disk_ms, true};
    conditions_add_sample(&known, &activity);
}

static void what_is_not_known_is_not_met(void)
{
    begin();
    wanted.output = wanted.gpu = "any";
    wanted.still_ms = 500;
    wanted.cpu = wanted.disk = 100;
    check("desktop", 1000);
    CHECK_INT(count, CONDITIONS_MAX);
    for (size_t i = 0; i < count; i++)
        CHECK(!found[i].met && *found[i].text);
    CHECK_TEXT(check("desktop", 1000)->text, "not looked at yet");
    strcpy(known.failure, "the worker crashed");
    CHECK_TEXT(check("desktop", 1000)->text, "the worker crashed");
}

static void a_state_is_one_of_those_that_are_wanted(void)
{
    begin();
    take((const char *const[]){"desktop.state=locked", "desktop.reason=the session is locked", NULL}, 70);
    CHECK(!check("desktop", 100)->met);
    CHECK_TEXT(check("desktop", 100)->text, "locked: the session is locked");
    wanted.states |= 1u << DESKTOP_LOCKED;
    CHECK(check("desktop", 100)->met);
    take((const char *const[]){"desktop.state=dancing", NULL}, 80);
    CHECK(!check("desktop", 100)->met);
}

static void a_fact_that_stays_keeps_its_time(void)
{
    begin();
    take((const char *const[]){"desktop.state=ready", "gpu=0000:01:00.0 -", NULL}, 70);
    take((const char *const[]){"desktop.state=ready", "gpu=0000:01:00.0 amdgpu", NULL}, 90);
    wanted.gpu = "any";
    CHECK_INT(check("desktop", 100)->since_ms, 70);
    CHECK_INT(check("gpu", 100)->since_ms, 90);
}

static void our_own_shutdown_is_one(void)
{
    begin();
    take((const char *const[]){"desktop.state=ready", NULL}, 70);
    strcpy(known.ending, "a host has asked for it");
    known.ending_ms = 95;
    CHECK(!check("desktop", 100)->met);
    CHECK_INT(check("desktop", 100)->since_ms, 95);
    CHECK_TEXT(check("desktop", 100)->text, "shutting-down: a host has asked for it");
    CHECK(!check("desktop", 95 + CONDITIONS_ENDING_MS - 1)->met);
    CHECK(check("desktop", 95 + CONDITIONS_ENDING_MS)->met); /* it was kept from it */
}

static void an_output_has_a_name_and_a_size(void)
{
    begin();
    take((const char *const[]){"output=DP-1 1024x768", "output=a b 1920x1080", NULL}, 70);
    wanted.output = "any";
    CHECK(check("output", 100)->met);
    wanted.mode = "1920x1080";
    CHECK(check("output", 100)->met);
    wanted.output = "DP-1";
    CHECK(!check("output", 100)->met);
    wanted.output = "a b";
    CHECK(check("output", 100)->met);
    wanted.output = "a";
    CHECK(!check("output", 100)->met);
    wanted.output = NULL;
    wanted.mode = "1920x108";
    CHECK(!check("output", 100)->met);
}

static void a_card_has_a_driver(void)
{
    begin();
    wanted.gpu = "any";
    take((const char *const[]){"gpu=0000:01:00.0 -", NULL}, 70);
    CHECK(!check("gpu", 100)->met);
    CHECK_TEXT(check("gpu", 100)->text, "0000:01:00.0: no driver is bound to it");
    take((const char *const[]){"gpu=0000:01:00.0 -", "gpu=0000:02:00.0 nvidia", NULL}, 70);
    CHECK(check("gpu", 100)->met);
    wanted.gpu = "nvidia";
    CHECK(check("gpu", 100)->met);
    wanted.gpu = "0000:02:00.0";
    CHECK(check("gpu", 100)->met);
    wanted.gpu = "0000:01:00.0";
    CHECK(!check("gpu", 100)->met);
    wanted.gpu = "-";
    CHECK(!check("gpu", 100)->met);
}

static void a_screen_is_still_for_as_long_as_it_is(void)
{
    begin();
    wanted.still_ms = 500;
    known.still_since_ms = 1000;
    known.still_until_ms = 1499;
    CHECK(!check("still", 9999)->met); /* what it shows since then nobody knows */
    known.still_until_ms = 1500;
    CHECK(check("still", 1501)->met);
    known.still_since_ms = 0;
    CHECK(!check("still", 9999)->met);
}

static void the_processors_are_measured_over_the_whole_time(void)
{
    begin();
    wanted.cpu = 20;
    sample(1000, 0, 0, 0);
    sample(1900, 10, 90, 0);
    CHECK(!check("cpu", 1900)->met); /* not for long enough yet */
    sample(2000, 20, 100, 0);
    CHECK(check("cpu", 2000)->met); /* 20 of 100 */
    sample(2900, 120, 200, 0);
    CHECK(!check("cpu", 2900)->met);
    CHECK_TEXT(check("cpu", 2900)->text, "100 % busy in the last 1000 ms, 20 % at most");
}

static void the_disk_has_its_own_time(void)
{
    begin();
    wanted.disk = 50;
    sample(1000, 0, 0, 0);
    sample(2000, 0, 0, 500);
    CHECK(check("disk", 2000)->met);
    wanted.disk = 49;
    CHECK(!check("disk", 2000)->met);
    known.samples[1].has_disk = false;
    CHECK(!check("disk", 2000)->met);
    CHECK_TEXT(check("disk", 2000)->text, "this system does not tell");
}

static void samples_are_bounded(void)
{
    begin();
    wanted.cpu = 0;
    for (int i = 0; i < 10 * CONDITIONS_SAMPLES; i++)
        sample(CONDITIONS_SAMPLE_MS * i, 0, (uint64_t)i, 0);
    CHECK_INT(known.sample_count, CONDITIONS_SAMPLES);
    wanted.idle_ms = CONDITIONS_IDLE_MAX_MS;
    CHECK(check("cpu", 1)->met);
}

static void numbers_that_change_all_the_time_make_no_new_answer(void)
{
    begin();
    wanted.cpu = 20;
    take((const char *const[]){"desktop.state=starting", "desktop.reason=a", NULL}, 70);
    sample(1000, 0, 0, 0);
    sample(2000, 50, 100, 0);
    check("cpu", 2000);
    uint64_t first = conditions_hash(found, count);
    sample(3000, 120, 200, 0);
    check("cpu", 3000);
    CHECK(conditions_hash(found, count) == first);
    sample(4000, 120, 300, 0);
    check("cpu", 4000);
    CHECK(conditions_hash(found, count) != first);
    begin();
    take((const char *const[]){"desktop.state=starting", "desktop.reason=a", NULL}, 70);
    check("desktop", 1);
    first = conditions_hash(found, count);
    take((const char *const[]){"desktop.state=starting", "desktop.reason=b", NULL}, 70);
    check("desktop", 1);
    CHECK(conditions_hash(found, count) != first);
}

static void parses(const char *option, bool good)
{
    struct error err;
    begin();
    bool parsed = conditions_parse(&wanted, option, &err) == 0;
    if (parsed != good)
        printf("# '%s'\n", option);
    CHECK(parsed == good);
    CHECK(good || (strlen(err.text) > 11 && strncmp(err.text, "waitready: ", 11) == 0 && !strchr(err.text, '\n')));
}

static void options_are_checked(void)
{
    static const char *const good[] = {"state=none", "state=shutting-down", "output=any", "output=a=b", "mode=1x1",
                                       "gpu=any",    "still-ms=1",          "cpu=0",      "disk=100",   "idle-ms=200"};
    static const char *const bad[] = {"",        "=",           "state",      "state=",      "state=readyx",
                                      "mode=1x", "mode=x1",     "mode=1x1x1", "mode= 1x1",   "still-ms=+1",
                                      "cpu=1%",  "cpu=",        "disk=101",   "idle-ms=199", "idle-ms=10001",
                                      "gpu=",    "states=ready"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        parses(good[i], true);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        parses(bad[i], false);
}

int main(void)
{
    RUN(what_is_not_known_is_not_met);
    RUN(a_state_is_one_of_those_that_are_wanted);
    RUN(a_fact_that_stays_keeps_its_time);
    RUN(our_own_shutdown_is_one);
    RUN(an_output_has_a_name_and_a_size);
    RUN(a_card_has_a_driver);
    RUN(a_screen_is_still_for_as_long_as_it_is);
    RUN(the_processors_are_measured_over_the_whole_time);
    RUN(the_disk_has_its_own_time);
    RUN(samples_are_bounded);
    RUN(numbers_that_change_all_the_time_make_no_new_answer);
    RUN(options_are_checked);
    conditions_deinit(&known);
    return CHECK_RESULT();
}
