/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program is at that does not end: its processes and their windows. */
#ifndef AGENT_RPC_EVIDENCE_H
#define AGENT_RPC_EVIDENCE_H

#include "agent/agent.h"

/* The text of the virtual file evidence-PID.txt, without windows that of processes-PID.txt; pid is a child's. Nothing is
   sent to any window. */
int evidence_collect(struct agent *agent, uint64_t pid, bool windows, struct buffer *out, struct error *err);

#endif
