/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/clients.h"
#include "agent/access/refuse.h"
#include "platform/address.h"
#include "platform/clock.h"
#include "platform/sysinfo.h"

#include <stdio.h>
#include <string.h>

#define CLIENTS_REASON_SIZE 128 /* bytes */
#define LIMIT_TEXT_SIZE 40      /* bytes */
#define CLIENTS_RESERVE 4       /* this part of all is for sources that have few */
#define CLIENTS_FEW 16          /* few: less than this part of all */

#define ANSWER_MS                                                                                                      \
    2000 /* how long requests that were received may take to be answered when the agent ends the sessions */
#define LEAVE_MS 2000 /* and how long sessions may then clean up */
/* Of the files that may be open, some are kept from the clients: for the agent itself, its worker, and a few that work. A
   client has its connection, and while it waits for a child something to be woken by. */
#define FILES_KEPT 32
#define FILES_OF_CLIENT 2

/* Returns the number of bytes by which two addresses are of one source. A host has 2^64 addresses of IPv6 in its network,
   and on the link only one that counts. */
static size_t source_len(const struct os_address *address)
{
    bool link_local = address->ip[0] == 0xfe && (address->ip[1] & 0xc0) == 0x80;
    return os_address_is_v4(address) || link_local ? sizeof address->ip : sizeof address->ip / 2;
}

/* This machine is one source, whichever of its loopback addresses a program takes. */
static bool same_source(const struct os_address *a, const struct os_address *b)
{
    if (os_address_is_loopback(a) || os_address_is_loopback(b))
        return os_address_is_loopback(a) && os_address_is_loopback(b);
    return os_address_is_v4(a) == os_address_is_v4(b) && memcmp(a->ip, b->ip, source_len(a)) == 0;
}

unsigned clients_limit(unsigned max_clients, uint32_t open_files)
{
    uint32_t room = open_files > FILES_KEPT + FILES_OF_CLIENT ? (open_files - FILES_KEPT) / FILES_OF_CLIENT : 1;
    return room < max_clients ? room : max_clients;
}

/* Describes what the limit of clients comes from. */
static const char *describe_limit(unsigned max, unsigned max_clients, char text[LIMIT_TEXT_SIZE])
{
    if (max == max_clients)
        snprintf(text, LIMIT_TEXT_SIZE, "--max-clients");
    else
        snprintf(text, LIMIT_TEXT_SIZE, "%u files may be open", (unsigned)os_open_files_max());
    return text;
}

/* Tells whether there is room for one more, and else why not. The lock is held. */
static bool clients_have_room(const struct agent *agent, const struct session *session, char *why)
{
    char text[LIMIT_TEXT_SIZE];
    unsigned max_clients = agent->options->max_clients, max = clients_limit(max_clients, os_open_files_max());
    unsigned reserve = max / CLIENTS_RESERVE, few = max / CLIENTS_FEW, same = 0;
    if (agent->client_count >= max) {
        snprintf(why, CLIENTS_REASON_SIZE, "too many clients: the limit is %u connections at once (%s)", max,
                 describe_limit(max, max_clients, text));
        return false;
    }
    for (const struct session *other = agent->sessions; other; other = other->next)
        same += same_source(&other->peer, &session->peer);
    bool in_reserve = max - agent->client_count <= reserve;
    unsigned limit = in_reserve ? (few ? few : 1) : max - reserve;
    if (same < limit)
        return true;
    snprintf(why, CLIENTS_REASON_SIZE, "too many clients from one address: it has %u of %u connections (%s)", same, max,
             describe_limit(max, max_clients, text));
    return false;
}

bool clients_enter(struct session *session)
{
    struct agent *agent = session->agent;
    char why[CLIENTS_REASON_SIZE];
    os_mutex_lock(agent->lock);
    bool room = clients_have_room(agent, session, why);
    if (room) {
        agent->client_count++;
        session->next = agent->sessions;
        if (session->next)
            session->next->previous = session;
        agent->sessions = session;
    }
    os_mutex_unlock(agent->lock);
    if (!room)
        refuse_client(session->socket, session->peer_text, why);
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

/* Does that to each connection until all sessions have left, or the time is over. */
static void end_each(struct agent *agent, void (*end)(struct os_socket *socket), int within_ms)
{
    unsigned left = 1;
    int64_t deadline = os_deadline(within_ms);
    while (left && os_time_left(deadline)) {
        os_mutex_lock(agent->lock);
        for (struct session *session = agent->sessions; session; session = session->next)
            end(session->socket);
        left = agent->client_count;
        os_mutex_unlock(agent->lock);
        os_sleep_ms(left ? 5 : 0);
    }
}

void clients_end(struct agent *agent)
{
    atomic_store(&agent->ending, true);
    end_each(agent, os_socket_end_input, ANSWER_MS);
    end_each(agent, os_socket_abort, LEAVE_MS);
    atomic_store(&agent->ending, false);
}
