/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who becomes a client, with peers and owners that a test makes up; a waiting peer's thread is the test's own. */
#include "tests/unit/check.h"

#include "agent/access/admission.h"
#include "agent/access/gate.h"
#include "agent/log.h"
#include "agent/access/refusals.h"
#include "agent/serve.h"
#include "platform/clock.h"
#include "platform/peer.h"

struct os_socket {
    int started, closed;
};

static struct {
    enum allow_answer answers[4]; /* of one question after the other; the last stays */
    int asked, waited, owners_asked;
    int owner_status;
    struct os_peer owner;
    bool service;
    int64_t now_ms;
    void (*in_wait)(void); /* called by os_waker_wait */
    int waits, listener_stops;
} fake;

static struct options options;
static struct agent the_agent;
static const struct os_address address = {{[10] = 0xff, [11] = 0xff, 127, 0, 0, 1}};

enum allow_answer allow_peer(struct allow *allow, const struct os_address *peer)
{
    (void)allow;
    CHECK(memcmp(peer, &address, sizeof *peer) == 0);
    enum allow_answer answer = fake.answers[fake.asked];
    fake.asked += fake.asked < 3;
    return answer;
}

bool allow_await_names(struct allow *allow, int64_t deadline_ms)
{
    (void)allow;
    fake.waited++;
    fake.now_ms = deadline_ms;
    return false;
}

int os_peer_find(const struct os_socket *socket, struct os_peer *out, struct error *err)
{
    (void)socket;
    fake.owners_asked++;
    *out = fake.owner;
    return fake.owner_status ? error_set(err, fake.owner_status, "nobody knows") : 0;
}

void session_start(struct agent *agent, struct os_socket *socket, const struct os_address *peer)
{
    CHECK(agent == &the_agent && memcmp(peer, &address, sizeof *peer) == 0);
    socket->started++;
}

void os_socket_close(struct os_socket *socket)
{
    socket->closed++;
}

int os_thread_start(void (*main)(void *context), void *context, struct error *err)
{
    (void)err;
    main(context);
    return 0;
}

int64_t os_clock_ms(void)
{
    return fake.now_ms;
}

struct os_waker {
    bool set;
};

int os_waker_new(struct os_waker **out, struct error *err)
{
    static struct os_waker wakers[2];
    static int count;
    (void)err;
    *out = &wakers[count++];
    return 0;
}

void os_waker_set(struct os_waker *waker)
{
    waker->set = true;
}

void os_waker_clear(struct os_waker *waker)
{
    waker->set = false;
}

/* What is not set by now is set by the thread that fake.in_wait stands for, or never before the deadline. */
bool os_waker_wait(struct os_waker *waker, int64_t deadline_ms)
{
    fake.waits++;
    if (fake.in_wait)
        fake.in_wait();
    if (!waker->set)
        fake.now_ms = deadline_ms;
    return waker->set;
}

void os_listener_stop(struct os_listener *listener)
{
    (void)listener;
    fake.listener_stops++;
}

const char *agent_run_as(const struct agent *agent)
{
    return agent->options->run_as ? agent->options->run_as : fake.service ? "session" : "agent";
}

static void begin(enum allow_answer answer, const char *run_as)
{
    memset(&fake, 0, sizeof fake);
    for (int i = 0; i < 4; i++)
        fake.answers[i] = answer;
    fake.now_ms = 1000;
    options = (struct options){.run_as = run_as};
    the_agent.options = &options;
    atomic_store(&the_agent.waiting_count, 0);
    gate_open(&the_agent);
}

/* Returns whether a peer becomes a client. It does, or its socket is closed, once. */
static bool is_let_in(void)
{
    struct os_socket socket = {0, 0};
    admission_begin(&the_agent, &socket, &address);
    CHECK_INT(socket.started + socket.closed, 1);
    CHECK_INT(atomic_load(&the_agent.waiting_count), 0);
    return socket.started == 1;
}

static void only_addresses_that_may(void)
{
    begin(ALLOW_YES, "agent");
    CHECK(is_let_in());
    begin(ALLOW_NO, "agent");
    CHECK(!is_let_in());
    CHECK_INT(fake.owners_asked, 0);
}

static void with_another_user_only_who_gains_nothing(void)
{
    static const struct {
        enum os_peer_kind kind;
        bool may;
    } all[] = {{OS_PEER_REMOTE, true}, {OS_PEER_TRUSTED, true}, {OS_PEER_OTHER, false}};
    for (int i = 0; i < 3; i++) {
        begin(ALLOW_YES, "session");
        fake.owner.kind = all[i].kind;
        CHECK(is_let_in() == all[i].may);
    }
    begin(ALLOW_YES, "alice");
    fake.owner.kind = OS_PEER_OTHER;
    CHECK(!is_let_in());
    begin(ALLOW_YES, NULL);
    fake.service = true; /* whose default is the session's user */
    fake.owner.kind = OS_PEER_OTHER;
    CHECK(!is_let_in());
}

static void failing_to_look_lets_nobody_in(void)
{
    begin(ALLOW_YES, "session");
    fake.owner_status = ERR_NOT_FOUND;
    CHECK(!is_let_in());
}

static void without_another_user_nobody_looks(void)
{
    begin(ALLOW_YES, "agent");
    fake.owner.kind = OS_PEER_OTHER;
    CHECK(is_let_in());
    begin(ALLOW_YES, NULL);
    fake.owner.kind = OS_PEER_OTHER;
    CHECK(is_let_in());
    begin(ALLOW_YES, "session");
    options.allow_local = true;
    fake.owner.kind = OS_PEER_OTHER;
    CHECK(is_let_in());
    CHECK_INT(fake.owners_asked, 0);
}

static void one_waits_for_the_first_look_at_names(void)
{
    begin(ALLOW_NOT_YET, "session");
    fake.answers[3] = ALLOW_YES;
    CHECK(is_let_in());
    CHECK_INT(fake.waited, 2);
    begin(ALLOW_NOT_YET, "session");
    fake.answers[3] = ALLOW_YES;
    fake.owner.kind = OS_PEER_OTHER; /* who had to wait is looked at all the same */
    CHECK(!is_let_in());
    begin(ALLOW_NOT_YET, "agent");
    fake.answers[2] = fake.answers[3] = ALLOW_NO;
    CHECK(!is_let_in());
}

static void nobody_waits_for_ever(void)
{
    begin(ALLOW_NOT_YET, "agent");
    CHECK(!is_let_in());
    CHECK(fake.now_ms >= 1000 + ADMISSION_NAMES_MS && fake.now_ms < 1000 + 2 * ADMISSION_NAMES_MS);
}

static void few_wait(void)
{
    struct os_socket socket = {0, 0};
    begin(ALLOW_NOT_YET, "agent");
    atomic_store(&the_agent.waiting_count, ADMISSION_WAITING_MAX);
    admission_begin(&the_agent, &socket, &address);
    CHECK_INT(socket.closed, 1);
    CHECK_INT(fake.waited, 0);
    CHECK_INT(atomic_load(&the_agent.waiting_count), ADMISSION_WAITING_MAX);
}

/* An upgrade is under way: a session that starts now would be lost in the middle of a request. */
static void nobody_is_let_in_once_it_is_closed(void)
{
    begin(ALLOW_NOT_YET, "agent");
    fake.answers[2] = fake.answers[3] = ALLOW_YES;
    gate_close(&the_agent);
    CHECK(!is_let_in());
    CHECK_INT(fake.waited, 0);
    begin(ALLOW_YES, "agent");
    CHECK(is_let_in());
}

static void the_last_that_waited_leaves(void)
{
    if (atomic_fetch_sub(&the_agent.waiting_count, 1) == 1)
        os_waker_set(the_agent.nobody_waits);
}

static void closing_waits_for_those_that_wait_for_names(void)
{
    begin(ALLOW_YES, "agent");
    atomic_store(&the_agent.waiting_count, 2);
    fake.in_wait = the_last_that_waited_leaves;
    gate_close(&the_agent);
    CHECK_INT(fake.waits, 2);
    CHECK_INT(atomic_load(&the_agent.waiting_count), 0);
}

static void close_it(void)
{
    fake.in_wait = NULL;
    gate_close(&the_agent);
}

static void who_stops_it_is_told_whether_it_has_stopped(void)
{
    struct error err;
    begin(ALLOW_YES, "agent");
    fake.in_wait = close_it;
    CHECK_INT(gate_stop(&the_agent, &err), 0);
    CHECK_INT(fake.waits, 1);
    CHECK_INT(fake.listener_stops, 1);
    begin(ALLOW_YES, "agent"); /* and opened again it is not stopped any more */
    CHECK_INT(gate_stop(&the_agent, &err), ERR_TIMEOUT);
    CHECK_TEXT(err.text, "the agent still accepts clients after 2 s: it becomes the new server as soon as it does not");
}

/* ---- the log ---- */

static unsigned lines_with(const char *text)
{
    struct buffer log;
    unsigned count = 0;
    buffer_init(&log, 2 * LOG_SIZE);
    log_copy(&log);
    buffer_append(&log, "", 1);
    for (const char *at = (const char *)log.data; (at = strstr(at, text)); at++)
        count++;
    buffer_deinit(&log);
    return count;
}

static void each_refusal_is_told_once(void)
{
    begin(ALLOW_YES, "session");
    fake.owner = (struct os_peer){OS_PEER_OTHER, "uid 4711"};
    for (int i = 0; i < 1000; i++)
        CHECK(!is_let_in());
    CHECK_INT(lines_with("uid 4711 of this machine"), 1);
    fake.now_ms += REFUSAL_AGAIN_MS;
    for (int i = 0; i < 1000; i++)
        CHECK(!is_let_in());
    CHECK_INT(lines_with("uid 4711 of this machine"), 2);
    CHECK_INT(lines_with("(999 more refusals were not logged)"), 1);
}

static void many_that_are_refused_do_not_fill_the_log(void)
{
    begin(ALLOW_YES, "session");
    fake.now_ms = (int64_t)10 * REFUSAL_AGAIN_MS;
    for (int i = 0; i < 1000; i++)
        refusal_log("neighbour %d is refused", i);
    CHECK_INT(lines_with("neighbour "), REFUSALS_MAX + 1);
    refusal_log("neighbour 0 is refused");
    CHECK_INT(lines_with("neighbour "), REFUSALS_MAX + 1);
    fake.now_ms += REFUSAL_AGAIN_MS;
    refusal_log("neighbour 5000 is refused");
    CHECK_INT(lines_with("neighbour 5000 is refused"), 1);
}

int main(void)
{
    struct error err;
    log_init(false);
    CHECK_INT(gate_init(&the_agent, &err), 0);
    refusals_init();
    RUN(only_addresses_that_may);
    RUN(with_another_user_only_who_gains_nothing);
    RUN(failing_to_look_lets_nobody_in);
    RUN(without_another_user_nobody_looks);
    RUN(one_waits_for_the_first_look_at_names);
    RUN(nobody_waits_for_ever);
    RUN(few_wait);
    RUN(nobody_is_let_in_once_it_is_closed);
    RUN(closing_waits_for_those_that_wait_for_names);
    RUN(who_stops_it_is_told_whether_it_has_stopped);
    RUN(each_refusal_is_told_once);
    RUN(many_that_are_refused_do_not_fill_the_log);
    return CHECK_RESULT();
}
