/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/common/json.h"

#include "tests/unit/check.h"

#include <math.h>

/* The string that a text becomes, without its quotes. */
static const char *escaped(const char *bytes, size_t len)
{
    static char text[256];
    struct json json;
    json_init(&json);
    json_text_len(&json, NULL, bytes, len);
    snprintf(text, sizeof text, "%.*s", (int)json.out.len - 2, (const char *)json.out.data + 1);
    json_deinit(&json);
    return text;
}
#define ESCAPED(literal) escaped(literal, sizeof(literal) - 1)
#define BAD "\xef\xbf\xbd"

static void json_escapes_what_rfc_8259_demands(void)
{
    CHECK_TEXT(ESCAPED("plain / text"), "plain / text");
    CHECK_TEXT(ESCAPED("\"\\"), "\\\"\\\\");
    CHECK_TEXT(ESCAPED("\b\f\n\r\t"), "\\b\\f\\n\\r\\t");
    CHECK_TEXT(ESCAPED("\x01\x1f\x7f"), "\\u0001\\u001f\\u007f");
    CHECK_TEXT(escaped("a\0b", 3), "a\\u0000b");
    CHECK_TEXT(ESCAPED(""), "");
}

static void json_keeps_utf8(void)
{
    CHECK_TEXT(ESCAPED("\xc2\xa0\xdf\xbf"), "\xc2\xa0\xdf\xbf");
    CHECK_TEXT(ESCAPED("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"),
               "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
    CHECK_TEXT(ESCAPED("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

/* It may be printed on a terminal. */
static void json_escapes_what_a_terminal_obeys(void)
{
    CHECK_TEXT(ESCAPED("\xc2\x80\xc2\x9b\xc2\x9f"), "\\u0080\\u009b\\u009f");
    CHECK_TEXT(ESCAPED("\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6"), "\\u202e\\u2028\\u2066");
    CHECK_TEXT(ESCAPED("\xf3\xa0\x81\x81"), "\\udb40\\udc41");
}

/* The rows of the Unicode standard's table 3-8 and its like: what Python's errors="replace" gives. */
static void json_replaces_what_is_not_utf8(void)
{
    CHECK_TEXT(ESCAPED("\x80"), BAD);
    CHECK_TEXT(ESCAPED("a\xff"
                       "b"),
               "a" BAD "b");
    CHECK_TEXT(ESCAPED("\xc0\xaf"), BAD BAD);                 /* overlong */
    CHECK_TEXT(ESCAPED("\xe0\x80\xaf"), BAD BAD BAD);         /* overlong */
    CHECK_TEXT(ESCAPED("\xed\xa0\x80"), BAD BAD BAD);         /* a surrogate */
    CHECK_TEXT(ESCAPED("\xf4\x90\x80\x80"), BAD BAD BAD BAD); /* beyond U+10FFFF */
    CHECK_TEXT(ESCAPED("\xf5\x80"), BAD BAD);
    CHECK_TEXT(ESCAPED("\xe2\x82"), BAD); /* cut short: one for the part */
    CHECK_TEXT(ESCAPED("\xf0\x9f\x98"), BAD);
    CHECK_TEXT(ESCAPED("\xe2\x82z"), BAD "z");
    CHECK_TEXT(ESCAPED("\xe2\xe2\x82\xac"), BAD "\xe2\x82\xac");
}

static void json_nests(void)
{
    struct json json;
    json_init(&json);
    json_object_begin(&json, NULL);
    json_text(&json, "a", "x");
    json_array_begin(&json, "list");
    json_number(&json, NULL, UINT64_MAX);
    json_integer(&json, NULL, INT64_MIN);
    json_array_begin(&json, NULL);
    json_array_end(&json);
    json_object_begin(&json, NULL);
    json_object_end(&json);
    json_array_end(&json);
    json_bool(&json, "t", true);
    json_bool(&json, "f", false);
    json_null(&json, "n");
    json_text(&json, "none", NULL);
    json_decimal(&json, "d", 1.5);
    json_decimal(&json, "nan", NAN);
    json_decimal(&json, "inf", INFINITY);
    json_text(&json, "\"k\n", "");
    json_object_end(&json);
    buffer_append(&json.out, "", 1);
    CHECK_TEXT((const char *)json.out.data,
               "{\"a\":\"x\",\"list\":[18446744073709551615,-9223372036854775808,[],{}],\"t\":true,\"f\":false,"
               "\"n\":null,\"none\":null,\"d\":1.500,\"nan\":null,\"inf\":null,\"\\\"k\\n\":\"\"}");
    json_deinit(&json);
}

int main(void)
{
    RUN(json_escapes_what_rfc_8259_demands);
    RUN(json_escapes_what_a_terminal_obeys);
    RUN(json_keeps_utf8);
    RUN(json_replaces_what_is_not_utf8);
    RUN(json_nests);
    return CHECK_RESULT();
}
