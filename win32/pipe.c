/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/pipe.h"
#include "platform/clock.h"
#include "win32/newer.h"
#include "win32/wait.h"
#include "win32/winerror.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>

#define BUFFER_SIZE 65536 /* bytes */
#define NAME_MAX_LEN 128  /* characters */
#ifndef PIPE_REJECT_REMOTE_CLIENTS
#define PIPE_REJECT_REMOTE_CLIENTS 8
#endif

/* Nobody can guess the name, and nobody can have taken it before. */
static void make_name(wchar_t name[NAME_MAX_LEN])
{
    typedef BOOLEAN WINAPI random_bytes(void *bytes, ULONG len);
    random_bytes *fill = NEWER(random_bytes *, L"advapi32.dll", "SystemFunction036"); /* RtlGenRandom */
    static atomic_uint counter;
    unsigned long long random = 0;
    if (fill)
        fill(&random, sizeof random);
    _snwprintf(name, NAME_MAX_LEN - 1, L"\\\\.\\pipe\\periscope-%lu-%u-%08lx%08lx", GetCurrentProcessId(),
               atomic_fetch_add(&counter, 1), (unsigned long)(random >> 32), (unsigned long)random);
    name[NAME_MAX_LEN - 1] = 0;
}

static HANDLE create_end(const wchar_t *name, DWORD mode)
{
    return CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | mode, 1, BUFFER_SIZE, BUFFER_SIZE, 0,
                            NULL);
}

DWORD pipe_open(HANDLE ends[2])
{
    wchar_t name[NAME_MAX_LEN];
    make_name(name);
    ends[0] = create_end(name, PIPE_REJECT_REMOTE_CLIENTS);
    if (ends[0] == INVALID_HANDLE_VALUE && GetLastError() == ERROR_INVALID_PARAMETER)
        ends[0] = create_end(name, 0); /* before Vista */
    if (ends[0] == INVALID_HANDLE_VALUE)
        return GetLastError();
    ends[1] = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                          FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
    if (ends[1] != INVALID_HANDLE_VALUE)
        return 0;
    DWORD code = GetLastError();
    CloseHandle(ends[0]);
    return code;
}

/* Waits for what was begun: 0 and *done, or the code; WAIT_TIMEOUT when it had to be given up. */
static DWORD finish(HANDLE pipe, OVERLAPPED *overlapped, DWORD *done, int64_t deadline_ms)
{
    DWORD given_up = 0;
    if (wait_for(&overlapped->hEvent, 1, deadline_ms) == WAIT_NONE) {
        CancelIo(pipe); /* of this thread; what was begun ends, or has just succeeded */
        given_up = WAIT_TIMEOUT;
    }
    if (GetOverlappedResult(pipe, overlapped, done, TRUE))
        return 0;
    return given_up ? given_up : GetLastError();
}

static DWORD transfer(HANDLE pipe, void *bytes, DWORD len, bool reading, DWORD *done, int64_t deadline_ms)
{
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD code = 0;
    if (!overlapped.hEvent)
        return GetLastError();
    BOOL begun =
        reading ? ReadFile(pipe, bytes, len, NULL, &overlapped) : WriteFile(pipe, bytes, len, NULL, &overlapped);
    if (!begun && GetLastError() != ERROR_IO_PENDING)
        code = GetLastError();
    else
        code = finish(pipe, &overlapped, done, deadline_ms);
    CloseHandle(overlapped.hEvent);
    return code;
}

static bool is_end(DWORD code)
{
    return code == ERROR_BROKEN_PIPE || code == ERROR_HANDLE_EOF || code == ERROR_NO_DATA ||
           code == ERROR_PIPE_NOT_CONNECTED;
}

int pipe_read(HANDLE pipe, void *bytes, size_t max, int64_t deadline_ms, const char *what, struct error *err)
{
    DWORD done = 0, code = transfer(pipe, bytes, max > INT_MAX ? INT_MAX : (DWORD)max, true, &done, deadline_ms);
    if (code == 0)
        return (int)done;
    if (is_end(code))
        return 0;
    return code == WAIT_TIMEOUT ? ERR_TIMEOUT : windows_error(err, code, what);
}

int pipe_write(HANDLE pipe, const void *bytes, size_t len, int64_t deadline_ms, const char *what, struct error *err)
{
    const char *next = bytes;
    while (len > 0) {
        DWORD done = 0, step = len > BUFFER_SIZE ? BUFFER_SIZE : (DWORD)len;
        DWORD code = transfer(pipe, (void *)(uintptr_t)next, step, false, &done, deadline_ms); /* only read */
        if (code == WAIT_TIMEOUT)
            return ERR_TIMEOUT;
        if (code)
            return windows_error(err, code, what);
        next += done;
        len -= done;
    }
    return 0;
}
