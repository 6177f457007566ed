/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guest is. */
#ifndef PLATFORM_SYSINFO_H
#define PLATFORM_SYSINFO_H

#include "base/error.h"
#include "base/strlist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Adds "boot.id=" (random for each boot of the OS), "boot.time=" (seconds since 1970), "os.name=", "os.version=",
   "os.kernel=", "os.arch=", "os.hostname=", one line each. What can't be known is left out. */
void os_sysinfo(struct strlist *facts);
/* Returns how many files, sockets among them, this process may have open at once; UINT32_MAX where nothing limits that. */
uint32_t os_open_files_max(void);
/* Writes the name of the newest crash of the system that it has kept a record of, if that is not older than since_ms (a wall
   time), and where the record is. Returns 1, 0 when there is none, and a failure when not all places could be looked at and
   none was found. */
int os_crash_find(int64_t since_ms, char *name, size_t size, struct error *err);
extern const char os_server_arch[]; /* testagentd's server.arch: "linux32", "linux64" or "win32" */

#endif
