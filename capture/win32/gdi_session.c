/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/win32/gdi_session.h"
#include "capture/win32/gdi_screen.h"

#include <string.h>
#include <windows.h>

/* ---- the state ---- */

/* As WTS_CONNECTSTATE_CLASS numbers them. */
static const char *const connections[] = {"active", "connected", "connecting", "shadowed", "disconnected",
                                          "idle",   "listening", "reset",      "down",     "starting"};

/* Returns whether the session is locked. Windows 7 and Server 2008 R2 have the two flags the wrong way round. */
static bool gdi_is_locked(const struct gdi_session_info *info)
{
    return info->flags == (info->is_windows_7 ? 1 : 0);
}

const char *gdi_session_state(const struct gdi_session_info *info)
{
    const int disconnected = 4, count = (int)(sizeof connections / sizeof connections[0]);
    if (info->connection == disconnected)
        return connections[disconnected];
    if (info->has_user == 0)
        return "no-user"; /* a connection waits at the logon */
    if (gdi_is_locked(info))
        return "locked";
    return info->connection >= 0 && info->connection < count ? connections[info->connection] : "unknown";
}

/* ---- queries ---- */

enum { WTS_USER_NAME = 5, WTS_CONNECT_STATE = 8, WTS_SESSION_INFO_EX = 25 };

/* Copies at most `size` bytes of what Windows says about the current session. Returns their number, 0 on failure. */
static size_t gdi_query_session(int what, void *out, size_t size)
{
    typedef BOOL WINAPI query_session(HANDLE server, DWORD session, int what, wchar_t **out, DWORD *size);
    typedef void WINAPI free_memory(void *memory);
    const DWORD current = (DWORD)-1;
    query_session *ask = (query_session *)gdi_system_function(L"wtsapi32.dll", "WTSQuerySessionInformationW");
    free_memory *release = (free_memory *)gdi_system_function(L"wtsapi32.dll", "WTSFreeMemory");
    wchar_t *data = NULL;
    DWORD len = 0;
    if (!ask || !release || !ask(NULL, current, what, &data, &len) || !data)
        return 0;
    if (len > size)
        len = (DWORD)size;
    memcpy(out, data, len);
    release(data);
    return len;
}

static bool gdi_is_windows_7(void)
{
    typedef LONG WINAPI get_version(OSVERSIONINFOW * info);
    get_version *ask = (get_version *)gdi_system_function(L"ntdll.dll", "RtlGetVersion");
    OSVERSIONINFOW info = {.dwOSVersionInfoSize = sizeof info};
    return ask && ask(&info) == 0 && info.dwMajorVersion == 6 && info.dwMinorVersion == 1;
}

void gdi_read_session(struct gdi_session_info *info)
{
    /* WTSINFOEXW: Level, then at offset 8 (the data has 64-bit members) SessionId, SessionState, SessionFlags. */
    int32_t wts[5];
    wchar_t user[2] = L"";
    *info =
        (struct gdi_session_info){.connection = -1, .flags = -1, .has_user = -1, .is_windows_7 = gdi_is_windows_7()};
    if (gdi_query_session(WTS_CONNECT_STATE, &info->connection, sizeof info->connection) < sizeof info->connection)
        info->connection = -1;
    if (gdi_query_session(WTS_SESSION_INFO_EX, wts, sizeof wts) == sizeof wts && wts[0] == 1)
        info->flags = wts[4];
    if (gdi_query_session(WTS_USER_NAME, user, sizeof user) >= sizeof user[0])
        info->has_user = user[0] != 0;
}

static void gdi_warn_session(const char *state, DWORD session, struct strlist *facts)
{
    if (strcmp(state, "disconnected") == 0)
        strlist_addf(facts,
                     "warning=the session is disconnected and shows nothing: 'tscon %lu /dest:console' brings it back",
                     session);
    else if (strcmp(state, "locked") == 0)
        strlist_add(facts, "warning=the session is locked");
    if (GetSystemMetrics(SM_REMOTESESSION))
        strlist_add(facts, "warning=a remote desktop session, drawn by its own driver and not by the graphics card");
}

void gdi_desktop_facts(struct strlist *facts)
{
    char name[GDI_NAME_SIZE];
    struct gdi_session_info info;
    DWORD session = 0;
    gdi_set_activity("the state of the session");
    gdi_object_name(GetThreadDesktop(GetCurrentThreadId()), name);
    strlist_addf(facts, "gdi.desktop=%s", name);
    if (ProcessIdToSessionId(GetCurrentProcessId(), &session))
        strlist_addf(facts, "gdi.session=%lu", session);
    gdi_read_session(&info);
    strlist_addf(facts, "gdi.session-state=%s", gdi_session_state(&info));
    gdi_warn_session(gdi_session_state(&info), session, facts);
}

bool gdi_is_system(void)
{
    union {
        TOKEN_USER user;
        uint8_t bytes[256];
    } of;
    SID system = {SID_REVISION, 1, {SECURITY_NT_AUTHORITY}, {SECURITY_LOCAL_SYSTEM_RID}};
    HANDLE token;
    DWORD size;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    bool is_system =
        GetTokenInformation(token, TokenUser, &of, sizeof of, &size) && EqualSid(of.user.User.Sid, &system);
    CloseHandle(token);
    return is_system;
}
