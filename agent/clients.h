/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of clients: each session enters it at its start and leaves it at its end. Any thread. */
#ifndef AGENT_CLIENTS_H
#define AGENT_CLIENTS_H

#include "agent/session.h"

/* Returns how many clients may be connected: max_clients, or as many as so many open files serve. */
unsigned clients_limit(unsigned max_clients, uint32_t open_files);
/* Adds the session to the list. Returns false when clients_limit are connected, or too many of them from its address: one
   source gets three quarters of them, and the last quarter is for sources that have less than a sixteenth. The client was
   told then, and its socket is closed. */
bool clients_enter(struct session *session);
/* Removes the session from the list. */
void clients_leave(struct session *session);
/* Ends all sessions and waits, for a bounded time, until they have left. */
void clients_end(struct agent *agent);

#endif
