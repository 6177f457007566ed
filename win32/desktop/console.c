/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/console.h"

/* A console of Windows is a window of its desktop, and its text belongs to the programs that are attached to it. */

unsigned os_console_active(void)
{
    return 0;
}

enum os_console_mode os_console_mode(unsigned number)
{
    (void)number;
    return OS_CONSOLE_UNKNOWN;
}

int os_console_read(struct os_console *console, unsigned number, struct error *err)
{
    *console = (struct os_console){.number = number};
    return error_set(err, ERR_UNAVAILABLE, "Windows has no text consoles beside its desktop");
}

void os_console_deinit(struct os_console *console)
{
    buffer_deinit(&console->screen);
    buffer_deinit(&console->unicode);
}
