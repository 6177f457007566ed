/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an os_file is, and how the agent opens files. Only for win32/. */
#ifndef WIN32_FILE_FILE_H
#define WIN32_FILE_FILE_H

#include "platform/file.h"

#include <windows.h>

struct os_file {
    HANDLE handle; /* owned */
    void *bytes;   /* owned: NULL, or what is on its way to a socket */
};

/* Nobody is ever kept from reading, writing, renaming or removing a file because the agent looks at it. */
#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* Takes the name of a file that is there already, even one that is open or runs: that one is moved aside, and goes when it
   is closed or at the next boot. 0, or the code of the failure. */
DWORD file_rename(const wchar_t *from, const wchar_t *to);

#endif
