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

/* Returns whether any user of this machine may connect. Else only those who have the agent's rights anyway may. */
bool admission_is_local_open(const struct agent *agent);

#endif
