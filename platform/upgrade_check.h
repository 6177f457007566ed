/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What platform/upgrade_check.c needs of a system: a program that says something and ends. Only for platform/, linux/ and
   win32/. */
#ifndef PLATFORM_UPGRADE_CHECK_H
#define PLATFORM_UPGRADE_CHECK_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct os_check;
/* Starts the program with its output, and its errors, to the caller. argv[0] is its name. */
int os_check_start(struct os_check **out, const char *path, const char *const *argv, struct error *err);
/* Returns 1 to max bytes, 0 at the end, at the deadline and when it can't be read. */
int os_check_read(struct os_check *check, void *bytes, size_t max, int64_t deadline_ms);
/* Waits for its end, kills it at the deadline, and frees it. Returns its status in the system's words, 0 for success. */
int64_t os_check_end(struct os_check *check, int64_t deadline_ms);

#endif
