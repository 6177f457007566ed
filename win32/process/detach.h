/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is notified that this process listens. Only for win32/. */
#ifndef WIN32_PROCESS_DETACH_H
#define WIN32_PROCESS_DETACH_H

#include <windows.h>

/* Takes the event, which os_detach_ready sets. */
void detach_notify(HANDLE event);

#endif
