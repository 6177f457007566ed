/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All forks of the agent once it has threads. Only for linux/.
 *
 * A child has copies of every descriptor until it closes them: of the file that another thread receives just then, which
 * nobody can execute meanwhile ("Text file busy"). So a child closes them first of all, and who has closed a file that
 * may be executed waits for the children that may not have got so far.
 */
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

/* Returns when no child has a copy of what this process has closed before. Waits for no program: only for children that
   are about to close their copies. */
void launch_settle(void);

/* Begins a time without forks: launch() fails, and none is under way. */
void launch_freeze(void);
void launch_thaw(void);

#endif
