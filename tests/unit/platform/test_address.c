/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses in numbers. On a system that has it, inet_pton() is the oracle. */
#include "tests/unit/check.h"

#include "platform/address.h"

#include <arpa/inet.h>

static bool system_parses(const char *text, struct os_address *out)
{
    uint8_t four[4];
    if (strchr(text, ':'))
        return inet_pton(AF_INET6, text, out->ip) == 1;
    if (inet_pton(AF_INET, text, four) != 1)
        return false;
    os_address_set_v4(out, four);
    return true;
}

static void check_against_the_system(const char *text)
{
    struct os_address ours = {{0}}, theirs = {{0}};
    bool parsed = os_address_parse(text, &ours), wanted = system_parses(text, &theirs);
    if (parsed != wanted || (parsed && memcmp(ours.ip, theirs.ip, sizeof ours.ip) != 0)) {
        printf("# '%s' is %s\n", text, parsed ? "taken" : "refused");
        CHECK(!"an address");
    }
}

static void each_form(void)
{
    static const char *const texts[] = {"0.0.0.0",
                                        "255.255.255.255",
                                        "1.2.3.4",
                                        "256.0.0.0",
                                        "1.2.3",
                                        "1.2.3.4.",
                                        ".1.2.3.4",
                                        "1..2.3",
                                        "1.2.3.4.5",
                                        "01.2.3.4",
                                        "00.0.0.0",
                                        "1.2.3.04",
                                        "-1.2.3.4",
                                        "+1.2.3.4",
                                        " 1.2.3.4",
                                        "1.2.3.4 ",
                                        "0x1.2.3.4",
                                        "",
                                        "1",
                                        "1.2.3.a",
                                        "4294967296.0.0.1",
                                        "::",
                                        "::1",
                                        "1::",
                                        ":",
                                        ":::",
                                        ":1",
                                        "1:",
                                        "1:2:3:4:5:6:7:8",
                                        "1:2:3:4:5:6:7",
                                        "1:2:3:4:5:6:7:8:9",
                                        "1::8",
                                        "::2:3:4:5:6:7:8",
                                        "1:2:3:4:5:6:7::",
                                        "1:2:3:4:5:6:7:8::",
                                        "::1:2:3:4:5:6:7:8",
                                        "1:2:3:4::5:6:7:8",
                                        "1::2::3",
                                        "1:::2",
                                        "fFfF::AbCd",
                                        "12345::",
                                        "g::",
                                        "::1.2.3.4",
                                        "::ffff:1.2.3.4",
                                        "1:2:3:4:5:6:1.2.3.4",
                                        "1:2:3:4:5:6:7:1.2.3.4",
                                        "1:2:3:4:5:1.2.3.4",
                                        "::1.2.3",
                                        "::01.2.3.4",
                                        "1.2.3.4::",
                                        "::1.2.3.4:5",
                                        "::1%lo",
                                        "[::1]",
                                        "::1 ",
                                        " ::1",
                                        "1::1.2.3.4",
                                        "1:2:3:4:5:6::1.2.3.4",
                                        "::ffff:0:0",
                                        "0000::0001",
                                        "00001::"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_against_the_system(texts[i]);
}

static void random_texts(void)
{
    static const char letters[] = "0123456789abcf:::::....";
    srand(check_seed());
    for (int i = 0; i < 300000; i++) {
        char text[24];
        size_t len = (size_t)rand() % sizeof text;
        for (size_t at = 0; at < len; at++)
            text[at] = letters[(size_t)rand() % (sizeof letters - 1)];
        text[len] = '\0';
        check_against_the_system(text);
    }
}

static void loopback(void)
{
    static const struct {
        const char *text;
        bool is;
    } all[] = {{"127.0.0.0", true},  {"127.255.255.255", true},
               {"126.0.0.1", false}, {"128.0.0.1", false},
               {"::1", true},        {"::", false},
               {"::2", false},       {"::127.0.0.1", false}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct os_address address;
        CHECK(system_parses(all[i].text, &address));
        CHECK_INT(os_address_is_loopback(&address), all[i].is);
    }
}

int main(void)
{
    RUN(each_form);
    RUN(random_texts);
    RUN(loopback);
    return CHECK_RESULT();
}
