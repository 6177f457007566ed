/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/execute.h"

int os_execute_beside(const char *path, char *const *argv, struct error *err)
{
    (void)path;
    (void)argv;
    return error_set(err, ERR_UNAVAILABLE, "Windows can't");
}
