/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of settings, and their examination. */
#include "platform/audit.h"
#include "win32/service/power_scheme.h"
#include "win32/service/setting.h"
#include "win32/winerror.h"

#include <stdio.h>

#define REPORTING L"SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting"
#define AEDEBUG L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\AeDebug"
#define POLICIES L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System"
#define UPDATES L"SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate\\AU"
#define DESKTOP L"Control Panel\\Desktop"
#define POWER_POLICY L"SOFTWARE\\Policies\\Microsoft\\Power\\PowerSettings\\"
#define MONITOR_GROUP L"7516b95f-f776-4464-8c53-06167f40cc99"
#define MONITOR_TIME L"3c0bc021-c8a8-4e07-a973-6b14cbcb2b7e"
#define SLEEP_GROUP L"238c9fa8-0aad-41ed-83f4-97be242c8f20"
#define SLEEP_TIME L"29f6c1db-86da-48c5-9fdb-f2b67b1f44da"

#define AT_BOOT "from the next boot on"
#define AT_LOGON "from the next logon on"

struct check {
    const char *name;
    struct setting setting;
    const char *why;
    const char *from;            /* when what was set is in force; NULL: at once */
    bool absent_passes;          /* Windows' default is the wanted one */
    const wchar_t *group, *time; /* a policy, without which the active power scheme decides */
    const char *remedy;          /* how a person sets it; NULL: --fix can */
};

static const struct check checks[] = {
    {.name = "crash-dialog",
     .setting = {SETTING_MACHINE, REPORTING, L"DontShowUI", NULL, 1},
     .why = "a program that crashes waits behind a dialog"},
    {.name = "crash-dialog-user",
     .setting = {SETTING_USER, REPORTING, L"DontShowUI", NULL, 1},
     .why = "a program that crashes waits behind a dialog, whatever the machine's setting is",
     .absent_passes = true},
    {.name = "crash-debugger",
     .setting = {SETTING_MACHINE, AEDEBUG, L"Auto", L"1", 0},
     .why = "a crash asks whether to start the debugger"},
    {.name = "crash-debugger-32",
     .setting = {SETTING_MACHINE_32, AEDEBUG, L"Auto", L"1", 0},
     .why = "a crash of a 32-bit program asks whether to start the debugger"},
    {.name = "error-mode",
     .setting = {SETTING_MACHINE, L"SYSTEM\\CurrentControlSet\\Control\\Windows", L"ErrorMode", NULL, 2},
     .why = "a missing DLL or disk brings up a dialog",
     .from = AT_BOOT},
    {.name = "error-reporting",
     .setting = {SETTING_MACHINE, REPORTING, L"Disabled", NULL, 1},
     .why = "a crash is packed up and sent while its test is waited for"},
    {.name = "autologon",
     .setting = {SETTING_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon", L"AutoAdminLogon", L"1",
                 0},
     .why = "nobody is logged on after a boot, and so no test can run",
     .remedy = "periscoped.exe --install --autologon USER sets it"},
    {.name = "screen-saver",
     .setting = {SETTING_USER, DESKTOP, L"ScreenSaveActive", L"0", 0},
     .why = "the screen saver covers what a test shows",
     .from = AT_LOGON},
    {.name = "screen-saver-logon",
     .setting = {SETTING_LOGON, L".DEFAULT\\" DESKTOP, L"ScreenSaveActive", L"0", 0},
     .why = "the screen saver covers the logon screen",
     .from = AT_BOOT},
    {.name = "screen-lock",
     .setting = {SETTING_MACHINE, POLICIES, L"InactivityTimeoutSecs", NULL, 0},
     .why = "the session is locked when nobody touches it",
     .from = AT_BOOT,
     .absent_passes = true},
    {.name = "monitor-timeout",
     .setting = {SETTING_MACHINE, POWER_POLICY MONITOR_TIME, L"ACSettingIndex", NULL, 0},
     .why = "the screen is switched off, and pictures of it are black",
     .from = AT_BOOT,
     .group = MONITOR_GROUP,
     .time = MONITOR_TIME},
    {.name = "sleep-timeout",
     .setting = {SETTING_MACHINE, POWER_POLICY SLEEP_TIME, L"ACSettingIndex", NULL, 0},
     .why = "the machine sleeps in the middle of a test",
     .from = AT_BOOT,
     .group = SLEEP_GROUP,
     .time = SLEEP_TIME},
    {.name = "fast-startup",
     .setting = {SETTING_MACHINE, L"SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Power", L"HiberbootEnabled",
                 NULL, 0},
     .why = "a shutdown keeps the kernel's state, drivers included",
     .from = "from the next shutdown on",
     .absent_passes = true},
    {.name = "time-service",
     .setting = {SETTING_MACHINE, L"SYSTEM\\CurrentControlSet\\Services\\W32Time", L"Start", NULL, 4},
     .why = "it sets the clock back that a host has set",
     .from = AT_BOOT,
     .absent_passes = true},
    {.name = "uac-prompt",
     .setting = {SETTING_MACHINE, POLICIES, L"ConsentPromptBehaviorAdmin", NULL, 0},
     .why = "a program that asks for an administrator's rights waits behind a prompt"},
    {.name = "uac-desktop",
     .setting = {SETTING_MACHINE, POLICIES, L"PromptOnSecureDesktop", NULL, 0},
     .why = "a prompt takes the screen away from all programs"},
    {.name = "network-window",
     .setting = {SETTING_MACHINE, L"SYSTEM\\CurrentControlSet\\Control\\Network\\NewNetworkWindowOff", NULL, NULL, 0},
     .why = "each new network is asked about in a window over the tests",
     .from = AT_LOGON},
    {.name = "updates",
     .setting = {SETTING_MACHINE, UPDATES, L"NoAutoUpdate", NULL, 1},
     .why = "Windows updates itself in the middle of a test",
     .from = AT_BOOT},
    {.name = "updates-reboot",
     .setting = {SETTING_MACHINE, UPDATES, L"NoAutoRebootWithLoggedOnUsers", NULL, 1},
     .why = "Windows boots in the middle of a test",
     .from = AT_BOOT},
};

struct audit {
    struct findings *findings;
    HKEY user; /* NULL: nobody's */
    bool fix, has_32;
};

/* ---- one setting ---- */

/* Returns why a setting can't be examined, or NULL. */
static const char *not_here(const struct audit *audit, const struct check *check)
{
    if (check->setting.place == SETTING_USER && !audit->user)
        return "nobody is logged on";
    if (check->setting.place == SETTING_MACHINE_32 && !audit->has_32)
        return "this Windows has 32-bit programs alone";
    return NULL;
}

static bool absent_passes(const struct check *check, char is[SETTING_TEXT_SIZE])
{
    DWORD value;
    if (!check->group || !power_scheme_read(check->group, check->time, &value))
        return check->absent_passes;
    snprintf(is, SETTING_TEXT_SIZE, "not set, and %lu in the active power scheme", value);
    return value == check->setting.number;
}

static bool passes(const struct audit *audit, const struct check *check, char is[SETTING_TEXT_SIZE])
{
    enum setting_state state = setting_read(&check->setting, audit->user, is);
    return state == SETTING_AS_WANTED || (state == SETTING_ABSENT && absent_passes(check, is));
}

/* Writes a setting and reads it again: a policy, or another view of the registry, may hide what was written. */
static void fix(const struct audit *audit, const struct check *check, const char *name, const char *was)
{
    char now[SETTING_TEXT_SIZE], reason[REASON_SIZE];
    DWORD code = setting_write(&check->setting, audit->user);
    if (code)
        findings_add(audit->findings, FINDING_FAIL, check->name, "%s is %s and could not be set: %s%s", name, was,
                     windows_reason(code, reason),
                     code == ERROR_ACCESS_DENIED ? ": an administrator's console is needed" : "");
    else if (!passes(audit, check, now))
        findings_add(audit->findings, FINDING_FAIL, check->name, "%s was %s, was set, and is %s", name, was, now);
    else
        findings_add(audit->findings, FINDING_FIXED, check->name, "%s: %s -> %s%s%s", name, was, now,
                     check->from ? ", in force " : "", check->from ? check->from : "");
}

static void examine(const struct audit *audit, const struct check *check)
{
    char name[SETTING_TEXT_SIZE], is[SETTING_TEXT_SIZE], wanted[SETTING_TEXT_SIZE];
    const char *obstacle = not_here(audit, check);
    setting_name(&check->setting, name);
    setting_wanted(&check->setting, wanted);
    if (obstacle)
        findings_add(audit->findings, FINDING_SKIP, check->name, "%s: %s", name, obstacle);
    else if (passes(audit, check, is))
        findings_add(audit->findings, FINDING_PASS, check->name, "%s is %s", name, is);
    else if (audit->fix && !check->remedy)
        fix(audit, check, name, is);
    else
        findings_add(audit->findings, FINDING_FAIL, check->name, "%s is %s instead of %s: %s%s%s", name, is, wanted,
                     check->why, check->remedy ? "; " : "", check->remedy ? check->remedy : "");
}

/* ---- all of them ---- */

static int open_user(const struct os_identity *user, HKEY *key, struct error *err)
{
    *key = NULL;
    if (!user)
        return 0;
    int status = os_identity_enter(user, err);
    if (status)
        return status;
    LSTATUS code = RegOpenCurrentUser(KEY_READ, key);
    os_identity_leave(user);
    return code ? windows_error(err, (DWORD)code, "could not open the user's part of the registry") : 0;
}

int os_audit(const struct os_identity *user, bool fix, struct findings *findings, struct error *err)
{
    SYSTEM_INFO system;
    struct audit audit = {.findings = findings, .fix = fix};
    int status = open_user(user, &audit.user, err);
    if (status)
        return status;
    GetNativeSystemInfo(&system);
    audit.has_32 = system.wProcessorArchitecture != PROCESSOR_ARCHITECTURE_INTEL;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        examine(&audit, &checks[i]);
    if (audit.user)
        RegCloseKey(audit.user);
    return 0;
}
