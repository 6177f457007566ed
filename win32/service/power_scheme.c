/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/service/power_scheme.h"

#include <stdio.h>

#define POWER_KEY L"SYSTEM\\CurrentControlSet\\Control\\Power\\"
#define ID_SIZE 64    /* characters of an identifier with its NUL */
#define PATH_SIZE 512 /* characters */

static bool power_scheme_read_value(const wchar_t *path, const wchar_t *name, DWORD wanted_type, void *out, DWORD size)
{
    HKEY key;
    DWORD type, got = size;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key))
        return false;
    bool found = RegQueryValueExW(key, name, NULL, &type, out, &got) == 0 && type == wanted_type;
    RegCloseKey(key);
    return found;
}

/* Reads what a person has set, or else the scheme's default. */
bool power_scheme_read(const wchar_t *group, const wchar_t *setting, DWORD *value)
{
    wchar_t scheme[ID_SIZE] = L"", path[PATH_SIZE];
    if (!power_scheme_read_value(POWER_KEY L"User\\PowerSchemes", L"ActivePowerScheme", REG_SZ, scheme,
                                 sizeof scheme - sizeof *scheme))
        return false;
    _snwprintf(path, PATH_SIZE - 1, POWER_KEY L"User\\PowerSchemes\\%ls\\%ls\\%ls", scheme, group, setting);
    path[PATH_SIZE - 1] = 0;
    if (power_scheme_read_value(path, L"ACSettingIndex", REG_DWORD, value, sizeof *value))
        return true;
    _snwprintf(path, PATH_SIZE - 1, POWER_KEY L"PowerSettings\\%ls\\%ls\\DefaultPowerSchemeValues\\%ls", group, setting,
               scheme);
    path[PATH_SIZE - 1] = 0;
    return power_scheme_read_value(path, L"ACSettingIndex", REG_DWORD, value, sizeof *value);
}
