/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a service. Only for win32/. */
#ifndef WIN32_SERVICE_SERVICE_H
#define WIN32_SERVICE_SERVICE_H

#include <windows.h>

/* Ends this process as the service control manager's, with the exit code of the agent that it forwarded stops to. */
_Noreturn void service_end(DWORD exit_code);

#endif
