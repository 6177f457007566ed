/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same command line once more, in a process without a console; this one waits until that one listens. */
#include "platform/upgrade.h"
#include "platform/clock.h"
#include "win32/process/detach.h"
#include "win32/file/path.h"
#include "win32/process/spawn.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <io.h>
#include <fcntl.h>
#include <stdlib.h>

#define VARIABLE L"PERISCOPED_READY" /* in the second process alone: the event's handle */
#define VALUE_SIZE 32                /* characters */

static HANDLE ready; /* NULL when nobody waits for it */
static bool detached;

void detach_notify(HANDLE event)
{
    SetHandleInformation(event, HANDLE_FLAG_INHERIT, 0);
    ready = event;
}

/* Returns whether this is the second process. Its children must not take themselves for it. */
static bool is_second(void)
{
    wchar_t value[VALUE_SIZE];
    DWORD len = GetEnvironmentVariableW(VARIABLE, value, VALUE_SIZE);
    if (len == 0 || len >= VALUE_SIZE)
        return false;
    SetEnvironmentVariableW(VARIABLE, NULL);
    detach_notify((HANDLE)(uintptr_t)_wcstoui64(value, NULL, 10));
    return true;
}

static DWORD start_second(HANDLE event, wchar_t *path, HANDLE *process)
{
    wchar_t value[VALUE_SIZE], *line = _wcsdup(GetCommandLineW());
    if (!line)
        return ERROR_NOT_ENOUGH_MEMORY;
    _snwprintf(value, VALUE_SIZE - 1, L"%I64u", (unsigned long long)(uintptr_t)event);
    value[VALUE_SIZE - 1] = 0;
    SetEnvironmentVariableW(VARIABLE, value);
    struct spawn how = {
        .application = path,
        .command_line = line,
        .standard = {spawn_own_handle(0, false), spawn_own_handle(1, false), spawn_own_handle(2, false)},
        .flags = CREATE_NO_WINDOW,
        .all_handles = true};
    DWORD code = spawn_process(&how, process);
    free(line);
    return code;
}

int os_detach(struct error *err)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    wchar_t *path;
    HANDLE handles[2];
    if (is_second()) {
        detached = true;
        return 0;
    }
    int status = path_of_self(&path, err);
    if (status)
        return status;
    handles[0] = CreateEventW(&inherited, TRUE, FALSE, NULL);
    DWORD code = handles[0] ? start_second(handles[0], path, &handles[1]) : GetLastError();
    free(path);
    if (code)
        return windows_error(err, code, "could not detach");
    ExitProcess(wait_for(handles, 2, OS_FOREVER) == 0 ? 0 : 1);
}

void os_detach_ready(void)
{
    int null = detached ? _open("NUL", _O_RDWR | _O_BINARY) : -1;
    for (int i = 0; i < 3 && null >= 0; i++)
        _dup2(null, i); /* whoever reads them must see their end */
    if (null > 2)
        _close(null);
    if (ready) {
        SetEvent(ready);
        CloseHandle(ready);
        ready = NULL;
    }
}
