/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/common/json_read.h"
#include "tests/unit/check.h"

static bool parses(const char *text)
{
    struct json_value value;
    return json_parse(&value, text, strlen(text));
}

static void what_is_json(void)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "-1.5e+10",
                                       "1E5",
                                       "12345678901234567890",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
                                       "\"\303\251\"",
                                       "[]",
                                       "{}",
                                       "[[],{}]",
                                       " \t\r\n[ 1 , 2 ] ",
                                       "{\"a\":1,\"a\":2}",
                                       "{ \"\" : [ ] }",
                                       "\"\\ud83d\""};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!parses(good[i]))
            printf("# %s\n", good[i]);
        CHECK(parses(good[i]));
    }
}

static void what_is_none(void)
{
    static const char *const wrong[] = {
        "",        " ",        "01",         "1.",    ".5",    "-",         "+1",      "1e",          "1e+",
        "0x1",     "NaN",      "tru",        "truex", "'a'",   "\"",        "\"\\x\"", "\"\\u12g4\"", "\"\\u123\"",
        "\"\t\"",  "\"\377\"", "[",          "]",     "[1",    "[1,]",      "[,1]",    "[1 2]",       "{",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\":1]", "1 1",     "[] []",       "//",
        "\"a\"b"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (parses(wrong[i]))
            printf("# %s\n", wrong[i]);
        CHECK(!parses(wrong[i]));
    }
    struct json_value value;
    CHECK(!json_parse(&value, "1\0", 2));
}

static void depth_has_a_limit(void)
{
    char text[2 * JSON_DEPTH_MAX + 3];
    for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = 0;
        CHECK_INT(parses(text), depth == JSON_DEPTH_MAX);
    }
}

static void check_member(const char *text, const char *name, const char *want)
{
    struct json_value object, value;
    CHECK(json_parse(&object, text, strlen(text)));
    CHECK_INT(json_member(&object, name, &value), want != NULL);
    char found[64] = "";
    snprintf(found, sizeof found, "%.*s", (int)value.len, value.text ? value.text : "");
    CHECK_TEXT(found, want ? want : "");
}

static void members(void)
{
    check_member("{\"a\": 1 , \"b\" : [1, 2] }", "a", "1");
    check_member("{\"a\": 1 , \"b\" : [1, 2] }", "b", "[1, 2]");
    check_member("{\"a\": 1}", "b", NULL);
    check_member("{\"a\": 1, \"a\": 2}", "a", "1");
    check_member("{\"aa\": 1, \"a\": 2}", "a", "2");
    check_member("{\"x\": {\"a\": 1}}", "a", NULL);
    check_member("{\"x\": \"a\", \"a\": \"\\\"}\"}", "a", "\"\\\"}\"");
    check_member("{}", "a", NULL);
    check_member("[\"a\", 1]", "a", NULL);
    check_member("\"a\"", "a", NULL);
}

static void check_string(const char *text, const char *want)
{
    struct json_value value;
    struct buffer out;
    buffer_init(&out, 100);
    CHECK(json_parse(&value, text, strlen(text)));
    CHECK_INT(json_string(&value, &out), want != NULL);
    buffer_append(&out, "", 1);
    if (want)
        CHECK_TEXT((const char *)out.data, want);
    buffer_deinit(&out);
}

static void strings(void)
{
    check_string("\"a\\n\\\"\\/\\u0041\\u00e9\\u20ac\"", "a\n\"/A\303\251\342\202\254");
    check_string("\"\\ud83d\\ude00\"", "\360\237\230\200");
    check_string("\"\\ud83dx\"", "\357\277\275x");
    check_string("\"\\ude00\\ud83d\"", "\357\277\275\357\277\275");
    check_string("\"\\ud83d\\u0041\"", "\357\277\275A");
    check_string(" \"\\uFFFF\" ", "\357\277\277");
    check_string("1", NULL);
    check_string("[\"a\"]", NULL);
}

int main(void)
{
    RUN(what_is_json);
    RUN(what_is_none);
    RUN(depth_has_a_limit);
    RUN(members);
    RUN(strings);
    return CHECK_RESULT();
}
