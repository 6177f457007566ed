/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new process takes the port, the children's handles and the state; this one ends once that one is ready. What the
   two share is a section whose handle the new one inherits. */
#include "platform/upgrade.h"
#include "platform/clock.h"
#include "platform/service.h"
#include "win32/process/command_line.h"
#include "win32/process/detach.h"
#include "win32/file.h"
#include "win32/service.h"
#include "win32/service/relay.h"
#include "win32/listener.h"
#include "win32/path.h"
#include "win32/process/pipe.h"
#include "win32/process/spawn.h"
#include "win32/text.h"
#include "win32/process/wait.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_MS 10000
#define READY_MS 20000         /* for the new one to listen */
#define END_MS 2000            /* for one that was told to end */
#define CHECK_ANSWER_SIZE 256  /* bytes of what it says that are looked at */
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

/* "name" option argv[1]...; owned by the caller. */
static int build_line(wchar_t **out, const char *name, const char *option, const char *const *argv, struct error *err)
{
    size_t count = 0;
    struct buffer text;
    while (argv[count])
        count++;
    const char **list = calloc(count + 3, sizeof *list);
    buffer_init(&text, LINE_LIMIT);
    int status = list ? 0 : ERR_NO_MEMORY;
    if (list) {
        list[0] = name;
        list[1] = option;
        for (size_t i = 1; i < count; i++)
            list[i + 1] = argv[i];
        command_line_build(&text, list);
        status = text.failed ? ERR_NO_MEMORY : utf16_from(out, (const char *)text.data, NULL);
    }
    free(list);
    buffer_deinit(&text);
    return status ? error_set(err, status, "unable to build the new command line") : 0;
}

/* ---- the check ---- */

struct check {
    HANDLE process, pipe; /* owned */
    char answer[CHECK_ANSWER_SIZE];
    DWORD status;
};

static void check_deinit(struct check *check)
{
    if (check->process)
        CloseHandle(check->process);
    if (check->pipe)
        CloseHandle(check->pipe);
}

static DWORD check_start(struct check *check, const wchar_t *path, wchar_t *line)
{
    HANDLE ends[2];
    PROCESS_INFORMATION info;
    HANDLE null = CreateFileW(L"NUL", GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (null == INVALID_HANDLE_VALUE)
        return GetLastError();
    DWORD code = pipe_open(ends);
    if (code == 0) {
        struct spawn how = {
            .application = path, .command_line = line, .standard = {null, ends[1], ends[1]}, .flags = CREATE_NO_WINDOW};
        code = spawn(&how, &info);
        CloseHandle(ends[1]);
        check->pipe = ends[0];
        if (code == 0) {
            CloseHandle(info.hThread);
            check->process = info.hProcess;
        }
    }
    CloseHandle(null);
    return code;
}

/* Reads until the end or the deadline; a NUL follows what was read. */
static void read_answer(struct check *check, int64_t deadline_ms)
{
    size_t len = 0;
    char scrap[256];
    int got = 1;
    while (got > 0) {
        bool full = len == CHECK_ANSWER_SIZE - 1;
        got = pipe_read(check->pipe, full ? scrap : check->answer + len,
                        full ? sizeof scrap : CHECK_ANSWER_SIZE - 1 - len, deadline_ms, NULL, NULL);
        if (got > 0 && !full)
            len += (size_t)got;
    }
    check->answer[len] = 0;
}

static void finish_check(struct check *check)
{
    int64_t deadline = os_deadline(CHECK_MS);
    read_answer(check, deadline);
    if (wait_for(&check->process, 1, deadline) == WAIT_NONE) {
        TerminateProcess(check->process, WAIT_TIMEOUT);
        check->status = WAIT_TIMEOUT;
        return;
    }
    if (!GetExitCodeProcess(check->process, &check->status))
        check->status = GetLastError();
}

/* Windows tells a program by the name's end: what is uploaded as EXE.new is started by its full path all the same. */
static int run_check(const char *path, const wchar_t *full, wchar_t *line, struct error *err)
{
    struct check check = {.process = NULL};
    int status = 0;
    DWORD code = check_start(&check, full, line);
    if (code == 0)
        finish_check(&check);
    if (code)
        status = error_set(err, ERR_INVALID, "could not run '%s': %lu", path, code);
    check.answer[strcspn(check.answer, "\r\n")] = 0;
    if (code == 0 && (check.status != 0 || strncmp(check.answer, "periscoped ", 11) != 0))
        status = error_set(err, ERR_INVALID,
                           "unable to start the new server: '%s' is not a periscoped that takes this "
                           "command line (exit code %lu, it says '%s')",
                           path, check.status, check.answer);
    check_deinit(&check);
    return status;
}

int os_upgrade_check(const char *path, const char *const *argv, struct error *err)
{
    wchar_t *full, *line;
    struct error reason;
    if (path_from(&full, path, false, &reason))
        return error_set(err, reason.status, "unable to start the new server: '%s': %s", path, reason.text);
    int status = build_line(&line, path, "--check", argv, err);
    if (status == 0) {
        status = run_check(path, full, line, err);
        free(line);
    }
    free(full);
    return status;
}

/* ---- handing over ---- */

struct handover {
    uint64_t ready; /* the event's handle in the new process */
    uint64_t relay; /* what relay_adopt() takes */
    uint64_t state_len;
    WSAPROTOCOL_INFOW listener;
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

/* Until it listens. Its own end, or too long a silence, is a failure. */
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

/* It is held until it can find its port. One that fails is ended. */
static int start_next(const wchar_t *path, wchar_t *line, struct os_listener *listener, struct section *section,
                      struct error *err)
{
    PROCESS_INFORMATION info;
    HANDLE event = (HANDLE)(uintptr_t)section->view->ready;
    struct spawn how = {.application = path,
                        .command_line = line,
                        .standard = {spawn_own_handle(0), spawn_own_handle(1), spawn_own_handle(2)},
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
    struct error reason;
    snprintf(option, sizeof option, "--resume=%llu", (unsigned long long)(uintptr_t)section->handle);
    int status = build_line(&line, argv[0], option, argv, err);
    if (status)
        return status;
    if (path_from(&full, path, false, &reason)) {
        status = error_set(err, reason.status, "unable to start the new server: '%s': %s", path, reason.text);
    } else {
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
    detach_tell((HANDLE)(uintptr_t)section.view->ready);
    relay_adopt(section.view->relay);
    buffer_append(state, section.view->state, (size_t)section.view->state_len);
    buffer_append(state, "", 1);
    int status = state->failed ? error_set(err, ERR_NO_MEMORY, "no memory for what an upgrade hands over")
                               : listener_adopt(listener, &section.view->listener, err);
    section_close(&section);
    return status;
}
