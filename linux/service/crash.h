/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Only for linux/. */
#ifndef LINUX_SERVICE_CRASH_H
#define LINUX_SERVICE_CRASH_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* os_crash_find; root: where the system's folders lie, "" but for tests. */
int crash_find_below(const char *root, int64_t since_ms, char *name, size_t size, struct error *err);

#endif
