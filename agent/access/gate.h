/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether anybody may become a client now: not while the agent becomes another executable. */
#ifndef AGENT_ACCESS_GATE_H
#define AGENT_ACCESS_GATE_H

#include "agent/agent.h"

/* Once, before the first client. */
int gate_init(struct agent *agent, struct error *err);
/* Stops the listener, and returns when nobody is accepted any more; ERR_TIMEOUT when that was not seen in time. For a
   session's thread. */
int gate_stop(struct agent *agent, struct error *err);
/* Lets nobody in any more, until gate_open(), and returns when nobody waits. */
void gate_close(struct agent *agent);
void gate_open(struct agent *agent);

#endif
