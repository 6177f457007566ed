/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/bits.h"
#include "win32/newer.h"

#include <stdbool.h>

typedef BOOL WINAPI is_wow64(HANDLE process, BOOL *answer); /* Windows XP SP2 */

static bool system_is_64_bit(void)
{
    SYSTEM_INFO info;
    GetNativeSystemInfo(&info);
    return info.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_AMD64 ||
           info.wProcessorArchitecture == 12 /* PROCESSOR_ARCHITECTURE_ARM64, which older headers don't have */;
}

int process_bits(HANDLE process)
{
    is_wow64 *ask = NEWER(is_wow64 *, L"kernel32.dll", "IsWow64Process");
    BOOL wow64 = FALSE;
    if (ask && !ask(process, &wow64))
        return 0;
    return system_is_64_bit() && !wow64 ? 64 : 32;
}
