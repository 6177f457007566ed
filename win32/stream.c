/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/stream.h"
#include "win32/file/path.h"
#include "win32/winerror.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* The C library keeps the three numbers for them. A handle that is none may become another object's. */
void os_stream_open_standard(void)
{
    static const DWORD names[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        HANDLE handle = GetStdHandle(names[i]);
        if (handle && GetFileType(handle) == FILE_TYPE_UNKNOWN && GetLastError() == ERROR_INVALID_HANDLE)
            SetStdHandle(names[i], NULL);
    }
}

static int stream_failed(struct error *err)
{
    return error_set(err, errno == EPIPE ? ERR_CLOSED : ERR_SYSTEM, "%s", strerror(errno));
}

/* Nothing here says when a pipe has bytes or room: the calls block. */
int os_stream_read(int stream, void *bytes, size_t max, const struct os_patience *patience, struct error *err)
{
    (void)patience;
    int got = _read(stream, bytes, max > INT_MAX ? INT_MAX : (unsigned)max);
    return got < 0 ? stream_failed(err) : got;
}

int os_stream_write(int stream, const void *bytes, size_t len, const struct os_patience *patience, struct error *err)
{
    (void)patience;
    for (const char *at = bytes; len > 0;) {
        int done = _write(stream, at, len > INT_MAX ? INT_MAX : (unsigned)len);
        if (done < 0)
            return stream_failed(err);
        at += done;
        len -= (size_t)done;
    }
    return 0;
}

/* Opens the path for a look at its kind. *stream is OS_STREAM_CLOSED for what is no file on a disk. */
static int stream_look(const char *path, int *stream, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    HANDLE handle = CreateFileW(full, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        status = windows_error(err, GetLastError(), NULL);
    else if (path_is_folder(full))
        status = error_set(err, ERR_INVALID, "Is a directory");
    else
        *stream = GetFileType(handle) == FILE_TYPE_DISK ? OS_STREAM_NONE : OS_STREAM_CLOSED;
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    free(full);
    return status;
}

int os_stream_source(const char *path, int *stream, struct error *err)
{
    *stream = OS_STREAM_NONE;
    return stream_look(path, stream, err);
}

/* A name that is free, or that can't be looked at, is left to who writes there. */
int os_stream_target(const char *path, int *stream, struct error *err)
{
    *stream = OS_STREAM_NONE;
    int status = stream_look(path, stream, err);
    return status == ERR_INVALID ? status : 0;
}

static int stream_open(int *stream, const char *path, DWORD access, int flags, struct error *err)
{
    wchar_t *full;
    int status = path_from(&full, path, false, err);
    if (status)
        return status;
    HANDLE handle =
        CreateFileW(full, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    free(full);
    if (handle == INVALID_HANDLE_VALUE)
        return windows_error(err, GetLastError(), NULL);
    *stream = _open_osfhandle((intptr_t)handle, flags | _O_BINARY);
    if (*stream >= 0)
        return 0;
    CloseHandle(handle);
    return stream_failed(err);
}

int os_stream_open_source(int *stream, const char *path, struct error *err)
{
    return stream_open(stream, path, GENERIC_READ, _O_RDONLY, err);
}

int os_stream_open_target(int *stream, const char *path, const struct os_patience *patience, struct error *err)
{
    (void)patience;
    return stream_open(stream, path, GENERIC_WRITE, _O_WRONLY, err);
}

int os_stream_close(int stream, struct error *err)
{
    return _close(stream) < 0 ? stream_failed(err) : 0;
}

bool os_stream_is_terminal(int stream)
{
    return _isatty(stream) != 0;
}
