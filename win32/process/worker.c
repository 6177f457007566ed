/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/worker.h"
#include "platform/process.h"
#include "platform/service.h"
#include "win32/process/session_process.h"
#include "win32/file/path.h"
#include "win32/process/duplex.h"
#include "win32/process/spawn.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>

/* Of a service it is in the session at the console; else a child as any other. */
struct os_worker {
    HANDLE process, pipe; /* owned */
    struct session_process in_session;
    bool is_in_session, connected;
    bool asked; /* and has not answered yet */
};

/* Returns 0, or the code of the failure. */
static DWORD worker_spawn(HANDLE *process, wchar_t *path, const wchar_t *argument, HANDLE pipe)
{
    size_t size = wcslen(path) + wcslen(argument) + 8;
    wchar_t *line = calloc(size, sizeof *line);
    if (!line)
        return ERROR_NOT_ENOUGH_MEMORY;
    _snwprintf(line, size - 1, L"\"%ls\" %ls", path, argument);
    /* No window of its own: it is what the screen is looked at with. */
    struct spawn how = {.application = path,
                        .command_line = line,
                        .standard = {pipe, pipe, spawn_own_handle(2, false)},
                        .flags = CREATE_NO_WINDOW};
    DWORD code = spawn_process(&how, process);
    free(line);
    return code;
}

static DWORD worker_start_child(struct os_worker *worker, wchar_t *path, const wchar_t *argument)
{
    HANDLE ends[2];
    DWORD code = pipe_open(ends);
    if (code)
        return code;
    code = worker_spawn(&worker->process, path, argument, ends[1]);
    CloseHandle(ends[1]);
    if (code)
        CloseHandle(ends[0]);
    else
        worker->pipe = ends[0];
    return code;
}

static int worker_start(struct os_worker *worker, wchar_t *path, const wchar_t *argument, struct error *err)
{
    worker->is_in_session = os_service_is_one();
    if (worker->is_in_session) {
        int status = session_process_start(&worker->in_session, path, argument, err);
        worker->process = worker->in_session.process;
        worker->pipe = worker->in_session.pipe;
        return status;
    }
    DWORD code = worker_start_child(worker, path, argument);
    return code ? windows_error(err, code, "could not start the capture worker") : 0;
}

int os_worker_start(struct os_worker **out, const char *argument, struct error *err)
{
    wchar_t *path = NULL, *text = NULL;
    *out = NULL;
    struct os_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return error_set(err, ERR_NO_MEMORY, "no memory to start the capture worker");
    int status = path_of_self(&path, err);
    if (status == 0)
        status = utf16_from(&text, argument, err);
    if (status == 0)
        status = worker_start(worker, path, text, err);
    free(path);
    free(text);
    if (status)
        free(worker);
    else
        *out = worker;
    return status;
}

/* Waits until the worker of a service has opened its pipe. One that is elsewhere than the console is now has ended as far
   as the agent is concerned: another is started. */
static int worker_reach(struct os_worker *worker, int64_t deadline_ms, struct error *err)
{
    if (!session_process_is_current(&worker->in_session))
        return error_set(err, ERR_CLOSED, "the session at the console has changed");
    if (worker->connected)
        return 0;
    DWORD code = pipe_accept(worker->pipe, worker->process, worker->in_session.pid, deadline_ms);
    worker->connected = code == 0;
    if (code == 0)
        return 0;
    if (code == WAIT_TIMEOUT)
        return error_set(err, ERR_TIMEOUT, "the capture worker did not come up in time");
    if (code == ERROR_BROKEN_PIPE)
        return error_set(err, ERR_UNAVAILABLE, "the capture worker ended as soon as it was started");
    return windows_error(err, code, "the capture worker did not take its pipe");
}

int os_worker_write(struct os_worker *worker, const void *bytes, size_t len, int64_t deadline_ms, struct error *err)
{
    worker->asked = true;
    if (worker->is_in_session) {
        int reached = worker_reach(worker, deadline_ms, err);
        if (reached)
            return reached;
    }
    int status = pipe_write(worker->pipe, bytes, len, deadline_ms, "the capture worker ended", err);
    return status == ERR_TIMEOUT ? error_set(err, ERR_TIMEOUT, "the capture worker takes no request") : status;
}

int os_worker_read(struct os_worker *worker, void *bytes, size_t max, int64_t deadline_ms, struct error *err)
{
    int got = pipe_read(worker->pipe, bytes, max, deadline_ms, "the capture worker ended", err);
    if (got > 0)
        worker->asked = false;
    if (got > 0 && worker->is_in_session)
        session_process_answered();
    return got == ERR_TIMEOUT ? error_set(err, ERR_TIMEOUT, "the capture worker did not answer in time") : got;
}

void os_process_waits_in(uint64_t pid, char *text, size_t size)
{
    (void)pid;
    if (size > 0)
        *text = 0;
}

void os_worker_stuck_in(struct os_worker *worker, char *text, size_t size)
{
    (void)worker;
    os_process_waits_in(0, text, size);
}

/* Reports one that was asked and ended by itself: the next may do the same. */
static void worker_report_failure(const struct os_worker *worker)
{
    DWORD code;
    if (worker->asked && WaitForSingleObject(worker->process, 0) == WAIT_OBJECT_0 &&
        GetExitCodeProcess(worker->process, &code) && code != 0)
        session_process_failed(code);
}

void os_worker_stop(struct os_worker *worker)
{
    if (!worker)
        return;
    if (worker->is_in_session)
        worker_report_failure(worker);
    TerminateProcess(worker->process, 1);
    CloseHandle(worker->process);
    CloseHandle(worker->pipe);
    free(worker);
}
