/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which interpreter a program lacks: execve(2) says "No such file or directory" of it as of the program itself. Only for
   linux/. */
#ifndef LINUX_PROCESS_INTERPRETER_H
#define LINUX_PROCESS_INTERPRETER_H

#include "base/error.h"

#include <stdbool.h>

/* Sets the reason, without the program's name, and returns true if the program is there and what it is to be run by is
   not. search: the folders of a name without one. cwd: NULL for the agent's. */
bool interpreter_is_missing(const char *name, const char *search, const char *cwd, struct error *err);

#endif
