/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/cli/test/test.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void test_warn(struct test *test, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len >= (int)sizeof text)
        strcpy(text + sizeof text - 10, "... (cut)");
    cli_warn(test->cli, "%s", text);
    strlist_add(&test->warnings, text);
}

bool test_is_final(struct test *test, int status)
{
    if (status != PERISCOPE_NO_AGENT && status != PERISCOPE_TIMED_OUT && status != PERISCOPE_INTERRUPTED)
        return false;
    if (status == PERISCOPE_INTERRUPTED && test->stop != CLI_INTERRUPTED)
        periscope_set_limit(test->cli->periscope, TEST_LEAVE_MS);
    if (!test->stop || status == PERISCOPE_INTERRUPTED)
        test->stop = cli_exit_of(status);
    return true;
}

bool test_await_return(struct test *test, int status)
{
    struct periscope *p = test->cli->periscope;
    bool away = status == PERISCOPE_NO_AGENT || status == PERISCOPE_TIMED_OUT;
    if (!away || test->gone)
        return false;
    test_warn(test, "%s", periscope_error_text(p));
    int returned = periscope_wait_boot(p, test->away_ms, NULL);
    test->gone = returned != 0;
    if (test->gone)
        test_is_final(test, returned == PERISCOPE_INTERRUPTED ? returned : status);
    return !test->gone;
}

void test_file_base(const struct test *test, const struct test_unit *unit, char *base, size_t size)
{
    size_t earlier = 0;
    for (const struct test_unit *other = test->units; other < unit; other++)
        earlier += strcmp(other->name, unit->name) == 0;
    int len = snprintf(base, size, "%.*s", PERISCOPE_WINETEST_MAX_NAME, unit->name);
    if (earlier)
        snprintf(base + len, size - (size_t)len, "-%zu", earlier + 1);
    utf8_make_printable(base);
    for (char *c = base; *c; c++)
        if (strchr("/\\:[]|?*<>\"", *c))
            *c = '_';
}

void test_free_picture(struct test_picture *picture)
{
    free(picture->file);
    free(picture->error);
    periscope_strings_free(&picture->facts);
    *picture = (struct test_picture){0};
}
