/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a program has the DLLs that it can't start without. Only for win32/. */
#ifndef WIN32_PROCESS_DLLS_H
#define WIN32_PROCESS_DLLS_H

#include "base/strlist.h"

#include <wchar.h>

/* Adds the names of those in the program's import table that are found nowhere: not in its folder, the system's, or
   `search` (the child's PATH; NULL: ours). Nothing of a file that is no executable: starting it gives the reason. */
void dlls_missing(const wchar_t *program, const wchar_t *search, struct strlist *missing);

#endif
