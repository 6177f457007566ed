/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way between a service and what it starts in another session. As that process this program tells its process id through the pipe, or ends. */
#include "platform/clock.h"
#include "win32/process/session_process.h"
#include "win32/file/path.h"
#include "win32/process/duplex.h"
#include "win32/user/session.h"

#include "tests/unit/check.h"

#include <accctrl.h>
#include <aclapi.h>
#include <stdlib.h>

#define PATIENCE_MS 60000
#define FAILURES 12

static struct error err;
static wchar_t *self;

static void close_process(struct session_process *process)
{
    TerminateProcess(process->process, 0);
    CloseHandle(process->process);
    CloseHandle(process->pipe);
}

static void a_process_opens_its_pipe(void)
{
    struct session_process process = {.process = NULL};
    DWORD said = 0;
    CHECK_INT(session_process_start(&process, self, L"tell", &err), 0);
    CHECK_INT(pipe_accept(process.pipe, process.process, process.pid, os_deadline(PATIENCE_MS)), 0);
    CHECK_INT(pipe_read(process.pipe, &said, sizeof said, os_deadline(PATIENCE_MS), "pipe", &err), sizeof said);
    CHECK_INT(said, process.pid);
    close_process(&process);
}

static void a_process_that_ends_is_not_waited_for(void)
{
    struct session_process process = {.process = NULL};
    CHECK_INT(session_process_start(&process, self, L"end", &err), 0);
    CHECK_INT(pipe_accept(process.pipe, process.process, process.pid, OS_FOREVER), ERROR_BROKEN_PIPE);
    close_process(&process);
}

static void another_process_is_refused(void)
{
    wchar_t name[PIPE_NAME_SIZE];
    HANDLE pipe, client;
    CHECK_INT(pipe_listen(&pipe, name), 0);
    CHECK_INT(pipe_accept(pipe, GetCurrentProcess(), GetCurrentProcessId(), os_deadline(1)), WAIT_TIMEOUT);
    CHECK_INT(pipe_connect(&client, name), 0);
    CHECK_INT(pipe_accept(pipe, GetCurrentProcess(), GetCurrentProcessId() + 4, OS_FOREVER), ERROR_ACCESS_DENIED);
    CloseHandle(client);
    CloseHandle(pipe);
}

static void nobody_else_may_open_it(void)
{
    wchar_t name[PIPE_NAME_SIZE];
    HANDLE pipe, token;
    ACL *acl = NULL;
    ACCESS_ALLOWED_ACE *entry = NULL;
    SECURITY_DESCRIPTOR *descriptor = NULL;
    BYTE user[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    DWORD size;
    CHECK_INT(pipe_listen(&pipe, name), 0);
    CHECK_INT(GetSecurityInfo(pipe, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &acl, NULL,
                              (void **)&descriptor),
              0);
    CHECK(acl && acl->AceCount == 1);
    CHECK(acl && GetAce(acl, 0, (void **)&entry));
    CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    CHECK(GetTokenInformation(token, TokenUser, user, sizeof user, &size));
    CHECK(entry && entry->Header.AceType == ACCESS_ALLOWED_ACE_TYPE);
    CHECK(entry && EqualSid(&entry->SidStart, ((TOKEN_USER *)(void *)user)->User.Sid));
    CloseHandle(token);
    LocalFree(descriptor);
    CHECK(CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 0, 0, 0, NULL) == INVALID_HANDLE_VALUE);
    CloseHandle(pipe);
}

static void failures_delay_the_next(void)
{
    struct session_process process = {.process = NULL};
    session_process_failed(1);
    CHECK_INT(session_process_start(&process, self, L"end", &err), 0); /* the first failure costs nothing */
    close_process(&process);
    for (int i = 1; i < FAILURES; i++)
        session_process_failed(0xc0000005);
    CHECK_INT(session_process_start(&process, self, L"end", &err), ERR_UNAVAILABLE);
    CHECK(strstr(err.text, "failed 12 times in a row (the last time with 0xc0000005): it is not started again for "));
    session_process_answered();
    CHECK_INT(session_process_start(&process, self, L"end", &err), 0);
    close_process(&process);
}

static void another_session_needs_another_process(void)
{
    struct session_process process = {.process = NULL};
    static atomic_uint shared = 7;
    CHECK_INT(session_process_start(&process, self, L"tell", &err), 0);
    CHECK(session_process_is_current(&process));
    session_changed();
    CHECK(!session_process_is_current(&process));
    session_count_in(&shared);
    session_changed();
    CHECK_INT(session_generation(), 8);
    close_process(&process);
}

static int be_session_process(const char *how)
{
    wchar_t name[PIPE_NAME_SIZE];
    HANDLE pipe;
    DWORD pid = GetCurrentProcessId();
    if (strcmp(how, "tell") != 0)
        return 3;
    if (!GetEnvironmentVariableW(SESSION_PROCESS_PIPE, name, PIPE_NAME_SIZE) || pipe_connect(&pipe, name))
        return 4;
    pipe_write(pipe, &pid, sizeof pid, os_deadline(PATIENCE_MS), "pipe", &err);
    Sleep(PATIENCE_MS);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return be_session_process(argv[1]);
    if (path_of_self(&self, &err))
        return 1;
    RUN(a_process_opens_its_pipe);
    RUN(a_process_that_ends_is_not_waited_for);
    RUN(another_process_is_refused);
    RUN(nobody_else_may_open_it);
    RUN(failures_delay_the_next);
    RUN(another_session_needs_another_process);
    free(self);
    return CHECK_RESULT();
}
