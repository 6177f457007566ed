/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may connect: the edges of each network, as RFC 1918, 3927, 4193 and 4291 draw them. */
#include "tests/unit/check.h"

#include "agent/allow.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* Names are answered from this table; everything else is the system's, which is asked for numbers alone. */
static const char *const hosts[][3] = {{"testbot.example", "203.0.113.7", "2001:db8::7"}};
static bool resolves = true; /* names can be found at all */

static struct os_address address(const char *text)
{
    struct os_address out = {{[10] = 0xff, [11] = 0xff}};
    if (inet_pton(AF_INET, text, out.ip + 12) != 1 && inet_pton(AF_INET6, text, out.ip) != 1)
        abort(); /* the test is wrong */
    return out;
}

int __real_os_resolve(const char *name, struct os_address *out, int max, struct error *err); /* the linker's name */
int __wrap_os_resolve(const char *name, struct os_address *out, int max, struct error *err);

int __wrap_os_resolve(const char *name, struct os_address *out, int max, struct error *err)
{
    if (strcmp(name, hosts[0][0]) != 0)
        return __real_os_resolve(name, out, max, err);
    if (!resolves)
        return error_set(err, ERR_NOT_FOUND, "no such name");
    out[0] = address(hosts[0][1]);
    if (max > 1)
        out[1] = address(hosts[0][2]);
    return max > 1 ? 2 : 1;
}

/* With the rules, separated by spaces. */
static bool allowed(const char *rules, const char *peer)
{
    struct strlist list = {0};
    struct os_address from = address(peer);
    char copy[256], *next = copy;
    strcpy(copy, rules);
    for (char *rule; (rule = strtok(next, " ")); next = NULL)
        strlist_add(&list, rule);
    bool yes = allow_peer(&list, &from);
    strlist_deinit(&list);
    return yes;
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
        {"203.0.113.77/30", {"203.0.113.75", "203.0.113.76", "203.0.113.79", "203.0.113.80"}}, /* a host in it */
        {"172.16.0.0/12", {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"}},
        {"198.51.96.0/19", {"198.51.95.255", "198.51.96.0", "198.51.127.255", "198.51.128.0"}},
        {"::/0", {NULL, "::", "ffff::", NULL}},
        {"2001:db8::/33",
         {"2001:db7:ffff:ffff::", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8:8000::"}},
        {"2001:db8::5/128", {"2001:db8::4", "2001:db8::5", "2001:db8::5", "2001:db8::6"}},
        {"2001:db8::5/127", {"2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8::6"}},
    };
    struct error err;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        CHECK_INT(allow_check_rule(rules[i].rule, &err), 0);
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

static void names_are_resolved_each_time(void)
{
    CHECK(allowed("testbot.example", "203.0.113.7"));
    CHECK(allowed("testbot.example", "2001:db8::7")); /* its second address */
    CHECK(!allowed("testbot.example", "203.0.113.8"));
    resolves = false;
    CHECK(!allowed("testbot.example", "203.0.113.7"));
    CHECK(!allowed("testbot.example", "127.0.0.1"));
    CHECK(allowed("testbot.example 127.0.0.1", "127.0.0.1"));
    resolves = true;
    CHECK(allowed("testbot.example", "203.0.113.7"));
}

static void rules_that_are_wrong(void)
{
    static const char *const wrong[] = {
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
    };
    struct error err;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (allow_check_rule(wrong[i], &err) != ERR_INVALID) {
            printf("# '%s' passes for a rule\n", wrong[i]);
            CHECK(!"a rule that is wrong");
        }
    char name[300];
    memset(name, 'a', sizeof name);
    name[255] = '\0';
    CHECK_INT(allow_check_rule(name, &err), 0);
    name[255] = 'a';
    name[256] = '\0';
    CHECK_INT(allow_check_rule(name, &err), ERR_INVALID);
    CHECK_TEXT(err.text, "a host to allow must have 1 to 255 characters");
    CHECK_INT(allow_check_rule("10.0.0.0/33", &err), ERR_INVALID);
    CHECK_TEXT(err.text, "'10.0.0.0/33' is not a network: '33' is not a number from 0 to 32");
    CHECK_INT(allow_check_rule("::/129", &err), ERR_INVALID);
    CHECK_TEXT(err.text, "'::/129' is not a network: '129' is not a number from 0 to 128");
}

/* One that can't be read, which no command line has let through, lets nobody in. */
static void a_wrong_rule_lets_nobody_in(void)
{
    CHECK(!allowed("10.0.0.0/33", "10.0.0.0"));
    CHECK(!allowed("10.0.0.0/", "10.0.0.0"));
}

int main(void)
{
    RUN(near_networks_to_their_edges);
    RUN(what_is_not_near);
    RUN(mapped_addresses_are_those_of_ipv4);
    RUN(networks_of_any_length);
    RUN(rules_replace_what_is_near);
    RUN(names_are_resolved_each_time);
    RUN(rules_that_are_wrong);
    RUN(a_wrong_rule_lets_nobody_in);
    return CHECK_RESULT();
}
