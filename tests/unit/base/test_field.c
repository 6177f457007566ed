/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/field.h"
#include "tests/unit/check.h"

static const char *field(void (*append)(struct buffer *, const char *, size_t), const char *text, size_t len)
{
    static char result[256];
    struct buffer out;
    buffer_init(&out, sizeof result - 1);
    append(&out, text, len);
    memcpy(result, out.data ? out.data : (const uint8_t *)"", out.len);
    result[out.len] = 0;
    buffer_deinit(&out);
    return result;
}

static const char *utf8(const char *text)
{
    return field(field_append, text, strlen(text));
}

static void plain_text_is_kept(void)
{
    CHECK_TEXT(utf8(""), "");
    CHECK_TEXT(utf8("~ a=b:c/d \"e\" 'f'"), "~ a=b:c/d \"e\" 'f'");
    CHECK_TEXT(utf8("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void separators_are_escaped(void)
{
    CHECK_TEXT(utf8("a\tb\nc\rd\\e"), "a\\tb\\nc\\rd\\\\e");
    CHECK_TEXT(utf8("\x01\x1b\x7f"), "\\x01\\x1b\\x7f");
    CHECK_TEXT(field(field_append, "a\0b", 3), "a\\x00b");
}

static void bytes_that_are_no_utf8_are_escaped(void)
{
    CHECK_TEXT(utf8("\x80x"), "\\x80x");
    CHECK_TEXT(utf8("\xff\xfe"), "\\xff\\xfe");
    CHECK_TEXT(utf8("\xc3"), "\\xc3");          /* cut short */
    CHECK_TEXT(utf8("\xe2\x82"), "\\xe2\\x82"); /* cut short */
    CHECK_TEXT(utf8("\xc3("), "\\xc3(");        /* not continued */
    CHECK_TEXT(utf8("\xc0\xaf"), "\\xc0\\xaf"); /* longer than need be */
    CHECK_TEXT(utf8("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");
    CHECK_TEXT(utf8("\xf0\x80\x80\xaf"), "\\xf0\\x80\\x80\\xaf");
    CHECK_TEXT(utf8("\xed\xa0\x80"), "\\xed\\xa0\\x80");          /* a surrogate */
    CHECK_TEXT(utf8("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"); /* U+110000 */
}

static void latin1_becomes_utf8(void)
{
    CHECK_TEXT(field(field_append_latin1, "caf\xe9\t\xff", 6), "caf\xc3\xa9\\t\xc3\xbf");
}

int main(void)
{
    RUN(plain_text_is_kept);
    RUN(separators_are_escaped);
    RUN(bytes_that_are_no_utf8_are_escaped);
    RUN(latin1_becomes_utf8);
    return CHECK_RESULT();
}
