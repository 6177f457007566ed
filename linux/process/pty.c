/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/pty.h"
#include "linux/errno.h"
#include "linux/process/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Opens the program's end of a new terminal: by the terminal itself, since a name may be another's. */
static int pty_open_program_end(int terminal)
{
    struct termios modes;
    int program = -1;
    if (grantpt(terminal) == 0 && unlockpt(terminal) == 0)
        program = ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (program < 0 || tcgetattr(program, &modes) < 0)
        return program;
    modes.c_iflag |= IUTF8;
    (void)tcsetattr(program, TCSANOW, &modes);
    return program;
}

static int pty_set_size(int terminal, struct os_pty_size size)
{
    struct winsize window = {.ws_col = (unsigned short)size.columns, .ws_row = (unsigned short)size.rows};
    return ioctl(terminal, TIOCSWINSZ, &window);
}

/* Makes the two pipes of a terminal's ends, which it takes over. */
static int pty_make_pipes(struct os_pipe **input, struct os_pipe **output, int terminal, int program)
{
    int terminal_too = fcntl(terminal, F_DUPFD_CLOEXEC, 3), program_too = fcntl(program, F_DUPFD_CLOEXEC, 3);
    int code = errno;
    *output = pipe_of(terminal, program);
    *input = terminal_too >= 0 && program_too >= 0 ? pipe_of(terminal_too, program_too) : NULL;
    if (*input && *output)
        return 0;
    os_pipe_free(*input);
    os_pipe_free(*output);
    *input = *output = NULL;
    return code ? code : ENOMEM;
}

int os_pty_new(struct os_pipe **input, struct os_pipe **output, struct os_pty_size size, struct error *err)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int program = terminal < 0 ? -1 : pty_open_program_end(terminal);
    if (program < 0 || pty_set_size(terminal, size) < 0) {
        int status = errno_error(err, errno, "a terminal");
        if (program >= 0)
            close(program);
        if (terminal >= 0)
            close(terminal);
        return status;
    }
    int code = pty_make_pipes(input, output, terminal, program);
    return code ? errno_error(err, code, "a terminal") : 0;
}

int os_pty_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return -1; /* the kernel holds them */
}

int os_pty_resize(struct os_pipe *output, struct os_pty_size size, struct error *err)
{
    return pty_set_size(pipe_fd(output), size) == 0 ? 0 : errno_error(err, errno, NULL);
}

int os_pty_signal(struct os_pipe *output, const char *name, struct error *err)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"INT", SIGINT}, {"QUIT", SIGQUIT}, {"TSTP", SIGTSTP}, {"TERM", SIGTERM},
                   {"HUP", SIGHUP}, {"KILL", SIGKILL}, {"CONT", SIGCONT}};
    int number = 0, group;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcmp(name, signals[i].name) == 0)
            number = signals[i].number;
    if (!number)
        return error_set(err, ERR_INVALID, "signal='%s' is not INT, QUIT, TSTP, TERM, HUP, KILL or CONT", name);
    if (ioctl(pipe_fd(output), TIOCGPGRP, &group) < 0)
        return errno_error(err, errno, NULL);
    if (group <= 1 || (kill(-group, number) < 0 && errno != ESRCH))
        return errno_error(err, group <= 1 ? ESRCH : errno, NULL);
    return 0;
}
