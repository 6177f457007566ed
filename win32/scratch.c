/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/scratch.h"
#include "win32/temporary.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdlib.h>
#include <windows.h>

static DWORD scratch_make_file(const wchar_t *path)
{
    HANDLE handle = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    return handle == INVALID_HANDLE_VALUE || !CloseHandle(handle) ? GetLastError() : 0;
}

int os_scratch_make(char **path, struct error *err)
{
    wchar_t name[TEMPORARY_SIZE];
    *path = NULL;
    DWORD code = temporary_path(name);
    if (code == 0)
        code = scratch_make_file(name);
    if (code)
        return windows_error(err, code, "could not make a temporary file");
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
