/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/utf8.h"
#include "tests/unit/check.h"

static void texts_are_one_line_of_utf8(void)
{
    struct error err;
    CHECK_INT(error_set(&err, ERR_SYSTEM, "unable to open '%s'", "two\nlines \x7f"), ERR_SYSTEM);
    CHECK_INT(err.status, ERR_SYSTEM);
    CHECK_TEXT(err.text, "unable to open 'two?lines ?'");
    error_set(&err, ERR_SYSTEM, "'%s'", "caf\xe9, caf\xc3\xa9, \xc2\x9b, \xf0\x9f\x98\x80");
    CHECK_TEXT(err.text, "'caf?, caf\xc3\xa9, ?, \xf0\x9f\x98\x80'");
    error_set(&err, ERR_SYSTEM, "%s", "\xff");
    CHECK_TEXT(err.text, "?");
}

static void long_texts_tell_that_they_are_cut(void)
{
    struct error err;
    char name[ERROR_TEXT_SIZE + 100];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    error_set(&err, ERR_LIMIT, "%s", name);
    CHECK_INT(strlen(err.text), ERROR_TEXT_SIZE - 1);
    CHECK_TEXT(err.text + ERROR_TEXT_SIZE - 10, "... (cut)");
    name[ERROR_TEXT_SIZE - 1] = '\0';
    error_set(&err, ERR_LIMIT, "%s", name);
    CHECK_TEXT(err.text, name);
}

/* Where a character of several bytes is cut, its rest does not stay. */
static void a_cut_leaves_no_part_of_a_character(void)
{
    struct error err;
    char name[ERROR_TEXT_SIZE + 100];
    for (size_t shift = 0; shift < 3; shift++) {
        memset(name, 'x', shift);
        for (size_t at = shift; at + 3 < sizeof name; at += 3)
            memcpy(name + at, "\xe4\xb8\xad", 4);
        error_set(&err, ERR_LIMIT, "%s", name);
        for (size_t at = 0, left = strlen(err.text); left > 0;) {
            uint32_t code;
            size_t len = utf8_next((const uint8_t *)err.text + at, left, &code);
            CHECK(code != UTF8_INVALID);
            at += len;
            left -= len;
        }
    }
}

static void no_place_for_the_text_is_no_harm(void)
{
    CHECK_INT(error_set(NULL, ERR_LIMIT, "%s", "text"), ERR_LIMIT);
}

static void every_status_has_a_name(void)
{
    CHECK_TEXT(error_name(ERR_TIMEOUT), "timed out");
    CHECK_TEXT(error_name(0), "unknown");
    CHECK_TEXT(error_name(12345), "unknown");
}

int main(void)
{
    RUN(texts_are_one_line_of_utf8);
    RUN(long_texts_tell_that_they_are_cut);
    RUN(a_cut_leaves_no_part_of_a_character);
    RUN(no_place_for_the_text_is_no_harm);
    RUN(every_status_has_a_name);
    return CHECK_RESULT();
}
