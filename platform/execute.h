/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Becoming another program. */
#ifndef PLATFORM_EXECUTE_H
#define PLATFORM_EXECUTE_H

#include "base/error.h"

/* Replaces this program by a file, whose path is from the folder of this program's own, with those arguments
   (NULL-terminated; the first is its name). Returns only on a failure: ERR_NOT_FOUND when there is no such file,
   ERR_UNAVAILABLE where the system can't. The error's text is the reason alone. */
int os_execute_beside(const char *path, char *const *argv, struct error *err);

#endif
