/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the service control manager and the agent. */
#include "platform/service.h"
#include "win32/service/event_log.h"
#include "win32/service/relay.h"
#include "win32/service/service_name.h"
#include "win32/file/path.h"
#include "win32/service/service.h"
#include "win32/user/session.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef SERVICE_ACCEPT_PRESHUTDOWN
#define SERVICE_ACCEPT_PRESHUTDOWN 0x100
#define SERVICE_CONTROL_PRESHUTDOWN 0xf
#endif
#define START_HINT_MS 30000
#define STOP_HINT_MS 20000

/* Set before the manager knows of the service; then each status is reported by one thread at a time: the one that starts
   until it is ready, the manager's once it requested a stop, and the first again after that. */
static struct {
    const struct os_service_program *program;
    SERVICE_STATUS_HANDLE handle; /* NULL without a manager */
    bool managed;                 /* the manager started this process */
    int exit_status;
    atomic_bool machine_ends; /* the manager told this process so */
} service;

static void service_report(DWORD state, DWORD hint_ms)
{
    SERVICE_STATUS status = {
        .dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = state, .dwWaitHint = hint_ms};
    if (state == SERVICE_RUNNING)
        status.dwControlsAccepted =
            SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN | SERVICE_ACCEPT_SESSIONCHANGE;
    if (state == SERVICE_STOPPED && service.exit_status) {
        status.dwWin32ExitCode = ERROR_SERVICE_SPECIFIC_ERROR;
        status.dwServiceSpecificExitCode = (DWORD)service.exit_status;
    }
    if (SetServiceStatus(service.handle, &status) || GetLastError() != ERROR_INVALID_PARAMETER)
        return;
    status.dwControlsAccepted &= ~(DWORD)SERVICE_ACCEPT_PRESHUTDOWN; /* before Vista */
    SetServiceStatus(service.handle, &status);
}

static void service_stop(void)
{
    service.program->stop(service.program->context);
}

static void service_stop_or_forward(void)
{
    service_report(SERVICE_STOP_PENDING, STOP_HINT_MS);
    if (!relay_forward_stop())
        service_stop();
}

/* Tells the manager of success alone: a service that ends without a word is taken for the failure that it is. */
void service_end(DWORD exit_code)
{
    if (exit_code == 0)
        service_report(SERVICE_STOPPED, 0);
    ExitProcess(exit_code);
}

/* As WTS_* numbers them. */
static const char *const session_events[] = {"",
                                             "is at the console now",
                                             "is not at the console now",
                                             "is connected from afar",
                                             "is disconnected",
                                             "logged on",
                                             "logged off",
                                             "locked",
                                             "unlocked"};

static void note_session(DWORD event, const WTSSESSION_NOTIFICATION *about)
{
    char text[96];
    bool known = event < sizeof session_events / sizeof session_events[0];
    session_changed();
    snprintf(text, sizeof text, "session %lu: %s", about->dwSessionId, known ? session_events[event] : "changed");
    service.program->note(service.program->context, text);
}

static DWORD WINAPI on_control(DWORD control, DWORD event, void *data, void *context)
{
    (void)context;
    switch (control) {
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    case SERVICE_CONTROL_SHUTDOWN:
    case SERVICE_CONTROL_PRESHUTDOWN:
        atomic_store(&service.machine_ends, true);
        relay_note_machine_ends();
        service_stop_or_forward();
        return NO_ERROR;
    case SERVICE_CONTROL_STOP:
        service_stop_or_forward();
        return NO_ERROR;
    case SERVICE_CONTROL_SESSIONCHANGE:
        note_session(event, data);
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

static void WINAPI service_main(DWORD argc, LPWSTR *argv)
{
    (void)argc;
    (void)argv;
    service.handle = RegisterServiceCtrlHandlerExW(SERVICE_NAME, on_control, NULL);
    if (!service.handle)
        return;
    service_report(SERVICE_START_PENDING, START_HINT_MS);
    service.exit_status = service.program->main(service.program->context);
    service_report(SERVICE_STOPPED, 0);
}

/* Enters the executable's folder. Services start in the system's folder, where nothing of ours belongs. */
static int enter_own_folder(struct error *err)
{
    wchar_t *path;
    int status = path_of_self(&path, err);
    if (status)
        return status;
    path[path_folder_len(path)] = 0;
    if (!SetCurrentDirectoryW(path))
        status = windows_error(err, GetLastError(), "could not enter the executable's folder");
    free(path);
    return status;
}

int os_service_run(const struct os_service_program *program, bool managed, struct error *err)
{
    wchar_t name[] = SERVICE_NAME;
    const SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};
    service.program = program;
    if (!managed)
        return program->main(program->context);
    int status = enter_own_folder(err);
    if (status)
        return status;
    service.managed = true;
    if (StartServiceCtrlDispatcherW(table))
        return service.exit_status;
    DWORD code = GetLastError();
    return code == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT
               ? error_set(err, ERR_INVALID, "--service: only the service control manager starts a service")
               : windows_error(err, code, "could not be a service");
}

/* The service control manager looks only at the process. */
int os_service_patience_ms(void)
{
    return 0;
}

void os_service_is_alive(void) {}

void os_service_on_end(void (*ending)(void *context), void *context)
{
    (void)ending;
    (void)context;
}

bool os_service_machine_ends(void)
{
    return atomic_load(&service.machine_ends) || relay_machine_ends();
}

bool os_service_is_one(void)
{
    return service.managed || relay_is_adopted();
}

void os_service_ready(const char *text)
{
    struct error err;
    if (!os_service_is_one())
        return;
    if (service.handle)
        service_report(SERVICE_RUNNING, 0);
    else if (relay_watch_stop(service_stop, &err))
        event_log_write(true, err.text);
    event_log_write(false, text);
}

void os_service_failed(const char *text)
{
    if (os_service_is_one())
        event_log_write(true, text);
}
