/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/terminal.h"
#include "platform/clock.h"
#include "linux/waker.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
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

void os_standard_write(int stream, const void *bytes, size_t len)
{
    for (const char *at = bytes; len > 0;) {
        ssize_t done = write(stream, at, len);
        if (done < 0 && errno == EAGAIN) /* somebody who has it too has made it non-blocking */
            poll_until(stream, POLLOUT, OS_FOREVER);
        else if (done < 0 && errno != EINTR)
            return;
        at += done > 0 ? done : 0;
        len -= done > 0 ? (size_t)done : 0;
    }
}

/* A pipe that takes anything takes PIPE_BUF bytes. */
void os_standard_try_write(int stream, const void *bytes, size_t len)
{
    if (len <= PIPE_BUF && poll_until(stream, POLLOUT, 0) == POLLOUT)
        os_standard_write(stream, bytes, len);
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
