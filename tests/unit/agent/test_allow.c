/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may connect: the edges of each network, as RFC 1918, 3927, 4193 and 4291 draw them. */
#include "tests/unit/check.h"

#include "agent/access/allow.h"
#include "agent/log.h"
#include "agent/access/names.h"
#include "platform/clock.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdlib.h>

/* Names are answered from this table. A name's thread runs in the test's own, up to its first rest. */
static const char *const hosts[][3] = {{"testbot.example", "203.0.113.7", "2001:db8::7"}};
static bool resolves = true; /* names can be found at all */
static bool starts = true;   /* their threads run; else a look takes for ever */
static int64_t now_ms = 1000;
static jmp_buf rest;
static unsigned rested_ms, looks;
static void *last_name; /* the context of its thread */

static struct os_address address(const char *text)
{
    struct os_address out = {{[10] = 0xff, [11] = 0xff}};
    if (inet_pton(AF_INET, text, out.ip + 12) != 1 && inet_pton(AF_INET6, text, out.ip) != 1)
        abort(); /* the test is wrong */
    return out;
}

int os_resolve(const char *name, struct os_address *out, int max, struct error *err)
{
    looks++;
    if (strcmp(name, hosts[0][0]) != 0 || !resolves)
        return error_set(err, ERR_NOT_FOUND, "no such name");
    CHECK(max >= 2);
    out[0] = address(hosts[0][1]);
    out[1] = address(hosts[0][2]);
    return 2;
}

static void (*name_thread)(void *);

static void look_again(void)
{
    if (setjmp(rest) == 0)
        name_thread(last_name);
}

int os_thread_start(void (*main)(void *context), void *context, struct error *err)
{
    (void)err;
    name_thread = main;
    last_name = context;
    if (starts)
        look_again();
    return 0;
}

void os_sleep_ms(unsigned ms)
{
    rested_ms = ms;
    longjmp(rest, 1);
}

int64_t os_clock_ms(void)
{
    return now_ms;
}

/* With the rules, separated by spaces. They are never freed: the threads of their names would go on. */
static struct allow *allow_of(const char *rules)
{
    static struct strlist kept[100]; /* owned, as long as the rules */
    static int kept_count;
    struct strlist *list = &kept[kept_count++ % 100];
    struct allow *allow;
    struct error err;
    char copy[256], *next = copy;
    strlist_deinit(list);
    strcpy(copy, rules);
    for (char *rule; (rule = strtok(next, " ")); next = NULL)
        strlist_add(list, rule);
    if (allow_new(&allow, list, &err) || allow_start(allow, &err))
        abort();
    keep_in_reach(allow);
    return allow;
}

static enum allow_answer answer(struct allow *allow, const char *peer)
{
    struct os_address from = address(peer);
    return allow_peer(allow, &from);
}

static bool allowed(const char *rules, const char *peer)
{
    return answer(allow_of(rules), peer) == ALLOW_YES;
}

static int check_rule(const char *rule, struct error *err)
{
    struct strlist list = {0};
    struct allow *allow;
    strlist_add(&list, rule);
    int status = allow_new(&allow, &list, err);
    allow_free(allow);
    strlist_deinit(&list);
    return status;
}

struct edges {
    const char *below, *first, *last, *above;
};

static void check_edges(const char *rules, const struct edges *edges)
{
    const char *peers[] = {edges->below, edges->first, edges->last, edges->above};
    for (int i = 0; i < 4; i++)
        if (peers[i] && allowed(rules, peers[i]) != (i == 1 || i == 2)) {
            printf("# rules '%s': %s is %s\n", rules, peers[i], i == 1 || i == 2 ? "refused" : "let in");
            CHECK(!"an edge");
        }
}

static void near_networks_to_their_edges(void)
{
    static const struct edges near[] = {
        {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
        {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
        {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
        {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
        {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
        {"::", "::1", "::1", "::2"},
        {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"},
        {"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::"},
    };
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        check_edges("", &near[i]);
}

static void what_is_not_near(void)
{
    static const char *const far[] = {"0.0.0.0",    "100.64.0.1",  "172.0.0.1",      "172.255.0.1", "192.0.2.1",
                                      "198.18.0.1", "203.0.113.1", "224.0.0.1",      "8.8.8.8",     "2001:db8::1",
                                      "::10.0.0.1", "::127.0.0.1", "64:ff9b::a00:1", "ff02::1"};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++)
        if (allowed("", far[i])) {
            printf("# %s is let in\n", far[i]);
            CHECK(!"far");
        }
}

/* How a peer of IPv4 looks on a socket for both. */
static void mapped_addresses_are_those_of_ipv4(void)
{
    CHECK(allowed("", "::ffff:10.1.2.3"));
    CHECK(!allowed("", "::ffff:8.8.8.8"));
    CHECK(allowed("203.0.113.0/24", "::ffff:203.0.113.9"));
    CHECK(allowed("::ffff:203.0.113.9", "203.0.113.9"));
}

static void networks_of_any_length(void)
{
    static const struct {
        const char *rule;
        struct edges edges;
    } rules[] = {
        {"0.0.0.0/0", {"::", "0.0.0.0", "255.255.255.255", "::1:0:0:0"}},
        {"128.0.0.0/1", {"127.255.255.255", "128.0.0.0", "255.255.255.255", NULL}},
        {"203.0.113.77/32", {"203.0.113.76", "203.0.113.77", "203.0.113.77", "203.0.113.78"}},
        {"203.0.113.76/31", {"203.0.113.75", "203.0.113.76", "203.0.113.77", "203.0.113.78"}},
        {"::ffff:0:0/96", {"::fffe:ffff:ffff", "0.0.0.0", "255.255.255.255", "::1:0:0:0"}}, /* all of IPv4 */
        {"::ffff:203.0.113.76/127", {"203.0.113.75", "203.0.113.76", "203.0.113.77", "203.0.113.78"}},
        {"[2001:db8::5]", {"2001:db8::4", "2001:db8::5", "2001:db8::5", "2001:db8::6"}},
        {"[::1]", {"::", "::1", "::1", "::2"}},
        {"172.16.0.0/12", {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"}},
        {"198.51.96.0/19", {"198.51.95.255", "198.51.96.0", "198.51.127.255", "198.51.128.0"}},
        {"::/0", {NULL, "::", "ffff::", NULL}},
        {"2001:db8::/33",
         {"2001:db7:ffff:ffff::", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8:8000::"}},
        {"2001:db8::5/128", {"2001:db8::4", "2001:db8::5", "2001:db8::5", "2001:db8::6"}},
        {"2001:db8::4/127", {"2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8::6"}},
    };
    struct error err;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        CHECK_INT(check_rule(rules[i].rule, &err), 0);
        check_edges(rules[i].rule, &rules[i].edges);
    }
}

/* Where there are rules, they are all: nothing is near any more. */
static void rules_replace_what_is_near(void)
{
    CHECK(!allowed("203.0.113.7", "127.0.0.1"));
    CHECK(!allowed("203.0.113.7", "10.0.0.1"));
    CHECK(allowed("203.0.113.7", "203.0.113.7"));
    CHECK(!allowed("203.0.113.7", "203.0.113.8"));
    CHECK(!allowed("203.0.113.7 2001:db8::7", "2001:db8::8"));
    CHECK(allowed("203.0.113.7 2001:db8::7", "2001:db8::7"));
    CHECK(allowed("203.0.113.0/25 203.0.113.128/25", "203.0.113.200"));
}

static void names_are_looked_up_again(void)
{
    struct allow *allow = allow_of("testbot.example 127.0.0.1");
    CHECK_INT(rested_ms, NAME_AGAIN_MS);
    CHECK_INT(answer(allow, "203.0.113.7"), ALLOW_YES);
    CHECK_INT(answer(allow, "2001:db8::7"), ALLOW_YES); /* its second address */
    CHECK_INT(answer(allow, "203.0.113.8"), ALLOW_NO);
    CHECK_INT(answer(allow, "127.0.0.1"), ALLOW_YES);
    unsigned before = looks;
    CHECK_INT(answer(allow, "203.0.113.7"), ALLOW_YES);
    CHECK_INT(looks, before); /* no client looks */
    look_again();
    CHECK_INT(looks, before + 1);
}

/* A service that is down for a while shuts nobody out, but what it said last does not hold for ever. */
static void the_last_answer_holds_for_an_hour(void)
{
    struct allow *allow = allow_of("testbot.example");
    resolves = false;
    now_ms += NAME_KEEP_MS - 1;
    look_again();
    CHECK_INT(rested_ms, NAME_RETRY_MS);
    CHECK_INT(answer(allow, "203.0.113.7"), ALLOW_YES);
    now_ms += 1;
    look_again();
    CHECK_INT(answer(allow, "203.0.113.7"), ALLOW_NO);
    resolves = true;
    look_again();
    CHECK_INT(answer(allow, "203.0.113.7"), ALLOW_YES);
}

static void a_name_that_is_unknown_lets_nobody_in(void)
{
    resolves = false;
    struct allow *allow = allow_of("testbot.example 127.0.0.1");
    CHECK_INT(answer(allow, "203.0.113.7"), ALLOW_NO);
    CHECK_INT(answer(allow, "127.0.0.1"), ALLOW_YES);
    CHECK(allow_await_names(allow, 0));
    resolves = true;
}

/* Numbers are compared first: they need no answer. */
static void a_name_that_is_not_answered_delays_no_number(void)
{
    starts = false;
    struct allow *allow = allow_of("testbot.example 127.0.0.1");
    CHECK_INT(answer(allow, "127.0.0.1"), ALLOW_YES);
    CHECK_INT(answer(allow, "203.0.113.7"), ALLOW_NOT_YET);
    CHECK(!allow_await_names(allow, 0));
    look_again();
    CHECK(allow_await_names(allow, 0));
    CHECK_INT(answer(allow, "203.0.113.7"), ALLOW_YES);
    CHECK_INT(answer(allow, "203.0.113.8"), ALLOW_NO);
    starts = true;
}

static void names_have_a_limit(void)
{
    struct strlist list = {0};
    struct allow *allow;
    struct error err;
    for (int i = 0; i < NAMES_MAX; i++)
        strlist_addf(&list, "host%d", i);
    CHECK_INT(allow_new(&allow, &list, &err), 0);
    allow_free(allow);
    strlist_add(&list, "another");
    CHECK_INT(allow_new(&allow, &list, &err), ERR_LIMIT);
    CHECK_TEXT(err.text, "'another' is one name too many to allow: the limit is 64");
    CHECK(!allow);
    strlist_deinit(&list);
}

static const char *const wrong_rules[] = {
    "",
    "/",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/ 8",
    "10.0.0.0/+8",
    "10.0.0.0/8x",
    "::/129",
    "fe80::1%lo/64",
    "localhost/8",
    "testbot.example/32",
    "10.0.0.0/8/8",
    "::1/0x8",
    "10.0.0.0.0/8",
    "10.0.0/8/",
    "g::/8",
    "10.0.0.0/4294967304",
    "10.0.0.0/18446744073709551624",
    "10.0.0.0/08",
    "010.0.0.1",
    "010.0.0.0/8",
    "10/8",
    "10",
    "10.1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.4 ",
    " 1.2.3.4",
    "0x7f.0.0.1",
    "127.0.0.0x1",
    "host.5",
    "*",
    "*.example",
    "host ",
    "host\t",
    "-host",
    ".host",
    "a..b",
    "h\xc3\xb6st",
    "host:9000",
    "10.0.0.1:9000",
    "[10.0.0.1]",
    "[::1",
    "::1]",
    "[]",
    "[::1]:9000",
    "[::1]/128",
    "[host]",
    "::1 ",
    "fe80::1%lo",
    "1::2::3",
    "12345::",
    "203.0.113.77/30", /* a bit beyond */
    "10.0.0.1/8",
    "2001:db8::5/64",
    "::1/0",
};

static void rules_that_are_wrong(void)
{
    struct error err;
    for (size_t i = 0; i < sizeof wrong_rules / sizeof *wrong_rules; i++)
        if (check_rule(wrong_rules[i], &err) != ERR_INVALID) {
            printf("# '%s' passes for a rule\n", wrong_rules[i]);
            CHECK(!"a rule that is wrong");
        }
    char name[300];
    memset(name, 'a', sizeof name);
    for (int dot = 63; dot < 255; dot += 64)
        name[dot] = '.';
    name[255] = '\0';
    CHECK_INT(check_rule(name, &err), 0);
    name[255] = 'a';
    name[256] = '\0';
    CHECK_INT(check_rule(name, &err), ERR_INVALID);
    CHECK_TEXT(err.text, "a host must have 1 to 255 characters");
    name[64] = '\0';
    name[63] = 'a';
    CHECK_INT(check_rule(name, &err), ERR_INVALID); /* a label of 64 */
    CHECK_INT(check_rule("203.0.113.77/30", &err), ERR_INVALID);
    CHECK_TEXT(err.text,
               "'203.0.113.77/30' is not a network: a bit beyond its first 30 is set; 203.0.113.76/30 is one");
    CHECK_INT(check_rule("::ffff:1.2.3.4/112", &err), ERR_INVALID);
    CHECK_TEXT(err.text,
               "'::ffff:1.2.3.4/112' is not a network: a bit beyond its first 112 is set; ::ffff:1.2.0.0/112 is one");
    CHECK_INT(check_rule("10.0.0.0/33", &err), ERR_INVALID);
    CHECK_TEXT(err.text, "'10.0.0.0/33' is not a network: '33' is not a number from 0 to 32");
    CHECK_INT(check_rule("::/129", &err), ERR_INVALID);
    CHECK_TEXT(err.text, "'::/129' is not a network: '129' is not a number from 0 to 128");
}

static void names_that_are_right(void)
{
    static const char *const right[] = {"host", "host.", "a.b.example", "xn--hst-sna.example",
                                        "h_1",  "5a.b",  "0xg",         "1.x"};
    struct error err;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        CHECK_INT(check_rule(right[i], &err), 0);
}

/* What to listen on: a scope is the system's to know. */
static void hosts_to_listen_on(void)
{
    struct error err;
    CHECK_INT(allow_check_host("127.0.0.1", &err), 0);
    CHECK_INT(allow_check_host("fe80::1%lo", &err), 0);
    CHECK_INT(allow_check_host("host.example", &err), 0);
    CHECK_INT(allow_check_host("010.0.0.1", &err), ERR_INVALID);
    CHECK_INT(allow_check_host("*", &err), ERR_INVALID);
    CHECK_INT(allow_check_host("", &err), ERR_INVALID);
}

int main(void)
{
    log_init(false);
    RUN(near_networks_to_their_edges);
    RUN(what_is_not_near);
    RUN(mapped_addresses_are_those_of_ipv4);
    RUN(networks_of_any_length);
    RUN(rules_replace_what_is_near);
    RUN(names_are_looked_up_again);
    RUN(the_last_answer_holds_for_an_hour);
    RUN(a_name_that_is_unknown_lets_nobody_in);
    RUN(a_name_that_is_not_answered_delays_no_number);
    RUN(names_have_a_limit);
    RUN(rules_that_are_wrong);
    RUN(names_that_are_right);
    RUN(hosts_to_listen_on);
    return CHECK_RESULT();
}
