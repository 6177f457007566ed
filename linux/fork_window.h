/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The windows between a fork and the moment when its child has closed its copies of the descriptors. Only for linux/.
 *
 * A child has copies of every descriptor until it closes them: of the file that another thread receives just then, which
 * nobody can execute meanwhile ("Text file busy"). So who has closed a file that may be executed waits for the children
 * that may not have got so far. Any thread.
 */
#ifndef LINUX_FORK_WINDOW_H
#define LINUX_FORK_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* From before a fork until its child has closed its copies; on its owner's stack. */
struct fork_window {
    uint64_t number; /* in the order of their beginnings */
    struct fork_window *next;
};

bool fork_window_begin(struct fork_window *window); /* false: there are to be no forks now */
void fork_window_end(const struct fork_window *window);

/* Returns when no child has a copy of what this process has closed before. Waits for no program: only for children that
   are about to close their copies. */
void fork_settle(void);

/* Begins a time without forks: no window begins, and none is open. */
void fork_freeze(void);
void fork_thaw(void);

#endif
