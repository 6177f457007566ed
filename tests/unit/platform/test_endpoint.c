/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which address is tried when, and where is listened, over a scripted network. */
#include "tests/unit/check.h"

#define os_look_up scripted_look_up
#define os_attempt_start scripted_attempt_start
#define os_attempts_await scripted_attempts_await
#define os_attempt_result scripted_attempt_result
#define os_attempt_free scripted_attempt_free
#define os_listen_on scripted_listen_on
#define os_listener_add scripted_listener_add
#define os_listener_port scripted_listener_port
#define os_listener_close scripted_listener_close
#define os_resolve tested_resolve
#define os_connect tested_connect
#define os_listen tested_listen
#define os_deadline scripted_deadline
#define os_time_left scripted_time_left
#define os_sleep_ms scripted_sleep_ms
#include "platform/connect.c" /* NOLINT(bugprone-suspicious-include): its primitives are scripted */
#undef ENDPOINTS_MAX
#include "platform/endpoint.c" /* NOLINT(bugprone-suspicious-include): its primitives are scripted */
#undef os_sleep_ms
void os_sleep_ms(unsigned ms); /* the real one */

#include <stdlib.h>

static struct error err;
static int64_t now_ms;
static int found_count;       /* addresses that the name has, or a status */
static int works;             /* the address that answers, -1: none */
static int answer_ms;         /* how long after its start */
static int refusal;           /* what the others do: ERR_TIMEOUT never answers */
static int fours;             /* the first of the addresses that are of IPv4 */
static int tried, freed;      /* connects (freed: those that were started), and listens */
static int order[8];          /* the addresses in the order in which they were tried */
static int64_t starts_ms[8];  /* and when */
static int cancel_at;         /* the attempt with which the caller gives up; 0: none */
static atomic_bool cancelled; /* by the caller of a connect */
static atomic_bool server_up; /* the name server */
static int open_listeners;
static int taken;           /* the address that another program listens on, -1: none */
static bool same_address;   /* all that the name has are one */
static bool listens_in_six; /* the system has IPv6 */
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

/* Who waits for an earlier look-up finds that it is answered meanwhile. */
void scripted_sleep_ms(unsigned ms)
{
    (void)ms;
    atomic_store(&server_up, true);
    os_sleep_ms(1);
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
    for (int i = 0; i < count && same_address; i++)
        out[i].address.ip[15] = 0;
    for (int i = fours; i < count; i++)
        os_address_set_v4(&out[i].address, (const uint8_t[4]){0, 0, 0, (uint8_t)i});
    return count;
}

struct os_attempt {
    int address;
    int64_t ends_ms;
};

int scripted_attempt_start(struct os_attempt **out, const struct os_endpoint *to, struct error *error)
{
    int address = to->address.ip[15];
    order[tried] = address;
    starts_ms[tried++] = now_ms - 5000;
    last = *to;
    *out = NULL;
    if (tried == cancel_at)
        atomic_store(&cancelled, true);
    if (address != works && refusal != ERR_TIMEOUT && !answer_ms)
        return error_set(error, refusal, "address %d", address);
    *out = malloc(sizeof **out);
    **out = (struct os_attempt){address, address == works || refusal != ERR_TIMEOUT ? now_ms + answer_ms : OS_FOREVER};
    return 0;
}

void scripted_attempts_await(struct os_attempt *const *attempts, int count, int64_t deadline_ms)
{
    int64_t until = deadline_ms;
    for (int i = 0; i < count; i++)
        if (attempts[i] && attempts[i]->ends_ms < until)
            until = attempts[i]->ends_ms;
    now_ms = until > now_ms ? until : now_ms;
}

int scripted_attempt_result(struct os_attempt *attempt, struct os_socket **out, struct error *error)
{
    if (attempt->ends_ms > now_ms)
        return 0;
    if (attempt->address != works)
        return error_set(error, refusal, "address %d", attempt->address);
    *out = a_socket;
    return 1;
}

void scripted_attempt_free(struct os_attempt *attempt)
{
    freed += attempt != NULL;
    free(attempt);
}

int scripted_listen_on(struct os_listener **out, const struct os_endpoint *on, struct error *error)
{
    starts_ms[tried] = on->port;
    order[tried++] = on->address.ip[15];
    last = *on;
    *out = (listens_in_six || os_address_is_v4(&on->address)) && order[tried - 1] != taken ? a_listener : NULL;
    open_listeners += *out != NULL;
    return *out ? 0 : error_set(error, refusal, "no such family");
}

int scripted_listener_add(struct os_listener *listener, const struct os_endpoint *on, struct error *error)
{
    struct os_listener *added;
    CHECK(listener == a_listener);
    int status = scripted_listen_on(&added, on, error);
    open_listeners -= status == 0;
    return status;
}

uint16_t scripted_listener_port(const struct os_listener *listener)
{
    CHECK(listener == a_listener);
    return 4321;
}

void scripted_listener_close(struct os_listener *listener)
{
    open_listeners -= listener != NULL;
}

static void network(int addresses, int answers, int others)
{
    now_ms = 5000;
    atomic_store(&server_up, true);
    atomic_store(&cancelled, false);
    found_count = addresses;
    works = answers;
    refusal = others;
    answer_ms = tried = freed = cancel_at = 0;
    fours = addresses;
    taken = -1;
    memset(order, 0, sizeof order);
    memset(starts_ms, 0, sizeof starts_ms);
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

/* RFC 8305, section 5. */
static void a_silent_address_holds_up_the_next_by_a_quarter_of_a_second(void)
{
    network(3, 2, ERR_TIMEOUT);
    CHECK_INT(connect_within(20000), 0);
    CHECK(starts_ms[0] == 0 && starts_ms[1] == 250 && starts_ms[2] == 500);
    CHECK_INT(freed, 3);
    network(2, 1, ERR_TIMEOUT);
    CHECK_INT(connect_within(-1), 0);
    CHECK_INT(starts_ms[1], 250);
}

static void an_address_that_refuses_holds_nothing_up(void)
{
    network(3, 2, ERR_SYSTEM);
    CHECK_INT(connect_within(1000), 0);
    CHECK(starts_ms[1] == 0 && starts_ms[2] == 0);
    CHECK_INT(freed, 1);
    network(3, 2, ERR_SYSTEM);
    answer_ms = 40; /* a refusal that comes over the net */
    CHECK_INT(connect_within(1000), 0);
    CHECK(starts_ms[1] == 40 && starts_ms[2] == 80);
}

static void a_slow_address_goes_on_beside_the_next(void)
{
    network(3, 0, ERR_TIMEOUT);
    answer_ms = 400;
    CHECK_INT(connect_within(1000), 0);
    CHECK_INT(tried, 2);
    CHECK_INT(now_ms, 5400);
    CHECK_INT(freed, 2);
}

static void all_addresses_have_one_deadline(void)
{
    network(3, -1, ERR_TIMEOUT);
    CHECK_INT(connect_within(600), ERR_TIMEOUT);
    CHECK_TEXT(err.text, "could not connect to host port 80: no answer in time");
    CHECK_INT(now_ms, 5600);
    CHECK_INT(tried, 3);
    network(3, -1, ERR_TIMEOUT);
    CHECK_INT(connect_within(100), ERR_TIMEOUT);
    CHECK_INT(tried, 1);
    CHECK_INT(freed, 1);
    network(3, -1, ERR_TIMEOUT);
    cancel_at = 2;
    CHECK_INT(connect_within(-1), ERR_TIMEOUT);
    CHECK_INT(tried, 2);
    CHECK_INT(freed, 2);
}

/* RFC 8305, section 4: where the one family leads nowhere, its many addresses don't hold up the other. */
static void the_families_take_turns(void)
{
    static const int expected[] = {0, 3, 1, 4, 2};
    network(5, -1, ERR_SYSTEM);
    fours = 3;
    CHECK_INT(connect_within(1000), ERR_SYSTEM);
    CHECK_INT(tried, 5);
    CHECK(memcmp(order, expected, sizeof expected) == 0);
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
}

/* All places are still taken. */
static void one_too_many_waits_for_an_earlier_one(void)
{
    CHECK_INT(connect_within(1000), ERR_LIMIT); /* it is cancelled */
    CHECK(!atomic_load(&server_up));
    atomic_store(&cancelled, false);
    CHECK_INT(connect_within(1000), 0);
    CHECK(atomic_load(&server_up));
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

static void every_address_of_a_name_is_listened_on(void)
{
    struct os_listener *listener;
    network(3, 0, ERR_SYSTEM);
    listens_in_six = true;
    CHECK_INT(tested_listen(&listener, "there", 0, &err), 0);
    CHECK(listener == a_listener);
    CHECK(tried == 3 && order[0] == 0 && order[1] == 1 && order[2] == 2);
    CHECK(starts_ms[0] == 0 && starts_ms[1] == 4321 && starts_ms[2] == 4321); /* the port of the first */
    network(8, 0, ERR_SYSTEM);
    same_address = true;
    CHECK_INT(tested_listen(&listener, "there", 0, &err), 0);
    CHECK_INT(tried, 1);
    same_address = false;
    network(9, 0, ERR_SYSTEM);
    CHECK_INT(tested_listen(&listener, "there", 9000, &err), ERR_LIMIT);
    CHECK_TEXT(err.text, "could not listen on there port 9000: the name has more than 8 addresses");
    CHECK_INT(tried, 0);
    network(0, 0, ERR_SYSTEM);
    CHECK_INT(tested_listen(&listener, "there", 9000, &err), ERR_NOT_FOUND);
    CHECK(listener == NULL);
}

/* Such as ::1 of localhost, without IPv6. */
static void an_address_that_is_not_here_is_left_out(void)
{
    struct os_listener *listener;
    network(3, 0, ERR_UNAVAILABLE);
    fours = 1;
    listens_in_six = false;
    CHECK_INT(tested_listen(&listener, "there", 9000, &err), 0);
    CHECK(listener == a_listener && tried == 3);
    network(2, 0, ERR_UNAVAILABLE);
    CHECK_INT(tested_listen(&listener, "there", 9000, &err), ERR_UNAVAILABLE);
    CHECK(listener == NULL && tried == 2);
}

static void an_address_that_is_taken_named(void)
{
    struct os_listener *listener;
    network(2, 0, ERR_SYSTEM);
    listens_in_six = true;
    open_listeners = 0;
    fours = 0;
    CHECK_INT(tested_listen(&listener, "there", 9000, &err), 0);
    CHECK_INT(open_listeners, 1);
    network(2, 0, ERR_SYSTEM);
    listens_in_six = false;
    open_listeners = 0;
    CHECK_INT(tested_listen(&listener, "there", 9000, &err), ERR_SYSTEM);
    CHECK_TEXT(err.text, "could not listen on there port 9000: ::: no such family");
    CHECK_INT(tried, 1);
    network(3, 0, ERR_SYSTEM);
    taken = 1;
    listens_in_six = true;
    CHECK_INT(tested_listen(&listener, "there", 9000, &err), ERR_SYSTEM);
    CHECK_TEXT(err.text, "could not listen on there port 9000: ::1: no such family");
    CHECK(listener == NULL && open_listeners == 0);
}

int main(void)
{
    RUN(the_first_address_that_answers_is_taken);
    RUN(a_silent_address_holds_up_the_next_by_a_quarter_of_a_second);
    RUN(an_address_that_refuses_holds_nothing_up);
    RUN(a_slow_address_goes_on_beside_the_next);
    RUN(all_addresses_have_one_deadline);
    RUN(the_families_take_turns);
    RUN(the_last_reason_is_told);
    RUN(a_silent_name_server_takes_no_longer_than_the_deadline);
    RUN(one_too_many_waits_for_an_earlier_one);
    RUN(a_name_has_at_most_as_many_addresses_as_asked_for);
    RUN(without_an_address_every_one_is_listened_on);
    RUN(only_a_missing_family_is_done_without);
    RUN(every_address_of_a_name_is_listened_on);
    RUN(an_address_that_is_not_here_is_left_out);
    RUN(an_address_that_is_taken_named);
    return CHECK_RESULT();
}
