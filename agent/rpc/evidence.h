/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Evidence of what a program that does not end is doing: its processes and their windows. */
#ifndef AGENT_RPC_EVIDENCE_H
#define AGENT_RPC_EVIDENCE_H

#include "agent/agent.h"

/* Collects the text of the virtual file evidence-PID.txt or, without windows, of processes-PID.txt. pid is a child's.
   Nothing is sent to any window. client: as for worker_pool_picture(). */
int evidence_collect(struct agent *agent, uint64_t pid, bool windows, struct os_socket *client, struct buffer *out,
                     struct error *err);

#endif
