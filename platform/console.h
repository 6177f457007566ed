/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system's text consoles, as they are in memory. Only read; a console that does not exist is not made, and one that
   nobody has open is not opened. */
#ifndef PLATFORM_CONSOLE_H
#define PLATFORM_CONSOLE_H

#include "base/buffer.h"
#include "base/error.h"

#define OS_CONSOLES_MAX 63 /* their numbers are from 1 on */

enum os_console_mode {
    OS_CONSOLE_UNKNOWN, /* also of one that nobody has open */
    OS_CONSOLE_TEXT,
    OS_CONSOLE_GRAPHICS, /* a program draws its screen, whatever text there is besides */
};

/* Linux' vcs(4). */
struct os_console {
    unsigned number;
    enum os_console_mode mode;
    struct buffer screen;  /* owned: rows, columns, cursor's column, cursor's row, a byte each (255: or more); then a
                              character of the font and an attribute for each cell. Empty when it can't be read */
    struct buffer unicode; /* owned: a code point in 32 bits for each cell. Empty when it can't be read */
};

/* Returns the number of the active console; 0 when there is none. */
unsigned os_console_active(void);

enum os_console_mode os_console_mode(unsigned number);

/* Reads a console. ERR_UNAVAILABLE, ERR_NOT_FOUND or ERR_DENIED when neither form can be read. os_console_deinit() is
   to be called in any case. */
int os_console_read(struct os_console *console, unsigned number, struct error *err);
void os_console_deinit(struct os_console *console);

#endif
