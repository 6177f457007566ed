/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/clock.h"
#include "win32/system.h"
#include "win32/winerror.h"

#include <stdatomic.h>
#include <windows.h>

#define UNITS_PER_MS 10000                           /* of a FILETIME */
#define FILETIME_OF_1970 INT64_C(116444736000000000) /* in its units, from 1601 */

typedef ULONGLONG WINAPI get_tick_count_64(void);

/* Counts the overflows of GetTickCount, before Vista; it is called often enough. */
static ULONGLONG WINAPI counted_ticks(void)
{
    static _Atomic ULONGLONG last;
    ULONGLONG before = atomic_load(&last), now;
    do {
        DWORD low = GetTickCount();
        now = (before & ~(ULONGLONG)UINT32_MAX) | low;
        if (low < (DWORD)before)
            now += (ULONGLONG)1 << 32;
    } while (!atomic_compare_exchange_weak(&last, &before, now));
    return now;
}

int64_t os_clock_ms(void)
{
    static _Atomic(get_tick_count_64 *) ticks;
    get_tick_count_64 *get = atomic_load(&ticks);
    if (!get) {
        get = SYSTEM_FUNCTION(get_tick_count_64 *, L"kernel32.dll", "GetTickCount64");
        if (!get)
            get = counted_ticks;
        atomic_store(&ticks, get);
    }
    return (int64_t)get();
}

/* The ticks go on while the system sleeps. */
int64_t os_boot_clock_ms(void)
{
    return os_clock_ms();
}

int64_t os_clock_us(void)
{
    LARGE_INTEGER ticks, per_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&per_second);
    int64_t seconds = ticks.QuadPart / per_second.QuadPart, rest = ticks.QuadPart % per_second.QuadPart;
    return seconds * 1000000 + rest * 1000000 / per_second.QuadPart;
}

void os_sleep_ms(unsigned ms)
{
    Sleep(ms);
}

int64_t os_wall_time_ms(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    int64_t units = (int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime);
    return (units - FILETIME_OF_1970) / UNITS_PER_MS;
}

int os_wall_time_set(int64_t seconds, struct error *err)
{
    SYSTEMTIME time;
    uint64_t units = (uint64_t)seconds * 1000 * UNITS_PER_MS + FILETIME_OF_1970;
    FILETIME file_time = {.dwLowDateTime = (DWORD)units, .dwHighDateTime = (DWORD)(units >> 32)};
    if (seconds > (INT64_MAX - FILETIME_OF_1970) / 1000 / UNITS_PER_MS)
        return error_set(err, ERR_INVALID, "failed to oconvert the time (%ld)", ERROR_INVALID_PARAMETER);
    if (!FileTimeToSystemTime(&file_time, &time))
        return error_set(err, ERR_INVALID, "failed to oconvert the time (%lu)", GetLastError());
    if (SetSystemTime(&time))
        return 0;
    DWORD code = GetLastError();
    return error_set(err, windows_status(code), "failed to set the time (%lu)", code);
}
