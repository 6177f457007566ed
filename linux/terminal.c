/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/terminal.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "linux/errno.h"
#include "linux/waker.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
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

/* ---- keys and size ---- */

static struct termios usual_modes;
static bool raw;

void os_terminal_restore(void)
{
    if (raw)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &usual_modes);
    raw = false;
}

bool os_terminal_raw(void)
{
    struct termios modes;
    if (tcgetattr(STDIN_FILENO, &usual_modes) < 0)
        return false;
    modes = usual_modes;
    cfmakeraw(&modes);
    raw = true;
    (void)atexit(os_terminal_restore);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
    return true;
}

bool os_terminal_size(unsigned *columns, unsigned *rows)
{
    struct winsize size;
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return false;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return size.ws_col > 0 && size.ws_row > 0;
}

static struct {
    void (*changed)(void *context);
    void *context;
    sigset_t signals;
} size_watch; /* set before its thread */

static void size_main(void *context)
{
    int number;
    (void)context;
    while (sigwait(&size_watch.signals, &number) == 0)
        size_watch.changed(size_watch.context);
}

int os_terminal_watch(void (*changed)(void *context), void *context, struct error *err)
{
    size_watch.changed = changed;
    size_watch.context = context;
    sigemptyset(&size_watch.signals);
    sigaddset(&size_watch.signals, SIGWINCH);
    int code = pthread_sigmask(SIG_BLOCK, &size_watch.signals, NULL);
    return code ? errno_error(err, code, NULL) : os_thread_start(size_main, NULL, err);
}
