/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The accept loop. */
#ifndef AGENT_SERVER_H
#define AGENT_SERVER_H

#include "agent/session.h"

/* Accepts until the listener is stopped (upgrade, restart), then ends the sessions. Returns 0, or the listener's
   failure. */
int server_run(struct agent *agent, struct error *err);

#endif
