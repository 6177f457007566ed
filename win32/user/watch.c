/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is logged on, compared with what was told before. The service control manager tells a service of each change
 * (session_changed()). A call of Windows' that returns with the next one tells any process of log-ons, but not of locks.
 */
#include "platform/session.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "win32/system.h"
#include "win32/text.h"
#include "win32/user/session.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wtsapi32.h>

#define WATCHED_MAX 256 /* sessions; later ones are not told */
#define USER_SIZE 64    /* bytes; Windows cuts names at 20 characters */
#define NUMBER_SIZE 16
#define UNITS_PER_MS 10000               /* of a FILETIME */
#define EPOCH_MS INT64_C(11644473600000) /* of 1970, in milliseconds since 1601 */
#define INFO_EX 25                       /* WTSSessionInfoEx, of Windows Vista and later */
#define ASK_EVENTS (WTS_EVENT_LOGON | WTS_EVENT_LOGOFF | WTS_EVENT_CONNECT | WTS_EVENT_DISCONNECT | WTS_EVENT_DELETE)

/* What Windows gives for INFO_EX, as far as it is of use. */
struct session_info {
    DWORD level; /* 1 */
    union {
        LONGLONG alignment;
        struct {
            DWORD session;
            int state, flags; /* flags: 0 locked, 1 not, else unknown; on Windows 7 the other way round */
            wchar_t station[33], user[21], domain[18];
            LARGE_INTEGER logon;
        } one;
    } data;
};

_Static_assert(offsetof(struct session_info, data.one.logon) == 168, "as Windows has it");

struct watched {
    DWORD session;
    bool there, locked;
    char user[USER_SIZE];
};

typedef BOOL WINAPI query_session(HANDLE server, DWORD session, int what, void **out, DWORD *size);
typedef void WINAPI free_session(void *memory);

static struct {
    void (*tell)(const struct os_session_event *event);
    HANDLE changed;
    bool locks_are_turned;
    struct watched all[WATCHED_MAX];
    size_t count;
} watch;

static void tell_session(const char *what, const struct watched *watched, int64_t time_ms)
{
    char number[NUMBER_SIZE];
    snprintf(number, sizeof number, "%lu", watched->session);
    watch.tell(&(struct os_session_event){what, watched->user, number, "", time_ms ? time_ms : os_wall_time_ms()});
}

/* Reads what a session is now; user is "" where nobody is logged on. Returns false when it can't be known. */
static bool read_session(DWORD session, struct watched *now, int64_t *logon_ms)
{
    query_session *query = SYSTEM_FUNCTION(query_session *, L"wtsapi32.dll", "WTSQuerySessionInformationW");
    free_session *release = SYSTEM_FUNCTION(free_session *, L"wtsapi32.dll", "WTSFreeMemory");
    struct session_info *info = NULL;
    DWORD size = 0;
    *now = (struct watched){.session = session, .there = true};
    *logon_ms = 0;
    if (!query || !release || !query(NULL, session, INFO_EX, (void **)&info, &size) || !info)
        return false;
    bool known = size >= sizeof *info && info->level == 1;
    if (known) {
        info->data.one.user[sizeof info->data.one.user / sizeof(wchar_t) - 1] = 0;
        utf8_copy(now->user, sizeof now->user, info->data.one.user);
        now->locked = info->data.one.flags == (watch.locks_are_turned ? 1 : 0);
        if (info->data.one.logon.QuadPart > 0)
            *logon_ms = info->data.one.logon.QuadPart / UNITS_PER_MS - EPOCH_MS;
    }
    release(info);
    return known;
}

static struct watched *find_session(DWORD session)
{
    for (size_t i = 0; i < watch.count; i++)
        if (watch.all[i].session == session)
            return &watch.all[i];
    if (watch.count == WATCHED_MAX)
        return NULL;
    watch.all[watch.count] = (struct watched){.session = session};
    return &watch.all[watch.count++];
}

/* Tells what has happened to a session between then and now, and keeps it. */
static void compare_session(struct watched *then, const struct watched *now, int64_t logon_ms)
{
    bool another = strcmp(then->user, now->user) != 0;
    if (another && *then->user)
        tell_session("logoff", then, 0);
    if (another && *now->user)
        tell_session("logon", now, logon_ms);
    if (*now->user && now->locked != (then->locked && !another))
        tell_session(now->locked ? "lock" : "unlock", now, 0);
    *then = *now;
}

/* Forgets those that are no longer there. */
static void end_sessions(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < watch.count; i++) {
        if (!watch.all[i].there && *watch.all[i].user)
            tell_session("logoff", &watch.all[i], 0);
        if (watch.all[i].there)
            watch.all[kept++] = watch.all[i];
    }
    watch.count = kept;
}

static void look_at_sessions(void)
{
    DWORD *list;
    size_t count = session_list(&list, WATCHED_MAX);
    for (size_t i = 0; i < watch.count; i++)
        watch.all[i].there = count == 0; /* then it could not be seen */
    for (size_t i = 0; i < count; i++) {
        struct watched now, *then = find_session(list[i]);
        int64_t logon_ms;
        if (then && read_session(list[i], &now, &logon_ms))
            compare_session(then, &now, logon_ms);
        else if (then)
            then->there = true;
    }
    free(list);
    end_sessions();
}

static void sessions_main(void *context)
{
    (void)context;
    do
        look_at_sessions();
    while (wait_for(&watch.changed, 1, OS_FOREVER) == 0);
}

/* Waits in Windows for the next change, again and again: a call that fails is not repeated. */
static void ask_main(void *context)
{
    typedef BOOL WINAPI wait_event(HANDLE server, DWORD mask, DWORD * events);
    wait_event *wait = SYSTEM_FUNCTION(wait_event *, L"wtsapi32.dll", "WTSWaitSystemEvent");
    DWORD events = 0;
    (void)context;
    while (wait && wait(NULL, ASK_EVENTS, &events) && events)
        SetEvent(watch.changed);
}

static bool turns_locks(void)
{
    typedef LONG WINAPI get_version(OSVERSIONINFOW * info);
    get_version *get = SYSTEM_FUNCTION(get_version *, L"ntdll.dll", "RtlGetVersion");
    OSVERSIONINFOW info = {.dwOSVersionInfoSize = sizeof info};
    return get && get(&info) == 0 && info.dwMajorVersion == 6 && info.dwMinorVersion == 1;
}

int os_session_watch(void (*tell)(const struct os_session_event *event), struct error *err)
{
    struct watched own;
    int64_t ignored;
    watch.tell = tell;
    watch.locks_are_turned = turns_locks();
    watch.changed = session_event();
    if (!watch.changed)
        return windows_error(err, GetLastError(), NULL);
    if (!read_session(WTS_CURRENT_SESSION, &own, &ignored))
        return error_set(err, ERR_UNAVAILABLE, "this Windows does not say who is logged on to a session");
    int status = os_thread_start(sessions_main, NULL, err);
    return status ? status : os_thread_start(ask_main, NULL, err);
}
