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
    char text[128];
    const char *reason = strerror_r(code, text, sizeof text);
    return error_set(err, status_of(code), "%s%s%s", what ? what : "", what ? ": " : "", reason);
}
