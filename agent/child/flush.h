/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brings what children write into files to the disk: as it grows, by one thread that is there only while such a child runs,
   and before their exit is told. Only for agent/child/. */
#ifndef AGENT_CHILD_FLUSH_H
#define AGENT_CHILD_FLUSH_H

#include "agent/child/record.h"

/* Says that a child with such files may have been listed. Takes the lock. */
void flush_begin(struct children *children);
/* Makes what a host is about to be told of a child stay: its output, its status, and that both are on the disk. The child
   has exited and is in use; takes the lock. */
void flush_exited(struct children *children, struct child *child);

#endif
