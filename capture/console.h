/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a console's screen. */
#ifndef CAPTURE_CONSOLE_H
#define CAPTURE_CONSOLE_H

#include "base/strlist.h"
#include "platform/console.h"

/* Adds one line that describes the screen, "vt=1 size=80x25 cursor=0,24 mode=text source=vcsu", and then the lines of
   the screen in UTF-8, without trailing blanks. Without code points, characters are taken to be those of code page 437,
   which the kernel's own fonts have. Memory in, text out. ERR_UNAVAILABLE when the bytes are not those of a screen. */
int console_text(const struct os_console *console, struct strlist *lines, struct error *err);

/* Reads the text of one of the system's consoles. Number 0 is the active one, which is refused while it shows graphics:
   then no text is on the screen. May hang, as a device may. */
int console_read(unsigned number, struct strlist *lines, struct error *err);

#endif
