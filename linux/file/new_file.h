/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a new file is. Only for linux/. */
#ifndef LINUX_FILE_NEW_FILE_H
#define LINUX_FILE_NEW_FILE_H

#include "platform/new_file.h"

struct os_new_file {
    int fd;
    bool unnamed; /* it has no name yet: nothing is left when it is closed */
};

#endif
