/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All forks of the agent once it has threads. A child closes its copies of the descriptors first of all (fork_window.h). Only
   for linux/. */
#ifndef LINUX_PROCESS_LAUNCH_H
#define LINUX_PROCESS_LAUNCH_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct launch {
    int standard[3];  /* the child's standard descriptors; -1: the agent's own */
    bool new_session; /* setsid() */
    bool outside;     /* leaves the mount namespace that the agent alone is in */
    int (*become)(
        void *context); /* executes the program, in the child, where only system calls are safe; its errno when
                                     that failed: the child then exits with 1 */
    void *context;
};

/* Forks. The child has its standard descriptors and no other, default actions for all signals and none blocked. The pid is
   one of those of reap.h, its owner the caller. report: NULL, or a descriptor for launch_wait_for_exec(). */
int launch(const struct launch *launch, pid_t *pid, int *report, struct error *err);
/* Returns 0 once the program is executed, or the errno of become(); closes the descriptor. */
int launch_wait_for_exec(int report);

#endif
