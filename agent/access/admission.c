/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/access/admission.h"
#include "agent/log.h"
#include "agent/access/refusals.h"
#include "agent/access/refuse.h"
#include "agent/serve.h"
#include "platform/clock.h"
#include "platform/identity.h"
#include "platform/peer.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MS 50 /* between two looks whether the agent still admits anybody */

struct waiting {
    struct agent *agent;
    struct os_socket *socket; /* owned */
    struct os_address peer;
};

/* Without a change of user a program of the host has just the agent's rights, as with testagentd. */
bool admission_is_local_open(const struct agent *agent)
{
    return agent->options->allow_local || strcmp(agent_run_as(agent), OS_IDENTITY_AGENT) == 0;
}

/* Returns whether the peer is of another machine, or of a user who gains nothing by the agent. */
static bool owner_may_connect(const struct agent *agent, const struct os_socket *socket, const char *peer_text)
{
    struct os_peer peer;
    struct error err;
    if (admission_is_local_open(agent))
        return true;
    if (os_peer_find(socket, &peer, &err)) {
        refusal_log("%s: not allowed to connect: whose connection it is can't be found: %s", peer_text, err.text);
        return false;
    }
    if (peer.kind != OS_PEER_OTHER)
        return true;
    refusal_log("%s of this machine is not allowed to connect: only the agent's own user and administrators may "
                "(--allow-local)",
                peer.owner);
    return false;
}

/* Decides by address and then by owner. */
static enum allow_answer admission_decide(struct agent *agent, const struct os_socket *socket,
                                          const struct os_address *peer)
{
    char text[OS_ADDRESS_TEXT_SIZE];
    os_address_text(peer, text);
    enum allow_answer answer = allow_peer(agent->allow, peer);
    if (answer == ALLOW_NO)
        refusal_log("%s: not allowed to connect", text);
    if (answer == ALLOW_YES && !owner_may_connect(agent, socket, text))
        return ALLOW_NO;
    return answer;
}

static void waiting_main(void *context)
{
    struct waiting *waiting = context;
    struct agent *agent = waiting->agent;
    int64_t deadline = os_deadline(ADMISSION_NAMES_MS);
    enum allow_answer answer;
    while ((answer = admission_decide(agent, waiting->socket, &waiting->peer)) == ALLOW_NOT_YET &&
           os_time_left(deadline) && !atomic_load(&agent->not_admitting))
        (void)allow_await_names(agent->allow, os_deadline(LOOK_MS));
    if (answer == ALLOW_YES && !atomic_load(&agent->not_admitting))
        session_start(agent, waiting->socket, &waiting->peer);
    else
        os_socket_close(waiting->socket);
    if (answer == ALLOW_NOT_YET)
        refusal_log("a client is refused: no number allows it, and not all names are looked up yet");
    free(waiting);
    if (atomic_fetch_sub(&agent->waiting_count, 1) == 1)
        os_waker_set(agent->nobody_waits);
}

/* Lets a peer wait in a thread of its own: it may have an address that is being looked up. */
static void admission_wait(struct agent *agent, struct os_socket *socket, const struct os_address *peer)
{
    struct error err = {.text = "no memory"};
    struct waiting *waiting = malloc(sizeof *waiting);
    bool room = atomic_fetch_add(&agent->waiting_count, 1) < ADMISSION_WAITING_MAX;
    if (waiting)
        *waiting = (struct waiting){agent, socket, *peer};
    if (room && waiting && os_thread_start(waiting_main, waiting, &err) == 0)
        return;
    refusal_log("a client is refused: %s", room ? err.text : "too many wait for the names of hosts to be looked up");
    atomic_fetch_sub(&agent->waiting_count, 1);
    free(waiting);
    os_socket_close(socket);
}

void admission_begin(struct agent *agent, struct os_socket *socket, const struct os_address *peer)
{
    switch (admission_decide(agent, socket, peer)) {
    case ALLOW_YES:
        session_start(agent, socket, peer);
        break;
    case ALLOW_NOT_YET:
        admission_wait(agent, socket, peer);
        break;
    case ALLOW_NO:
        os_socket_close(socket);
        break;
    }
}

void admission_refuse(struct agent *agent, struct os_socket *socket, const struct os_address *peer, const char *why)
{
    char peer_text[OS_ADDRESS_TEXT_SIZE];
    os_address_text(peer, peer_text);
    if (admission_decide(agent, socket, peer) == ALLOW_YES)
        refuse_client(socket, peer_text, why);
    else
        os_socket_close(socket);
}
