/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows' error reporting keeps minidumps where its key LocalDumps is: "Collecting User-Mode Dumps" in Microsoft's
   documentation. They are named PROGRAM.PID.dmp, and whole before the process is gone. */
#include "win32/process/dump_reported.h"
#include "win32/process/dump_file.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

#define KEY L"SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting\\LocalDumps"
#define DEFAULT_FOLDER L"%LOCALAPPDATA%\\CrashDumps"
#define FOLDER_MAX 1024 /* characters */

/* Returns false when Windows is not configured to keep any. */
static bool find_folder(wchar_t folder[FOLDER_MAX])
{
    wchar_t text[FOLDER_MAX] = L"";
    HKEY key;
    DWORD size = sizeof text - sizeof *text, type = 0;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, KEY, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key))
        return false;
    LONG code = RegQueryValueExW(key, L"DumpFolder", NULL, &type, (BYTE *)text, &size);
    RegCloseKey(key);
    if (code || (type != REG_SZ && type != REG_EXPAND_SZ))
        wcscpy(text, DEFAULT_FOLDER);
    DWORD len = ExpandEnvironmentStringsW(text, folder, FOLDER_MAX);
    return len > 0 && len <= FOLDER_MAX;
}

/* Finds the newest of that process id which is not older than the process: ids are reused. */
static bool find_file(const wchar_t *folder, DWORD pid, FILETIME started, wchar_t *path, size_t size)
{
    wchar_t pattern[FOLDER_MAX + 32];
    WIN32_FIND_DATAW found;
    FILETIME newest = started;
    _snwprintf(pattern, FOLDER_MAX + 31, L"%ls\\*.%lu.dmp", folder, pid);
    pattern[FOLDER_MAX + 31] = 0;
    *path = 0;
    HANDLE search = FindFirstFileW(pattern, &found);
    for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
        if (CompareFileTime(&found.ftLastWriteTime, &newest) < 0)
            continue;
        newest = found.ftLastWriteTime;
        _snwprintf(path, size - 1, L"%ls\\%ls", folder, found.cFileName);
        path[size - 1] = 0;
    }
    if (search != INVALID_HANDLE_VALUE)
        FindClose(search);
    return *path != 0;
}

int dump_read_reported(DWORD pid, FILETIME started, struct buffer *out, struct error *err)
{
    wchar_t folder[FOLDER_MAX], path[FOLDER_MAX + MAX_PATH];
    char text[FOLDER_MAX];
    if (!find_folder(folder))
        return error_set(
            err, ERR_UNAVAILABLE,
            "no minidump of process %lu: it has exited, and Windows is not configured to keep any of a crash", pid);
    utf8_copy(text, sizeof text, folder);
    if (!find_file(folder, pid, started, path, sizeof path / sizeof *path))
        return error_set(err, ERR_NOT_FOUND, "no minidump of process %lu: it has exited, and none is in %s", pid, text);
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        char reason[REASON_SIZE];
        DWORD code = GetLastError();
        return error_set(err, windows_status(code), "could not read the minidump of process %lu in %s: %s", pid, text,
                         windows_reason(code, reason));
    }
    int status = dump_read_file(file, pid, out, err);
    CloseHandle(file);
    return status;
}
