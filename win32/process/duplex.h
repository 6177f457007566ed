/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A two-way pipe whose reads and writes have deadlines: what a worker and its parent talk through. Only for win32/. */
#ifndef WIN32_PROCESS_DUPLEX_H
#define WIN32_PROCESS_DUPLEX_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

/* Opens both ends, not inheritable, for overlapped I/O. Returns 0, or the code of the failure. */
DWORD pipe_open(HANDLE ends[2]);
/* The end of one that another process is to open by its name, which only the user that this process runs as may; never
   from another machine. 0, or the code. */
#define PIPE_NAME_SIZE 128 /* characters with the NUL */
DWORD pipe_listen(HANDLE *out, wchar_t name[PIPE_NAME_SIZE]);
/* Waits until `process` has opened it: 0; ERROR_ACCESS_DENIED when another one has, ERROR_BROKEN_PIPE when that process
   has ended, WAIT_TIMEOUT. */
DWORD pipe_accept(HANDLE pipe, HANDLE process, DWORD pid, int64_t deadline_ms);
/* Opens the other end by its name. */
DWORD pipe_connect(HANDLE *out, const wchar_t *name);
/* Reads up to max bytes and returns their number; 0 when the other end is closed, or negative: ERR_TIMEOUT at the
   deadline, with no text set, or the failure as `what: reason`. */
int pipe_read(HANDLE pipe, void *bytes, size_t max, int64_t deadline_ms, const char *what, struct error *err);
int pipe_write(HANDLE pipe, const void *bytes, size_t len, int64_t deadline_ms, const char *what, struct error *err);

#endif
