/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/pty.h"

int os_pty_new(struct os_pipe **input, struct os_pipe **output, struct os_pty_size size, struct error *err)
{
    (void)size;
    *input = *output = NULL;
    return error_set(err, ERR_UNAVAILABLE, "this agent has no terminals for programs on Windows");
}

int os_pty_resize(struct os_pipe *output, struct os_pty_size size, struct error *err)
{
    (void)output;
    (void)size;
    return error_set(err, ERR_INVALID, "it has no terminal");
}

int os_pty_signal(struct os_pipe *output, const char *name, struct error *err)
{
    (void)name;
    return os_pty_resize(output, (struct os_pty_size){0, 0}, err);
}
