/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which address is tried for how long, and where is listened, over a scripted network. */
#include "tests/unit/check.h"

#define os_look_up scripted_look_up
#define os_connect_to scripted_connect_to
#define os_listen_on scripted_listen_on
#define os_resolve tested_resolve
#define os_connect tested_connect
#define os_listen tested_listen
#define os_deadline scripted_deadline
#define os_time_left scripted_time_left
#include "platform/endpoint.c" /* NOLINT(bugprone-suspicious-include): its primitives are scripted */

#include <stdlib.h>

static struct error err;
static int64_t now_ms;
static int found_count;       /* addresses that the name has, or a status */
static int works;             /* the address that answers, -1: none */
static int refusal;           /* what the others do: ERR_TIMEOUT takes all of the time */
static int tried;             /* connects and listens */
static int64_t gets_ms[8];    /* the time that each connect got; OS_FOREVER */
static atomic_bool cancelled; /* by the caller of a connect */
static atomic_bool server_up; /* the name server */
static bool listens_in_six;   /* the system has IPv6 */
static struct os_endpoint last;
static struct os_socket *const a_socket = (struct os_socket *)&now_ms;
static struct os_listener *const a_listener = (struct os_listener *)&now_ms;

int64_t scripted_deadline(int64_t timeout_ms)
{
    return now_ms + timeout_ms;
}

int64_t scripted_time_left(int64_t deadline_ms)
{
    return deadline_ms == OS_FOREVER ? OS_FOREVER : deadline_ms > now_ms ? deadline_ms - now_ms : 0;
}

int scripted_look_up(const char *name, uint16_t port, struct os_endpoint *out, int max, struct error *error)
{
    while (!atomic_load(&server_up))
        os_sleep_ms(1);
    if (found_count < 0)
        return error_set(error, found_count, "no '%s'", name);
    int count = found_count < max ? found_count : max;
    for (int i = 0; i < count; i++)
        out[i] = (struct os_endpoint){.address.ip[15] = (uint8_t)i, .scope = 7, .port = port};
    return count;
}

int scripted_connect_to(struct os_socket **out, const struct os_endpoint *to, int64_t deadline_ms,
                        const atomic_bool *cancel, struct error *error)
{
    (void)cancel;
    gets_ms[tried++] = scripted_time_left(deadline_ms);
    last = *to;
    *out = to->address.ip[15] == works ? a_socket : NULL;
    if (*out)
        return 0;
    if (refusal == ERR_TIMEOUT)
        now_ms = deadline_ms;
    return error_set(error, refusal, "address %d", to->address.ip[15]);
}

int scripted_listen_on(struct os_listener **out, const struct os_endpoint *on, struct error *error)
{
    tried++;
    last = *on;
    *out = listens_in_six || os_address_is_v4(&on->address) ? a_listener : NULL;
    return *out ? 0 : error_set(error, refusal, "no such family");
}

static void network(int addresses, int answers, int others)
{
    now_ms = 5000;
    atomic_store(&server_up, true);
    atomic_store(&cancelled, false);
    found_count = addresses;
    works = answers;
    refusal = others;
    tried = 0;
    memset(gets_ms, 0, sizeof gets_ms);
}

static int connect_within(int64_t ms)
{
    struct os_socket *socket;
    int status = tested_connect(&socket, "host", 80, ms < 0 ? OS_FOREVER : now_ms + ms, &cancelled, &err);
    CHECK(socket == (status ? NULL : a_socket));
    return status;
}

static void the_first_address_that_answers_is_taken(void)
{
    network(3, 1, ERR_SYSTEM);
    CHECK_INT(connect_within(1000), 0);
    CHECK_INT(tried, 2);
    CHECK_INT(last.port, 80);
    CHECK_INT(last.scope, 7);
}

static void a_silent_address_leaves_half_of_the_time(void)
{
    network(3, 2, ERR_TIMEOUT);
    CHECK_INT(connect_within(1000), 0);
    CHECK_INT(gets_ms[0], 500);
    CHECK_INT(gets_ms[1], 250);
    CHECK_INT(gets_ms[2], 250); /* the last one gets all that is left */
    network(2, 1, ERR_SYSTEM);
    CHECK_INT(connect_within(-1), 0);
    CHECK(gets_ms[0] == OS_FOREVER && gets_ms[1] == OS_FOREVER);
}

static void the_last_reason_is_told(void)
{
    network(2, -1, ERR_SYSTEM);
    CHECK_INT(connect_within(1000), ERR_SYSTEM);
    CHECK_TEXT(err.text, "could not connect to host port 80: address 1");
    network(0, -1, ERR_SYSTEM);
    CHECK_INT(connect_within(1000), ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "could not connect to host port 80: the name has no address");
    network(ERR_NOT_FOUND, -1, ERR_SYSTEM);
    CHECK_INT(connect_within(1000), ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "no 'host'");
}

/* The thread that asks it is left behind, and frees what it used when it ends. */
static void a_silent_name_server_takes_no_longer_than_the_deadline(void)
{
    network(1, 0, ERR_SYSTEM);
    atomic_store(&server_up, false);
    CHECK_INT(connect_within(0), ERR_TIMEOUT);
    CHECK_TEXT(err.text, "could not resolve 'host': no name server answered in time");
    atomic_store(&cancelled, true);
    CHECK_INT(connect_within(-1), ERR_TIMEOUT);
    CHECK_INT(tried, 0);
    while (atomic_load(&look_ups) < LOOK_UPS_MAX)
        CHECK_INT(connect_within(0), ERR_TIMEOUT);
    CHECK_INT(connect_within(0), ERR_LIMIT);
    CHECK_TEXT(err.text, "could not resolve 'host': 16 earlier look-ups have no answer yet");
    atomic_store(&server_up, true);
    while (atomic_load(&look_ups) > 0)
        os_sleep_ms(1);
    network(1, 0, ERR_SYSTEM);
    CHECK_INT(connect_within(1000), 0);
}

static void a_name_has_at_most_as_many_addresses_as_asked_for(void)
{
    struct os_address found[40];
    network(40, 0, 0);
    CHECK_INT(tested_resolve("host", found, 2, &err), 2);
    CHECK_INT(found[1].ip[15], 1);
    CHECK_INT(tested_resolve("host", found, 40, &err), 32);
}

static void without_an_address_every_one_is_listened_on(void)
{
    static const uint8_t six[16], four[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct os_listener *listener;
    network(0, 0, ERR_UNAVAILABLE);
    listens_in_six = true;
    CHECK_INT(tested_listen(&listener, NULL, 9000, &err), 0);
    CHECK(listener == a_listener && memcmp(last.address.ip, six, 16) == 0);
    CHECK_INT(tried, 1);
    listens_in_six = false;
    CHECK_INT(tested_listen(&listener, NULL, 9000, &err), 0);
    CHECK(listener == a_listener && memcmp(last.address.ip, four, 16) == 0);
    CHECK_INT(last.port, 9000);
}

/* A port that is in use must not be taken for one family alone. */
static void only_a_missing_family_is_done_without(void)
{
    struct os_listener *listener;
    network(1, 0, ERR_SYSTEM);
    listens_in_six = false;
    CHECK_INT(tested_listen(&listener, NULL, 9000, &err), ERR_SYSTEM);
    CHECK_INT(tried, 1);
    CHECK_TEXT(err.text, "could not listen on any address port 9000: no such family");
    CHECK_INT(tested_listen(&listener, "there", 9000, &err), ERR_SYSTEM);
    CHECK_TEXT(err.text, "could not listen on there port 9000: no such family");
    CHECK(listener == NULL);
}

int main(void)
{
    RUN(the_first_address_that_answers_is_taken);
    RUN(a_silent_address_leaves_half_of_the_time);
    RUN(the_last_reason_is_told);
    RUN(a_silent_name_server_takes_no_longer_than_the_deadline);
    RUN(a_name_has_at_most_as_many_addresses_as_asked_for);
    RUN(without_an_address_every_one_is_listened_on);
    RUN(only_a_missing_family_is_done_without);
    return CHECK_RESULT();
}
