/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/check.h"

#include "base/number.h"

static void digits_are_taken_and_passed(void)
{
    const char *text = "0012x", *start = text;
    uint64_t value = 99;
    CHECK(number_take(&text, 12, &value));
    CHECK_INT(value, 12);
    CHECK_INT(text - start, 4);
}

static void what_is_not_a_number_moves_nothing(void)
{
    static const char *const wrong[] = {"", "-1", "+1", " 1", "x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *text = wrong[i];
        uint64_t value = 99;
        CHECK(!number_take(&text, UINT64_MAX, &value));
        CHECK(text == wrong[i]);
        CHECK_INT(value, 99);
    }
}

static bool takes(const char *text, uint64_t max)
{
    uint64_t value;
    return number_take(&text, max, &value);
}

static void the_limit_is_exact(void)
{
    CHECK(takes("0", 0) && !takes("1", 0));
    CHECK(takes("7", 7) && !takes("8", 7) && !takes("9", 7));
    CHECK(takes("100", 100) && !takes("101", 100) && !takes("1000", 100));
    CHECK(takes("18446744073709551615", UINT64_MAX));
    CHECK(!takes("18446744073709551616", UINT64_MAX));
    CHECK(!takes("99999999999999999999999", UINT64_MAX));
}

int main(void)
{
    RUN(digits_are_taken_and_passed);
    RUN(what_is_not_a_number_moves_nothing);
    RUN(the_limit_is_exact);
    return CHECK_RESULT();
}
