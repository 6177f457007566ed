/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes as /proc describes them. Only for linux/. */
#ifndef LINUX_PROCESS_PROC_H
#define LINUX_PROCESS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct proc_stat {
    pid_t pid, parent, session;
    char state;               /* as in /proc/PID/stat: R S D Z T ... */
    unsigned long long start; /* clock ticks since boot; with the pid it names one process for ever */
    char name[64];            /* the command name, control characters as '?' */
};

bool proc_stat_read(pid_t pid, struct proc_stat *out);
/* Lists all processes, at most max, and returns their number. */
size_t proc_list(struct proc_stat *out, size_t max);

#endif
