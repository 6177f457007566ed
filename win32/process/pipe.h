/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child's end of a pipe. Only for win32/. */
#ifndef WIN32_PROCESS_PIPE_H
#define WIN32_PROCESS_PIPE_H

#include "platform/pty.h"

#include <windows.h>

/* What else a pipe has that is a terminal's output: pipe_control() is the pipe to the process that holds the terminal,
   which the pipe owns. pipe_size() is for who makes it. */
HANDLE *pipe_control(struct os_pipe *pipe);
struct os_pty_size *pipe_size(struct os_pipe *pipe);

/* Returns a new handle of the end that the child is to have, or NULL. */
HANDLE pipe_child_end(const struct os_pipe *pipe);

#endif
