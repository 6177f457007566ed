/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/clients.h"
#include "agent/log.h"
#include "platform/clock.h"

#include <stdio.h>

#define LEAVE_MS 2000 /* how long sessions may clean up before the agent becomes another executable */

/* Sends a refusal instead of the banner. A fresh socket's send buffer is empty, so this never blocks. */
static void clients_refuse(struct session *session, unsigned max)
{
    char text[96];
    struct buffer bytes;
    buffer_init(&bytes, 128);
    snprintf(text, sizeof text, "too many clients: the limit is %u connections at once (--max-clients)", max);
    write_entry_text(&bytes, WIRE_ERROR, text);
    (void)os_socket_send(session->socket, bytes.data, bytes.len, 0, false, NULL);
    buffer_deinit(&bytes);
    log_line("a client is refused: %s", text);
}

bool clients_enter(struct session *session)
{
    struct agent *agent = session->agent;
    unsigned max = agent->options->max_clients;
    os_mutex_lock(agent->lock);
    bool room = agent->client_count < max;
    if (room) {
        agent->client_count++;
        session->next = agent->sessions;
        if (session->next)
            session->next->previous = session;
        agent->sessions = session;
    }
    os_mutex_unlock(agent->lock);
    if (!room)
        clients_refuse(session, max);
    return room;
}

void clients_leave(struct session *session)
{
    struct agent *agent = session->agent;
    os_mutex_lock(agent->lock);
    agent->client_count--;
    if (session->next)
        session->next->previous = session->previous;
    if (session->previous)
        session->previous->next = session->next;
    else
        agent->sessions = session->next;
    os_mutex_unlock(agent->lock);
}

void clients_end(struct agent *agent)
{
    unsigned left = 1;
    int64_t deadline = os_deadline(LEAVE_MS);
    while (left && os_time_left(deadline)) {
        os_mutex_lock(agent->lock);
        for (struct session *session = agent->sessions; session; session = session->next)
            os_socket_shutdown(session->socket);
        left = agent->client_count;
        os_mutex_unlock(agent->lock);
        os_sleep_ms(left ? 5 : 0);
    }
}
