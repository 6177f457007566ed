/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child's end of a pipe. Only for linux/. */
#ifndef LINUX_PROCESS_PIPE_H
#define LINUX_PROCESS_PIPE_H

#include "platform/pipe.h"

/* Returns a new descriptor of the end that the child is to have, or -1 with errno. */
int pipe_child_end(const struct os_pipe *pipe);
/* Makes one of two ends of something else, which it takes over; without memory it returns NULL and closes both. */
struct os_pipe *pipe_of(int fd, int child_fd);
int pipe_fd(const struct os_pipe *pipe); /* the agent's end; borrowed */

#endif
