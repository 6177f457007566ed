/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "win32/user/session.h"
#include "win32/system.h"

#include <stdlib.h>
#include <wchar.h>
#include <wtsapi32.h>

#define NO_SESSION 0xffffffffu

static atomic_uint own_generation;
static _Atomic(HANDLE) event;
static _Atomic(atomic_uint *) generation = &own_generation;

bool session_of_console(DWORD *session)
{
    *session = WTSGetActiveConsoleSessionId();
    return *session != NO_SESSION;
}

size_t session_list(DWORD **out, size_t max)
{
    typedef BOOL WINAPI enumerate(HANDLE server, DWORD reserved, DWORD version, WTS_SESSION_INFOW * *out,
                                  DWORD * count);
    typedef void WINAPI free_memory(void *memory);
    enumerate *list = SYSTEM_FUNCTION(enumerate *, L"wtsapi32.dll", "WTSEnumerateSessionsW");
    free_memory *release = SYSTEM_FUNCTION(free_memory *, L"wtsapi32.dll", "WTSFreeMemory");
    WTS_SESSION_INFOW *sessions = NULL;
    DWORD count = 0;
    *out = NULL;
    if (!list || !release || !list(NULL, 0, 1, &sessions, &count) || !sessions)
        return 0;
    size_t kept = count < max ? count : max;
    *out = calloc(kept + 1, sizeof **out);
    for (size_t i = 0; *out && i < kept; i++)
        (*out)[i] = sessions[i].SessionId;
    release(sessions);
    return *out ? kept : 0;
}

unsigned session_generation(void)
{
    return atomic_load(atomic_load(&generation));
}

void session_changed(void)
{
    HANDLE waited_for = atomic_load(&event);
    atomic_fetch_add(atomic_load(&generation), 1);
    if (waited_for)
        SetEvent(waited_for);
}

HANDLE session_event(void)
{
    if (!atomic_load(&event))
        atomic_store(&event, CreateEventW(NULL, FALSE, FALSE, NULL));
    return atomic_load(&event);
}

void session_use_event(HANDLE other)
{
    atomic_store(&event, other);
}

void session_count_in(atomic_uint *counter)
{
    atomic_store(&generation, counter);
}

DWORD session_own_token(DWORD session, HANDLE *token)
{
    HANDLE own;
    DWORD now = NO_SESSION, size, code = 0;
    *token = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own))
        return GetLastError();
    if (!DuplicateTokenEx(own, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenPrimary, token))
        code = GetLastError();
    CloseHandle(own);
    if (code)
        return code;
    GetTokenInformation(*token, TokenSessionId, &now, sizeof now, &size);
    if (now != session && !SetTokenInformation(*token, TokenSessionId, &session, sizeof session)) {
        code = GetLastError(); /* only SYSTEM may */
        CloseHandle(*token);
        *token = NULL;
    }
    return code;
}

DWORD session_user_token(DWORD session, HANDLE *token)
{
    typedef BOOL WINAPI query_user_token(ULONG session, HANDLE * token);
    query_user_token *query = SYSTEM_FUNCTION(query_user_token *, L"wtsapi32.dll", "WTSQueryUserToken");
    *token = NULL;
    if (!query)
        return ERROR_PROC_NOT_FOUND;
    return query(session, token) ? 0 : GetLastError();
}

static size_t block_size(const wchar_t *block)
{
    const wchar_t *end = block;
    while (*end)
        end += wcslen(end) + 1;
    return (size_t)(end - block) + 1;
}

wchar_t *session_environment(HANDLE token)
{
    typedef BOOL WINAPI create_block(void **block, HANDLE token, BOOL inherit);
    typedef BOOL WINAPI destroy_block(void *block);
    create_block *create = SYSTEM_FUNCTION(create_block *, L"userenv.dll", "CreateEnvironmentBlock");
    destroy_block *destroy = SYSTEM_FUNCTION(destroy_block *, L"userenv.dll", "DestroyEnvironmentBlock");
    void *block = NULL;
    if (!create || !destroy || !create(&block, token, FALSE))
        return NULL;
    size_t size = block_size(block);
    wchar_t *copy = calloc(size, sizeof *copy);
    if (copy)
        wmemcpy(copy, block, size);
    destroy(block);
    return copy;
}
