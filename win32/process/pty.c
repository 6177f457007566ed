/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Terminals of Windows are pseudo consoles. CreatePseudoConsole() starts a console host as the user that calls it, which
 * should have no more rights than the programs that it serves. So a process of our own, as their user, makes each and
 * holds it, and the agent has but the reference that CreateProcess() needs. That process is in the user's hands: what it
 * says is not trusted, and never waited for without a bound. It outlives an upgrade, and ends its terminal when its pipe
 * to the agent ends.
 */
#include "win32/process/pty.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "win32/file/path.h"
#include "win32/process/duplex.h"
#include "win32/process/pipe.h"
#include "win32/process/spawn.h"
#include "win32/system.h"
#include "win32/user/identity.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PTY_ARGUMENT "--pseudo-console"
#define OPEN_MS 20000 /* for the console host to be started */
#define RESIZE_MS 100 /* for a pipe to take four bytes */
#define ANSWER_SIZE 64
#define LINE_SIZE 128 /* characters */

/* A message to the process that holds a terminal: its new size, or 0x0 once the program has it open. */
struct pty_message {
    uint16_t columns, rows;
};

/* What Windows 10 1809 and later have. */
typedef HRESULT WINAPI create_pseudo_console(COORD size, HANDLE input, HANDLE output, DWORD flags,
                                             struct pseudo_console **out);
typedef HRESULT WINAPI resize_pseudo_console(struct pseudo_console *console, COORD size);
typedef void WINAPI close_pseudo_console(struct pseudo_console *console);

#define PTY_FUNCTION(name) SYSTEM_FUNCTION(name *, L"kernel32.dll", PTY_NAME_##name)
#define PTY_NAME_create_pseudo_console "CreatePseudoConsole"
#define PTY_NAME_resize_pseudo_console "ResizePseudoConsole"
#define PTY_NAME_close_pseudo_console "ClosePseudoConsole"

/* ---- the agent ---- */

int os_pty_new(struct os_pipe **input, struct os_pipe **output, struct os_pty_size size, struct error *err)
{
    *input = *output = NULL;
    if (!PTY_FUNCTION(create_pseudo_console))
        return error_set(err, ERR_UNAVAILABLE,
                         "this Windows has no terminals for programs (Windows 10 1809 or later has)");
    int status = os_pipe_new(input, true, err);
    if (status == 0)
        status = os_pipe_new(output, false, err);
    if (status) {
        os_pipe_free(*input);
        *input = NULL;
        return status;
    }
    *pipe_size(*output) = size;
    return 0;
}

static DWORD start_holder(HANDLE *process, const HANDLE ends[2], HANDLE control, const struct os_identity *as,
                          struct os_pty_size size)
{
    wchar_t line[LINE_SIZE], *path;
    struct error ignored;
    if (path_of_self(&path, &ignored))
        return ERROR_NOT_ENOUGH_MEMORY;
    _snwprintf(line, LINE_SIZE - 1, L"periscoped.exe %hs %u %u", PTY_ARGUMENT, size.columns, size.rows);
    line[LINE_SIZE - 1] = 0;
    struct spawn how = {.application = path,
                        .command_line = line,
                        .environment = (wchar_t *)(uintptr_t)identity_environment(as),
                        .standard = {ends[0], ends[1], control},
                        .token = identity_token(as),
                        .flags = DETACHED_PROCESS};
    DWORD code = spawn_process(&how, process);
    free(path);
    return code;
}

/* Takes the reference out of the process that holds the terminal, which has answered with its number there. */
static int take_reference(HANDLE *reference, HANDLE holder, HANDLE control, struct error *err)
{
    char answer[ANSWER_SIZE] = "";
    unsigned value;
    int got = pipe_read(control, answer, sizeof answer - 1, os_deadline(OPEN_MS), NULL, err);
    if (got < 0)
        return got == ERR_TIMEOUT ? error_set(err, ERR_TIMEOUT, "Windows has made none within %d ms", OPEN_MS) : got;
    if (sscanf(answer, "failed %x", &value) == 1)
        return error_set(err, ERR_SYSTEM, "Windows makes none (0x%08x)", value);
    if (sscanf(answer, "made %u", &value) != 1 || value > INT32_MAX)
        return error_set(err, ERR_SYSTEM, "the process that was to make it ended");
    if (!DuplicateHandle(holder, (HANDLE)(uintptr_t)value, GetCurrentProcess(), reference, 0, FALSE,
                         DUPLICATE_SAME_ACCESS))
        return windows_error(err, GetLastError(), NULL);
    return 0;
}

int pty_open(struct os_pipe *output, const HANDLE ends[2], const struct os_identity *as, HANDLE *reference,
             struct error *err)
{
    HANDLE controls[2], holder;
    DWORD code = pipe_open(controls);
    if (code)
        return windows_error(err, code, NULL);
    *pipe_control(output) = controls[0];
    code = start_holder(&holder, ends, controls[1], as, *pipe_size(output));
    CloseHandle(controls[1]);
    if (code)
        return windows_error(err, code, NULL);
    int status = take_reference(reference, holder, controls[0], err);
    if (status)
        TerminateProcess(holder, 1);
    CloseHandle(holder);
    return status;
}

static int send_size(struct os_pipe *output, struct os_pty_size size, struct error *err)
{
    const struct pty_message message = {(uint16_t)size.columns, (uint16_t)size.rows};
    HANDLE control = *pipe_control(output);
    if (!control)
        return error_set(err, ERR_INVALID, "it has no terminal");
    int status = pipe_write(control, &message, sizeof message, os_deadline(RESIZE_MS), NULL, err);
    return status == ERR_TIMEOUT ? error_set(err, status, "its terminal takes no messages") : status;
}

void pty_begin(struct os_pipe *output, HANDLE reference)
{
    struct error ignored; /* then it has ended */
    (void)send_size(output, (struct os_pty_size){0, 0}, &ignored);
    CloseHandle(reference);
}

int os_pty_resize(struct os_pipe *output, struct os_pty_size size, struct error *err)
{
    return send_size(output, size, err);
}

/* Hangs up: what is open in the terminal is told so, and ended. */
int os_pty_signal(struct os_pipe *output, const char *name, struct error *err)
{
    HANDLE *control = pipe_control(output);
    if (!*control)
        return error_set(err, ERR_INVALID, "it has no terminal");
    if (strcmp(name, "HUP"))
        return error_set(err, ERR_INVALID,
                         "signal='%s' is not HUP, which is all that Windows has: to interrupt, write the byte 3", name);
    CloseHandle(*control);
    *control = NULL;
    return 0;
}

/* ---- the process that holds a terminal ---- */

/* Drops the reference that keeps a pseudo console from ending with its last program. */
static void release_console(struct pseudo_console *console)
{
    typedef HRESULT WINAPI release_pseudo_console(struct pseudo_console * console);
    release_pseudo_console *release =
        SYSTEM_FUNCTION(release_pseudo_console *, L"kernel32.dll", "ReleasePseudoConsole");
    if (release) {
        release(console);
    } else if (console->reference) {
        CloseHandle(console->reference);
        console->reference = NULL;
    }
}

/* Does what the agent says, to the end of the pipe. */
static void hold_console(struct pseudo_console *console, HANDLE control)
{
    struct pty_message message;
    size_t have = 0;
    struct error ignored;
    int got;
    resize_pseudo_console *resize = PTY_FUNCTION(resize_pseudo_console);
    while ((got = pipe_read(control, (char *)&message + have, sizeof message - have, OS_FOREVER, NULL, &ignored)) > 0) {
        have = (have + (size_t)got) % sizeof message;
        if (have > 0)
            continue;
        if (message.columns == 0)
            release_console(console);
        else if (resize)
            resize(console, (COORD){(SHORT)message.columns, (SHORT)message.rows});
    }
}

int os_pty_main(int argc, char **argv)
{
    struct error ignored;
    struct pseudo_console *console;
    char answer[ANSWER_SIZE];
    if (argc != 4 || strcmp(argv[1], PTY_ARGUMENT) != 0)
        return -1;
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE), output = GetStdHandle(STD_OUTPUT_HANDLE);
    HANDLE control = GetStdHandle(STD_ERROR_HANDLE);
    SetHandleInformation(control, HANDLE_FLAG_INHERIT, 0); /* it is not for the console host */
    create_pseudo_console *create = PTY_FUNCTION(create_pseudo_console);
    COORD size = {(SHORT)strtoul(argv[2], NULL, 10), (SHORT)strtoul(argv[3], NULL, 10)};
    HRESULT result = create ? create(size, input, output, 0, &console) : E_NOTIMPL;
    CloseHandle(input);
    CloseHandle(output);
    if (FAILED(result))
        snprintf(answer, sizeof answer, "failed %lx\n", (unsigned long)result);
    else
        snprintf(answer, sizeof answer, "made %lu\n", (unsigned long)(uintptr_t)console->reference);
    (void)pipe_write(control, answer, strlen(answer), os_deadline(OPEN_MS), NULL, &ignored);
    if (FAILED(result))
        return 1;
    hold_console(console, control);
    close_pseudo_console *close = PTY_FUNCTION(close_pseudo_console);
    close(console);
    return 0;
}
