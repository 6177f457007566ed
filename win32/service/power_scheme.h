/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the active power scheme says, where no policy is set over it. Only for win32/. */
#ifndef WIN32_SERVICE_POWER_SCHEME_H
#define WIN32_SERVICE_POWER_SCHEME_H

#include <stdbool.h>
#include <windows.h>

/* Reads a setting on mains current by the identifiers of its group and its own; returns false when it can't be known. */
bool power_scheme_read(const wchar_t *group, const wchar_t *setting, DWORD *value);

#endif
