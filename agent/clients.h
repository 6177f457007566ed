/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of clients: each session enters it at its start and leaves it at its end. Any thread. */
#ifndef AGENT_CLIENTS_H
#define AGENT_CLIENTS_H

#include "agent/session.h"

/* Lists the session. Returns false, and tells the client, when there are as many as --max-clients allows. */
bool clients_enter(struct session *session);
/* Takes the session off the list. */
void clients_leave(struct session *session);
/* Ends all sessions and waits, for a bounded time, until they have left. */
void clients_end(struct agent *agent);

#endif
