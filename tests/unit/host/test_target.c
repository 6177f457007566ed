/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/common/target.h"

#include "tests/unit/check.h"

static const char *text_of(const char *given, const char *env_host, const char *env_port)
{
    static char text[TARGET_TEXT_SIZE];
    struct target target;
    if (target_resolve(&target, given, env_host, env_port, NULL))
        return "wrong";
    target_text(&target, text);
    return text;
}

static void target_of_one_word(void)
{
    CHECK_TEXT(text_of("vm1:9000", NULL, NULL), "vm1:9000");
    CHECK_TEXT(text_of("127.0.0.1:1", NULL, NULL), "127.0.0.1:1");
    CHECK_TEXT(text_of("vm1:65535", NULL, NULL), "vm1:65535");
    CHECK_TEXT(text_of("[::1]:9000", NULL, NULL), "[::1]:9000");
    CHECK_TEXT(text_of("[fe80::1%eth0]:9000", NULL, NULL), "[fe80::1%eth0]:9000");
    CHECK_TEXT(text_of("[vm1]:9000", NULL, NULL), "vm1:9000");
}

static void target_with_the_environments_port(void)
{
    CHECK_TEXT(text_of("vm1", NULL, "9000"), "vm1:9000");
    CHECK_TEXT(text_of("::1", NULL, "9000"), "[::1]:9000");
    CHECK_TEXT(text_of("[::1]", NULL, "9000"), "[::1]:9000");
    CHECK_TEXT(text_of("vm1:1", NULL, "9000"), "vm1:1");
}

static void target_with_the_environments_host(void)
{
    CHECK_TEXT(text_of(NULL, "vm2", "9000"), "vm2:9000");
    CHECK_TEXT(text_of("-", "vm2", "9000"), "vm2:9000");
    CHECK_TEXT(text_of("-", "vm2:7", "9000"), "vm2:7");
    CHECK_TEXT(text_of(":8", "vm2:7", "9000"), "vm2:8");
    CHECK_TEXT(text_of("-", "[::2]:7", NULL), "[::2]:7");
    /* The port of another host says nothing of this one. */
    CHECK_TEXT(text_of("vm1", "vm2:7", NULL), "wrong");
}

static void target_that_is_wrong(void)
{
    static const char *const wrong[] = {"",       "vm1:",    "vm1:0", "vm1:65536", "vm1:x",  "vm1:1x",
                                        "vm1: 1", "vm1:+1",  "[::1",  "[]",        "[]:1",   "[::1]9",
                                        "[::1]:", "[::1]:0", ":",     ":0",        "vm1:-1", "vm1:99999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_TEXT(text_of(wrong[i], "vm2", "9000"), "wrong");
    CHECK_TEXT(text_of(NULL, NULL, "9000"), "wrong");
    CHECK_TEXT(text_of("-", "", "9000"), "wrong");
    CHECK_TEXT(text_of("-", "-", "9000"), "wrong");
    CHECK_TEXT(text_of("-", ":5", "9000"), "wrong");
    CHECK_TEXT(text_of("vm1", NULL, "x"), "wrong");
    CHECK_TEXT(text_of("vm1", NULL, ""), "wrong");
}

static void target_with_the_longest_name(void)
{
    char name[TARGET_HOST_SIZE + 8], want[TARGET_HOST_SIZE + 8];
    memset(name, 'a', TARGET_HOST_SIZE - 1);
    strcpy(name + TARGET_HOST_SIZE - 1, ":9");
    strcpy(want, name);
    CHECK_TEXT(text_of(name, NULL, NULL), want);
    memset(name, 'a', TARGET_HOST_SIZE);
    strcpy(name + TARGET_HOST_SIZE, ":9");
    CHECK_TEXT(text_of(name, NULL, NULL), "wrong");
}

static void target_error_names_what_is_wrong(void)
{
    struct target target;
    struct error err;
    target_resolve(&target, "vm1", NULL, NULL, &err);
    CHECK_TEXT(err.text, "no port for 'vm1': give HOST:PORT or set PERISCOPE_PORT");
    target_resolve(&target, "vm1:70000", NULL, NULL, &err);
    CHECK_TEXT(err.text, "'70000' is not a port (1 to 65535) in vm1:70000");
    target_resolve(&target, "vm1", NULL, "70000", &err);
    CHECK_TEXT(err.text, "'70000' is not a port (1 to 65535) in PERISCOPE_PORT");
}

int main(void)
{
    RUN(target_of_one_word);
    RUN(target_with_the_environments_port);
    RUN(target_with_the_environments_host);
    RUN(target_that_is_wrong);
    RUN(target_with_the_longest_name);
    RUN(target_error_names_what_is_wrong);
    return CHECK_RESULT();
}
