/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/budget.h"
#include "base/buffer.h"
#include "tests/unit/check.h"

static struct budget budget;

static void begin(size_t limit, size_t exempt)
{
    budget = (struct budget){"replies", limit, exempt, 0};
}

static void owners_share_the_limit(void)
{
    begin(100, 0);
    CHECK(budget_resize(&budget, 0, 60));
    CHECK(!budget_resize(&budget, 0, 41));
    CHECK(budget_resize(&budget, 0, 40));
    CHECK(!budget_resize(&budget, 40, 41));
    CHECK(budget_resize(&budget, 60, 59));
    CHECK(budget_resize(&budget, 40, 41));
    CHECK(budget_resize(&budget, 59, 0));
    CHECK(budget_resize(&budget, 41, 0));
    CHECK_INT(atomic_load(&budget.used), 0);
}

static void small_needs_are_always_met(void)
{
    begin(100, 10);
    CHECK(budget_resize(&budget, 0, 110));
    CHECK_INT(atomic_load(&budget.used), 100);
    CHECK(budget_resize(&budget, 0, 10));
    CHECK(!budget_resize(&budget, 10, 11));
    CHECK(budget_resize(&budget, 10, 0));
    CHECK_INT(atomic_load(&budget.used), 100);
}

static void one_alone_may_exceed_it(void)
{
    begin(100, 10);
    CHECK(budget_resize(&budget, 0, 5)); /* does not count */
    CHECK(budget_resize(&budget, 0, 500));
    CHECK(budget_resize(&budget, 500, 1000));
    CHECK(!budget_resize(&budget, 5, 11));
    CHECK(budget_resize(&budget, 1000, 900)); /* less is always possible */
    CHECK(budget_resize(&budget, 900, 0));
    CHECK(budget_resize(&budget, 0, 11));
    CHECK(!budget_resize(&budget, 0, 500));
}

static void a_buffer_says_that_the_budget_was_used_up(void)
{
    struct buffer one, other;
    struct error err;
    begin(100 << 20, 0);
    buffer_init(&one, 1 << 30);
    buffer_init(&other, 1 << 30);
    one.budget = other.budget = &budget;
    CHECK(buffer_extend(&one, 60 << 20));
    CHECK(!buffer_extend(&other, 60 << 20));
    CHECK(other.failed && other.over_budget);
    CHECK_INT(budget_error(&budget, &err), ERR_LIMIT);
    CHECK_TEXT(err.text, "the replies of all clients hold 60 MB of memory, and may hold 100 MB: try again");
    buffer_clear(&other);
    CHECK(!other.over_budget && buffer_extend(&other, 30 << 20));
    CHECK(buffer_extend(&other, 10 << 20)); /* all that is left, though twice as much would be taken at once */
    CHECK_INT(atomic_load(&budget.used), 100 << 20);
    buffer_deinit(&one);
    buffer_deinit(&other);
    CHECK_INT(atomic_load(&budget.used), 0);
}

int main(void)
{
    RUN(owners_share_the_limit);
    RUN(small_needs_are_always_met);
    RUN(one_alone_may_exceed_it);
    RUN(a_buffer_says_that_the_budget_was_used_up);
    return CHECK_RESULT();
}
