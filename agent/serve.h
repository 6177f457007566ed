/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serves a client: reads its requests and sends the replies, in a thread of the client's own. */
#ifndef AGENT_SERVE_H
#define AGENT_SERVE_H

#include "agent/session.h"

/* Starts a session with the socket, which it then owns, of a peer that may connect (admission.h). The session runs until the
   client leaves, and then frees itself. */
void session_start(struct agent *agent, struct os_socket *socket, const struct os_address *peer);

#endif
