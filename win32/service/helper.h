/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service's helper: the executable once more, as SYSTEM in the session at the console, on the desktop that is shown
   there. Only for win32/. */
#ifndef WIN32_SERVICE_HELPER_H
#define WIN32_SERVICE_HELPER_H

#include "base/error.h"

#include <stdbool.h>
#include <windows.h>

#define HELPER_PIPE L"PERISCOPED_PIPE" /* the variable that tells the helper which pipe is its service's */

struct helper {
    HANDLE process, pipe; /* owned by who started it */
    DWORD pid, session;
    unsigned generation; /* of the sessions */
};

/* The process is started; whether it opens the pipe is seen by pipe_accept(). After failures it is not tried before a
   time that doubles with each. argument: WORKER_ARGUMENT. */
int helper_start(struct helper *helper, wchar_t *path, const wchar_t *argument, struct error *err);
/* Whether it is where a person looks now. */
bool helper_is_current(const struct helper *helper);

/* What became of one: it answered, or it ended on its own before that, with this exit code. Any thread. */
void helper_answered(void);
void helper_failed(DWORD exit_code);

#endif
