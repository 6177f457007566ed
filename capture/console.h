/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a console's screen. */
#ifndef CAPTURE_CONSOLE_H
#define CAPTURE_CONSOLE_H

#include "base/strlist.h"
#include "platform/console.h"

/* The lines of a screen in UTF-8, without the blanks at their ends, after one that tells of it:
   "vt=1 size=80x25 cursor=0,24 mode=text source=vcsu". Without code points, characters are taken for those of code page
   437, which the kernel's own fonts have. Memory in, text out: ERR_UNAVAILABLE when the bytes are not those of a
   screen. */
int console_text(const struct os_console *console, struct strlist *lines, struct error *err);

/* The same of a console there is; number 0 is the active one, refused while it shows graphics: then no text is on the
   screen. May hang, as a device may. */
int console_read(unsigned number, struct strlist *lines, struct error *err);

#endif
