/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/user/identity.h"
#include "linux/user/session_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- who it is ---- */

static void name_identity(struct os_identity *identity)
{
    const struct login *session = identity->has_session ? &identity->session : NULL;
    const char *id = session ? session->id : "";
    snprintf(identity->name, sizeof identity->name, "user %.64s (uid %lu)%s%.64s%s%.32s", identity->account.name,
             (unsigned long)identity->account.rights.user, *id ? ", session " : "", id, session ? " on " : "",
             session ? (*id ? session->seat : session->terminal) : "");
}

static int find_user(struct os_identity *identity, const char *who, struct error *err)
{
    bool in_session = strcmp(who, OS_IDENTITY_SESSION) == 0;
    int status = login_find(&identity->session, "", err);
    if (status && in_session)
        return status;
    bool has_session = status == 0;
    status = account_find(&identity->account, in_session ? NULL : who, identity->session.user, err);
    if (status)
        return status;
    uid_t user = identity->account.rights.user;
    if (in_session && user == 0)
        return error_set(err, ERR_DENIED, "root is logged on: run as root only when told to (--run-as root)");
    identity->has_session = has_session && identity->session.user == user;
    identity->same = user == geteuid();
    name_identity(identity);
    if (!identity->same && geteuid() != 0)
        return error_set(err, ERR_DENIED, "to run as %s the agent must be root", identity->name);
    return 0;
}

int os_identity_find(struct os_identity **out, const char *who, struct error *err)
{
    int status = 0;
    *out = NULL;
    struct os_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        return error_set(err, ERR_NO_MEMORY, "no memory to look up %s", who);
    identity->is_agent = strcmp(who, OS_IDENTITY_AGENT) == 0;
    if (identity->is_agent)
        snprintf(identity->name, sizeof identity->name, "the agent's own user (uid %lu)", (unsigned long)geteuid());
    else
        status = find_user(identity, who, err);
    if (status)
        os_identity_free(identity);
    else
        *out = identity;
    return status;
}

void os_identity_free(struct os_identity *identity)
{
    if (identity)
        strlist_deinit(&identity->environment);
    free(identity);
}

const char *os_identity_name(const struct os_identity *identity)
{
    return identity->name;
}

const char *os_identity_user(const struct os_identity *identity)
{
    return identity->is_agent ? "" : identity->account.name;
}

/* ---- the environment of its programs ---- */

static void add_account(struct strlist *list, const struct account *account)
{
    const char *path = getenv("PATH");
    strlist_addf(list, "HOME=%s", account->home);
    strlist_addf(list, "USER=%s", account->name);
    strlist_addf(list, "LOGNAME=%s", account->name);
    strlist_addf(list, "SHELL=%s", account->shell);
    strlist_addf(list, "PATH=%s", path ? path : "/usr/local/bin:/usr/bin:/bin");
}

int os_identity_add_environment(struct os_identity *identity, char *note, size_t note_size, struct error *err)
{
    struct error reason;
    struct strlist *list = &identity->environment;
    *note = 0;
    if (identity->is_agent)
        return 0;
    struct session_question *question = calloc(1, sizeof *question);
    if (!question)
        return error_set(err, ERR_NO_MEMORY, "no memory for an environment");
    question->has_session = identity->has_session;
    question->session = identity->session;
    question->rights = identity->account.rights;
    question->as_user = !identity->same;
    add_account(list, &identity->account);
    if (session_environment(question, list, note, note_size, &reason))
        snprintf(note, note_size, "%s", reason.text);
    free(question);
    if (identity->has_session && *identity->session.display && !strlist_get(list, "DISPLAY"))
        strlist_addf(list, "DISPLAY=%s", identity->session.display);
    if (getenv("LANG") && !strlist_get(list, "LANG"))
        strlist_addf(list, "LANG=%s", getenv("LANG"));
    return list->failed ? error_set(err, ERR_NO_MEMORY, "no memory for an environment") : 0;
}

/* ---- the thread ---- */

static bool is_somebody_else(const struct os_identity *identity)
{
    return identity && !identity->is_agent && !identity->same;
}

int os_identity_enter(const struct os_identity *identity, struct error *err)
{
    return is_somebody_else(identity) ? rights_take(&identity->account.rights, identity->name, err) : 0;
}

void os_identity_leave(const struct os_identity *identity)
{
    if (is_somebody_else(identity))
        rights_give_back();
}

int identity_become(const struct os_identity *identity)
{
    return is_somebody_else(identity) ? rights_become(&identity->account.rights) : 0;
}
