/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first process of a container has duties: it collects the processes whose parents have ended, and the kernel gives it
   no signal that it does not ask for. Only for linux/. */
#ifndef LINUX_PROCESS_INIT_H
#define LINUX_PROCESS_INIT_H

/* Leaves these duties to this process, if it is the first one, and returns in a child, which is the agent. That one's end
   is the container's. Before the first thread. */
void init_begin(void);

#endif
