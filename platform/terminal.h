/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal that a person looks at, and the standard streams. */
#ifndef PLATFORM_TERMINAL_H
#define PLATFORM_TERMINAL_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Returns the columns of the terminal that standard error goes to; 0 when it is not a terminal, or one that can't go
   back to the start of a line. */
int os_terminal_width(void);
/* Returns whether standard output goes to a terminal that can show colours and go back to the start of a line. */
bool os_terminal_is_output(void);

/* Passes each key on as it is, without echo, until os_terminal_restore(), which also the end of the process does. Returns
   false when standard input is no terminal. */
bool os_terminal_raw(void);
void os_terminal_restore(void);
/* Tells the size of the terminal that standard input or output is; returns false when neither is one. */
bool os_terminal_size(unsigned *columns, unsigned *rows);
/* Starts a thread that calls changed(context) after each change of that size. Before any other thread. */
int os_terminal_watch(void (*changed)(void *context), void *context, struct error *err);

#define OS_STANDARD_OUTPUT 1
#define OS_STANDARD_ERROR 2
/* Writes to a standard stream, past the C library's. Blocks for as long as whoever reads it does not. */
void os_standard_write(int stream, const void *bytes, size_t len);
/* The same without blocking, for a few kilobytes; writes nothing where it might block. */
void os_standard_try_write(int stream, const void *bytes, size_t len);

#endif
