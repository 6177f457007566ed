/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/service/event_log.h"
#include "win32/service/service_name.h"
#include "win32/text.h"
#include "platform/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Its messages 1 to 1000 are the text that comes with them, so that no message file of ours is needed. */
#define MESSAGE_FILE L"%SystemRoot%\\System32\\EventCreate.exe"
#define MESSAGE_ID 1
#define WAIT_MS 1000 /* for the event log to take a text */
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

struct event {
    atomic_int users; /* the last of the two threads frees it */
    HANDLE done;      /* an event */
    bool failure;
    wchar_t *text;
};

static void event_release(struct event *event)
{
    if (atomic_fetch_sub(&event->users, 1) != 1)
        return;
    if (event->done)
        CloseHandle(event->done);
    free(event->text);
    free(event);
}

static void event_main(void *context)
{
    struct event *event = context;
    const wchar_t *const texts[] = {event->text};
    HANDLE source = RegisterEventSourceW(NULL, SERVICE_NAME);
    if (source) { /* else: the event log is for people; the agent goes on without */
        ReportEventW(source, event->failure ? EVENTLOG_ERROR_TYPE : EVENTLOG_INFORMATION_TYPE, 0, MESSAGE_ID, NULL, 1,
                     0, (LPCWSTR *)(uintptr_t)texts, NULL);
        DeregisterEventSource(source);
    }
    SetEvent(event->done);
    event_release(event);
}

/* In a thread of its own, since the event log is another process, which may be stuck. */
void event_log_write(bool failure, const char *text)
{
    struct event *event = calloc(1, sizeof *event);
    if (!event)
        return;
    atomic_init(&event->users, 2);
    event->failure = failure;
    event->done = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!event->done || utf16_from(&event->text, text, NULL) || os_thread_start(event_main, event, NULL))
        event_release(event); /* in place of the thread */
    else
        WaitForSingleObject(event->done, WAIT_MS);
    event_release(event);
}
