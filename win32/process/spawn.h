/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CreateProcess with nothing inherited but the handles that are meant for the child. Only for win32/. */
#ifndef WIN32_PROCESS_SPAWN_H
#define WIN32_PROCESS_SPAWN_H

#include <stdbool.h>
#include <windows.h>

/* What an HPCON points to, in every Windows that has it: CreateProcess takes the reference from it. */
struct pseudo_console {
    HANDLE signal, reference, process;
};

struct spawn {
    const wchar_t *application; /* a full path */
    wchar_t *command_line;      /* CreateProcess writes into it */
    wchar_t *environment;       /* NULL: the own one */
    const wchar_t *folder;      /* NULL: the own one */
    HANDLE standard[3];         /* borrowed, inheritable or not; NULL: the child's console */
    HANDLE console;             /* borrowed, to a pseudo console that it is to have; NULL: none */
    HANDLE token;               /* borrowed; NULL: as the own user, else as its user on the desktop that is shown */
    DWORD flags;                /* as CREATE_NO_WINDOW */
    bool all_handles;           /* what was made inheritable goes too */
};

/* Starts a process. Returns 0, or the code of the failure. The caller closes both handles of *out. */
DWORD spawn(const struct spawn *how, PROCESS_INFORMATION *out);
/* Starts one and gives its handle alone, which the caller closes. */
DWORD spawn_process(const struct spawn *how, HANDLE *process);

/* Returns the process's own standard handle, NULL where it has none; of a console only for who shares that console. */
HANDLE spawn_own_handle(int number, bool shares_console);

#endif
