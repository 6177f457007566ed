/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/execute.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int os_execute_beside(const char *path, char *const *argv, struct error *err)
{
    char self[PATH_MAX], whole[2 * PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self);
    while (len > 0 && len < (ssize_t)sizeof self && self[len - 1] != '/')
        len--;
    if (len < 0)
        return error_set(err, ERR_SYSTEM, "/proc/self/exe: %s", strerror(errno));
    if ((size_t)snprintf(whole, sizeof whole, "%.*s%s", (int)len, self, path) >= sizeof whole)
        return error_set(err, ERR_LIMIT, "its path is too long");
    execv(whole, argv);
    return error_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, "%s", strerror(errno));
}
