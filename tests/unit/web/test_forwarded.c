/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is believed of a proxy's headers, and of whom. */
#include "host/web/forwarded.h"

#include "tests/unit/check.h"

static struct web_config config;
static struct forwarded found;

static void read_from(const char *peer, struct forwarded_headers headers)
{
    forwarded_read(&found, &config, peer, &headers);
}

static void begin(void)
{
    web_config_init(&config);
    CHECK_INT(web_config_set(&config, "proxy", "127.0.0.1", NULL), 0);
    CHECK_INT(web_config_set(&config, "proxy", "2001:DB8::1", NULL), 0);
}

static void nobody_but_a_proxy_is_believed(void)
{
    begin();
    read_from("127.0.0.2", (struct forwarded_headers){"198.51.100.7", "farm.example", "https", "/screens"});
    CHECK(!found.by_proxy && !found.is_secure && !*found.host && !*found.prefix);
    CHECK_TEXT(found.peer, "127.0.0.2");
    read_from("::ffff:127.0.0.1", (struct forwarded_headers){"198.51.100.7", "farm.example", "https", "/screens/"});
    CHECK(found.by_proxy && found.is_secure);
    CHECK_TEXT(found.peer, "198.51.100.7");
    CHECK_TEXT(found.host, "farm.example");
    CHECK_TEXT(found.prefix, "/screens");
    web_config_deinit(&config);
}

static void of_several_clients_the_last_that_is_no_proxy_asks(void)
{
    static const char *const cases[][2] = {
        {"198.51.100.7", "198.51.100.7"},
        {"10.0.0.1, 198.51.100.7", "198.51.100.7"},
        {"10.0.0.1, 198.51.100.7 , 2001:db8::1, 127.0.0.1", "198.51.100.7"},
        {"198.51.100.7:4711", "198.51.100.7"},
        {"[2001:db8::7]:4711", "2001:db8::7"},
        {"2001:db8::7", "2001:db8::7"},
        {"unknown", "127.0.0.1"},
        {"10.0.0.1, <script>", "127.0.0.1"},
        {"", "127.0.0.1"},
        {",,", "127.0.0.1"},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_from("127.0.0.1", (struct forwarded_headers){.client = cases[i][0]});
        CHECK_TEXT(found.peer, cases[i][1]);
    }
    web_config_deinit(&config);
}

static void a_prefix_is_a_path_of_this_gateway(void)
{
    static const char *const none[] = {"//evil.example", "screens", "/a b", "/..", "/a;b", "", "/", "/a\r\nb"};
    begin();
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        read_from("127.0.0.1", (struct forwarded_headers){.prefix = none[i], .proto = "http", .host = "a, b.example"});
        CHECK_TEXT(found.prefix, "");
        CHECK(!found.is_secure);
        CHECK_TEXT(found.host, "b.example");
    }
    web_config_deinit(&config);
}

static void a_proxy_makes_a_token_necessary_unless_that_is_said(void)
{
    struct error err;
    begin();
    CHECK_INT(web_config_set(&config, "guest", "one vm", &err), 0);
    CHECK_INT(web_config_complete(&config, &err), 0);
    CHECK(config.token);
    web_config_deinit(&config);
    begin();
    CHECK_INT(web_config_set(&config, "guest", "one vm", &err), 0);
    CHECK_INT(web_config_set(&config, "token", "no", &err), 0);
    CHECK_INT(web_config_complete(&config, &err), 0);
    CHECK(!config.token);
    CHECK_INT(web_config_set(&config, "proxy", "farm.example", &err), ERR_INVALID);
    CHECK_TEXT(err.text, "proxy is 'farm.example', not an address in digits");
    web_config_deinit(&config);
}

int main(void)
{
    RUN(nobody_but_a_proxy_is_believed);
    RUN(of_several_clients_the_last_that_is_no_proxy_asks);
    RUN(a_prefix_is_a_path_of_this_gateway);
    RUN(a_proxy_makes_a_token_necessary_unless_that_is_said);
    return CHECK_RESULT();
}
