/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/system.h"

#include <stdbool.h>
#include <wchar.h>

static HMODULE load_from_system(const wchar_t *module)
{
    wchar_t path[MAX_PATH + 64];
    UINT len = GetSystemDirectoryW(path, MAX_PATH);
    if (len == 0 || len >= MAX_PATH || wcslen(module) > 60)
        return NULL;
    path[len] = '\\';
    wcscpy(path + len + 1, module);
    return LoadLibraryW(path);
}

void (*system_function(const wchar_t *module, const char *name))(void)
{
    HMODULE loaded = GetModuleHandleW(module);
    if (!loaded)
        loaded = load_from_system(module);
    return loaded ? (void (*)(void))GetProcAddress(loaded, name) : NULL;
}

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
    is_wow64 *ask = SYSTEM_FUNCTION(is_wow64 *, L"kernel32.dll", "IsWow64Process");
    BOOL wow64 = FALSE;
    if (ask && !ask(process, &wow64))
        return 0;
    return system_is_64_bit() && !wow64 ? 64 : 32;
}
