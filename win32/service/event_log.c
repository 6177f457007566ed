/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/service/event_log.h"
#include "win32/service/service_name.h"
#include "win32/text.h"

#include <stdlib.h>

/* Its messages 1 to 1000 are the text that comes with them, so that no message file of ours is needed. */
#define MESSAGE_FILE L"%SystemRoot%\\System32\\EventCreate.exe"
#define MESSAGE_ID 1
#define SOURCE_KEY L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" SERVICE_NAME

DWORD event_log_register(void)
{
    HKEY key;
    DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
    LSTATUS code = RegCreateKeyExW(HKEY_LOCAL_MACHINE, SOURCE_KEY, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    if (code)
        return (DWORD)code;
    code = RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ, (const BYTE *)MESSAGE_FILE, sizeof MESSAGE_FILE);
    if (code == 0)
        code = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof types);
    RegCloseKey(key);
    return (DWORD)code;
}

DWORD event_log_unregister(void)
{
    LSTATUS code = RegDeleteKeyW(HKEY_LOCAL_MACHINE, SOURCE_KEY);
    return code == ERROR_FILE_NOT_FOUND ? 0 : (DWORD)code;
}

void event_log_write(bool failure, const char *text)
{
    wchar_t *wide;
    HANDLE source = RegisterEventSourceW(NULL, SERVICE_NAME);
    if (!source)
        return; /* the event log is for people; the agent goes on without */
    if (utf16_from(&wide, text, NULL) == 0) {
        const wchar_t *const texts[] = {wide};
        ReportEventW(source, failure ? EVENTLOG_ERROR_TYPE : EVENTLOG_INFORMATION_TYPE, 0, MESSAGE_ID, NULL, 1, 0,
                     (LPCWSTR *)(uintptr_t)texts, NULL);
        free(wide);
    }
    DeregisterEventSource(source);
}
