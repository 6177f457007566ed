/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children that nobody waits for. Only for linux/. */
#ifndef LINUX_PROCESS_REAP_H
#define LINUX_PROCESS_REAP_H

#include <sys/types.h>

void reap_later(pid_t pid); /* its status is dropped when it exits */
void reap_abandoned(void);  /* called by the thread that SIGCHLD wakes */
void reap_within(int ms);   /* waits that long for all of them to exit: after exec nobody knows of them */

#endif
