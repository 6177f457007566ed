/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are built into a program by host/embed.sh, such as the pages that a browser shows. */
#ifndef HOST_EMBEDDED_H
#define HOST_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name;           /* without its folder; NULL ends a list */
    const unsigned char *bytes; /* a NUL follows that len does not count */
    size_t len;
};

#endif
