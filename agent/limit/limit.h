/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of children whose time limit is over. */
#ifndef AGENT_LIMIT_LIMIT_H
#define AGENT_LIMIT_LIMIT_H

struct agent;
/* Keeps the limits that there are from now on, also those of children of an agent before. Once. */
void limit_keep(struct agent *agent);

#endif
