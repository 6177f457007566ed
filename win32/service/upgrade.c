/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new process takes the port, the children's handles and the state; this one ends once that one is ready. What the
   two share is a section whose handle the new one inherits. */
#include "platform/upgrade.h"
#include "platform/arguments.h"
#include "platform/clock.h"
#include "platform/service.h"
#include "platform/upgrade_check.h"
#include "win32/process/command_line.h"
#include "win32/process/detach.h"
#include "win32/file/file.h"
#include "win32/service/service.h"
#include "win32/service/relay.h"
#include "win32/net/listener.h"
#include "win32/file/path.h"
#include "win32/process/duplex.h"
#include "win32/process/spawn.h"
#include "win32/text.h"
#include "win32/waker.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READY_MS 20000         /* for the new one to listen */
#define END_MS 2000            /* for one that was told to end */
#define STATE_MAX (64u << 20)  /* bytes */
#define OPTION_SIZE 48         /* bytes */
#define LINE_LIMIT (16u << 20) /* bytes */

int os_self_path(struct buffer *out, struct error *err)
{
    wchar_t *path;
    int status = path_of_self(&path, err);
    if (status)
        return status;
    char *text = utf8_from(path);
    free(path);
    if (!text || !buffer_append(out, text, strlen(text) + 1))
        status = error_set(err, ERR_NO_MEMORY, "no memory for the process filename");
    free(text);
    return status;
}

static int upgrade_build_line(wchar_t **out, const char *const *argv, struct error *err)
{
    struct buffer text;
    buffer_init(&text, LINE_LIMIT);
    command_line_build(&text, argv);
    int status = text.failed ? ERR_NO_MEMORY : utf16_from(out, (const char *)text.data, NULL);
    buffer_deinit(&text);
    if (status)
        return error_set(err, status, "unable to build the new command line");
    if (wcslen(*out) < COMMAND_LINE_MAX)
        return 0;
    free(*out);
    return error_set(err, ERR_LIMIT, "the new command line has more than %d characters", COMMAND_LINE_MAX - 1);
}

static int upgrade_path(wchar_t **out, const char *path, struct error *err)
{
    int status = path_from(out, path, false, err);
    return status ? error_prefix(err, status, "unable to start the new server: '%s'", path) : 0;
}

/* ---- the check ---- */

struct os_check {
    HANDLE process, pipe; /* owned */
};

static DWORD check_spawn(struct os_check *check, const wchar_t *path, wchar_t *line)
{
    HANDLE ends[2];
    HANDLE null = CreateFileW(L"NUL", GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (null == INVALID_HANDLE_VALUE)
        return GetLastError();
    DWORD code = pipe_open(ends);
    if (code == 0) {
        struct spawn how = {
            .application = path, .command_line = line, .standard = {null, ends[1], ends[1]}, .flags = CREATE_NO_WINDOW};
        code = spawn_process(&how, &check->process);
        CloseHandle(ends[1]);
        if (code)
            CloseHandle(ends[0]);
        else
            check->pipe = ends[0];
    }
    CloseHandle(null);
    return code;
}

/* Starts the executable by its full path: Windows recognises a program by the end of its name, and it may be named
   EXE.new. */
int os_check_start(struct os_check **out, const char *path, const char *const *argv, struct error *err)
{
    wchar_t *full, *line;
    *out = NULL;
    int status = upgrade_path(&full, path, err);
    if (status)
        return status;
    status = upgrade_build_line(&line, argv, err);
    if (status == 0) {
        struct os_check *check = malloc(sizeof *check);
        DWORD code = check ? check_spawn(check, full, line) : ERROR_NOT_ENOUGH_MEMORY;
        free(line);
        if (code == 0) {
            *out = check;
        } else {
            free(check);
            status = error_set(err, ERR_INVALID, "could not run '%s': %lu", path, code);
        }
    }
    free(full);
    return status;
}

int os_check_read(struct os_check *check, void *bytes, size_t max, int64_t deadline_ms)
{
    int got = pipe_read(check->pipe, bytes, max, deadline_ms, NULL, NULL);
    return got > 0 ? got : 0;
}

int64_t os_check_end(struct os_check *check, int64_t deadline_ms)
{
    DWORD status = WAIT_TIMEOUT;
    if (wait_for(&check->process, 1, deadline_ms) == WAIT_NONE)
        TerminateProcess(check->process, WAIT_TIMEOUT);
    else if (!GetExitCodeProcess(check->process, &status))
        status = GetLastError();
    CloseHandle(check->process);
    CloseHandle(check->pipe);
    free(check);
    return status;
}

/* ---- handing over ---- */

struct handover {
    uint64_t ready; /* the event's handle in the new process */
    uint64_t relay; /* what relay_adopt() takes */
    uint64_t state_len;
    struct listener_shared listener;
    char state[];
};

struct section {
    HANDLE handle; /* owned */
    struct handover *view;
};

static void section_close(struct section *section)
{
    if (section->view)
        UnmapViewOfFile(section->view);
    if (section->handle)
        CloseHandle(section->handle);
}

static bool section_make(struct section *section, struct slice state)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    if (state.len > STATE_MAX)
        return false;
    DWORD size = (DWORD)(sizeof *section->view + state.len);
    section->handle = CreateFileMappingW(INVALID_HANDLE_VALUE, &inherited, PAGE_READWRITE, 0, size, NULL);
    section->view = section->handle ? MapViewOfFile(section->handle, FILE_MAP_WRITE, 0, 0, size) : NULL;
    if (!section->view)
        return false;
    section->view->state_len = state.len;
    memcpy(section->view->state, state.data, state.len);
    return true;
}

static HANDLE make_inherited_event(void)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    return CreateEventW(&inherited, TRUE, FALSE, NULL);
}

/* Waits until it listens. Its own exit, or too long a silence, is a failure. */
static int wait_until_ready(HANDLE event, HANDLE process, struct error *err)
{
    DWORD code;
    HANDLE handles[] = {event, process};
    int first = wait_for(handles, 2, os_deadline(READY_MS));
    if (first == 0)
        return 0;
    if (first == 1 && GetExitCodeProcess(process, &code))
        return error_set(err, ERR_INVALID, "the new server ended with %lu (0x%08lx) before it listened", code, code);
    return error_set(err, ERR_TIMEOUT, "the new server does not listen after %d ms", READY_MS);
}

/* Starts the next agent, suspended until it can find its port. One that fails is ended. */
static int start_next(const wchar_t *path, wchar_t *line, struct os_listener *listener, struct section *section,
                      struct error *err)
{
    PROCESS_INFORMATION info;
    HANDLE event = (HANDLE)(uintptr_t)section->view->ready;
    struct spawn how = {.application = path,
                        .command_line = line,
                        .standard = {spawn_own_handle(0, true), spawn_own_handle(1, true), spawn_own_handle(2, true)},
                        .flags = CREATE_SUSPENDED,
                        .all_handles = true};
    DWORD code = spawn(&how, &info);
    if (code)
        return error_set(err, windows_status(code), "could not run the new server: %lu", code);
    int status = listener_share(listener, info.dwProcessId, &section->view->listener, err);
    if (status == 0) {
        ResumeThread(info.hThread);
        status = wait_until_ready(event, info.hProcess, err);
    }
    if (status) {
        TerminateProcess(info.hProcess, 1);
        WaitForSingleObject(info.hProcess, END_MS);
        listener_take_back(listener);
        relay_cancel();
    } else {
        DWORD exit_code;
        if (relay_hand_over(info.hProcess, &exit_code))
            service_end(exit_code);
    }
    CloseHandle(info.hThread);
    CloseHandle(info.hProcess);
    return status;
}

static int hand_over(const char *path, const char *const *argv, struct os_listener *listener, struct section *section,
                     struct error *err)
{
    char option[OPTION_SIZE];
    wchar_t *line, *full;
    snprintf(option, sizeof option, "--resume=%llu", (unsigned long long)(uintptr_t)section->handle);
    const char **list = os_arguments_with(argv[0], option, argv);
    int status = list ? upgrade_build_line(&line, list, err)
                      : error_set(err, ERR_NO_MEMORY, "unable to build the new command line");
    free(list);
    if (status)
        return status;
    status = upgrade_path(&full, path, err);
    if (status == 0) {
        status = start_next(full, line, listener, section, err);
        free(full);
    }
    free(line);
    return status;
}

int os_upgrade_exec(const char *path, const char *const *argv, struct os_listener *listener, struct slice state,
                    struct error *err)
{
    struct section section = {.handle = NULL};
    int status = 0;
    HANDLE event = make_inherited_event();
    if (!event || !section_make(&section, state)) {
        status = windows_error(err, GetLastError(), "unable to start the new server");
    } else {
        section.view->ready = (uintptr_t)event;
        section.view->relay = os_service_is_one() ? relay_prepare() : 0;
        status = hand_over(path, argv, listener, &section, err);
    }
    if (status == 0)
        ExitProcess(0);
    section_close(&section);
    if (event)
        CloseHandle(event);
    return status;
}

int os_upgrade_resume(const char *token, struct os_listener **listener, struct buffer *state, struct error *err)
{
    char *end;
    struct section section = {.handle = (HANDLE)(uintptr_t)strtoull(token, &end, 10)};
    MEMORY_BASIC_INFORMATION info;
    *listener = NULL;
    section.view = *end ? NULL : MapViewOfFile(section.handle, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    if (!section.view || VirtualQuery(section.view, &info, sizeof info) != sizeof info ||
        info.RegionSize < sizeof *section.view || section.view->state_len > info.RegionSize - sizeof *section.view)
        return error_set(err, ERR_INVALID, "--resume: '%s' is not what an upgrade hands over", token);
    detach_notify((HANDLE)(uintptr_t)section.view->ready);
    relay_adopt(section.view->relay);
    buffer_append(state, section.view->state, (size_t)section.view->state_len);
    buffer_append(state, "", 1);
    int status = state->failed ? error_set(err, ERR_NO_MEMORY, "no memory for what an upgrade hands over")
                               : listener_adopt(listener, &section.view->listener, err);
    section_close(&section);
    return status;
}

void os_upgrade_done(void) {}

/* The old executable waits until the new one has started, and goes on where it has not. */
void os_upgrade_again(char **argv, const char *option)
{
    (void)argv;
    (void)option;
}
