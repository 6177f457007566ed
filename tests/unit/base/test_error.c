/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "tests/unit/check.h"

#include <stdbool.h>

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

static void long_texts_lose_their_middle_and_say_so(void)
{
    struct error err;
    char name[ERROR_TEXT_SIZE + 100];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    error_set(&err, ERR_LIMIT, "unable to open '%s': %s", name, "No such file or directory");
    CHECK_INT(strlen(err.text), ERROR_TEXT_SIZE - 1);
    CHECK(strncmp(err.text, "unable to open 'xxx", 19) == 0);
    CHECK(strstr(err.text, "xxx... (cut) ...xxx"));
    CHECK_TEXT(err.text + ERROR_TEXT_SIZE - 1 - strlen("xx': No such file or directory"),
               "xx': No such file or directory");
    name[ERROR_TEXT_SIZE] = '\0'; /* one too many */
    error_set(&err, ERR_LIMIT, "%s", name);
    CHECK_INT(strlen(err.text), ERROR_TEXT_SIZE - 1);
    CHECK(strstr(err.text, "xxx... (cut) ...xxx"));
    name[ERROR_TEXT_SIZE - 1] = '\0';
    error_set(&err, ERR_LIMIT, "%s", name);
    CHECK_TEXT(err.text, name);
}

static void a_prefix_stands_before_the_reason(void)
{
    struct error err;
    char path[2 * ERROR_TEXT_SIZE];
    error_set(&err, ERR_SYSTEM, "No such file or directory");
    CHECK_INT(error_prefix(&err, ERR_INVALID, "could not read '%s'", "a b"), ERR_INVALID);
    CHECK_INT(err.status, ERR_INVALID);
    CHECK_TEXT(err.text, "could not read 'a b': No such file or directory");
    memset(path, 'y', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    error_prefix(&err, ERR_DENIED, "'%s'", path);
    CHECK_INT(strlen(err.text), ERROR_TEXT_SIZE - 1);
    CHECK(strncmp(err.text, "'yyy", 4) == 0);
    CHECK_TEXT(err.text + ERROR_TEXT_SIZE - 1 - strlen(": No such file or directory"), ": No such file or directory");
    CHECK_INT(error_prefix(NULL, ERR_DENIED, "of nothing"), ERR_DENIED);
}

/* The text is x's, whole characters U+4E2D, the mark of the cut and '?' for what the cut left of a character. */
static void check_cut_characters(const char *text)
{
    size_t characters = 0, marks = 0, rests = 0;
    for (const char *at = text; *at;) {
        bool is_mark = strncmp(at, "... (cut) ...", 13) == 0, is_character = strncmp(at, "\xe4\xb8\xad", 3) == 0;
        CHECK(is_mark || is_character || *at == 'x' || *at == '?');
        marks += is_mark;
        characters += is_character;
        rests += *at == '?';
        at += is_mark ? 13 : is_character ? 3 : 1;
    }
    CHECK_INT(marks, 1);
    CHECK(characters > (ERROR_TEXT_SIZE - 30) / 3);
    CHECK(rests <= 3); /* a part before the mark, and up to two bytes behind it */
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
        check_cut_characters(err.text);
    }
}

static void no_place_for_the_text_is_no_harm(void)
{
    CHECK_INT(error_set(NULL, ERR_LIMIT, "%s", "text"), ERR_LIMIT);
    struct error err = {.status = ERR_DENIED, .text = "old"};
    CHECK_INT(error_set(&err, ERR_LIMIT, "%s", ""), ERR_LIMIT);
    CHECK_INT(err.status, ERR_LIMIT);
    CHECK_TEXT(err.text, "");
}

static void every_status_has_a_name(void)
{
    static const int statuses[] = {ERR_SYSTEM,   ERR_NO_MEMORY, ERR_INVALID, ERR_NOT_FOUND,   ERR_DENIED, ERR_LIMIT,
                                   ERR_PROTOCOL, ERR_CLOSED,    ERR_TIMEOUT, ERR_UNAVAILABLE, ERR_REMOTE};
    size_t count = sizeof statuses / sizeof *statuses;
    for (size_t i = 0; i < count; i++) {
        CHECK(statuses[i] < 0);
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(error_name(statuses[i]), error_name(statuses[j])) != 0);
        CHECK(strcmp(error_name(statuses[i]), "unknown") != 0);
    }
    CHECK_TEXT(error_name(ERR_TIMEOUT), "timed out");
    CHECK_TEXT(error_name(ERR_NOT_FOUND), "not found");
    CHECK_TEXT(error_name(0), "unknown");
    CHECK_TEXT(error_name(12345), "unknown");
}

int main(void)
{
    RUN(texts_are_one_line_of_utf8);
    RUN(long_texts_lose_their_middle_and_say_so);
    RUN(a_prefix_stands_before_the_reason);
    RUN(a_cut_leaves_no_part_of_a_character);
    RUN(no_place_for_the_text_is_no_harm);
    RUN(every_status_has_a_name);
    return CHECK_RESULT();
}
