/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the thread that SIGCHLD wakes can't see. Only for linux/. */
#ifndef LINUX_PROCESS_WATCH_H
#define LINUX_PROCESS_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

/* Calls ending(context) before a signal ends this process that asks it to end, where such signals were not ignored. */
void watch_end(void (*ending)(void *context), void *context);
/* Lets such signals end the process at once while this thread executes another program, or no more. */
void watch_let_end(bool at_once);
/* Calls changed() of os_process_watch once a process has ended that is not the agent's child. */
void watch_foreign(pid_t pid);

#endif
