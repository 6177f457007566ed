/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What CreateProcess() is to start for a program: found with the rights of who it runs as. Only for win32/. */
#ifndef WIN32_PROCESS_COMMAND_H
#define WIN32_PROCESS_COMMAND_H

#include "platform/process.h"

#include <wchar.h>

struct command {
    wchar_t *application, *line, *folder, *environment; /* owned */
};

/* Finds program and folder, and reads the program, with the rights of who it runs as. command_deinit() follows in any case. */
int command_find(struct command *command, const struct os_process_spec *spec, struct error *err);
void command_deinit(struct command *command); /* accepts a zeroed one */
/* Reports why a program could not be started. As testagentd does, by Windows' number and the command line; exec's
   callers get words. */
int command_failed(const struct os_process_spec *spec, unsigned long code, struct error *err);

#endif
