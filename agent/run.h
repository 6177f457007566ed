/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's life: it opens its port, serves, and becomes another executable when a host asks for that. */
#ifndef AGENT_RUN_H
#define AGENT_RUN_H

#include "agent/agent.h"

/* The process's exit status; what failed is on standard error. */
int agent_run(const struct options *options);

#endif
