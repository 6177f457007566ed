/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/clock.h"
#include "platform/process_table.h"
#include "win32/process/process.h"
#include "win32/file/file.h"
#include "win32/user/identity.h"
#include "win32/file/path.h"
#include "win32/process/command.h"
#include "win32/process/pipe.h"
#include "win32/process/pty.h"
#include "win32/process/spawn.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define UNITS_PER_MS 10000 /* of a FILETIME */

/* As an upgrade hands it over. */
enum end { RUNS = OS_PROCESS_RUNS, EXITED = OS_PROCESS_EXITED, LOST = OS_PROCESS_LOST };

struct os_process {
    HANDLE handle; /* owned; while it is open the pid is nobody else's. NULL: it had ended before this agent began */
    DWORD pid;
    uint64_t start, ended; /* ended: 0 while that is not known */
    atomic_int end;        /* an enum end; asked by those that end the process too */
    uint32_t status;       /* of one that is lost: Windows' code, 0 if no agent has seen its end */
};

/* ---- redirections ---- */

/* Opens a redirection; *out stays NULL for "keep the agent's own". */
static int open_redirection(HANDLE *out, const char *path, bool reading, bool append, struct error *err)
{
    wchar_t *full;
    const char *purpose = reading ? "reading" : "writing";
    if (!path || !*path)
        return 0;
    int status = path_from(&full, path, true, err);
    if (status)
        return error_prefix(err, status, "unable to open '%s' for %s", path, purpose);
    /* Opened for append, so that both outputs may be one file. */
    DWORD access = reading ? GENERIC_READ : FILE_GENERIC_WRITE & ~(DWORD)FILE_WRITE_DATA;
    DWORD creation = reading ? OPEN_EXISTING : append ? OPEN_ALWAYS : CREATE_ALWAYS;
    HANDLE handle = CreateFileW(full, access, SHARE_ALL, NULL, creation, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD code = GetLastError();
    free(full);
    if (handle == INVALID_HANDLE_VALUE)
        return error_set(err, windows_status(code), "unable to open '%s' for %s: %lu", path, purpose, code);
    *out = handle;
    return 0;
}

static int take_pipe(HANDLE *out, const struct os_pipe *pipe, struct error *err)
{
    *out = pipe_child_end(pipe);
    return *out ? 0 : windows_error(err, GetLastError(), "could not give a program its pipe");
}

static void process_close_all(HANDLE handles[3])
{
    for (int i = 0; i < 3; i++)
        if (handles[i])
            CloseHandle(handles[i]);
}

static int open_redirections_as_agent(HANDLE handles[3], const struct os_process_spec *spec, struct error *err)
{
    handles[0] = handles[1] = handles[2] = NULL;
    const char *const files[3] = {spec->in, spec->out, spec->err};
    const bool append[3] = {false, spec->append_out, spec->append_err};
    int status = 0;
    for (int i = 0; i < 3 && status == 0; i++)
        status = spec->pipes[i] ? take_pipe(&handles[i], spec->pipes[i], err)
                                : open_redirection(&handles[i], files[i], i == 0, append[i], err);
    if (status)
        process_close_all(handles);
    return status;
}

/* Opens the redirections with the rights of who the program runs as: a service may write where that user may not. */
static int open_redirections(HANDLE handles[3], const struct os_process_spec *spec, struct error *err)
{
    int status = os_identity_enter(spec->as, err);
    if (status)
        return error_prefix(err, status, "could not run '%s'", spec->argv[0]);
    status = open_redirections_as_agent(handles, spec, err);
    os_identity_leave(spec->as);
    return status;
}

/* Chooses a child's standard handles. One that has none of the agent's gets its console's; in a mixture a missing one
   is NUL. */
static void choose_standard(HANDLE standard[3], const HANDLE redirected[3], HANDLE null, bool shares_console)
{
    bool any = false;
    for (int i = 0; i < 3; i++) {
        standard[i] = redirected[i] ? redirected[i] : spawn_own_handle(i, shares_console);
        any |= standard[i] != NULL;
    }
    for (int i = 0; i < 3 && any; i++)
        if (!standard[i])
            standard[i] = null;
}

/* ---- starting ---- */

static atomic_bool frozen;

static bool has_console(void)
{
    HANDLE screen = CreateFileW(L"CONOUT$", GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    return screen != INVALID_HANDLE_VALUE && CloseHandle(screen);
}

/* Chooses the console. As testagentd's children, a test shares the agent's: a new one is a window in front of the test's
   own. Who runs as the user of another session can't share it. */
static DWORD console_flags(const struct os_process_spec *spec)
{
    switch (spec->console) {
    case OS_PROCESS_CONSOLE_NEW:
        return CREATE_NEW_CONSOLE;
    case OS_PROCESS_CONSOLE_NONE:
        return DETACHED_PROCESS;
    default:
        return identity_token(spec->as) || !has_console() ? CREATE_NO_WINDOW : 0;
    }
}

static DWORD process_start(struct os_process *process, const struct command *command,
                           const struct os_process_spec *spec, const HANDLE redirected[3], HANDLE terminal,
                           HANDLE *thread)
{
    PROCESS_INFORMATION info;
    DWORD console = terminal ? 0 : console_flags(spec);
    struct spawn how = {.application = command->application,
                        .command_line = command->line,
                        .environment = command->environment,
                        .folder = command->folder,
                        .console = terminal,
                        .token = identity_token(spec->as),
                        /* Not the agent's error mode: a test asks for its own. */
                        .flags = console | CREATE_SUSPENDED | CREATE_DEFAULT_ERROR_MODE};
    HANDLE null = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (!terminal)
        choose_standard(how.standard, redirected, null == INVALID_HANDLE_VALUE ? NULL : null, console == 0);
    DWORD code = spawn(&how, &info);
    if (null != INVALID_HANDLE_VALUE)
        CloseHandle(null);
    if (code)
        return code;
    *thread = info.hThread;
    *process = (struct os_process){.handle = info.hProcess, .pid = info.dwProcessId};
    process->start = process_start_time(info.hProcess);
    return 0;
}

/* Resumes the process once it is watched, so that its exit can't be missed. */
static int let_run(struct os_process *process, HANDLE thread, struct error *err)
{
    int status = process_watch_exit(process->handle, err);
    if (status == 0)
        ResumeThread(thread);
    else
        TerminateProcess(process->handle, 1);
    CloseHandle(thread);
    return status;
}

/* Starts the command; in a terminal once there is one, which it has then to itself. */
static int start_command(struct os_process *process, const struct command *command, const struct os_process_spec *spec,
                         const HANDLE redirected[3], struct error *err)
{
    HANDLE thread, terminal = NULL;
    int status = spec->terminal ? pty_open(spec->pipes[1], redirected, spec->as, &terminal, err) : 0;
    if (status)
        return error_prefix(err, status, "could not run '%s': its terminal", spec->argv[0]);
    DWORD code = process_start(process, command, spec, redirected, terminal, &thread);
    if (terminal)
        pty_begin(spec->pipes[1], terminal);
    return code ? command_failed(spec, code, err) : let_run(process, thread, err);
}

int os_process_spawn(struct os_process **out, const struct os_process_spec *spec, struct error *err)
{
    HANDLE redirected[3];
    struct command command = {0};
    *out = NULL;
    struct os_process *process = calloc(1, sizeof *process);
    if (!process)
        return command_failed(spec, ERROR_NOT_ENOUGH_MEMORY, err);
    int status = open_redirections(redirected, spec, err);
    if (status)
        goto fail;
    status = command_find(&command, spec, err);
    if (status == 0 && atomic_load(&frozen))
        status = error_set(err, ERR_UNAVAILABLE, "could not run '%s': the agent is about to become another executable",
                           spec->argv[0]);
    if (status == 0)
        status = start_command(process, &command, spec, redirected, err);
    command_deinit(&command);
    process_close_all(redirected);
    if (status)
        goto fail;
    *out = process;
    return 0;
fail:
    os_process_free(process);
    return status;
}

/* ---- afterwards ---- */

/* An exit needs no such care: the handles that the next agent inherits keep each status. */
void os_process_freeze(void)
{
    atomic_store(&frozen, true);
}

void os_process_thaw(void)
{
    atomic_store(&frozen, false);
}

/* Returns a time of a process: 0 its start, 1 its end. */
static uint64_t process_time(HANDLE process, int which)
{
    FILETIME times[2], kernel, user;
    if (!GetProcessTimes(process, &times[0], &times[1], &kernel, &user))
        return 0;
    return (uint64_t)times[which].dwHighDateTime << 32 | times[which].dwLowDateTime;
}

uint64_t process_start_time(HANDLE process)
{
    return process_time(process, 0);
}

static uint64_t process_end_time(HANDLE process)
{
    return process_time(process, 1);
}

uint64_t os_process_end_time(const struct os_process *process)
{
    if (process->end == RUNS)
        return 0;
    return process->ended ? process->ended : process->start;
}

void os_process_outlived(struct os_process *process)
{
    (void)process;
}

uint64_t os_process_time_at(int64_t boot_ms)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    uint64_t time = (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime;
    return time - (uint64_t)(os_boot_clock_ms() - boot_ms) * UNITS_PER_MS;
}

uint64_t os_process_pid(const struct os_process *process)
{
    return process->pid;
}

bool os_process_poll(struct os_process *process, uint32_t *status)
{
    DWORD code, waited = process->end == RUNS ? WaitForSingleObject(process->handle, 0) : WAIT_TIMEOUT;
    if (waited == WAIT_OBJECT_0 && GetExitCodeProcess(process->handle, &code)) {
        process->ended = process_end_time(process->handle);
        process->status = code; /* also 259, which GetExitCodeProcess() has for those that run: it has ended */
        process->end = EXITED;
    } else if (waited != WAIT_TIMEOUT) {
        process->status = GetLastError();
        process->end = LOST;
    }
    if (process->end != RUNS)
        *status = process->status;
    return process->end != RUNS;
}

uint64_t os_process_start_time(const struct os_process *process)
{
    return process->start;
}

int os_process_lost(const struct os_process *process, struct error *err)
{
    if (process->end == LOST && process->status == 0)
        return error_set(err, ERR_SYSTEM, "the agent that had started it ended before it");
    return process->end == LOST ? windows_error(err, process->status, NULL) : 0;
}

bool os_process_has_ended(const struct os_process *process)
{
    return process->end != RUNS || WaitForSingleObject(process->handle, 0) == WAIT_OBJECT_0;
}

int os_process_signal_child(const struct os_process *process, bool force, struct error *err)
{
    if (!force)
        return error_set(err, ERR_UNAVAILABLE, "it is only ended by force");
    if (os_process_has_ended(process) || TerminateProcess(process->handle, PROCESS_KILLED_STATUS))
        return 0;
    return windows_error(err, GetLastError(), NULL);
}

void os_process_free(struct os_process *process)
{
    if (!process)
        return;
    if (process->handle)
        CloseHandle(process->handle);
    free(process);
}

/* Makes the agent's next process inherit the handle: without it a status could not be had, since the children are not
   its own. */
void os_process_save(const struct os_process *process, struct buffer *out)
{
    SetHandleInformation(process->handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    buffer_printf(out, "%lu %llu %d %lu %llu %llu", process->pid, (unsigned long long)process->start, process->end,
                  (unsigned long)process->status, (unsigned long long)(uintptr_t)process->handle,
                  (unsigned long long)process->ended);
}

int os_process_adopt(struct os_process **out, const char *saved)
{
    unsigned long pid, status;
    unsigned long long start_time, value, ended = 0; /* the last of newer agents */
    int end;
    *out = NULL;
    if (sscanf(saved, "%lu %llu %d %lu %llu %llu", &pid, &start_time, &end, &status, &value, &ended) < 5 ||
        end < RUNS || end > LOST)
        return ERR_INVALID;
    HANDLE handle = (HANDLE)(uintptr_t)value;
    if (handle ? process_start_time(handle) != start_time /* not that process, or no process's handle at all */
               : end == RUNS)
        return ERR_INVALID;
    SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0);
    struct os_process *process = calloc(1, sizeof *process);
    if (!process || (end == RUNS && process_watch_exit(handle, NULL))) {
        free(process);
        return ERR_NO_MEMORY;
    }
    *process = (struct os_process){handle, pid, start_time, ended, end, (uint32_t)status};
    *out = process;
    return 0;
}

/* Opens a process that still runs, and watches it. */
static bool open_again(struct os_process *process)
{
    HANDLE handle = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_TERMINATE | SYNCHRONIZE, FALSE, process->pid);
    if (!handle)
        return false;
    if (process_start_time(handle) == process->start && process_watch_exit(handle, NULL) == 0) {
        process->handle = handle;
        return true;
    }
    CloseHandle(handle);
    return false;
}

struct os_process *os_process_recall(uint64_t pid, uint64_t start_time, enum os_process_end end, uint32_t status,
                                     uint64_t end_time)
{
    struct os_process *process = calloc(1, sizeof *process);
    if (!process)
        return NULL;
    *process = (struct os_process){NULL, (DWORD)pid, start_time, end_time, end, end == OS_PROCESS_EXITED ? status : 0};
    if (end == OS_PROCESS_RUNS && !open_again(process))
        process->end = LOST;
    return process;
}

struct os_process_id os_process_id(const struct os_process *process)
{
    return (struct os_process_id){process->pid, process->start, os_process_end_time(process)};
}
