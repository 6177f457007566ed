/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Windows has kept of a crash: the power event that it writes at the next start, with the code of the bug check, and
   the dump. */
#include "platform/sysinfo.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define POWER_SOURCE L"Microsoft-Windows-Kernel-Power"
#define POWER_LOST 41 /* "rebooted without cleanly shutting down first"; its first text is the bug check, 0 for none */
#define EVENTS_MAX 5000   /* that are looked at, the newest first */
#define EVENTS_SIZE 65536 /* bytes that are read at a time */
#define CRASH_SLACK_S 60  /* by which clocks may differ */
#define SECONDS_TO_1970 INT64_C(11644473600)

/* Returns the code of the bug check in an event, 0 in another one. */
static unsigned long bug_check_of(const EVENTLOGRECORD *event)
{
    const wchar_t *source = (const wchar_t *)(const void *)(event + 1);
    const wchar_t *texts = (const wchar_t *)(const void *)((const BYTE *)event + event->StringOffset);
    if ((event->EventID & 0xffff) != POWER_LOST || wcscmp(source, POWER_SOURCE) != 0 || event->NumStrings == 0)
        return 0;
    return wcstoul(texts, NULL, 10);
}

/* Finds the newest bug check since that time in what was read. Returns false where older events begin. */
static bool search_events(const BYTE *bytes, DWORD len, int64_t since_s, unsigned *count, unsigned long *code)
{
    for (DWORD at = 0; at + sizeof(EVENTLOGRECORD) <= len && *code == 0; (*count)++) {
        const EVENTLOGRECORD *event = (const EVENTLOGRECORD *)(const void *)(bytes + at);
        if (event->TimeGenerated < since_s || *count >= EVENTS_MAX || event->Length < sizeof *event)
            return false;
        *code = bug_check_of(event);
        at += event->Length;
    }
    return true;
}

static int find_bug_check(int64_t since_s, unsigned long *found, struct error *err)
{
    const DWORD backwards = EVENTLOG_BACKWARDS_READ | EVENTLOG_SEQUENTIAL_READ;
    DWORD len, needed;
    unsigned count = 0;
    unsigned long code = 0;
    HANDLE log = OpenEventLogW(NULL, L"System");
    if (!log)
        return windows_error(err, GetLastError(), "the event log can't be looked at");
    BYTE *bytes = malloc(EVENTS_SIZE);
    while (bytes && code == 0 && ReadEventLogW(log, backwards, 0, bytes, EVENTS_SIZE, &len, &needed) && len > 0)
        if (!search_events(bytes, len, since_s, &count, &code))
            break;
    bool looked = bytes != NULL;
    free(bytes);
    CloseEventLog(log);
    *found = code;
    return looked ? 0 : error_set(err, ERR_NO_MEMORY, "no memory for the event log");
}

static int64_t file_seconds(const FILETIME *time)
{
    return (int64_t)(((uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime) / 10000000) - SECONDS_TO_1970;
}

/* Finds the newest file of a pattern below Windows' own folder, if it is newer than that. */
static void find_dump(const wchar_t *pattern, int64_t *newest_s, char name[MAX_PATH])
{
    wchar_t path[2 * MAX_PATH];
    WIN32_FIND_DATAW found;
    UINT len = GetWindowsDirectoryW(path, MAX_PATH);
    if (len == 0 || len >= MAX_PATH)
        return;
    wcscpy(path + len, pattern);
    HANDLE search = FindFirstFileW(path, &found);
    for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
        if (file_seconds(&found.ftLastWriteTime) <= *newest_s)
            continue;
        *newest_s = file_seconds(&found.ftLastWriteTime);
        utf8_copy(name, MAX_PATH, found.cFileName);
    }
    if (search != INVALID_HANDLE_VALUE)
        FindClose(search);
}

int os_crash_find(int64_t since_ms, char *name, size_t size, struct error *err)
{
    char dump[MAX_PATH] = "";
    int64_t newest_s = since_ms / 1000 - CRASH_SLACK_S;
    unsigned long code = 0;
    int status = find_bug_check(newest_s, &code, err);
    find_dump(L"\\Minidump\\*.dmp", &newest_s, dump);
    find_dump(L"\\MEMORY.DMP", &newest_s, dump);
    if (code)
        snprintf(name, size, "bug check 0x%08lx%s%.200s%s", code, *dump ? " (" : "", dump, *dump ? ")" : "");
    else if (*dump)
        snprintf(name, size, "a bug check (%.200s)", dump);
    return code || *dump ? 1 : status;
}
