/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Look-ups whose source never answers, answers late, or no longer has an answer. */
#include "linux/lookup.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "tests/unit/check.h"

#include <stdatomic.h>
#include <semaphore.h>

#define PATIENCE_MS 100

static atomic_int looks; /* begun */
static atomic_int value; /* what a look finds */
static sem_t gate;       /* held back until it is posted, where the question says so */
static enum lookup_age age;

static void look(const void *question, void *answer)
{
    atomic_fetch_add(&looks, 1);
    if (*(const bool *)question)
        sem_wait(&gate);
    *(int *)answer = atomic_load(&value);
}

static enum lookup_age judge(const void *answer, int64_t age_ms)
{
    (void)answer;
    (void)age_ms;
    return age;
}

static struct lookup_cache cache = {.question_size = sizeof(bool),
                                    .size = sizeof(int),
                                    .look = look,
                                    .age = judge,
                                    .patience_ms = PATIENCE_MS,
                                    .lock = PTHREAD_MUTEX_INITIALIZER};
static struct error err;
static int got;

static int ask(const char *key, bool held)
{
    got = 0;
    return lookup_get(&cache, key, &held, &got, &err);
}

static void wait_for_looks(int count)
{
    while (atomic_load(&looks) < count)
        os_sleep_ms(1);
}

static void answer_is_kept_while_it_is_fresh(void)
{
    atomic_store(&value, 1);
    age = LOOKUP_FRESH;
    CHECK_INT(ask("a", false), 0);
    CHECK_INT(got, 1);
    atomic_store(&value, 2);
    CHECK_INT(ask("a", true), 0);
    CHECK_INT(got, 1);
    CHECK_INT(atomic_load(&looks), 1);
    age = LOOKUP_STALE;
    CHECK_INT(ask("a", false), 0);
    CHECK_INT(got, 2);
}

static void aging_answer_is_used_while_another_look_is_taken(void)
{
    int before = atomic_load(&looks);
    age = LOOKUP_AGING;
    atomic_store(&value, 3);
    CHECK_INT(ask("a", true), 0);
    CHECK_INT(got, 2);
    wait_for_looks(before + 1);
    CHECK_INT(ask("a", true), 0); /* no second look is begun */
    CHECK_INT(got, 2);
    CHECK_INT(atomic_load(&looks), before + 1);
    sem_post(&gate);
    age = LOOKUP_FRESH;
    while (ask("a", false) == 0 && got != 3)
        os_sleep_ms(1);
    CHECK_INT(got, 3);
}

static void who_waits_for_no_answer_gets_the_older_one(void)
{
    age = LOOKUP_STALE;
    atomic_store(&value, 4);
    CHECK_INT(ask("a", true), LOOKUP_OLD);
    CHECK_INT(got, 3);
    int64_t start = os_clock_us();
    for (int i = 0; i < 1000; i++) /* and nobody waits as long again: that would be a hundred seconds */
        CHECK_INT(ask("a", true), LOOKUP_OLD);
    CHECK(os_clock_us() - start < 50 * 1000000LL);
    sem_post(&gate);
    age = LOOKUP_FRESH;
    while (ask("a", false) == 0 && got != 4) /* or the next look that is held back would take the post */
        os_sleep_ms(1);
}

static void without_any_answer_it_is_an_error(void)
{
    age = LOOKUP_STALE;
    CHECK_INT(ask("b", true), ERR_TIMEOUT);
    CHECK_TEXT(err.text, "looking up b takes more than 100 ms");
    sem_post(&gate);
}

static void stuck_look_ups_are_bounded(void)
{
    char key[16];
    int before;
    age = LOOKUP_STALE;
    while (ask("a", false) != 0 || ask("b", false) != 0)
        os_sleep_ms(1);
    before = atomic_load(&looks);
    for (int i = 0; i < LOOKUP_ENTRIES; i++) {
        snprintf(key, sizeof key, "stuck %d", i);
        CHECK_INT(ask(key, true), ERR_TIMEOUT);
    }
    CHECK_INT(ask("one more", false), ERR_LIMIT);
    CHECK_TEXT(err.text, "8 look-ups are under way without an answer");
    CHECK_INT(atomic_load(&looks), before + LOOKUP_ENTRIES);
    for (int i = 0; i < LOOKUP_ENTRIES; i++)
        sem_post(&gate);
    while (ask("one more", false) != 0)
        os_sleep_ms(1);
    CHECK_INT(got, atomic_load(&value));
}

int main(void)
{
    sem_init(&gate, 0, 0);
    RUN(answer_is_kept_while_it_is_fresh);
    RUN(aging_answer_is_used_while_another_look_is_taken);
    RUN(who_waits_for_no_answer_gets_the_older_one);
    RUN(without_any_answer_it_is_an_error);
    RUN(stuck_look_ups_are_bounded);
    return CHECK_RESULT();
}
