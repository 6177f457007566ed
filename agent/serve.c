/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/serve.h"
#include "agent/access/gate.h"
#include "agent/clients.h"
#include "agent/input/input.h"
#include "agent/log.h"
#include "agent/access/refuse.h"
#include "agent/rpc/rpc.h"
#include "agent/stream/stream.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/memory.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_SHORT 64        /* bytes; most replies are shorter */
#define TRIM_LEAST (1u << 20) /* bytes of a request's arguments after which memory is returned to the system */

static int io_timeout_ms(const struct session *session)
{
    return (int)session->agent->options->io_timeout_s * 1000;
}

/* Returns whether a request can fail so, and the next one be read all the same. */
static bool is_of_the_request(int status)
{
    return status == ERR_INVALID || status == ERR_LIMIT || status == ERR_NO_MEMORY;
}

/* Receives for the session's input. Between two requests a client may be idle for any time; within one the deadline
   applies. */
static int session_fill(void *context, void *bytes, size_t max, struct error *err)
{
    struct session *session = context;
    int64_t deadline = session->in_request ? os_deadline(io_timeout_ms(session)) : OS_FOREVER;
    int got = os_socket_recv(session->socket, bytes, max, deadline, err);
    session->in_request = true;
    return is_of_the_request(got) ? ERR_CLOSED : got; /* the system's memory, say: what was not read comes no more */
}

/* Lets go of a client that has stopped reading, with what it has not taken. */
static int send_done(struct session *session, int status)
{
    if (status == ERR_TIMEOUT)
        os_socket_abort(session->socket);
    return status;
}

static int send_bytes(struct session *session, const uint8_t *bytes, size_t len, bool more, struct error *err)
{
    return send_done(session, os_socket_send(session->socket, bytes, len, io_timeout_ms(session), more, err));
}

static int send_banner(struct session *session, struct error *err)
{
    char text[32], storage[64];
    struct buffer bytes;
    buffer_init_fixed(&bytes, storage, sizeof storage);
    snprintf(text, sizeof text, "testagentd 1.%u", session->agent->options->protocol_minor);
    write_entry_text(&bytes, WIRE_STRING, text);
    return send_bytes(session, bytes.data, bytes.len, false, err);
}

static int send_reply(struct session *session, const struct reply *reply, struct error *err)
{
    int status = send_bytes(session, reply->bytes.data + reply->sent, reply->bytes.len - reply->sent,
                            reply->file || reply->body, err);
    if (status == 0 && reply->file)
        status = send_done(
            session, os_socket_send_file(session->socket, reply->file, reply->file_size, io_timeout_ms(session), err));
    if (status == 0 && reply->body)
        status = send_done(session, reply->body->send(reply->body, session->socket, io_timeout_ms(session), err));
    return status;
}

/* Returns whether a failure is the usual answer to a host that asks again and again: no line for people. */
static bool is_usual(const struct request *request, const struct error *failure)
{
    return request->method == &methods[METHOD_wait2] && failure->status == ERR_TIMEOUT;
}

/* Sends the failure of a request as its answer, for which no memory is needed: there may be none. A failure of the
   connection is not sent: it ends the session. */
static int send_failure(struct session *session, const struct request *request, const struct error *failure,
                        struct error *err)
{
    struct buffer bytes;
    char storage[ERROR_TEXT_SIZE + 64];
    if (!is_usual(request, failure))
        log_line("%s: %s: %s", session->peer_text, request->method ? request->method->name : "request", failure->text);
    buffer_init_fixed(&bytes, storage, sizeof storage);
    write_u32(&bytes, 1);
    write_entry_text(&bytes, WIRE_ERROR, failure->text);
    return send_bytes(session, bytes.data, bytes.len, false, err);
}

/* Makes room for the short reply of what changes something, or refuses before it does. */
static int reply_begin(const struct session *session, struct reply *reply, struct error *err)
{
    if (buffer_reserve(&reply->bytes, REPLY_SHORT))
        return 0;
    return reply->bytes.over_budget ? budget_error(&session->agent->replies, err)
                                    : error_set(err, ERR_NO_MEMORY, "no memory for a reply");
}

/* Returns 0, or why the reply that a handler wrote is none. */
static int reply_check(const struct session *session, const struct reply *reply, struct error *err)
{
    if (!reply->bytes.failed)
        return 0;
    if (reply->bytes.over_budget)
        return budget_error(&session->agent->replies, err);
    return error_set(err, ERR_LIMIT, "the reply exceeds %u bytes or the memory", WIRE_REPLY_MAX);
}

/* Serves one request. Returns 1 to continue, 0 when the client left, negative to end the connection. */
static int session_serve(struct session *session, struct request *request, struct reply *reply, struct error *err)
{
    struct error lost;
    if (atomic_load(&session->agent->ending) || atomic_load(&session->superseded))
        return 0;
    session->in_request = buffered_has_bytes(&session->input);
    int status = request_read(request, &session->input.source, &session->agent->requests, err);
    if (status == 0)
        return 0;
    bool bad = is_of_the_request(status);
    if (status < 0 && !bad)
        return status;
    if (!bad) {
        status = reply_begin(session, reply, err);
        if (status == 0)
            status = rpc_dispatch(session, request, reply, err);
        if (status == 0 && reply->become_next)
            status = gate_stop(session->agent, err);
        if (status == 0)
            status = reply_check(session, reply, err);
        if (status == ERR_CLOSED || status == ERR_PROTOCOL)
            return status;
        /* The data that the handler left unread is consumed, or the next request would start in it. */
        int ended = request_finish(request, &lost);
        if (ended) {
            *err = lost;
            return ended;
        }
    }
    if (status < 0) {
        status = send_failure(session, request, err, &lost);
        if (status)
            *err = lost;
    } else {
        status = send_reply(session, reply, err);
    }
    return status < 0 ? status : 1;
}

static int serve_one(struct session *session, struct error *err)
{
    struct request request = {0};
    struct reply reply = {0};
    buffer_init(&reply.bytes, WIRE_REPLY_MAX);
    reply.bytes.budget = &session->agent->replies;
    int status = session_serve(session, &request, &reply, err);
    bool become_next = reply.become_next; /* also when the client has not waited for the answer */
    os_file_close(reply.file);
    if (reply.body)
        reply.body->free(reply.body);
    buffer_deinit(&reply.bytes);
    bool was_large = request.list.most > TRIM_LEAST;
    request_deinit(&request);
    if (was_large)
        os_memory_trim(); /* it may have been many small blocks */
    return become_next ? 0 : status;
}

static void session_main(void *context)
{
    struct session *session = context;
    struct error err = {0};
    int status = send_banner(session, &err);
    for (status = status ? status : 1; status == 1;)
        status = serve_one(session, &err);
    if (status < 0)
        log_line("%s: connection ended: %s", session->peer_text, err.text);
    input_leave(session);
    if (session->paces)
        streams_client_left(session);
    clients_leave(session);
    os_socket_close(session->socket);
    free(session);
}

/* Starts the session's thread, or has a thread in reserve serve it. Returns false, with the socket closed, when the client
   had to be refused. */
static bool session_run(struct session *session)
{
    struct spares *spares = session->agent->spares;
    struct error err;
    int status = os_thread_start(session_main, session, &err);
    if (status == 0) {
        if (spares)
            spares_fill(spares);
        return true;
    }
    if (spares_run(spares, session_main, session))
        return true;
    clients_leave(session);
    error_prefix(&err, status, "the agent can serve no more clients");
    refuse_client(session->socket, session->peer_text, err.text);
    return false;
}

void session_start(struct agent *agent, struct os_socket *socket, const struct os_address *peer)
{
    char peer_text[OS_ADDRESS_TEXT_SIZE];
    struct session *session = malloc(sizeof *session);
    os_address_text(peer, peer_text);
    if (!session) {
        refuse_client(socket, peer_text, "the agent can serve no more clients: no memory for a session");
        return;
    }
    memset(session, 0, offsetof(struct session, input_bytes)); /* the rest takes memory only once it is used */
    buffered_init(&session->input, session_fill, session, session->input_bytes, sizeof session->input_bytes);
    session->agent = agent;
    session->socket = socket;
    session->peer = *peer;
    memcpy(session->peer_text, peer_text, sizeof peer_text);
    if (!clients_enter(session) || !session_run(session))
        free(session);
}
