/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session over a socket that gives and takes what a test says; its thread is the test's own. */
#include "tests/unit/check.h"

#include "agent/clients.h"
#include "agent/log.h"
#include "agent/access/refusals.h"
#include "agent/access/refuse.h"
#include "agent/serve.h"
#include "platform/clock.h"

#include <stdlib.h>

enum { NOW = 5000, IO_TIMEOUT_S = 7, RECEIVES = 16 };

/* ---- the fake system ---- */

struct os_socket {
    int closed, shut_down;
};

/* What one os_socket_recv gives: bytes, or a status (0: the peer has left). */
struct piece {
    const char *bytes;
    size_t len;
    int status;
};

static struct {
    struct os_socket socket;
    const struct piece *pieces; /* ended by one with neither bytes nor a status */
    int64_t deadlines[RECEIVES];
    int receives, thread_status, listener_stops;
    struct buffer sent;
    bool sends_fail;
    struct agent *superseded_after_send; /* NULL, or whose session is superseded once its first answer was sent */
} fake;

int os_socket_recv(struct os_socket *socket, void *bytes, size_t max, int64_t deadline_ms, struct error *err)
{
    (void)socket;
    const struct piece *piece = &fake.pieces[fake.receives];
    if (fake.receives < RECEIVES)
        fake.deadlines[fake.receives] = deadline_ms;
    if (!piece->bytes)
        return piece->status ? error_set(err, piece->status, "nothing came") : 0;
    fake.receives++;
    CHECK(piece->len <= max);
    memcpy(bytes, piece->bytes, piece->len);
    return (int)piece->len;
}

int os_socket_send(struct os_socket *socket, const void *bytes, size_t len, int stall_ms, bool more, struct error *err)
{
    (void)socket;
    (void)more;
    CHECK(stall_ms == IO_TIMEOUT_S * 1000 || stall_ms == 0);
    if (fake.sends_fail)
        return error_set(err, ERR_CLOSED, "the peer has left");
    buffer_append(&fake.sent, bytes, len);
    if (fake.superseded_after_send && fake.receives > 0)
        atomic_store(&fake.superseded_after_send->sessions->superseded, true);
    return 0;
}

void os_socket_shutdown(struct os_socket *socket)
{
    socket->shut_down++;
}

void os_socket_close(struct os_socket *socket)
{
    if (socket)
        socket->closed++;
}

void os_listener_stop(struct os_listener *listener)
{
    (void)listener;
    fake.listener_stops++;
}

int os_thread_start(void (*main)(void *context), void *context, struct error *err)
{
    if (fake.thread_status)
        return error_set(err, fake.thread_status, "no thread today");
    main(context);
    return 0;
}

int64_t os_deadline(int64_t timeout_ms)
{
    return timeout_ms < 0 ? OS_FOREVER : NOW + timeout_ms;
}

/* ---- the tests ---- */

static struct options options;
static struct agent agent;
static struct os_mutex *lock;
static const struct os_address loopback = {{[10] = 0xff, [11] = 0xff, 127, 0, 0, 1}};

#define BANNER "s\0\0\0\0\0\0\0\17testagentd 1.7"
#define BANNER_LEN (sizeof BANNER) /* its NUL is part of the entry */
#define PING "\0\0\0\0\0\0\0\0"
#define PING_LEN 8
#define EMPTY_LIST "\0\0\0\0"

static void begin(const struct piece *pieces)
{
    buffer_deinit(&fake.sent);
    memset(&fake, 0, sizeof fake);
    fake.pieces = pieces;
    buffer_init(&fake.sent, 1 << 20);
    options = (struct options){.protocol_minor = 7, .max_clients = 2, .io_timeout_s = IO_TIMEOUT_S};
    agent = (struct agent){.options = &options, .lock = lock};
}

static void serve(void)
{
    session_start(&agent, &fake.socket, &loopback);
    CHECK_INT(fake.socket.closed, 1);
    CHECK_INT(agent.client_count, 0);
    CHECK(!agent.sessions);
}

/* What was sent behind the banner. */
static bool sent(const void *bytes, size_t len)
{
    return fake.sent.len == BANNER_LEN + len && memcmp(fake.sent.data, BANNER, BANNER_LEN) == 0 &&
           memcmp(fake.sent.data + BANNER_LEN, bytes, len) == 0;
}

static void a_client_that_says_nothing(void)
{
    static const struct piece pieces[] = {{0}};
    begin(pieces);
    serve();
    CHECK(sent("", 0));
    CHECK_INT(fake.deadlines[0], OS_FOREVER);
}

/* The deadline runs within a request alone: before the first, and after each, a client may rest as long as it likes. */
static void it_may_rest_between_requests_and_not_within_one(void)
{
    static const struct piece pieces[] = {{PING, 3, 0},
                                          {&PING[3], 5, 0},
                                          {PING, PING_LEN, 0},
                                          {PING PING, 2 * PING_LEN, 0},
                                          {PING PING, 11, 0},
                                          {&PING[3], 5, 0},
                                          {0}};
    static const int64_t within = NOW + IO_TIMEOUT_S * 1000;
    static const int64_t want[] = {OS_FOREVER, within, OS_FOREVER, OS_FOREVER, OS_FOREVER, within, OS_FOREVER};
    begin(pieces);
    serve();
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK_INT(fake.deadlines[i], want[i]);
    CHECK(sent(EMPTY_LIST EMPTY_LIST EMPTY_LIST EMPTY_LIST EMPTY_LIST EMPTY_LIST, 6 * 4));
}

static void one_that_stalls_within_a_request_is_ended(void)
{
    static const struct piece pieces[] = {{PING, 5, 0}, {.status = ERR_TIMEOUT}};
    begin(pieces);
    serve();
    CHECK(sent("", 0));
}

/* The rest of the request would be read as the next one, and its answer be taken for another's. */
static void a_failure_to_receive_is_no_wrong_request(void)
{
    static const int statuses[] = {ERR_NO_MEMORY, ERR_LIMIT, ERR_INVALID, ERR_SYSTEM, ERR_DENIED};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const struct piece pieces[] = {{PING, 5, 0}, {.status = statuses[i]}};
        begin(pieces);
        serve();
        CHECK(sent("", 0));
    }
}

static void one_that_leaves_within_a_request(void)
{
    static const struct piece pieces[] = {{PING, 5, 0}, {0}};
    begin(pieces);
    serve();
    CHECK(sent("", 0));
}

/* A request that is wrong is answered, and the next one understood. */
static void a_wrong_request_is_an_answer(void)
{
    static const char many[] = "\0\0\0\0\0\0\0\1I\0\0\0\0\0\0\0\4\0\0\0\1" PING;
    static const struct piece pieces[] = {{many, sizeof many - 1, 0}, {0}};
    static const char answer[] = "\0\0\0\1e\0\0\0\0\0\0\0\56Invalid number of parameters (1 instead of 0)\0" EMPTY_LIST;
    begin(pieces);
    serve();
    CHECK(sent(answer, sizeof answer - 1));
}

static void a_forbidden_request_is_refused_and_consumed(void)
{
    static const char upgrade[] = "\0\0\0\11\0\0\0\1d\0\0\0\0\0\0\0\3abc" PING;
    static const struct piece pieces[] = {{upgrade, sizeof upgrade - 1, 0}, {0}};
    static const char answer[] = "\0\0\0\1e\0\0\0\0\0\0\0\37the upgrade RPC is not allowed\0" EMPTY_LIST;
    begin(pieces);
    options.set_time_only = true;
    serve();
    CHECK(sent(answer, sizeof answer - 1));
    CHECK_INT(fake.listener_stops, 0);
}

/* An RPC that --allow-rpc does not name, and its data: the next request is read from its beginning. */
static void an_rpc_that_is_not_allowed_is_refused_and_consumed(void)
{
    static const char request[] = "\0\0\0\2\0\0\0\3s\0\0\0\0\0\0\0\2x\0I\0\0\0\0\0\0\0\4\0\0\0\0"
                                  "d\0\0\0\0\0\0\0\3abc" PING;
    static const struct piece pieces[] = {{request, sizeof request - 1, 0}, {0}};
    static const char text[] = "the RPC 'sendfile' is not allowed here (allow-rpc)";
    begin(pieces);
    strlist_add(&options.allow_rpcs, "getfile, ping");
    serve();
    CHECK(fake.sent.len == BANNER_LEN + 4 + 9 + sizeof text + 4);
    CHECK_TEXT((const char *)fake.sent.data + BANNER_LEN + 13, text);
    strlist_deinit(&options.allow_rpcs);
}

/* Or it would take back the transfer that another connection goes on with. */
static void a_superseded_one_serves_nothing_that_it_has_read_already(void)
{
    static const struct piece pieces[] = {{PING PING, 2 * PING_LEN, 0}, {0}};
    begin(pieces);
    fake.superseded_after_send = &agent;
    serve();
    CHECK(sent(EMPTY_LIST, 4));
}

static void a_client_that_takes_no_answer_is_ended(void)
{
    static const struct piece pieces[] = {{PING PING, 2 * PING_LEN, 0}, {0}};
    begin(pieces);
    fake.sends_fail = true;
    serve();
    CHECK_INT(fake.sent.len, 0);
    CHECK_INT(fake.receives, 0);
}

static void one_too_many_is_told_why(void)
{
    static const struct piece pieces[] = {{PING, PING_LEN, 0}, {0}};
    begin(pieces);
    agent.client_count = 2;
    session_start(&agent, &fake.socket, &loopback);
    CHECK_INT(agent.client_count, 2);
    CHECK_INT(fake.socket.closed, 1);
    CHECK_INT(fake.receives, 0);
    CHECK(fake.sent.len > 9 && fake.sent.data[0] == 'e');
    CHECK_TEXT((const char *)fake.sent.data + 9,
               "too many clients: the limit is 2 connections at once (--max-clients)");
}

static void a_client_without_a_thread_is_told_why(void)
{
    static const struct piece pieces[] = {{0}};
    static const char told[] = "e\0\0\0\0\0\0\0\65the agent can serve no more clients: no thread today";
    begin(pieces);
    fake.thread_status = ERR_NO_MEMORY;
    serve();
    CHECK(fake.sent.len == sizeof told && memcmp(fake.sent.data, told, sizeof told) == 0);
}

/* The answer is 200 bytes long at most. */
static void a_refusal_of_any_length_is_whole(void)
{
    char why[300], *end = why + sizeof why - 1;
    memset(why, 'x', sizeof why);
    *end = '\0';
    for (const char *text = why; text < end; text += 33) {
        size_t len = strlen(text) < 200 ? strlen(text) : 200;
        begin(NULL);
        refuse_client(&fake.socket, "a peer", text);
        CHECK_INT(fake.sent.len, 9 + len + 1);
        CHECK_INT(fake.sent.data[8], len + 1);
        CHECK_INT(fake.sent.data[fake.sent.len - 1], 0);
        CHECK_INT(fake.socket.closed, 1);
    }
}

static void few_files_mean_few_clients(void)
{
    CHECK_INT(clients_limit(400, UINT32_MAX), 400);
    CHECK_INT(clients_limit(400, 1024), 400);
    CHECK_INT(clients_limit(1000, 1024), 496);
    CHECK_INT(clients_limit(400, 64), 16);
    CHECK_INT(clients_limit(5, 64), 5);
    CHECK_INT(clients_limit(400, 35), 1);
    CHECK_INT(clients_limit(400, 0), 1);
}

int main(void)
{
    log_init(false);
    refusals_init();
    lock = os_mutex_new();
    RUN(a_client_that_says_nothing);
    RUN(it_may_rest_between_requests_and_not_within_one);
    RUN(one_that_stalls_within_a_request_is_ended);
    RUN(a_failure_to_receive_is_no_wrong_request);
    RUN(one_that_leaves_within_a_request);
    RUN(a_wrong_request_is_an_answer);
    RUN(a_forbidden_request_is_refused_and_consumed);
    RUN(an_rpc_that_is_not_allowed_is_refused_and_consumed);
    RUN(a_superseded_one_serves_nothing_that_it_has_read_already);
    RUN(a_client_that_takes_no_answer_is_ended);
    RUN(one_too_many_is_told_why);
    RUN(a_client_without_a_thread_is_told_why);
    RUN(a_refusal_of_any_length_is_whole);
    RUN(few_files_mean_few_clients);
    return CHECK_RESULT();
}
