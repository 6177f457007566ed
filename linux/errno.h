/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one place where errno becomes an error. Only for linux/. */
#ifndef LINUX_ERRNO_H
#define LINUX_ERRNO_H

#include "base/error.h"

/* Sets *err to strerror(code) behind "what: ", or alone when what is NULL; returns the status that code stands for. */
int errno_error(struct error *err, int code, const char *what);

#endif
