/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Minidumps by another executable. Only for win32/. */
#ifndef WIN32_PROCESS_DUMP_OTHER_H
#define WIN32_PROCESS_DUMP_OTHER_H

#include "base/error.h"

#include <windows.h>

/* Writes the minidump of a process with other bits than ours, by an executable that has them. */
int dump_by_other(DWORD pid, int bits, HANDLE file, struct error *err);

#endif
