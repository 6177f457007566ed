/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a waker is, for those who wait for it beside other things. Only for win32/. */
#ifndef WIN32_WAKER_H
#define WIN32_WAKER_H

#include "platform/thread.h"

#include <stdint.h>
#include <winsock2.h>
#include <windows.h>

struct os_waker {
    HANDLE event; /* manual: set until it is cleared */
};

#define WAIT_NONE (-1)
/* Returns the index of the first of the handles that is set; WAIT_NONE at the deadline (monotonic). */
int wait_for(const HANDLE *handles, unsigned count, int64_t deadline_ms);

#endif
