/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child's end of a pipe. Only for win32/. */
#ifndef WIN32_PROCESS_PIPE_H
#define WIN32_PROCESS_PIPE_H

#include "platform/pipe.h"

#include <windows.h>

/* Returns a new handle of the end that the child is to have, or NULL. */
HANDLE pipe_child_end(const struct os_pipe *pipe);

#endif
