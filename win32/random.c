/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/random.h"
#include "win32/winerror.h"

#include <windows.h>

#include <ntsecapi.h>

int os_random(uint64_t *number, struct error *err)
{
    if (RtlGenRandom(number, sizeof *number))
        return 0;
    return windows_error(err, ERROR_NOT_READY, NULL);
}
