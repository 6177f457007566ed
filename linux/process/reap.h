/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who collects the ends of which children. Only for linux/.
 *
 * Those of the child table are collected by it. The others are listed here: one with an owner is collected by that
 * thread, one without by the thread that SIGCHLD wakes. What is listed is handed over by an upgrade, so that none stays a
 * zombie.
 */
#ifndef LINUX_PROCESS_REAP_H
#define LINUX_PROCESS_REAP_H

#include "base/buffer.h"

#include <sys/types.h>

void reap_own(pid_t pid);    /* lists a child whose owner is the caller */
void reap_disown(pid_t pid); /* takes it off: it was collected, or goes to the child table */
void reap_later(pid_t pid);  /* it has no owner (any more): its status is dropped when it exits */
void reap_abandoned(void);   /* collects what has no owner; called by the thread that SIGCHLD wakes */
/* Collects a child of the table if it has exited: waitpid(2) with WNOHANG. */
pid_t reap_one(pid_t pid, int *status);

/* Begins a time in which nothing is collected: what exits stays for who comes after. */
void reap_freeze(void);
void reap_thaw(void);
/* Appends the listed pids, each behind a blank; and lists those as children without an owner. */
void reap_save(struct buffer *out);
void reap_restore(const char *text);

#endif
