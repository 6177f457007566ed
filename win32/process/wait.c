/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/wait.h"
#include "platform/clock.h"

#include <stdlib.h>

#define STEP_MS 0x40000000 /* below INFINITE */

int wait_for(const HANDLE *handles, unsigned count, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = os_time_left(deadline_ms);
        DWORD step = left == OS_FOREVER ? INFINITE : left > STEP_MS ? STEP_MS : (DWORD)left;
        DWORD result = WaitForMultipleObjects(count, handles, FALSE, step);
        if (result < WAIT_OBJECT_0 + count)
            return (int)(result - WAIT_OBJECT_0);
        if (result == WAIT_FAILED)
            abort(); /* a handle that is none: our own mistake, and going on would spin */
        if (os_time_left(deadline_ms) == 0)
            return WAIT_NONE;
    }
}
