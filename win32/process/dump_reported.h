/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Minidumps that Windows has kept of crashes. Only for win32/. */
#ifndef WIN32_PROCESS_DUMP_REPORTED_H
#define WIN32_PROCESS_DUMP_REPORTED_H

#include "base/buffer.h"
#include "base/error.h"

#include <windows.h>

/* Reads the minidump of a process that has exited, and whose start is known: what Windows' error reporting kept of its
   crash. */
int dump_read_reported(DWORD pid, FILETIME started, struct buffer *out, struct error *err);

#endif
