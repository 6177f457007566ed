/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a browser says. */
#include "host/web/viewer/message.h"

#include "tests/unit/check.h"

static struct message message;

static int parse(const char *text)
{
    message_deinit(&message);
    return message_parse(&message, text, strlen(text), NULL);
}

static void messages_are_read(void)
{
    CHECK_INT(parse("{\"t\":\"wall\",\"view\":[\"a\" , \"b\\u00e9\"]}"), 0);
    CHECK_INT(message.kind, MESSAGE_WALL);
    CHECK_INT(message.list.count, 2);
    CHECK_TEXT(message.list.items[1], "b\xc3\xa9");
    CHECK_INT(parse(" { \"view\" : [ ] , \"t\" : \"wall\" } "), 0);
    CHECK_INT(message.list.count, 0);
    CHECK_INT(parse("{\"t\":\"watch\",\"guest\":\"g\",\"output\":null}"), 0);
    CHECK(!message.on);
    CHECK_INT(parse("{\"t\":\"watch\",\"guest\":\"g\"}"), 0);
    CHECK_INT(parse("{\"t\":\"watch\",\"guest\":\"g\",\"output\":\"DP-1\"}"), 0);
    CHECK(message.on);
    CHECK_TEXT(message.text, "DP-1");
    CHECK_INT(parse("{\"t\":\"drawn\",\"frame\":4294967295}"), 0);
    CHECK_INT(message.number, UINT32_MAX);
    CHECK_INT(parse("{\"t\":\"follow\",\"id\":3,\"guest\":\"g\",\"what\":\"child:7\"}"), 0);
    CHECK_INT(parse("{\"t\":\"drive\",\"on\":false}"), 0);
    CHECK_INT(parse("{\"t\":\"drive\",\"on\":true,\"name\":\"me\"}"), 0);
    CHECK_INT(parse("{\"t\":\"input\",\"actions\":[\"key=KeyA,down\",\"text=\\\"\"]}"), 0);
    CHECK_TEXT(message.list.items[1], "text=\"");
    CHECK_INT(parse("{\"t\":\"ping\"}"), 0);
}

static void what_is_no_message_is_refused(void)
{
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "null",
        "1",
        "{\"t\":1}",
        "{\"t\":\"\"}",
        "{\"t\":\"none\"}",
        "{\"t\":\"wall\"}",
        "{\"t\":\"wall\",\"view\":\"a\"}",
        "{\"t\":\"wall\",\"view\":[1]}",
        "{\"t\":\"wall\",\"view\":[[]]}",
        "{\"t\":\"wall\",\"view\":[\"\\u0000\"]}",
        "{\"t\":\"watch\"}",
        "{\"t\":\"watch\",\"guest\":\"\"}",
        "{\"t\":\"watch\",\"guest\":\"a\\u0000b\"}",
        "{\"t\":\"watch\",\"guest\":\"g\",\"output\":1}",
        "{\"t\":\"drawn\"}",
        "{\"t\":\"drawn\",\"frame\":-1}",
        "{\"t\":\"drawn\",\"frame\":1.5}",
        "{\"t\":\"drawn\",\"frame\":4294967296}",
        "{\"t\":\"drawn\",\"frame\":\"1\"}",
        "{\"t\":\"drive\",\"on\":1}",
        "{\"t\":\"drive\",\"on\":true}",
        "{\"t\":\"input\"}",
        "{\"t\":\"ping\"} x",
        "{\"t\":\"ping\",}",
        "\xff",
        "{\"t\":\"wall\",\"view\":[\"\xed\xa0\x80\"]}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int status = parse(wrong[i]);
        if (status == 0)
            printf("# %s\n", wrong[i]);
        CHECK(status < 0);
        CHECK_INT(message.list.count, 0);
    }
}

static void more_than_the_bounds_is_refused(void)
{
    static char text[MESSAGE_MAX + 64];
    size_t len = (size_t)sprintf(text, "{\"t\":\"wall\",\"view\":[");
    for (int i = 0; i < MESSAGE_NAMES_MAX; i++)
        len += (size_t)sprintf(text + len, "\"x\",");
    strcpy(text + len - 1, "]}");
    CHECK_INT(parse(text), 0);
    strcpy(text + len - 1, ",\"x\"]}");
    CHECK(parse(text) < 0);
    len = (size_t)sprintf(text, "{\"t\":\"watch\",\"guest\":\"");
    memset(text + len, 'g', MESSAGE_NAME_MAX - 1);
    strcpy(text + len + MESSAGE_NAME_MAX - 1, "\"}");
    CHECK_INT(parse(text), 0);
    strcpy(text + len + MESSAGE_NAME_MAX - 1, "g\"}");
    CHECK(parse(text) < 0);
    memset(text, ' ', sizeof text);
    CHECK(message_parse(&message, text, MESSAGE_MAX + 1, NULL) < 0);
    memset(text, '[', sizeof text);
    CHECK(message_parse(&message, text, MESSAGE_MAX, NULL) < 0);
}

int main(void)
{
    RUN(messages_are_read);
    RUN(what_is_no_message_is_refused);
    RUN(more_than_the_bounds_is_refused);
    message_deinit(&message);
    return CHECK_RESULT();
}
