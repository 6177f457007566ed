/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the agent opens files. Only for win32/. */
#ifndef WIN32_FILE_H
#define WIN32_FILE_H

#include <windows.h>

/* Nobody is ever kept from reading, writing, renaming or removing a file because the agent looks at it. */
#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

#endif
