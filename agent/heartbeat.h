/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signs of life that a service manager waits for. The thread that accepts clients gives them, in between: it is their
   way in. A sign is given only after each lock that a client needs could be had. */
#ifndef AGENT_HEARTBEAT_H
#define AGENT_HEARTBEAT_H

#include "agent/agent.h"

/* Has os_accept return often enough, where the manager waits for signs. */
void heartbeat_start(struct agent *agent);
/* Gives a sign if one is due. Blocks for ever when a lock is never given back: then there is none. */
void heartbeat_beat(struct agent *agent);

#endif
