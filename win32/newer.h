/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions that not every Windows has, found at run time: the executable then starts on all of them. Only for win32/
   and the Windows capture backends. */
#ifndef WIN32_NEWER_H
#define WIN32_NEWER_H

#include <wchar.h>

/* The function, or NULL where this Windows has none. module: one that every process has, or that is in the system's
   folder; it is never looked for anywhere else. */
void (*newer_function(const wchar_t *module, const char *name))(void);

#define NEWER(type, module, name) ((type)newer_function(module, name))

#endif
