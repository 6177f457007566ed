/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/file/temporary.h"
#include "platform/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <wchar.h>

DWORD temporary_path(wchar_t path[TEMPORARY_SIZE])
{
    uint64_t number;
    DWORD len = GetTempPathW(MAX_PATH + 1, path);
    if (len == 0)
        return GetLastError();
    if (len > MAX_PATH)
        return ERROR_BUFFER_OVERFLOW;
    if (os_random(&number, NULL))
        return ERROR_NOT_READY;
    _snwprintf(path + len, TEMPORARY_SIZE - len, L"periscope-%08lx%08lx.tmp", (unsigned long)(number >> 32),
               (unsigned long)number);
    return 0;
}
