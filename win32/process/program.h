/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which executable a command line means. Only for win32/. */
#ifndef WIN32_PROCESS_PROGRAM_H
#define WIN32_PROCESS_PROGRAM_H

#include <wchar.h>

/* Finds the full path (owned by the caller) of what name means for a child that starts in folder (NULL: ours). A name
   with a separator is looked for there, another in `path` (the child's PATH; NULL: it has ours) and then as Windows
   searches; ".exe" is added where there is no such file. Returns NULL with *code when there is none. */
wchar_t *program_find(const wchar_t *name, const wchar_t *folder, const wchar_t *path, unsigned long *code);
wchar_t *program_shell(unsigned long *code); /* cmd.exe, from the system's folder alone */

#endif
