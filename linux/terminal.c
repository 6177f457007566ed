/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL_COLUMNS 80 /* of a terminal whose width is unknown, such as a serial line */

static bool is_capable(int fd)
{
    const char *kind = getenv("TERM");
    return isatty(fd) && (!kind || strcmp(kind, "dumb") != 0);
}

bool os_terminal_is_output(void)
{
    return is_capable(STDOUT_FILENO);
}

int os_terminal_width(void)
{
    struct winsize size;
    if (!is_capable(STDERR_FILENO))
        return 0;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return USUAL_COLUMNS;
    return size.ws_col;
}
