/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue before the capture workers, with threads that wait in it. */
#include "tests/unit/check.h"

#include "agent/worker/queue.h"
#include "platform/clock.h"

enum { PATIENCE_MS = 60000, CLIENTS = 16 };

static struct worker_queue queue;

/* One client: a request of its own text, whose answer says how many were served before. */
struct client {
    const char *text;
    int timeout_ms;
    struct os_thread *thread;
    struct buffer request, list;
    struct error err;
    struct turn turn;
    bool served;
    int status;
};
static struct client clients[CLIENTS];
static int captures; /* under the queue's order: each test serves one at a time */

static void client_init(struct client *client, const char *text, int timeout_ms)
{
    *client = (struct client){.text = text, .timeout_ms = timeout_ms};
    buffer_init(&client->request, 100);
    buffer_init(&client->list, 100);
    buffer_append(&client->request, text, strlen(text));
    client->turn = (struct turn){.request = &client->request,
                                 .list = &client->list,
                                 .err = &client->err,
                                 .deadline_ms = os_deadline(timeout_ms),
                                 .timeout_ms = timeout_ms};
}

static int client_serve(struct client *client, int status)
{
    captures++;
    buffer_printf(&client->list, "%s %d", client->text, captures);
    if (status)
        error_set(&client->err, status, "no picture of %s", client->text);
    return worker_queue_end(&queue, &client->turn, status);
}

static void client_main(void *context)
{
    struct client *client = context;
    client->status = worker_queue_begin(&queue, &client->turn, &client->served);
    if (client->served)
        client->status = client_serve(client, strcmp(client->text, "broken") == 0 ? ERR_UNAVAILABLE : 0);
}

static unsigned count_waiting(void)
{
    unsigned count = 0;
    os_mutex_lock(queue.lock);
    for (const struct turn *turn = queue.first; turn; turn = turn->next)
        count += turn->state == TURN_WAITS;
    os_mutex_unlock(queue.lock);
    return count;
}

static void wait_until_they_wait(unsigned count)
{
    for (int64_t end = os_deadline(PATIENCE_MS); count_waiting() != count && os_time_left(end) > 0;)
        os_sleep_ms(1);
    CHECK_INT(count_waiting(), count);
}

static void start(struct client *client, const char *text, int timeout_ms)
{
    unsigned waiting = count_waiting();
    client_init(client, text, timeout_ms);
    CHECK_INT(os_thread_start_joinable(&client->thread, client_main, client, &client->err), 0);
    wait_until_they_wait(waiting + 1);
}

static void finish(struct client *client)
{
    os_thread_join(client->thread);
    buffer_append(&client->list, "", 1);
}

/* Begins to serve the first client, in this thread. */
static void begin(unsigned max, const char *text)
{
    worker_queue_init(&queue, max);
    keep_in_reach(queue.lock);
    captures = 0;
    client_init(&clients[0], text, PATIENCE_MS);
    CHECK_INT(worker_queue_begin(&queue, &clients[0].turn, &clients[0].served), 0);
    CHECK(clients[0].served);
}

static void clear(int count)
{
    CHECK(!queue.first);
    CHECK_INT(queue.served, 0);
    for (int i = 0; i < count; i++) {
        buffer_deinit(&clients[i].request);
        buffer_deinit(&clients[i].list);
    }
}

/* A capture that was under way when they came shows what was there before they came. */
static void equal_requests_that_wait_share_the_next_capture(void)
{
    begin(8, "screen");
    for (int i = 1; i < CLIENTS; i++)
        start(&clients[i], "screen", PATIENCE_MS);
    CHECK_INT(client_serve(&clients[0], 0), 0);
    int served = 0;
    for (int i = 1; i < CLIENTS; i++) {
        finish(&clients[i]);
        CHECK_INT(clients[i].status, 0);
        CHECK_TEXT((const char *)clients[i].list.data, "screen 2");
        served += clients[i].served;
    }
    CHECK_INT(served, 1);
    CHECK_INT(captures, 2);
    clear(CLIENTS);
}

static void other_requests_are_served_at_once(void)
{
    begin(2, "screen");
    client_init(&clients[1], "windows", PATIENCE_MS);
    client_main(&clients[1]);
    CHECK(clients[1].served);
    client_serve(&clients[0], 0);
    clear(2);
}

static void end_of_another_capture_does_not_begin_an_equal_one(void)
{
    begin(8, "screen");
    start(&clients[1], "screen", PATIENCE_MS);
    client_init(&clients[2], "windows", PATIENCE_MS);
    client_main(&clients[2]);
    CHECK_INT(count_waiting(), 1);
    client_serve(&clients[0], 0);
    finish(&clients[1]);
    CHECK_TEXT((const char *)clients[1].list.data, "screen 3");
    clear(3);
}

static void those_beyond_the_workers_wait_in_the_order_in_which_they_came(void)
{
    begin(1, "a");
    start(&clients[1], "b", PATIENCE_MS);
    start(&clients[2], "c", PATIENCE_MS);
    start(&clients[3], "b", PATIENCE_MS);
    client_serve(&clients[0], 0);
    for (int i = 1; i < 4; i++)
        finish(&clients[i]);
    CHECK_TEXT((const char *)clients[1].list.data, "b 2");
    CHECK_TEXT((const char *)clients[2].list.data, "c 3");
    CHECK_TEXT((const char *)clients[3].list.data, "b 2");
    clear(4);
}

static void who_shares_a_failure_gets_its_reason(void)
{
    begin(8, "broken");
    start(&clients[1], "broken", PATIENCE_MS);
    start(&clients[2], "broken", PATIENCE_MS);
    client_serve(&clients[0], 0);
    for (int i = 1; i < 3; i++) {
        finish(&clients[i]);
        CHECK_INT(clients[i].status, ERR_UNAVAILABLE);
        CHECK_TEXT(clients[i].err.text, "no picture of broken");
    }
    clear(3);
}

static void who_has_waited_too_long_leaves_and_says_so(void)
{
    begin(1, "a");
    start(&clients[1], "b", 20);
    finish(&clients[1]);
    CHECK(!clients[1].served);
    CHECK_INT(clients[1].status, ERR_TIMEOUT);
    CHECK_TEXT(clients[1].err.text, "other captures did not end within 20 ms");
    client_serve(&clients[0], 0);
    clear(2);
}

/* ---- clients that leave ---- */

static struct os_listener *listener;

/* Connects a client: *socket is the agent's end of it. */
static struct os_socket *connect_client(struct os_socket **socket)
{
    struct os_socket *end = NULL;
    struct os_address peer;
    struct error err;
    CHECK_INT(os_connect(&end, "127.0.0.1", os_listener_port(listener), os_deadline(PATIENCE_MS), NULL, &err), 0);
    CHECK_INT(os_accept(listener, socket, &peer, &err), 0);
    return end;
}

static void start_for(struct client *client, const char *text, struct os_socket *socket)
{
    unsigned waiting = count_waiting();
    client_init(client, text, PATIENCE_MS);
    client->turn.client = socket;
    CHECK_INT(os_thread_start_joinable(&client->thread, client_main, client, &client->err), 0);
    wait_until_they_wait(waiting + 1);
}

static void who_leaves_waits_no_longer(void)
{
    struct os_socket *socket, *end;
    struct error err;
    CHECK_INT(os_listen(&listener, "127.0.0.1", 0, &err), 0);
    end = connect_client(&socket);
    begin(1, "a");
    start_for(&clients[1], "b", socket);
    start(&clients[2], "b", PATIENCE_MS);
    os_socket_close(end);
    finish(&clients[1]);
    CHECK(!clients[1].served);
    CHECK_INT(clients[1].status, ERR_CLOSED);
    CHECK_TEXT(clients[1].err.text, "the client left while it waited for its turn");
    client_serve(&clients[0], 0);
    finish(&clients[2]);
    CHECK_TEXT((const char *)clients[2].list.data, "b 2");
    os_socket_close(socket);
    clear(3);
}

/* It waits for the capture of another one, which goes on for that one. */
static void who_leaves_gets_no_answer_of_another_one(void)
{
    struct os_socket *socket, *end = connect_client(&socket);
    begin(1, "a");
    start(&clients[1], "c", PATIENCE_MS);
    start_for(&clients[2], "c", socket);
    os_mutex_lock(queue.lock);
    clients[2].turn.state = TURN_FOLLOWS;
    clients[2].turn.leader = &clients[1].turn;
    os_mutex_unlock(queue.lock);
    os_socket_close(end);
    finish(&clients[2]);
    CHECK_INT(clients[2].status, ERR_CLOSED);
    CHECK_INT(clients[2].list.len, 1); /* finish()'s own */
    client_serve(&clients[0], 0);
    finish(&clients[1]);
    CHECK_TEXT((const char *)clients[1].list.data, "c 2");
    os_socket_close(socket);
    os_listener_close(listener);
    clear(3);
}

static void answer_that_does_not_fit_is_an_error_of_that_client_alone(void)
{
    begin(8, "screen");
    start(&clients[1], "screen", PATIENCE_MS);
    start(&clients[2], "screen", PATIENCE_MS);
    start(&clients[3], "screen", PATIENCE_MS);
    clients[2].list.limit = 3;
    client_serve(&clients[0], 0);
    for (int i = 1; i < 4; i++)
        finish(&clients[i]);
    CHECK_INT(clients[1].status, 0);
    CHECK_INT(clients[2].status, ERR_NO_MEMORY);
    CHECK_TEXT(clients[2].err.text, "no memory for 8 bytes of a capture's answer");
    CHECK_INT(clients[3].status, 0);
    clear(4);
}

int main(void)
{
    RUN(equal_requests_that_wait_share_the_next_capture);
    RUN(other_requests_are_served_at_once);
    RUN(end_of_another_capture_does_not_begin_an_equal_one);
    RUN(those_beyond_the_workers_wait_in_the_order_in_which_they_came);
    RUN(who_shares_a_failure_gets_its_reason);
    RUN(who_has_waited_too_long_leaves_and_says_so);
    RUN(who_leaves_waits_no_longer);
    RUN(who_leaves_gets_no_answer_of_another_one);
    RUN(answer_that_does_not_fit_is_an_error_of_that_client_alone);
    return CHECK_RESULT();
}
