/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a service starts its capture worker: the executable once more, as SYSTEM in the session at the console, on the
   desktop that is shown there. Only for win32/. */
#ifndef WIN32_PROCESS_SESSION_PROCESS_H
#define WIN32_PROCESS_SESSION_PROCESS_H

#include "base/error.h"

#include <stdbool.h>
#include <windows.h>

#define SESSION_PROCESS_PIPE L"PERISCOPED_PIPE" /* the variable that tells the process which pipe is its service's */

struct session_process {
    HANDLE process, pipe; /* owned by who started it */
    DWORD pid, session;
    unsigned generation; /* of the sessions */
};

/* Starts the process; whether it opens the pipe is seen by pipe_accept(). After failures it is not tried before a
   time that doubles with each. argument: WORKER_ARGUMENT. */
int session_process_start(struct session_process *process, wchar_t *path, const wchar_t *argument, struct error *err);
/* Returns whether it is in the session at the console still. */
bool session_process_is_current(const struct session_process *process);

/* Notes that one answered; the other function that one ended on its own before that, with this exit code. Any thread. */
void session_process_answered(void);
void session_process_failed(DWORD exit_code);

#endif
