/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about processes share. Only for win32/. */
#ifndef WIN32_PROCESS_PROCESS_H
#define WIN32_PROCESS_PROCESS_H

#include "platform/process.h"

#include <windows.h>

#define PROCESS_KILLED_STATUS 257 /* of what was ended by force, as winetest.exe has it */

uint64_t process_start_time(HANDLE process); /* 0 when it can't be known */

/* Starts a thread that calls changed() of os_process_watch once the process has exited. */
int process_watch_exit(HANDLE process, struct error *err);

#endif
