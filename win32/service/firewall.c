/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/service/firewall.h"
#include "platform/clock.h"
#include "win32/service/service_name.h"
#include "win32/process/spawn.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <stdlib.h>

#define NETSH_MS 60000
#define LINE_MAX 33000 /* characters: a path and words around it */
#define RULE_MAX 8192  /* characters of a rule in the registry */
#define POLICY L"SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\"

/* Runs `netsh ARGUMENTS` and gives its exit code, or returns the failure to run it. */
static int run_netsh(wchar_t *line, DWORD *exit_code, struct error *err)
{
    wchar_t program[MAX_PATH + 16];
    HANDLE process;
    UINT len = GetSystemDirectoryW(program, MAX_PATH);
    if (len == 0 || len >= MAX_PATH)
        return error_set(err, ERR_SYSTEM, "the system's folder has no name");
    wcscpy(program + len, L"\\netsh.exe");
    struct spawn how = {.application = program, .command_line = line, .flags = CREATE_NO_WINDOW};
    DWORD code = spawn_process(&how, &process);
    if (code)
        return windows_error(err, code, "could not run netsh");
    int status = 0;
    if (wait_for(&process, 1, os_deadline(NETSH_MS)) == WAIT_NONE) {
        TerminateProcess(process, 1);
        status = error_set(err, ERR_TIMEOUT, "netsh did not end within %d ms", NETSH_MS);
    } else if (!GetExitCodeProcess(process, exit_code)) {
        status = windows_error(err, GetLastError(), "netsh");
    }
    CloseHandle(process);
    return status;
}

/* Returns whether this is Windows XP, which has another firewall with other commands. */
static bool is_old_firewall(void)
{
    HKEY key;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, POLICY L"FirewallRules", 0, KEY_QUERY_VALUE, &key))
        return RegOpenKeyExW(HKEY_LOCAL_MACHINE, POLICY L"StandardProfile\\AuthorizedApplications\\List", 0,
                             KEY_QUERY_VALUE, &key) == 0 &&
               RegCloseKey(key) == 0;
    RegCloseKey(key);
    return false;
}

/* ---- what the firewall's own list says ---- */

static bool names_path(const wchar_t *rule, const wchar_t *path)
{
    size_t len = wcslen(path);
    for (const wchar_t *at = wcschr(rule, '|'); at; at = wcschr(at + 1, '|'))
        if (_wcsnicmp(at + 1, L"App=", 4) == 0 && _wcsnicmp(at + 5, path, len) == 0 && at[5 + len] == '|')
            return true;
    return false;
}

static bool has_new_rule(const wchar_t *path)
{
    HKEY key;
    wchar_t name[512], *rule = calloc(RULE_MAX + 1, sizeof *rule);
    bool found = false;
    if (!rule || RegOpenKeyExW(HKEY_LOCAL_MACHINE, POLICY L"FirewallRules", 0, KEY_QUERY_VALUE, &key)) {
        free(rule);
        return false;
    }
    for (DWORD i = 0; !found; i++) {
        DWORD name_size = sizeof name / sizeof *name, type, size = RULE_MAX * sizeof *rule;
        LSTATUS code = RegEnumValueW(key, i, name, &name_size, NULL, &type, (BYTE *)rule, &size);
        if (code == ERROR_MORE_DATA)
            continue; /* none of ours has such a length */
        if (code)
            break;
        rule[size / sizeof *rule] = 0;
        found = type == REG_SZ && names_path(rule, path);
    }
    RegCloseKey(key);
    free(rule);
    return found;
}

static bool has_old_rule(const wchar_t *path)
{
    HKEY key;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, POLICY L"StandardProfile\\AuthorizedApplications\\List", 0, KEY_QUERY_VALUE,
                      &key))
        return false;
    bool found = RegQueryValueExW(key, path, NULL, NULL, NULL, NULL) == 0;
    RegCloseKey(key);
    return found;
}

bool firewall_allows(const wchar_t *path)
{
    return is_old_firewall() ? has_old_rule(path) : has_new_rule(path);
}

/* ---- changing it ---- */

static int change(const wchar_t *format, const wchar_t *path, DWORD *exit_code, struct error *err)
{
    wchar_t *line = calloc(LINE_MAX, sizeof *line);
    if (!line)
        return error_set(err, ERR_NO_MEMORY, "no memory to run netsh");
    _snwprintf(line, LINE_MAX - 1, format, path);
    int status = run_netsh(line, exit_code, err);
    free(line);
    return status;
}

int firewall_allow(const wchar_t *path, struct error *err)
{
    DWORD exit_code = 0;
    bool old = is_old_firewall();
    int status = firewall_forget(path, err); /* else a second installation would add a second rule */
    if (status == 0)
        status = change(old ? L"netsh firewall add allowedprogram \"%ls\" \"" SERVICE_TITLE L"\" ENABLE"
                            : L"netsh advfirewall firewall add rule "
                              L"name=\"" SERVICE_TITLE L"\" dir=in action=allow program=\"%ls\" enable=yes profile=any",
                        path, &exit_code, err);
    if (status)
        return status;
    if (exit_code)
        return error_set(err, ERR_SYSTEM, "netsh ended with %lu", exit_code);
    if (old ? has_old_rule(path) : has_new_rule(path))
        return 0;
    return error_set(err, ERR_UNAVAILABLE, "netsh said yes, but the firewall's list has no rule for the executable");
}

int firewall_forget(const wchar_t *path, struct error *err)
{
    DWORD exit_code = 0;
    bool old = is_old_firewall();
    if (!(old ? has_old_rule(path) : has_new_rule(path)))
        return 0;
    int status = change(old ? L"netsh firewall delete allowedprogram \"%ls\""
                            : L"netsh advfirewall firewall delete rule name=all program=\"%ls\"",
                        path, &exit_code, err);
    return status == 0 && exit_code ? error_set(err, ERR_SYSTEM, "netsh ended with %lu", exit_code) : status;
}
