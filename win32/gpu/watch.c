/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The System log, to which only administrators and drivers write, and the folder of the kernel's live dumps. Both wake the
   agent only when there is something new. */
#include "platform/clock.h"
#include "platform/gpu.h"
#include "platform/thread.h"
#include "win32/gpu/event_xml.h"
#include "win32/system.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define XML_MAX 16384     /* characters of an event */
#define START_AT_OLDEST 2 /* EvtSubscribeStartAtOldestRecord */
#define RENDER_XML 1      /* EvtRenderEventXml */
#define DELIVER 1         /* EvtSubscribeActionDeliver */
#define DUMPS L"\\LiveKernelReports"
#define SETTLE_MS 200 /* a dump is announced by several changes */

typedef DWORD WINAPI subscribe_callback(int action, void *context, HANDLE event);
typedef HANDLE WINAPI evt_subscribe(HANDLE session, HANDLE signal, const wchar_t *channel, const wchar_t *query,
                                    HANDLE bookmark, void *context, subscribe_callback *callback, DWORD flags);
typedef BOOL WINAPI evt_render(HANDLE context, HANDLE event, DWORD flags, DWORD size, void *out, DWORD *used,
                               DWORD *properties);

static struct {
    const struct os_gpu_watcher *to;
    evt_render *render;
    FILETIME newest; /* of the dumps that were told */
} watch;

/* ---- the event log ---- */

static void tell_event(HANDLE event, wchar_t *xml, char *text)
{
    struct os_gpu_report report;
    DWORD used, properties;
    if (!watch.render(NULL, event, RENDER_XML, XML_MAX * sizeof *xml, xml, &used, &properties))
        return;
    xml[XML_MAX - 1] = 0;
    utf8_copy(text, XML_MAX, xml);
    if (!event_xml_read(text, &report))
        return;
    if (report.time_ms == 0)
        report.time_ms = os_wall_time_ms();
    watch.to->tell(&report);
}

static DWORD WINAPI on_event(int action, void *context, HANDLE event)
{
    (void)context;
    wchar_t *xml = malloc(XML_MAX * (sizeof *xml + 1));
    if (xml && action == DELIVER)
        tell_event(event, xml, (char *)(xml + XML_MAX));
    free(xml);
    return 0;
}

/* Subscribes to the events of this boot that may be about a card. */
static void subscribe_events(void)
{
    wchar_t query[512];
    char why[REASON_SIZE + 64], reason[REASON_SIZE];
    LoadLibraryExW(L"wevtapi.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    evt_subscribe *subscribe = SYSTEM_FUNCTION(evt_subscribe *, L"wevtapi.dll", "EvtSubscribe");
    watch.render = SYSTEM_FUNCTION(evt_render *, L"wevtapi.dll", "EvtRender");
    _snwprintf(
        query, sizeof query / sizeof *query,
        L"*[System[(Provider[@Name='Display' or @Name='nvlddmkm']) and TimeCreated[timediff(@SystemTime) <= %llu]]]",
        (unsigned long long)os_clock_ms());
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED); /* what Wine leaves */
    if (subscribe && watch.render && subscribe(NULL, NULL, L"System", query, NULL, NULL, on_event, START_AT_OLDEST))
        return;
    snprintf(why, sizeof why, "Windows' event log can't be read: %s",
             subscribe && watch.render ? windows_reason(GetLastError(), reason) : "this Windows has no subscriptions");
    watch.to->missing(why);
}

/* ---- live dumps ---- */

static void tell_dump(const WIN32_FIND_DATAW *found)
{
    struct os_gpu_report report = {.kind = OS_GPU_DUMP, .time_ms = os_wall_time_ms()};
    char name[128];
    utf8_copy(name, sizeof name, found->cFileName);
    snprintf(report.text, sizeof report.text,
             "Windows has kept a dump of the graphics kernel: LiveKernelReports\\WATCHDOG\\%s", name);
    watch.to->tell(&report);
}

/* Tells the dumps that are newer than the last one that was told, or only looks which that is. */
static void look_for_dumps(const wchar_t *folder, bool tell)
{
    wchar_t pattern[MAX_PATH + 32];
    WIN32_FIND_DATAW found;
    FILETIME newest = watch.newest;
    _snwprintf(pattern, sizeof pattern / sizeof *pattern - 1, L"%ls\\WATCHDOG\\*.dmp", folder);
    pattern[sizeof pattern / sizeof *pattern - 1] = 0;
    HANDLE search = FindFirstFileW(pattern, &found);
    for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
        if (CompareFileTime(&found.ftCreationTime, &watch.newest) <= 0)
            continue;
        if (CompareFileTime(&found.ftCreationTime, &newest) > 0)
            newest = found.ftCreationTime;
        if (tell)
            tell_dump(&found);
    }
    if (search != INVALID_HANDLE_VALUE)
        FindClose(search);
    watch.newest = newest;
}

static void dumps_main(void *context)
{
    wchar_t folder[MAX_PATH + 32];
    UINT len = GetWindowsDirectoryW(folder, MAX_PATH);
    (void)context;
    if (len == 0 || len >= MAX_PATH)
        return;
    wcscpy(folder + len, DUMPS);
    HANDLE changes = FindFirstChangeNotificationW(folder, TRUE, FILE_NOTIFY_CHANGE_FILE_NAME);
    look_for_dumps(folder, false);
    while (changes != INVALID_HANDLE_VALUE && WaitForSingleObject(changes, INFINITE) == WAIT_OBJECT_0) {
        os_sleep_ms(SETTLE_MS);
        look_for_dumps(folder, true);
        if (!FindNextChangeNotification(changes))
            break;
    }
    if (changes != INVALID_HANDLE_VALUE)
        FindCloseChangeNotification(changes);
}

int os_gpu_watch(const struct os_gpu_watcher *watcher, struct error *err)
{
    watch.to = watcher;
    subscribe_events();
    return os_thread_start(dumps_main, NULL, err);
}
