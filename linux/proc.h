/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes as /proc describes them. Only for linux/. */
#ifndef LINUX_PROC_H
#define LINUX_PROC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
    pid_t pid, parent, group, session;
    char state;               /* as in /proc/PID/stat: R S D Z T ... */
    int threads;              /* those that have not ended, and the first one */
    unsigned long long start; /* clock ticks since boot; with the pid it names one process for ever */
    unsigned long long cpu;   /* clock ticks that it has run, in its program and in the kernel */
    char name[64];            /* the command name, control characters as '?' */
};

/* Returns false with the reason in errno: ESRCH when there is no such process, and else why it could not be read. */
bool proc_stat_read(pid_t pid, struct proc_stat *out);
unsigned long long proc_ticks_at(int64_t boot_ms); /* in the unit of `start` */
uint64_t proc_cpu_ms(const struct proc_stat *process);
/* Returns whether it has ended. One whose first thread has ended is a Z too, and lives while it has others. */
bool proc_has_ended(const struct proc_stat *process);

/* Lists all processes, at most max. Fails when not all of them can be seen, and names the first reason; *count are those
   that can be. root: where /proc lies, "" but for tests. */
int proc_list(const char *root, struct proc_stat *out, size_t max, size_t *count, struct error *err);
/* Fails when the mount of /proc, as mountinfo(5) lists it, hides other users' processes from this one. */
int proc_check_hidden(const char *mountinfo, struct error *err);

#endif
