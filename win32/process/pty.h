/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pseudo consoles. Only for win32/. */
#ifndef WIN32_PROCESS_PTY_H
#define WIN32_PROCESS_PTY_H

#include "base/error.h"
#include "platform/identity.h"
#include "platform/pty.h"

#include <windows.h>

/* Makes the pseudo console of a terminal, as who the program is to run as: ends are those of its pipes that a program
   would get. *reference is for spawn(), and then for pty_begin(), in any case. */
int pty_open(struct os_pipe *output, const HANDLE ends[2], const struct os_identity *as, HANDLE *reference,
             struct error *err);
/* Lets go of it: from now on the terminal lasts as long as programs have it open. */
void pty_begin(struct os_pipe *output, HANDLE reference);

#endif
