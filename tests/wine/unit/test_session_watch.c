/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of log-ons. This stands for Windows' own functions, since Wine has one session that never changes. */
#include "platform/clock.h"
#include "platform/session.h"
#include "platform/thread.h"
#include "win32/system.h"
#include "win32/user/session.h"

#include "tests/unit/check.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wtsapi32.h>

#define SESSIONS 300
#define PATIENCE_MS 60000
#define LOGON_MS 1700000000000 /* since 1970 */

/* As Windows has it (WTSINFOEXW). */
struct fake_info {
    DWORD level;
    LONGLONG rest[40];
};

static struct {
    atomic_uint count; /* of sessions, numbered from 1 */
    atomic_int denied;
    struct {
        const wchar_t *_Atomic user;
        atomic_int flags;
    } all[SESSIONS];
} fake;

static BOOL WINAPI fake_list(HANDLE server, DWORD reserved, DWORD version, WTS_SESSION_INFOW **out, DWORD *count)
{
    (void)server, (void)reserved, (void)version;
    *count = atomic_load(&fake.count);
    *out = calloc(*count + 1, sizeof **out);
    for (DWORD i = 0; i < *count; i++)
        (*out)[i].SessionId = i + 1;
    return TRUE;
}

static BOOL WINAPI fake_query(HANDLE server, DWORD session, int what, void **out, DWORD *size)
{
    (void)server;
    if (session == WTS_CURRENT_SESSION)
        session = 1;
    if (what != 25 || atomic_load(&fake.denied))
        return FALSE;
    struct fake_info *info = calloc(1, sizeof *info);
    char *bytes = (char *)info;
    LONGLONG logon = (LOGON_MS + INT64_C(11644473600000)) * 10000;
    info->level = 1;
    memcpy(bytes + 16, &(int){atomic_load(&fake.all[session - 1].flags)}, sizeof(int));
    wcscpy((wchar_t *)(void *)(bytes + 86), atomic_load(&fake.all[session - 1].user));
    memcpy(bytes + 168, &logon, sizeof logon);
    *out = info;
    *size = sizeof *info;
    return TRUE;
}

static void WINAPI fake_free(void *memory)
{
    free(memory);
}

void (*system_function(const wchar_t *module, const char *name))(void)
{
    (void)module;
    if (strcmp(name, "WTSEnumerateSessionsW") == 0)
        return (void (*)(void))fake_list;
    if (strcmp(name, "WTSQuerySessionInformationW") == 0)
        return (void (*)(void))fake_query;
    return strcmp(name, "WTSFreeMemory") == 0 ? (void (*)(void))fake_free : NULL;
}

static char told[4096];
static atomic_uint told_count;

static void take(const struct os_session_event *event)
{
    size_t len = strlen(told);
    if (len + 200 < sizeof told)
        snprintf(told + len, sizeof told - len, "%s %s %s%s\n", event->what, event->user, event->session,
                 event->time_ms == LOGON_MS ? " then" : "");
    atomic_fetch_add(&told_count, 1);
}

/* Waits for that many more events, which are those. */
static void expect(unsigned count, const char *lines)
{
    static unsigned before;
    static size_t seen;
    int64_t deadline = os_deadline(PATIENCE_MS);
    before += count;
    while (atomic_load(&told_count) < before && os_time_left(deadline))
        os_sleep_ms(1);
    CHECK_INT(atomic_load(&told_count), before);
    CHECK_TEXT(told + seen, lines);
    seen = strlen(told);
}

static void set_session(unsigned number, const wchar_t *user, int flags)
{
    atomic_store(&fake.all[number - 1].user, user);
    atomic_store(&fake.all[number - 1].flags, flags);
}

static void windows_that_does_not_tell_is_said(void)
{
    struct error err;
    atomic_store(&fake.denied, 1);
    CHECK_INT(os_session_watch(take, &err), ERR_UNAVAILABLE);
    CHECK_TEXT(err.text, "this Windows does not say who is logged on to a session");
    atomic_store(&fake.denied, 0);
}

static void log_ons_locks_and_ends_are_told_once(void)
{
    struct error err;
    set_session(1, L"", 1);
    set_session(2, L"J\u00fcrgen", 1);
    atomic_store(&fake.count, 2);
    CHECK_INT(os_session_watch(take, &err), 0);
    expect(1, "logon J\u00fcrgen 2 then\n"); /* session 1 is a log-on screen */
    set_session(2, L"J\u00fcrgen", 0);
    session_changed();
    expect(1, "lock J\u00fcrgen 2\n");
    set_session(1, L"guest", 1);
    set_session(2, L"J\u00fcrgen", 1);
    session_changed();
    expect(2, "logon guest 1 then\nunlock J\u00fcrgen 2\n");
    set_session(1, L"other", 0);
    session_changed();
    expect(3, "logoff guest 1\nlogon other 1 then\nlock other 1\n");
    atomic_store(&fake.count, 1);
    session_changed();
    expect(1, "logoff J\u00fcrgen 2\n");
}

static void what_cannot_be_seen_has_not_ended(void)
{
    atomic_store(&fake.denied, 1);
    session_changed();
    atomic_store(&fake.count, 0);
    session_changed();
    atomic_store(&fake.denied, 0);
    atomic_store(&fake.count, 1);
    set_session(1, L"", 1);
    session_changed();
    expect(1, "logoff other 1\n");
}

static void more_sessions_than_are_watched_do_no_harm(void)
{
    for (unsigned number = 1; number <= SESSIONS; number++)
        set_session(number, L"", 1);
    set_session(256, L"last", 1);
    set_session(257, L"beyond", 1);
    atomic_store(&fake.count, SESSIONS);
    session_changed();
    expect(1, "logon last 256 then\n");
}

int main(void)
{
    RUN(windows_that_does_not_tell_is_said);
    RUN(log_ons_locks_and_ends_are_told_once);
    RUN(what_cannot_be_seen_has_not_ended);
    RUN(more_sessions_than_are_watched_do_no_harm);
    return CHECK_RESULT();
}
