/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who becomes a client: by address, and on this machine by user. Whoever does not gets no byte and no client's place. */
#ifndef AGENT_ACCESS_ADMISSION_H
#define AGENT_ACCESS_ADMISSION_H

#include "agent/agent.h"

#define ADMISSION_WAITING_MAX 16      /* peers that wait for names at once; further ones are refused */
#define ADMISSION_NAMES_MS (5 * 1000) /* how long they wait for the first look */

/* Starts a session for the peer, or closes the socket, which it owns in any case. Never waits. */
void admission_begin(struct agent *agent, struct os_socket *socket, const struct os_address *peer);
/* Closes the socket, after it told `why` to a peer that would be a client. Never waits. */
void admission_refuse(struct agent *agent, struct os_socket *socket, const struct os_address *peer, const char *why);
/* Once, before the first client. */
int admission_init(struct agent *agent, struct error *err);
/* Stops the listener, and returns when nobody is accepted any more; ERR_TIMEOUT when that was not seen in time. For a
   session's thread. */
int admission_stop(struct agent *agent, struct error *err);
/* Lets nobody in any more, until admission_open(), and returns when nobody waits. */
void admission_close(struct agent *agent);
void admission_open(struct agent *agent);

/* Returns whether any user of this machine may connect. Else only those who have the agent's rights anyway may. */
bool admission_is_local_open(const struct agent *agent);

#endif
