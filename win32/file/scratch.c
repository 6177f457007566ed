/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/scratch.h"
#include "win32/file/temporary.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <fcntl.h>
#include <io.h>
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

int os_scratch_open(FILE **out, struct error *err)
{
    wchar_t name[TEMPORARY_SIZE];
    *out = NULL;
    DWORD code = temporary_path(name);
    if (code)
        return windows_error(err, code, "could not create a temporary file");
    HANDLE handle = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_NEW,
                                FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return windows_error(err, GetLastError(), "could not create a temporary file");
    int fd = _open_osfhandle((intptr_t)handle, _O_RDWR | _O_BINARY);
    if (fd < 0)
        CloseHandle(handle);
    else if (!(*out = _fdopen(fd, "w+b")))
        _close(fd);
    return *out ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for a temporary file");
}
