/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/newer.h"

#include <wchar.h>
#include <windows.h>

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

void (*newer_function(const wchar_t *module, const char *name))(void)
{
    HMODULE loaded = GetModuleHandleW(module);
    if (!loaded)
        loaded = load_from_system(module);
    return loaded ? (void (*)(void))GetProcAddress(loaded, name) : NULL;
}
