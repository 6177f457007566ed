/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipes of a program's streams, made by a thread that is just now the program's user: one who may open nothing that is
 * for the agent's user alone. */
#include "platform/pipe.h"
#include "win32/process/duplex.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <windows.h>

/* Becomes the agent's user without the rights of that user. */
static bool become_another(void)
{
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } owner;
    HANDLE own, other = NULL, thread = NULL;
    DWORD size;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own) ||
        !GetTokenInformation(own, TokenUser, &owner, sizeof owner, &size))
        return false;
    SID_AND_ATTRIBUTES without = {.Sid = owner.user.User.Sid};
    return CreateRestrictedToken(own, 0, 1, &without, 0, NULL, 0, NULL, &other) &&
           DuplicateTokenEx(other, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation, &thread) &&
           SetThreadToken(NULL, thread);
}

static void pipes_are_made_by_the_agent_whoever_the_thread_is(void)
{
    struct os_pipe *pipe = NULL;
    struct error err = {0};
    HANDLE token, ends[2];
    CHECK(become_another());
    if (pipe_open(ends) == 0) /* Wine */
        puts("SKIP user_is_refused_the_agents_pipe: here anybody may open any pipe");
    for (int to_child = 0; to_child < 2; to_child++) {
        CHECK_INT(os_pipe_new(&pipe, to_child, &err), 0);
        CHECK(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)); /* it is that user still */
        os_pipe_free(pipe);
        pipe = NULL;
    }
    RevertToSelf();
}

int main(void)
{
    RUN(pipes_are_made_by_the_agent_whoever_the_thread_is);
    return CHECK_RESULT();
}
