/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's name and what its parts share. Only for win32/. */
#ifndef WIN32_SERVICE_H
#define WIN32_SERVICE_H

#include <stdbool.h>
#include <windows.h>

#define SERVICE_NAME L"periscoped"
#define SERVICE_TITLE L"Periscope agent"

/* A line of the system's event log; whose source is registered by --install. */
void service_event(bool failure, const char *text);

/* For the relay of an upgraded agent: this process is one that the manager does not know; it is told to end; and the
   first one ends with the last one's exit code. */
void service_is_adopted(void);
void service_stop(void);
void service_end(DWORD exit_code);

#endif
