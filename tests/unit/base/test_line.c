/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/line.h"
#include "tests/unit/check.h"

/* Returns the text as a part of a line. */
static const char *as_line(const char *text)
{
    static char result[1024];
    struct buffer out;
    buffer_init_fixed(&out, result, sizeof result);
    line_append(&out, text);
    buffer_append(&out, "", 1);
    CHECK(!out.failed);
    return result;
}

static const char *there_and_back(const char *text)
{
    static char line[1024];
    strcpy(line, as_line(text));
    line_restore(line);
    return line;
}

static void plain_text_stays_as_it_is(void)
{
    CHECK_TEXT(as_line(""), "");
    CHECK_TEXT(as_line(" C:\\new\\1n \t\r\x7f\xff\xc3\xa9 "), " C:\\new\\1n \t\r\x7f\xff\xc3\xa9 ");
}

static void newlines_are_marked(void)
{
    CHECK_TEXT(as_line("\n"), "\1n");
    CHECK_TEXT(as_line("a\n\nb\1"), "a\1n\1nb\1"
                                    "1");
}

static void every_text_comes_back(void)
{
    char bytes[256];
    for (int i = 0; i < 255; i++)
        bytes[i] = (char)(i + 1);
    bytes[255] = 0;
    CHECK_TEXT(there_and_back(bytes), bytes);
    for (const char *const *text = (const char *const[]){"", "\n", "\1", "\1n", "\1\1n\n", "\n\1", "n\n1\1", NULL};
         *text; text++) {
        CHECK_TEXT(there_and_back(*text), *text);
        CHECK(!strchr(as_line(*text), '\n'));
    }
}

/* As an older version wrote it. */
static void mark_that_is_none_is_kept(void)
{
    char line[] = "a\1b\1";
    line_restore(line);
    CHECK_TEXT(line, "a\1b\1");
}

int main(void)
{
    RUN(plain_text_stays_as_it_is);
    RUN(newlines_are_marked);
    RUN(every_text_comes_back);
    RUN(mark_that_is_none_is_kept);
    return CHECK_RESULT();
}
