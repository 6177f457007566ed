/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that is none. */
#ifndef TEST_AGENT_FAKE_PROCESS_H
#define TEST_AGENT_FAKE_PROCESS_H

#include "platform/process.h"

struct os_process {
    uint64_t pid;
    bool exited, lost;
    uint32_t status;
};

uint64_t os_process_pid(const struct os_process *process)
{
    return process->pid;
}

uint64_t os_process_start_time(const struct os_process *process)
{
    return process->pid;
}

uint64_t os_process_end_time(const struct os_process *process)
{
    (void)process;
    return 0; /* not known: what is forgotten is not looked for */
}

#endif
