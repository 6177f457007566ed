/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A terminal for a program of a host. */
#ifndef PLATFORM_PTY_H
#define PLATFORM_PTY_H

#include "platform/pipe.h"

struct os_pty_size {
    unsigned columns, rows; /* both 0: no terminal */
};

/* Makes a terminal, as two pipes of which the program is to have the other ends: all that it writes comes from *output, and
   what is written to *input it reads. ERR_UNAVAILABLE where the system has none. */
int os_pty_new(struct os_pipe **input, struct os_pipe **output, struct os_pty_size size, struct error *err);
/* Tells the programs in the terminal of `output` its new size. ERR_INVALID when that is none. */
int os_pty_resize(struct os_pipe *output, struct os_pty_size size, struct error *err);
/* Signals the programs in its foreground: "INT", "QUIT", "TSTP", "TERM", "HUP", "KILL" or "CONT"; on Windows "HUP" alone. */
int os_pty_signal(struct os_pipe *output, const char *name, struct error *err);

/* Runs the process that holds a terminal of Windows, when the arguments are those with which the agent starts it. Returns
   the exit status, or -1 when they are not. */
int os_pty_main(int argc, char **argv);

#endif
