/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the Windows that this runs on has. Only for win32/ and the Windows capture backends. */
#ifndef WIN32_SYSTEM_H
#define WIN32_SYSTEM_H

#include <wchar.h>
#include <windows.h>

/* Looks up a function at run time, since not every Windows has it: the executable then starts on all of them. NULL where
   this one has none. module: one that every process has, or that is in the system's folder; it is never looked for
   anywhere else. */
void (*system_function(const wchar_t *module, const char *name))(void);

#define SYSTEM_FUNCTION(type, module, name) ((type)system_function(module, name))

#define OWN_BITS ((int)sizeof(void *) * 8)
/* Returns the process's bits, 32 or 64; 0 when it can't be known. */
int process_bits(HANDLE process);

#endif
