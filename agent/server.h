/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The accept loop and the list of clients. */
#ifndef AGENT_SERVER_H
#define AGENT_SERVER_H

#include "agent/session.h"

/* Accepts until the listener is stopped (upgrade, restart), then ends the sessions. 0, or the listener's failure. */
int server_run(struct agent *agent, struct error *err);

/* For a session's start and end. Enter says no, to the client too, when there are too many. */
bool server_enter(struct session *session);
void server_leave(struct session *session);

#endif
