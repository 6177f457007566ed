/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/scratch.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdlib.h>
#include <windows.h>

int os_scratch_make(char **path, struct error *err)
{
    wchar_t folder[MAX_PATH + 1], name[MAX_PATH + 1];
    *path = NULL;
    /* GetTempFileName makes the file, of a name that was not there. */
    if (!GetTempPathW(MAX_PATH + 1, folder) || !GetTempFileNameW(folder, L"per", 0, name))
        return windows_error(err, GetLastError(), "could not make a temporary file");
    *path = utf8_from(name);
    if (*path)
        return 0;
    DeleteFileW(name);
    return error_set(err, ERR_NO_MEMORY, "no memory for the name of a temporary file");
}

void os_scratch_remove(char *path)
{
    wchar_t *name;
    if (path && utf16_from(&name, path, NULL) == 0) {
        DeleteFileW(name);
        free(name);
    }
    free(path);
}
