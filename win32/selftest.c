/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/selftest.h"
#include "platform/service.h"
#include "win32/service/firewall.h"
#include "win32/system.h"
#include "win32/file/path.h"
#include "win32/user/session.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_SIZE 128 /* characters */

/* ---- what Windows has of what came after XP ---- */

static void look_at_functions(struct findings *findings)
{
    static const struct {
        const wchar_t *module;
        const char *name;
    } functions[] = {{L"kernel32.dll", "InitializeProcThreadAttributeList"},
                     {L"kernel32.dll", "GetNamedPipeClientProcessId"},
                     {L"kernel32.dll", "GetTickCount64"},
                     {L"kernel32.dll", "IsWow64Process"},
                     {L"kernel32.dll", "CreatePseudoConsole"},
                     {L"ntdll.dll", "RtlGetVersion"},
                     {L"ntdll.dll", "NtQuerySystemInformation"},
                     {L"advapi32.dll", "SystemFunction036"},
                     {L"wtsapi32.dll", "WTSEnumerateSessionsW"},
                     {L"wtsapi32.dll", "WTSQueryUserToken"},
                     {L"wtsapi32.dll", "WTSWaitSystemEvent"},
                     {L"userenv.dll", "CreateEnvironmentBlock"},
                     {L"dbghelp.dll", "MiniDumpWriteDump"}};
    const size_t count = sizeof functions / sizeof functions[0];
    char missing[1024] = "";
    size_t lacking = 0, len = 0;
    for (size_t i = 0; i < count; i++)
        if (!system_function(functions[i].module, functions[i].name)) {
            lacking++;
            len += (size_t)snprintf(missing + len, sizeof missing - len, " %s", functions[i].name);
        }
    findings_add(findings, FINDING_PASS, "functions", "%zu of %zu%s%s", count - lacking, count,
                 lacking ? ", without" : "", missing);
}

/* ---- where it is ---- */

static void look_at_session(struct findings *findings)
{
    DWORD own = 0, console;
    bool known = ProcessIdToSessionId(GetCurrentProcessId(), &own);
    if (!known)
        findings_add(findings, FINDING_FAIL, "session", "the agent's own can't be found (%lu)", GetLastError());
    else if (!session_of_console(&console))
        findings_add(findings, FINDING_FAIL, "session", "%lu, and there is none at the console", own);
    else if (own != console)
        findings_add(findings, FINDING_FAIL, "session", "%lu, but at the console is %lu", own, console);
    else
        findings_add(findings, FINDING_PASS, "session", "%lu, at the console", own);
}

static void object_name(HANDLE object, wchar_t name[NAME_SIZE])
{
    DWORD needed;
    wcscpy(name, L"?");
    GetUserObjectInformationW(object, UOI_NAME, name, NAME_SIZE * sizeof *name, &needed);
}

static void look_at_desktop(struct findings *findings)
{
    wchar_t station[NAME_SIZE], desktop[NAME_SIZE];
    USEROBJECTFLAGS flags = {.dwFlags = 0};
    DWORD needed;
    object_name(GetProcessWindowStation(), station);
    object_name(GetThreadDesktop(GetCurrentThreadId()), desktop);
    GetUserObjectInformationW(GetProcessWindowStation(), UOI_FLAGS, &flags, sizeof flags, &needed);
    bool visible = flags.dwFlags & WSF_VISIBLE;
    findings_add(findings, visible ? FINDING_PASS : FINDING_FAIL, "desktop", "%ls\\%ls, %s", station, desktop,
                 visible ? "which a person can see" : "which nobody can see");
}

/* ---- its rights ---- */

static bool holds_privilege(HANDLE token, const wchar_t *name)
{
    LUID id;
    union {
        TOKEN_PRIVILEGES list;
        BYTE bytes[4096];
    } held;
    DWORD size;
    if (!LookupPrivilegeValueW(NULL, name, &id) ||
        !GetTokenInformation(token, TokenPrivileges, &held, sizeof held, &size))
        return false;
    for (DWORD i = 0; i < held.list.PrivilegeCount; i++)
        if (held.list.Privileges[i].Luid.LowPart == id.LowPart && held.list.Privileges[i].Luid.HighPart == id.HighPart)
            return true;
    return false;
}

static const char *elevation(HANDLE token)
{
    TOKEN_ELEVATION_TYPE type = TokenElevationTypeDefault;
    TOKEN_LINKED_TOKEN linked;
    DWORD size;
    GetTokenInformation(token, TokenElevationType, &type, sizeof type, &size);
    if (type == TokenElevationTypeDefault)
        return "with one token alone: not an administrator's, or without UAC";
    if (!GetTokenInformation(token, TokenLinkedToken, &linked, sizeof linked, &size))
        return type == TokenElevationTypeFull ? "elevated, without a linked token" : "limited, without a linked token";
    CloseHandle(linked.LinkedToken);
    return type == TokenElevationTypeFull ? "elevated; the linked token is the limited one"
                                          : "limited; the linked token is the elevated one";
}

static void look_at_rights(struct findings *findings)
{
    HANDLE token;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        findings_add(findings, FINDING_FAIL, "token", "it can't be opened (%lu)", GetLastError());
        return;
    }
    bool clock = holds_privilege(token, SE_SYSTEMTIME_NAME);
    findings_add(findings, FINDING_PASS, "token", "%s", elevation(token));
    findings_add(findings, clock ? FINDING_PASS : FINDING_FAIL, "clock", "%s",
                 clock ? "SeSystemtimePrivilege is held" : "without SeSystemtimePrivilege settime is refused (1314)");
    CloseHandle(token);
}

/* ---- what --install has made ---- */

static void look_at_firewall(struct findings *findings)
{
    wchar_t *path;
    struct error err;
    if (path_of_self(&path, &err)) {
        findings_add(findings, FINDING_FAIL, "firewall", "%s", err.text);
        return;
    }
    bool allowed = firewall_allows(path);
    findings_add(findings, allowed ? FINDING_PASS : FINDING_FAIL, "firewall", "%s rule for '%ls'",
                 allowed ? "there is a" : "the service is installed, but there is no", path);
    free(path);
}

static void look_at_service(struct findings *findings)
{
    struct strlist report = {0};
    struct error err;
    int status = os_service_status(&report, &err);
    if (status == ERR_NOT_FOUND) {
        findings_add(findings, FINDING_SKIP, "service", "%s", err.text);
        findings_add(findings, FINDING_SKIP, "firewall", "--install makes a rule");
    } else {
        findings_add(findings, status ? FINDING_FAIL : FINDING_PASS, "service", "%s",
                     status             ? err.text
                     : report.count > 0 ? report.items[0]
                                        : "it runs");
        look_at_firewall(findings);
    }
    strlist_deinit(&report);
}

void os_selftest(struct findings *findings)
{
    look_at_functions(findings);
    look_at_session(findings);
    look_at_desktop(findings);
    look_at_rights(findings);
    look_at_service(findings);
}
