/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/test/test.h"
#include "tests/unit/check.h"

static const char *base(const char *name)
{
    static char text[TEST_FILE_NAME_SIZE];
    struct test_unit unit = {.name = name};
    struct test test = {.units = &unit, .unit_count = 1};
    test_file_base(&test, &unit, text, sizeof text);
    return text;
}

static void a_file_has_the_name_of_its_unit(void)
{
    CHECK_TEXT(base("atom"), "atom");
    CHECK_TEXT(base("zw\xc3\xb6lf"), "zw\xc3\xb6lf");
}

static void what_a_name_of_a_file_cannot_have_is_replaced(void)
{
    CHECK_TEXT(base("../a\\b:c"), ".._a_b_c");
    CHECK_TEXT(base("[[x|y]]"), "__x_y__");
    CHECK_TEXT(base("a?*<>\"b"), "a_____b");
    CHECK_TEXT(base("caf\xe9\x1b[2J"), "caf___2J"); /* no UTF-8, no order to a terminal */
}

static void a_unit_that_runs_again_has_files_of_its_own(void)
{
    char text[TEST_FILE_NAME_SIZE];
    struct test_unit units[] = {{.name = "atom"}, {.name = "heap"}, {.name = "atom"}};
    struct test test = {.units = units, .unit_count = 3};
    test_file_base(&test, &units[2], text, sizeof text);
    CHECK_TEXT(text, "atom-2");
}

int main(void)
{
    RUN(a_file_has_the_name_of_its_unit);
    RUN(what_a_name_of_a_file_cannot_have_is_replaced);
    RUN(a_unit_that_runs_again_has_files_of_its_own);
    return CHECK_RESULT();
}
