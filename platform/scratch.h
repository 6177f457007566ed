/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Temporary files, in the folder that TMPDIR names (on Windows TEMP), else the system's. */
#ifndef PLATFORM_SCRATCH_H
#define PLATFORM_SCRATCH_H

#include "base/error.h"

#include <stdio.h>

/* A file for another program of this machine to write, which may run as another user. Makes it, empty, in the system's folder for such files, under a name that nobody can guess or list. *path is absolute
and the caller's, for os_scratch_remove. */
int os_scratch_make(char **path, struct error *err);
void os_scratch_remove(char *path); /* the file too; accepts NULL */

/* Makes an empty file of this process alone, for reading and writing; it is gone when it is closed. */
int os_scratch_open(FILE **out, struct error *err);

#endif
