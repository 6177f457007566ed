/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Minidumps that are files already. Only for win32/. */
#ifndef WIN32_PROCESS_DUMP_FILE_H
#define WIN32_PROCESS_DUMP_FILE_H

#include "base/buffer.h"
#include "base/error.h"

#include <windows.h>

/* Reads the whole file from its start. */
int dump_read_file(HANDLE file, DWORD pid, struct buffer *out, struct error *err);
/* Sets *err to "WHAT process PID: " and the reason for the code, and returns the status. */
int dump_failed(const char *what, DWORD pid, DWORD code, struct error *err);

#endif
