/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --install, --uninstall and --status, by the service control manager's own functions. */
#include "platform/clock.h"
#include "platform/service.h"
#include "win32/service/autologon.h"
#include "win32/process/command_line.h"
#include "win32/service/event_log.h"
#include "win32/service/firewall.h"
#include "win32/file/path.h"
#include "win32/service/service_name.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdlib.h>

#define COMMAND_MAX (1u << 20) /* bytes */
#define CHANGE_MS 60000        /* for the service to come up, or to end */
#define POLL_MS 100
#define DESCRIPTION L"Runs tests for a host and takes pictures of the screen."

/* Restarted one, five and thirty seconds after it died; a day without is a new beginning. */
#define FORGET_S 86400
static SC_ACTION on_failure[] = {{SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}};

/* ---- the manager ---- */

static int manager_failure(DWORD code, const char *what, struct error *err)
{
    if (code == ERROR_ACCESS_DENIED)
        return error_set(err, ERR_DENIED, "%s: Permission denied: an administrator's console is needed", what);
    return windows_error(err, code, what);
}

static int open_manager(SC_HANDLE *out, DWORD access, struct error *err)
{
    *out = OpenSCManagerW(NULL, NULL, access);
    return *out ? 0 : manager_failure(GetLastError(), "could not reach the service control manager", err);
}

static int open_service(SC_HANDLE *out, DWORD access, struct error *err)
{
    SC_HANDLE manager;
    *out = NULL;
    int status = open_manager(&manager, SC_MANAGER_CONNECT, err);
    if (status)
        return status;
    *out = OpenServiceW(manager, SERVICE_NAME, access);
    DWORD code = GetLastError();
    CloseServiceHandle(manager);
    if (*out)
        return 0;
    if (code == ERROR_SERVICE_DOES_NOT_EXIST)
        return error_set(err, ERR_NOT_FOUND, "the service is not installed");
    return manager_failure(code, "could not open the service", err);
}

/* Waits for a state that is none of the passing ones and returns it; at the deadline the last one seen. */
static DWORD wait_for_state(SC_HANDLE service, DWORD passing, SERVICE_STATUS_PROCESS *status)
{
    DWORD size;
    int64_t deadline = os_deadline(CHANGE_MS);
    while (QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)status, sizeof *status, &size)) {
        if (status->dwCurrentState != passing || os_time_left(deadline) == 0)
            return 0;
        os_sleep_ms(POLL_MS);
    }
    return GetLastError();
}

/* ---- installing ---- */

/* Builds the command of the service, with the path in quotes, so that no other program can be meant by a part of it. */
static int build_command(wchar_t **out, const wchar_t *path, const char *const *argv, struct error *err)
{
    struct buffer text;
    size_t count = 0;
    while (argv[count])
        count++;
    const char **list = calloc(count + 1, sizeof *list);
    char *self = utf8_from(path);
    int status = list && self ? 0 : ERR_NO_MEMORY;
    buffer_init(&text, COMMAND_MAX);
    if (status == 0) {
        for (size_t i = 0; i < count; i++)
            list[i] = i ? argv[i] : self;
        command_line_build(&text, list);
        status = text.failed ? ERR_NO_MEMORY : utf16_from(out, (const char *)text.data, NULL);
    }
    buffer_deinit(&text);
    free(list);
    free(self);
    return status ? error_set(err, status, "could not build the service's command line") : 0;
}

/* Creates the service, or gives the existing one the new command line. */
static DWORD install_create_service(SC_HANDLE manager, SC_HANDLE *service, const wchar_t *command)
{
    *service = CreateServiceW(manager, SERVICE_NAME, SERVICE_TITLE, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                              SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL, NULL);
    if (*service)
        return 0;
    if (GetLastError() != ERROR_SERVICE_EXISTS)
        return GetLastError();
    *service = OpenServiceW(manager, SERVICE_NAME, SERVICE_ALL_ACCESS);
    if (*service && ChangeServiceConfigW(*service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL,
                                         command, NULL, NULL, NULL, NULL, NULL, SERVICE_TITLE))
        return 0;
    return GetLastError();
}

static void install_report_failure(struct strlist *report, const char *what, DWORD code)
{
    char text[REASON_SIZE];
    if (code)
        strlist_addf(report, "warning: %s: %s", what, windows_reason(code, text));
}

/* Sets all that a service can do without. */
static void configure(SC_HANDLE service, struct strlist *report)
{
    wchar_t text[] = DESCRIPTION;
    SERVICE_DESCRIPTIONW description = {text};
    SERVICE_FAILURE_ACTIONSW actions = {
        .dwResetPeriod = FORGET_S, .cActions = sizeof on_failure / sizeof on_failure[0], .lpsaActions = on_failure};
    SERVICE_FAILURE_ACTIONS_FLAG flag = {TRUE}; /* also when it says itself that it failed; since Vista */
    ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &description);
    install_report_failure(report, "the service will not be restarted when it fails",
                           ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &actions) ? 0
                                                                                                    : GetLastError());
    ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag);
    install_report_failure(report, "the event log has no source for the service", event_log_register());
}

static int create_service(SC_HANDLE *service, const wchar_t *command, struct error *err)
{
    SC_HANDLE manager;
    int status = open_manager(&manager, SC_MANAGER_CREATE_SERVICE | SC_MANAGER_CONNECT, err);
    if (status)
        return status;
    DWORD code = install_create_service(manager, service, command);
    CloseServiceHandle(manager);
    if (code == 0)
        return 0;
    if (*service)
        CloseServiceHandle(*service);
    *service = NULL;
    return manager_failure(code, "could not install the service", err);
}

/* Starts the service, again while the system starts its own ones: meanwhile it starts no other. */
static DWORD start_when_possible(SC_HANDLE service)
{
    int64_t deadline = os_deadline(CHANGE_MS);
    for (;;) {
        DWORD code = StartServiceW(service, 0, NULL) ? 0 : GetLastError();
        if (code != ERROR_SERVICE_DATABASE_LOCKED || os_time_left(deadline) == 0)
            return code;
        os_sleep_ms(POLL_MS);
    }
}

static int install_start_service(SC_HANDLE service, struct error *err)
{
    SERVICE_STATUS_PROCESS now = {.dwCurrentState = SERVICE_STOPPED};
    DWORD code = start_when_possible(service);
    if (code == ERROR_SERVICE_ALREADY_RUNNING)
        return 0;
    if (code == 0)
        code = wait_for_state(service, SERVICE_START_PENDING, &now);
    if (code)
        return windows_error(err, code, "the service is installed, but could not be started");
    if (now.dwCurrentState == SERVICE_RUNNING)
        return 0;
    return error_set(err, ERR_SYSTEM, "the service is installed, but does not run: see the event log");
}

static void install_allow_firewall(const wchar_t *path, struct strlist *report)
{
    struct error reason;
    if (firewall_allow(path, &reason))
        strlist_addf(report, "warning: the firewall may keep hosts away: %s", reason.text);
    else
        strlist_add(report, "the firewall lets hosts reach the agent");
}

static int install_service(const wchar_t *path, const struct os_service_settings *settings, struct strlist *report,
                           struct error *err)
{
    wchar_t *command;
    SC_HANDLE service = NULL;
    int status = build_command(&command, path, settings->argv, err);
    if (status)
        return status;
    if (settings->autologon)
        status = autologon_set(settings->autologon, report, err);
    if (status == 0)
        status = create_service(&service, command, err);
    free(command);
    if (status)
        return status;
    configure(service, report);
    strlist_add(report, "the service is installed");
    install_allow_firewall(path, report);
    status = install_start_service(service, err);
    if (status == 0)
        strlist_add(report, "the service runs");
    CloseServiceHandle(service);
    return status;
}

int os_service_install(const struct os_service_settings *settings, struct strlist *report, struct error *err)
{
    wchar_t *path;
    int status = path_of_self(&path, err);
    if (status)
        return status;
    status = install_service(path, settings, report, err);
    free(path);
    return status;
}

/* ---- and back ---- */

static int install_stop_service(SC_HANDLE service, struct error *err)
{
    SERVICE_STATUS ignored;
    SERVICE_STATUS_PROCESS now = {.dwCurrentState = SERVICE_STOPPED};
    DWORD code = ControlService(service, SERVICE_CONTROL_STOP, &ignored) ? 0 : GetLastError();
    if (code == ERROR_SERVICE_NOT_ACTIVE)
        return 0;
    if (code == 0)
        code = wait_for_state(service, SERVICE_STOP_PENDING, &now);
    if (code)
        return windows_error(err, code, "could not end the service");
    return now.dwCurrentState == SERVICE_STOPPED
               ? 0
               : error_set(err, ERR_TIMEOUT, "the service did not end within %d ms", CHANGE_MS);
}

static void install_remove_rest(struct strlist *report)
{
    struct error reason;
    wchar_t *path;
    install_report_failure(report, "the event log's source is still there", event_log_unregister());
    if (path_of_self(&path, &reason) == 0) {
        if (firewall_forget(path, &reason))
            strlist_addf(report, "warning: the firewall's rule is still there: %s", reason.text);
        free(path);
    }
}

int os_service_uninstall(struct strlist *report, struct error *err)
{
    SC_HANDLE service;
    int status = open_service(&service, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE, err);
    if (status)
        return status;
    status = install_stop_service(service, err);
    if (status == 0 && !DeleteService(service))
        status = windows_error(err, GetLastError(), "could not remove the service");
    CloseServiceHandle(service);
    if (status)
        return status;
    install_remove_rest(report);
    strlist_add(report, "the service is removed");
    return 0;
}

/* ---- and what is there ---- */

static void install_report_command(SC_HANDLE service, struct strlist *report)
{
    DWORD size = 0;
    QueryServiceConfigW(service, NULL, 0, &size);
    QUERY_SERVICE_CONFIGW *config = size ? calloc(1, size) : NULL;
    if (config && QueryServiceConfigW(service, config, size, &size)) {
        char *command = utf8_from(config->lpBinaryPathName);
        strlist_addf(report, "command %s", command ? command : "?");
        strlist_addf(report, "start %s", config->dwStartType == SERVICE_AUTO_START ? "automatic" : "not automatic");
        free(command);
    }
    free(config);
}

static int install_report_state(const SERVICE_STATUS_PROCESS *now, struct strlist *report, struct error *err)
{
    static const char *const states[] = {"?",       "stopped",    "starting", "stopping",
                                         "running", "continuing", "pausing",  "paused"};
    bool known = now->dwCurrentState < sizeof states / sizeof states[0];
    strlist_addf(report, "state %s", known ? states[now->dwCurrentState] : "?");
    if (now->dwProcessId)
        strlist_addf(report, "pid %lu", now->dwProcessId);
    if (now->dwCurrentState == SERVICE_RUNNING)
        return 0;
    return error_set(err, ERR_UNAVAILABLE, "the service does not run (%lu, %lu)", now->dwWin32ExitCode,
                     now->dwServiceSpecificExitCode);
}

int os_service_status(struct strlist *report, struct error *err)
{
    SC_HANDLE service;
    SERVICE_STATUS_PROCESS now;
    DWORD size;
    int status = open_service(&service, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG, err);
    if (status)
        return status;
    install_report_command(service, report);
    if (QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&now, sizeof now, &size))
        status = install_report_state(&now, report, err);
    else
        status = windows_error(err, GetLastError(), "could not ask for the service's state");
    CloseServiceHandle(service);
    return status;
}
