/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an os_file is, for sendfile(2). Only for linux/. */
#ifndef LINUX_FILE_H
#define LINUX_FILE_H

#include "platform/file.h"

struct os_file {
    int fd;
};

#endif
