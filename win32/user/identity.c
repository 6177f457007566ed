/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A user's rights come from the session that the user is logged on to; there is no password here. An administrator's
   session has two tokens, and its programs get the weaker one (UAC): tests run with the full one, as they do on the
   TestBot's machines, unless the weaker is asked for. */
#include "platform/identity.h"
#include "win32/user/identity.h"
#include "win32/system.h"
#include "win32/user/session.h"
#include "win32/text.h"
#include "win32/winerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 512 /* bytes */
#define USER_SIZE 257 /* characters: UNLEN and the NUL */
#define SESSIONS_MAX 4096

struct os_identity {
    HANDLE token;             /* owned; NULL: the agent's own */
    wchar_t *environment;     /* owned; NULL with the agent's own, and before os_identity_add_environment() */
    char user[NAME_SIZE / 2]; /* "" with the agent's own */
    char name[NAME_SIZE];
};

HANDLE identity_token(const struct os_identity *identity)
{
    return identity ? identity->token : NULL;
}

const wchar_t *identity_environment(const struct os_identity *identity)
{
    return identity ? identity->environment : NULL;
}

/* ---- what a token is ---- */

static void token_user(HANDLE token, char *out, size_t size)
{
    union {
        TOKEN_USER user;
        BYTE bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } owner;
    wchar_t name[USER_SIZE], domain[USER_SIZE];
    DWORD name_size = USER_SIZE, domain_size = USER_SIZE, got;
    SID_NAME_USE use;
    snprintf(out, size, "?");
    if (GetTokenInformation(token, TokenUser, &owner, sizeof owner, &got) &&
        LookupAccountSidW(NULL, owner.user.User.Sid, name, &name_size, domain, &domain_size, &use))
        utf8_copy(out, size, name);
}

/* Returns TokenElevationTypeDefault where there is no UAC. */
static TOKEN_ELEVATION_TYPE elevation_type(HANDLE token)
{
    TOKEN_ELEVATION_TYPE type = TokenElevationTypeDefault;
    DWORD size;
    GetTokenInformation(token, TokenElevationType, &type, sizeof type, &size);
    return type;
}

static HANDLE linked_token(HANDLE token)
{
    TOKEN_LINKED_TOKEN linked = {NULL};
    HANDLE primary = NULL;
    DWORD size;
    if (!GetTokenInformation(token, TokenLinkedToken, &linked, sizeof linked, &size))
        return NULL;
    if (!DuplicateTokenEx(linked.LinkedToken, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenPrimary, &primary))
        primary = NULL;
    CloseHandle(linked.LinkedToken);
    return primary;
}

/* Takes the other one of an administrator's two tokens where that is the wanted one. Returns which it is now. */
static const char *choose_token(HANDLE *token, bool elevated)
{
    TOKEN_ELEVATION_TYPE type = elevation_type(*token);
    bool other = elevated ? type == TokenElevationTypeLimited : type == TokenElevationTypeFull;
    HANDLE linked = other ? linked_token(*token) : NULL;
    if (linked) {
        CloseHandle(*token);
        *token = linked;
        return elevated ? "elevated through the linked token" : "limited through the linked token";
    }
    switch (type) {
    case TokenElevationTypeFull:
        return "elevated";
    case TokenElevationTypeLimited:
        return "limited";
    default:
        return "without UAC";
    }
}

/* ---- whose it is ---- */

static int no_user(DWORD session, DWORD code, struct error *err)
{
    char text[REASON_SIZE];
    const DWORD no_such_session = 7022; /* ERROR_CTX_WINSTATION_NOT_FOUND */
    if (code == ERROR_NO_TOKEN || code == no_such_session || code == ERROR_FILE_NOT_FOUND)
        return error_set(err, ERR_UNAVAILABLE, "no-user: nobody is logged on to session %lu", session);
    if (code == ERROR_PRIVILEGE_NOT_HELD)
        return error_set(err, ERR_DENIED, "no-user: only the service may run programs as the user of session %lu",
                         session);
    return error_set(err, windows_status(code), "no-user: session %lu: %s (%lu)", session, windows_reason(code, text),
                     code);
}

static int use_session(struct os_identity *identity, DWORD session, bool elevated, struct error *err)
{
    DWORD code = session_user_token(session, &identity->token);
    if (code)
        return no_user(session, code, err);
    token_user(identity->token, identity->user, sizeof identity->user);
    const char *how = choose_token(&identity->token, elevated);
    snprintf(identity->name, sizeof identity->name, "user %s of session %lu, %s", identity->user, session, how);
    return 0;
}

static int use_console(struct os_identity *identity, bool elevated, struct error *err)
{
    DWORD session;
    if (!session_of_console(&session))
        return error_set(err, ERR_UNAVAILABLE, "no-user: there is no session at the console just now");
    return use_session(identity, session, elevated, err);
}

static bool is_user_of(DWORD session, const char *who)
{
    char user[NAME_SIZE / 2];
    HANDLE token;
    if (session_user_token(session, &token))
        return false;
    token_user(token, user, sizeof user);
    CloseHandle(token);
    return _stricmp(user, who) == 0;
}

/* Finds a session of the user. The console's is tried first: the user may have others. */
static int use_user(struct os_identity *identity, const char *who, struct error *err)
{
    DWORD console, *sessions = NULL;
    if (session_of_console(&console) && is_user_of(console, who))
        return use_session(identity, console, true, err);
    size_t count = session_list(&sessions, SESSIONS_MAX), i = 0;
    while (i < count && !is_user_of(sessions[i], who))
        i++;
    int status = i < count ? use_session(identity, sessions[i], true, err)
                           : error_set(err, ERR_UNAVAILABLE, "no-user: '%s' is not logged on", who);
    free(sessions);
    return status;
}

static int use_agent(struct os_identity *identity)
{
    char user[NAME_SIZE / 2] = "?";
    HANDLE token;
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        token_user(token, user, sizeof user);
        CloseHandle(token);
    }
    snprintf(identity->name, sizeof identity->name, "user %s, as the agent", user);
    return 0;
}

int os_identity_find(struct os_identity **out, const char *who, struct error *err)
{
    *out = NULL;
    int status;
    struct os_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        return error_set(err, ERR_NO_MEMORY, "no memory to look up %s", who);
    if (strcmp(who, OS_IDENTITY_AGENT) == 0)
        status = use_agent(identity);
    else if (strcmp(who, OS_IDENTITY_SESSION) == 0)
        status = use_console(identity, true, err);
    else if (strcmp(who, IDENTITY_SESSION_LIMITED) == 0)
        status = use_console(identity, false, err);
    else
        status = use_user(identity, who, err);
    if (status)
        os_identity_free(identity);
    else
        *out = identity;
    return status;
}

void os_identity_free(struct os_identity *identity)
{
    if (!identity)
        return;
    if (identity->token)
        CloseHandle(identity->token);
    free(identity->environment);
    free(identity);
}

/* Windows makes the environment from the registry: no program is asked. */
int os_identity_add_environment(struct os_identity *identity, char *note, size_t note_size, struct error *err)
{
    if (note_size)
        *note = 0;
    if (!identity->token)
        return 0;
    identity->environment = session_environment(identity->token);
    if (!identity->environment)
        return error_set(err, ERR_UNAVAILABLE, "no-user: the environment of user %s can't be had", identity->user);
    return 0;
}

const char *os_identity_name(const struct os_identity *identity)
{
    return identity->name;
}

const char *os_identity_user(const struct os_identity *identity)
{
    return identity->user;
}

int os_identity_enter(const struct os_identity *identity, struct error *err)
{
    if (!identity || !identity->token || ImpersonateLoggedOnUser(identity->token))
        return 0;
    return windows_error(err, GetLastError(), identity->name);
}

void os_identity_leave(const struct os_identity *identity)
{
    if (identity && identity->token && !RevertToSelf())
        abort(); /* what follows would be done as somebody else */
}
