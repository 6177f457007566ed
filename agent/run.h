/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life cycle of the agent: it opens its port, serves, and becomes another executable when a host requests that. */
#ifndef AGENT_RUN_H
#define AGENT_RUN_H

#include "agent/agent.h"

/* Runs the agent and returns the process's exit status. Errors are printed to standard error. */
int agent_run(const struct options *options);

#endif
