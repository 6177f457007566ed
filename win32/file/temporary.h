/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in the system's folder for temporary files. Only for win32/. */
#ifndef WIN32_FILE_TEMPORARY_H
#define WIN32_FILE_TEMPORARY_H

#include <windows.h>

#define TEMPORARY_SIZE (MAX_PATH + 32) /* characters */

/* Makes up a path that nobody can know, and so take or block, before. 0, or the code of the failure. */
DWORD temporary_path(wchar_t path[TEMPORARY_SIZE]);

#endif
