/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the time limits of children, without any host: one thread waits for the next one, from the first child that has
   one. */
#ifndef AGENT_CHILD_LIMITS_H
#define AGENT_CHILD_LIMITS_H

#include "agent/child/limit.h"

struct children;
/* Waits for the limits that there are from now on, also those of an agent before. Once. */
void limits_begin(struct children *children, limit_act *act, void *context);
/* Says that a child has got one. */
void limits_changed(struct children *children);

#endif
