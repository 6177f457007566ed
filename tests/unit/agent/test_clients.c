/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many clients there may be: in all, and of one source. */
#include "tests/unit/check.h"

#include "agent/clients.h"
#include "agent/log.h"
#include "agent/access/refusals.h"
#include "platform/address.h"

enum { ALL = 64, THREE_QUARTERS = 48, FEW = 4 };

static struct options options;
static struct agent agent;
static struct session sessions[100];
static int session_count;
static char told[200]; /* what the last one that was refused got */

int os_socket_send(struct os_socket *socket, const void *bytes, size_t len, int stall_ms, bool more, struct error *err)
{
    (void)socket;
    (void)more;
    (void)err;
    CHECK_INT(stall_ms, 0);
    CHECK(len > 9 && len - 9 < sizeof told && *(const char *)bytes == 'e');
    memcpy(told, (const char *)bytes + 9, len - 9);
    return 0;
}

static void begin(unsigned max)
{
    options = (struct options){.max_clients = max};
    agent.options = &options;
    agent.sessions = NULL;
    agent.client_count = 0;
    session_count = 0;
}

static bool enter(const char *peer)
{
    struct session *session = &sessions[session_count];
    *session = (struct session){.agent = &agent};
    if (!os_address_parse(peer, &session->peer))
        abort(); /* the test is wrong */
    if (!clients_enter(session))
        return false;
    session_count++;
    return true;
}

/* Returns how many of up to `most` come in. The addresses are taken in turn. */
static int enter_many(int most, const char *const peers[2])
{
    int count = 0;
    while (count < most && enter(peers[count % 2]))
        count++;
    return count;
}

static int enter_of_one(const char *peer)
{
    const char *const peers[] = {peer, peer};
    return enter_many(ALL + 1, peers);
}

static void one_source_gets_three_quarters(void)
{
    begin(ALL);
    CHECK_INT(enter_of_one("10.0.0.1"), THREE_QUARTERS);
    CHECK_TEXT(told, "too many clients from one address: it has 48 of 64 connections (--max-clients)");
    CHECK_INT(agent.client_count, THREE_QUARTERS);
    clients_leave(&sessions[0]);
    CHECK(enter("10.0.0.1"));
}

static void the_last_quarter_is_for_those_that_have_few(void)
{
    begin(ALL);
    CHECK_INT(enter_of_one("10.0.0.1"), THREE_QUARTERS);
    for (int i = 0; i < 4; i++) {
        char peer[16];
        snprintf(peer, sizeof peer, "10.0.1.%d", i);
        CHECK_INT(enter_of_one(peer), FEW);
    }
    CHECK_INT(agent.client_count, ALL);
    CHECK(!enter("10.0.2.1"));
    CHECK_TEXT(told, "too many clients: the limit is 64 connections at once (--max-clients)");
}

static void addresses_of_one_source(void)
{
    static const char *const same[][2] = {
        {"127.0.0.1", "127.9.9.9"}, {"127.0.0.1", "::1"}, {"2001:db8:0:1::1", "2001:db8:0:1:f::2"}};
    static const char *const other[][2] = {{"10.0.0.1", "10.0.0.2"},
                                           {"fe80::1", "fe80::2"},
                                           {"2001:db8:0:1::1", "2001:db8:0:2::1"},
                                           {"10.0.0.1", "::10.0.0.1"},
                                           {"127.0.0.1", "128.0.0.1"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        begin(ALL);
        CHECK_INT(enter_many(ALL + 1, same[i]), THREE_QUARTERS);
        begin(ALL);
        CHECK_INT(enter_of_one(same[i][0]), THREE_QUARTERS);
        CHECK(!enter(same[i][1]));
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        begin(ALL);
        CHECK(enter_many(ALL + 1, other[i]) >= THREE_QUARTERS);
        CHECK_INT(enter_of_one("192.0.2.1"), FEW);
        begin(ALL);
        CHECK_INT(enter_of_one(other[i][0]), THREE_QUARTERS);
        CHECK_INT(enter_of_one(other[i][1]), FEW);
    }
}

/* So few that there is no quarter: they are for whoever comes. */
static void a_small_limit_is_the_only_one(void)
{
    for (unsigned max = 1; max < 4; max++) {
        begin(max);
        CHECK_INT(enter_of_one("10.0.0.1"), max);
    }
    begin(4);
    CHECK_INT(enter_of_one("10.0.0.1"), 3);
    CHECK_INT(enter_of_one("10.0.0.2"), 1);
}

int main(void)
{
    log_init(false);
    refusals_init();
    agent.lock = os_mutex_new();
    RUN(one_source_gets_three_quarters);
    RUN(the_last_quarter_is_for_those_that_have_few);
    RUN(addresses_of_one_source);
    RUN(a_small_limit_is_the_only_one);
    return CHECK_RESULT();
}
