/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service as a source of the system's event log. Only for win32/. */
#ifndef WIN32_SERVICE_EVENT_LOG_H
#define WIN32_SERVICE_EVENT_LOG_H

#include <stdbool.h>
#include <windows.h>

/* Registers the service as a source. Both return 0, or the code of the failure. */
DWORD event_log_register(void);
DWORD event_log_unregister(void); /* one that is not there is as good */
/* Writes a line, by the source that event_log_register() makes. */
void event_log_write(bool failure, const char *text);

#endif
