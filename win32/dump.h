/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Minidumps that are files already. Only for win32/. */
#ifndef WIN32_DUMP_H
#define WIN32_DUMP_H

#include "platform/dump.h"

#include <windows.h>

/* The whole file from its start. */
int dump_read_file(HANDLE file, DWORD pid, struct buffer *out, struct error *err);
/* Of a process that has exited, and whose start is known: what Windows' error reporting kept of its crash. */
int dump_read_reported(DWORD pid, FILETIME started, struct buffer *out, struct error *err);

/* Of a process with other bits than ours, by an executable that has them. */
int dump_by_other(DWORD pid, int bits, HANDLE file, struct error *err);

#endif
