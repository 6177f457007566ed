/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal that a person looks at. */
#ifndef PLATFORM_TERMINAL_H
#define PLATFORM_TERMINAL_H

/* Columns of the terminal that standard error goes to; 0 when it is not a terminal, or one that can't go back to the
   start of a line. */
int os_terminal_width(void);

#endif
