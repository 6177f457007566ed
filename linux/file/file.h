/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an os_file is, for sendfile(2), and how a host's files are opened. Only for linux/. */
#ifndef LINUX_FILE_FILE_H
#define LINUX_FILE_FILE_H

#include "platform/file.h"

#include <sys/types.h>

struct os_file {
    int fd;
};

/* Opens a file, O_CLOEXEC, or returns -1 with errno. A thread that has a user's rights gets nothing that it may have only
   since it is the agent: what /proc says of the agent itself, and what the links of /proc/PID lead to. */
int file_open(const char *path, int flags, mode_t mode);
/* The same for a name in an open folder, one part of a path. */
int file_open_in(int folder, const char *name, int flags);

#endif
