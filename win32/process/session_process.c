/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/process/session_process.h"
#include "platform/clock.h"
#include "win32/process/environment.h"
#include "win32/process/duplex.h"
#include "win32/user/session.h"
#include "win32/process/spawn.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define BACK_OFF_MS 250 /* before the third start; the second comes at once */
#define BACK_OFF_MAX_MS 30000
#define VARIABLE_SIZE 256 /* bytes */

static atomic_uint failures; /* in a row */
static atomic_ulong last_exit_code;
static atomic_llong not_before_ms;

void session_process_answered(void)
{
    atomic_store(&failures, 0);
    atomic_store(&not_before_ms, 0);
}

void session_process_failed(DWORD exit_code)
{
    unsigned before = atomic_fetch_add(&failures, 1);
    int64_t delay_ms = BACK_OFF_MAX_MS;
    if (before < 8)
        delay_ms = before ? (int64_t)BACK_OFF_MS << (before - 1) : 0;
    atomic_store(&last_exit_code, exit_code);
    atomic_store(&not_before_ms, os_deadline(delay_ms < BACK_OFF_MAX_MS ? delay_ms : BACK_OFF_MAX_MS));
}

static int check_back_off(struct error *err)
{
    int64_t left = atomic_load(&not_before_ms) ? os_time_left(atomic_load(&not_before_ms)) : 0;
    if (left == 0)
        return 0;
    return error_set(err, ERR_UNAVAILABLE,
                     "the capture worker failed %u times in a row (the last time with 0x%08lx): it is not started "
                     "again for %lld ms",
                     atomic_load(&failures), atomic_load(&last_exit_code), (long long)left);
}

/* Adds the pipe's name to the environment: it is for the process alone, so it is no argument, which all may read. */
static wchar_t *make_environment(HANDLE token, const wchar_t *pipe_name)
{
    char variable[VARIABLE_SIZE];
    const char *const changes[] = {variable, NULL};
    wchar_t *block = NULL, *base = session_environment(token);
    int len = snprintf(variable, sizeof variable, "%ls=%ls", SESSION_PROCESS_PIPE, pipe_name);
    if (len < 0 || (size_t)len >= sizeof variable || environment_build(&block, base, changes, NULL))
        block = NULL;
    free(base);
    return block;
}

static DWORD session_process_spawn(struct session_process *process, HANDLE token, wchar_t *path,
                                   const wchar_t *argument, const wchar_t *pipe_name)
{
    PROCESS_INFORMATION info;
    size_t size = wcslen(path) + wcslen(argument) + 8;
    wchar_t *line = calloc(size, sizeof *line);
    struct spawn how = {.application = path,
                        .command_line = line,
                        .environment = make_environment(token, pipe_name),
                        .token = token,
                        .flags = CREATE_NO_WINDOW};
    DWORD code = ERROR_NOT_ENOUGH_MEMORY;
    if (line && how.environment) {
        _snwprintf(line, size - 1, L"\"%ls\" %ls", path, argument);
        code = spawn(&how, &info);
    }
    free(line);
    free(how.environment);
    if (code)
        return code;
    CloseHandle(info.hThread);
    process->process = info.hProcess;
    process->pid = info.dwProcessId;
    return 0;
}

static DWORD session_process_listen_and_spawn(struct session_process *process, wchar_t *path, const wchar_t *argument)
{
    wchar_t name[PIPE_NAME_SIZE];
    HANDLE token;
    DWORD code = session_own_token(process->session, &token);
    if (code)
        return code;
    code = pipe_listen(&process->pipe, name);
    if (code == 0) {
        code = session_process_spawn(process, token, path, argument, name);
        if (code)
            CloseHandle(process->pipe);
    }
    CloseHandle(token);
    return code;
}

int session_process_start(struct session_process *process, wchar_t *path, const wchar_t *argument, struct error *err)
{
    char what[96];
    int status = check_back_off(err);
    if (status)
        return status;
    process->generation = session_generation();
    if (!session_of_console(&process->session))
        return error_set(err, ERR_UNAVAILABLE, "no-session: there is no session at the console just now");
    DWORD code = session_process_listen_and_spawn(process, path, argument);
    if (code == 0)
        return 0;
    session_process_failed(code);
    snprintf(what, sizeof what, "could not start the capture worker in session %lu", process->session);
    return windows_error(err, code, what);
}

bool session_process_is_current(const struct session_process *process)
{
    DWORD session;
    return process->generation == session_generation() && session_of_console(&session) && session == process->session;
}
