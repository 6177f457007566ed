/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/duplex.h"
#include "platform/clock.h"
#include "win32/system.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <limits.h>
#include <sddl.h>
#include <stdatomic.h>
#include <stdio.h>

#define BUFFER_SIZE 65536 /* bytes */
#define SDDL_SIZE 256     /* characters */
#ifndef PIPE_REJECT_REMOTE_CLIENTS
#define PIPE_REJECT_REMOTE_CLIENTS 8
#endif

/* Makes a name that nobody can guess, and nobody can have taken before. */
static void make_name(wchar_t name[PIPE_NAME_SIZE])
{
    typedef BOOLEAN WINAPI random_bytes(void *bytes, ULONG len);
    random_bytes *fill = SYSTEM_FUNCTION(random_bytes *, L"advapi32.dll", "SystemFunction036"); /* RtlGenRandom */
    static atomic_uint counter;
    unsigned long long random = 0;
    if (fill)
        fill(&random, sizeof random);
    _snwprintf(name, PIPE_NAME_SIZE - 1, L"\\\\.\\pipe\\periscope-%lu-%u-%08lx%08lx", GetCurrentProcessId(),
               atomic_fetch_add(&counter, 1), (unsigned long)(random >> 32), (unsigned long)random);
    name[PIPE_NAME_SIZE - 1] = 0;
}

static HANDLE create_end_in(const wchar_t *name, DWORD mode, SECURITY_ATTRIBUTES *security)
{
    return CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | mode, 1, BUFFER_SIZE, BUFFER_SIZE, 0,
                            security);
}

static DWORD create_end(HANDLE *out, const wchar_t *name, SECURITY_ATTRIBUTES *security)
{
    *out = create_end_in(name, PIPE_REJECT_REMOTE_CLIENTS, security);
    if (*out == INVALID_HANDLE_VALUE && GetLastError() == ERROR_INVALID_PARAMETER)
        *out = create_end_in(name, 0, security); /* before Vista */
    return *out == INVALID_HANDLE_VALUE ? GetLastError() : 0;
}

DWORD pipe_connect(HANDLE *out, const wchar_t *name)
{
    *out = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, NULL);
    return *out == INVALID_HANDLE_VALUE ? GetLastError() : 0;
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

/* ---- between processes that share no handle ---- */

/* Returns the SID of the user that this process runs as, in Windows' notation, for LocalFree(); NULL and the code. */
static wchar_t *own_sid(DWORD *code)
{
    HANDLE token;
    DWORD size;
    wchar_t *text = NULL;
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } owner;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        *code = GetLastError();
        return NULL;
    }
    if (!GetTokenInformation(token, TokenUser, &owner, sizeof owner, &size) ||
        !ConvertSidToStringSidW(owner.user.User.Sid, &text))
        *code = GetLastError();
    CloseHandle(token);
    return text;
}

static DWORD make_security(SECURITY_ATTRIBUTES *security)
{
    wchar_t text[SDDL_SIZE];
    DWORD code = 0;
    wchar_t *sid = own_sid(&code);
    if (!sid)
        return code;
    _snwprintf(text, SDDL_SIZE - 1, L"D:P(A;;GA;;;%ls)", sid); /* all to that user, nothing to any other */
    text[SDDL_SIZE - 1] = 0;
    LocalFree(sid);
    *security = (SECURITY_ATTRIBUTES){.nLength = sizeof *security};
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &security->lpSecurityDescriptor,
                                                              NULL))
        return GetLastError();
    return 0;
}

DWORD pipe_listen(HANDLE *out, wchar_t name[PIPE_NAME_SIZE])
{
    SECURITY_ATTRIBUTES security;
    DWORD code = make_security(&security);
    if (code)
        return code;
    make_name(name);
    code = create_end(out, name, &security);
    LocalFree(security.lpSecurityDescriptor);
    return code;
}

DWORD pipe_open(HANDLE ends[2])
{
    wchar_t name[PIPE_NAME_SIZE];
    DWORD code = pipe_listen(&ends[0], name);
    if (code)
        return code;
    code = pipe_connect(&ends[1], name);
    if (code)
        CloseHandle(ends[0]);
    return code;
}

/* Returns whether that process opened the pipe. Windows before Vista can't tell; there the pipe's name and rights keep
   others out. */
static bool is_client(HANDLE pipe, DWORD pid)
{
    typedef BOOL WINAPI get_client(HANDLE pipe, ULONG * pid);
    get_client *get = SYSTEM_FUNCTION(get_client *, L"kernel32.dll", "GetNamedPipeClientProcessId");
    ULONG client = 0;
    return !get || (get(pipe, &client) && client == pid);
}

static DWORD wait_for_client(HANDLE pipe, HANDLE process, OVERLAPPED *overlapped, int64_t deadline_ms)
{
    DWORD done;
    const HANDLE handles[] = {overlapped->hEvent, process};
    int first = wait_for(handles, 2, deadline_ms);
    if (first != 0)
        CancelIo(pipe);
    if (GetOverlappedResult(pipe, overlapped, &done, TRUE))
        return 0;
    return first == 1 ? ERROR_BROKEN_PIPE : first == 0 ? GetLastError() : WAIT_TIMEOUT;
}

DWORD pipe_accept(HANDLE pipe, HANDLE process, DWORD pid, int64_t deadline_ms)
{
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    if (!overlapped.hEvent)
        return GetLastError();
    DWORD code = ConnectNamedPipe(pipe, &overlapped) ? 0 : GetLastError();
    if (code == ERROR_IO_PENDING)
        code = wait_for_client(pipe, process, &overlapped, deadline_ms);
    CloseHandle(overlapped.hEvent);
    if (code == ERROR_PIPE_CONNECTED)
        code = 0; /* it was quick */
    return code == 0 && !is_client(pipe, pid) ? ERROR_ACCESS_DENIED : code;
}
