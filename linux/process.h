/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about processes share. Only for linux/. */
#ifndef LINUX_PROCESS_H
#define LINUX_PROCESS_H

#include "platform/process.h"

#include <sys/types.h>

struct process_identity {
    pid_t pid;
    unsigned long long start; /* ticks since boot; 0 when unknown */
};
struct process_identity process_identity(const struct os_process *process);

#endif
