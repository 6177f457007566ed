/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/spool.h"
#include "platform/clock.h"
#include "win32/file/file.h"
#include "win32/file/temporary.h"
#include "win32/winerror.h"

#include <limits.h>
#include <stdlib.h>

#define SEND_PART 65536 /* bytes */
#define LOOK_MS 100     /* how often a file is looked at: Windows tells of no growth until it is closed */

/* Opens a file that nobody else can open, and that goes with its last handle. */
int os_spool_open(struct os_file **out, struct error *err)
{
    wchar_t name[TEMPORARY_SIZE];
    DWORD code = temporary_path(name);
    *out = NULL;
    struct os_file *file = calloc(1, sizeof *file);
    if (!file)
        code = ERROR_NOT_ENOUGH_MEMORY;
    if (code == 0) {
        file->handle = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_NEW,
                                   FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
        code = file->handle == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    }
    if (code) {
        free(file);
        return windows_error(err, code, NULL);
    }
    *out = file;
    return 0;
}

void os_spool_empty(struct os_file *file)
{
    if (SetFilePointer(file->handle, 0, NULL, FILE_BEGIN) == 0)
        SetEndOfFile(file->handle);
}

int os_file_read_at(struct os_file *file, uint64_t offset, void *bytes, size_t max, struct error *err)
{
    DWORD got;
    OVERLAPPED place = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
    if (offset > INT64_MAX)
        return 0;
    if (ReadFile(file->handle, bytes, max > INT_MAX ? INT_MAX : (DWORD)max, &got, &place))
        return (int)got;
    return GetLastError() == ERROR_HANDLE_EOF ? 0 : windows_error(err, GetLastError(), NULL);
}

int os_file_size(struct os_file *file, uint64_t *size, struct error *err)
{
    LARGE_INTEGER bytes;
    if (!GetFileSizeEx(file->handle, &bytes))
        return windows_error(err, GetLastError(), NULL);
    *size = (uint64_t)bytes.QuadPart;
    return 0;
}

int os_socket_send_part(struct os_socket *socket, struct os_file *file, uint64_t offset, uint64_t len, int stall_ms,
                        struct error *err)
{
    int status = 0;
    uint8_t *bytes = malloc(SEND_PART);
    if (!bytes)
        return error_set(err, ERR_CLOSED, "no memory to send an output"); /* its header has been sent */
    while (len > 0 && status == 0) {
        int got = os_file_read_at(file, offset, bytes, len < SEND_PART ? (size_t)len : SEND_PART, err);
        if (got <= 0)
            status = error_set(err, ERR_CLOSED, "the spool lacks %llu bytes", (unsigned long long)len);
        else
            status = os_socket_send(socket, bytes, (size_t)got, stall_ms, len > (uint64_t)got, err);
        offset += (uint64_t)(got > 0 ? got : 0);
        len -= (uint64_t)(got > 0 ? got : 0);
    }
    free(bytes);
    return status;
}

bool os_file_await(struct os_file *file, struct os_socket *client, int64_t deadline_ms)
{
    struct os_waker *never;
    int64_t next = os_deadline(LOOK_MS);
    (void)file;
    if (os_waker_new(&never, NULL))
        return false;
    enum os_wait_result result = os_socket_wait(client, never, next < deadline_ms ? next : deadline_ms);
    os_waker_free(never);
    return result != OS_WAIT_HANGUP;
}

void os_spool_save(struct os_file *file, struct buffer *out)
{
    SetHandleInformation(file->handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    buffer_printf(out, "%llu", (unsigned long long)(uintptr_t)file->handle);
}

int os_spool_adopt(struct os_file **out, const char *saved)
{
    HANDLE handle = (HANDLE)(uintptr_t)strtoull(saved, NULL, 10);
    *out = NULL;
    struct os_file *file = GetFileType(handle) == FILE_TYPE_DISK ? calloc(1, sizeof *file) : NULL;
    if (!file)
        return ERR_INVALID;
    file->handle = handle;
    *out = file;
    return 0;
}

void os_spool_adopted(struct os_file *file)
{
    SetHandleInformation(file->handle, HANDLE_FLAG_INHERIT, 0);
}
