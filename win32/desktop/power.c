/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/power.h"

#include "win32/user/session.h"
#include "win32/system.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <windows.h>

#define LEAVE_S 2       /* for the host's answer, and for those who are logged on to read why */
#define NOTICE_SIZE 512 /* characters */

static void power_enable_privilege(void)
{
    TOKEN_PRIVILEGES privileges = {.PrivilegeCount = 1, .Privileges[0].Attributes = SE_PRIVILEGE_ENABLED};
    HANDLE token;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token))
        return;
    if (LookupPrivilegeValueW(NULL, SE_SHUTDOWN_NAME, &privileges.Privileges[0].Luid))
        AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL);
    CloseHandle(token);
}

static int power_failed(const char *call, DWORD code, struct error *err)
{
    return error_set(err,
                     code == ERROR_ACCESS_DENIED || code == ERROR_PRIVILEGE_NOT_HELD ? ERR_DENIED : ERR_UNAVAILABLE,
                     "%s failed (%lu)", call, code);
}

static int power_log_off(struct error *err)
{
    typedef BOOL WINAPI log_off(HANDLE server, DWORD session, BOOL wait);
    log_off *log_off_session = SYSTEM_FUNCTION(log_off *, L"wtsapi32.dll", "WTSLogoffSession");
    DWORD session;
    if (!session_of_console(&session))
        return error_set(err, ERR_UNAVAILABLE, "there is no session at the console");
    if (!log_off_session)
        return error_set(err, ERR_UNAVAILABLE, "this Windows has no WTSLogoffSession");
    return log_off_session(NULL, session, FALSE) ? 0 : power_failed("WTSLogoffSession", GetLastError(), err);
}

/* The call never makes the hybrid shutdown of Windows 8 and later, from which a graphics card would resume with a stale
   state: that is a flag of another one. */
int os_power_request(const struct os_power_request *request, char *by, size_t size, struct error *err)
{
    wchar_t notice[NOTICE_SIZE] = L"";
    snprintf(by, size, "Windows");
    power_enable_privilege();
    if (request->action == OS_POWER_LOG_OFF)
        return power_log_off(err);
    MultiByteToWideChar(CP_UTF8, 0, request->notice, -1, notice, NOTICE_SIZE - 1);
    if (InitiateSystemShutdownExW(NULL, notice, LEAVE_S, request->force, request->action == OS_POWER_REBOOT,
                                  SHTDN_REASON_MAJOR_OTHER | SHTDN_REASON_FLAG_PLANNED))
        return 0;
    return power_failed("InitiateSystemShutdownEx", GetLastError(), err);
}

bool os_power_flush(int timeout_ms)
{
    (void)timeout_ms;
    return true; /* a full shutdown writes all, and children's outputs are flushed before their status is told */
}
