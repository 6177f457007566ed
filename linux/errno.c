/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/errno.h"

#include <errno.h>
#include <string.h>

static int status_of(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOMEM:
        return ERR_NO_MEMORY;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
        return ERR_CLOSED;
    default:
        return ERR_SYSTEM;
    }
}

int errno_error(struct error *err, int code, const char *what)
{
    const char *reason = strerror(code); /* of each thread's own, in glibc since 2.32; constant texts in musl */
    return error_set(err, status_of(code), "%s%s%s", what ? what : "", what ? ": " : "", reason);
}
