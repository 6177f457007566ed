/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of the system, or of the session at its screen. */
#ifndef PLATFORM_POWER_H
#define PLATFORM_POWER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum os_power { OS_POWER_OFF, OS_POWER_REBOOT, OS_POWER_LOG_OFF };

struct os_power_request {
    enum os_power action;
    bool force;         /* also where something in the guest would keep it from that */
    const char *notice; /* one line for those who are logged on */
};

/* Writes what the system has not written to its disks yet. Returns false if that takes longer; it then goes on. */
bool os_power_flush(int timeout_ms);
/* Requests it. Returns 0 once the system has taken it on, and leaves some time to answer a host; `by` says in a word or two
   who does it. ERR_DENIED, ERR_UNAVAILABLE with the reason. A full end in any case, never one from which the next start
   resumes. */
int os_power_request(const struct os_power_request *request, char *by, size_t size, struct error *err);

#endif
