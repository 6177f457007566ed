/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights are changed for one thread alone, by the system calls themselves: the C library's functions change those of all
   threads. */
#include "linux/identity.h"
#include "linux/errno.h"
#include "linux/login.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RECORD_SIZE 16384 /* bytes of what is known of a user */

struct account {
    struct passwd entry;
    char text[RECORD_SIZE];
};

/* Finds an account by name, or by number when name is NULL. */
static int find_account(struct account *account, const char *name, uid_t user, struct error *err)
{
    struct passwd *found = NULL;
    int code = name ? getpwnam_r(name, &account->entry, account->text, sizeof account->text, &found)
                    : getpwuid_r(user, &account->entry, account->text, sizeof account->text, &found);
    if (found)
        return 0;
    if (code)
        return errno_error(err, code, "could not look up the user to run as");
    return name ? error_set(err, ERR_NOT_FOUND, "there is no user '%s'", name)
                : error_set(err, ERR_NOT_FOUND, "the user with the number %lu has no name", (unsigned long)user);
}

/* Adds logind's places, where nothing that runs in the session has named any. */
static void add_runtime(struct strlist *list, uid_t user)
{
    char path[64];
    struct stat info;
    snprintf(path, sizeof path, "/run/user/%lu", (unsigned long)user);
    if (!strlist_get(list, "XDG_RUNTIME_DIR") && stat(path, &info) == 0 && info.st_uid == user)
        strlist_addf(list, "XDG_RUNTIME_DIR=%s", path);
    snprintf(path, sizeof path, "/run/user/%lu/bus", (unsigned long)user);
    if (!strlist_get(list, "DBUS_SESSION_BUS_ADDRESS") && stat(path, &info) == 0 && info.st_uid == user)
        strlist_addf(list, "DBUS_SESSION_BUS_ADDRESS=unix:path=%s", path);
}

static int identity_fill(struct os_identity *identity, const struct account *account, const struct login *session,
                         struct error *err)
{
    const struct passwd *entry = &account->entry;
    struct strlist *list = &identity->environment;
    identity->user = entry->pw_uid;
    identity->group = entry->pw_gid;
    identity->same = entry->pw_uid == geteuid();
    identity->group_count = IDENTITY_GROUPS_MAX;
    if (getgrouplist(entry->pw_name, entry->pw_gid, identity->groups, &identity->group_count) < 0)
        return error_set(err, ERR_LIMIT, "user '%s' is in more than %d groups", entry->pw_name, IDENTITY_GROUPS_MAX);
    identity->own_group_count = getgroups(IDENTITY_GROUPS_MAX, identity->own_groups);
    if (identity->own_group_count < 0)
        return errno_error(err, errno, "could not find the agent's own groups");
    snprintf(identity->name, sizeof identity->name, "user %.64s (uid %lu)%s%.64s%s%.32s", entry->pw_name,
             (unsigned long)entry->pw_uid, session && *session->id ? ", session " : "", session ? session->id : "",
             session ? " on " : "", session ? (*session->id ? session->seat : session->terminal) : "");
    const char *path = getenv("PATH");
    strlist_addf(list, "HOME=%s", entry->pw_dir);
    strlist_addf(list, "USER=%s", entry->pw_name);
    strlist_addf(list, "LOGNAME=%s", entry->pw_name);
    strlist_addf(list, "SHELL=%s", *entry->pw_shell ? entry->pw_shell : "/bin/sh");
    strlist_addf(list, "PATH=%s", path ? path : "/usr/local/bin:/usr/bin:/bin");
    login_environment(session, entry->pw_uid, "", list);
    if (session && *session->display && !strlist_get(list, "DISPLAY"))
        strlist_addf(list, "DISPLAY=%s", session->display);
    if (getenv("LANG") && !strlist_get(list, "LANG"))
        strlist_addf(list, "LANG=%s", getenv("LANG"));
    add_runtime(list, entry->pw_uid);
    return list->failed ? error_set(err, ERR_NO_MEMORY, "no memory for an environment") : 0;
}

static int find_user(struct os_identity *identity, const char *who, struct error *err)
{
    struct login session;
    struct account account;
    bool in_session = strcmp(who, OS_IDENTITY_SESSION) == 0;
    int status = login_find(&session, "", err);
    if (status && in_session)
        return status;
    bool has_session = status == 0;
    status = find_account(&account, in_session ? NULL : who, session.user, err);
    if (status)
        return status;
    if (in_session && session.user == 0)
        return error_set(err, ERR_DENIED, "root is logged on: run as root only when told to (--run-as root)");
    status =
        identity_fill(identity, &account, has_session && session.user == account.entry.pw_uid ? &session : NULL, err);
    if (status == 0 && !identity->same && geteuid() != 0)
        return error_set(err, ERR_DENIED, "to run as %s the agent must be root", identity->name);
    return status;
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

/* ---- the thread ---- */

static bool is_somebody_else(const struct os_identity *identity)
{
    return identity && !identity->is_agent && !identity->same;
}

int os_identity_enter(const struct os_identity *identity, struct error *err)
{
    if (!is_somebody_else(identity))
        return 0;
    if (syscall(SYS_setgroups, (size_t)identity->group_count, identity->groups) < 0)
        return errno_error(err, errno, "could not become the user");
    setfsgid(identity->group);
    setfsuid(identity->user); /* and with it the kernel takes the right to pass over permissions */
    /* Neither tells of a failure; a wrong number is refused and the one in force is returned. */
    if ((uid_t)setfsuid((uid_t)-1) == identity->user && (gid_t)setfsgid((gid_t)-1) == identity->group)
        return 0;
    os_identity_leave(identity);
    return error_set(err, ERR_DENIED, "could not become %s", identity->name);
}

void os_identity_leave(const struct os_identity *identity)
{
    if (!is_somebody_else(identity))
        return;
    setfsuid(geteuid());
    setfsgid(getegid());
    if (syscall(SYS_setgroups, (size_t)identity->own_group_count, identity->own_groups) < 0 ||
        (uid_t)setfsuid((uid_t)-1) != geteuid())
        abort(); /* what follows would be done as somebody else */
}

int identity_become(const struct os_identity *identity)
{
    if (!is_somebody_else(identity))
        return 0;
    if (syscall(SYS_setgroups, (size_t)identity->group_count, identity->groups) < 0 ||
        syscall(SYS_setresgid, identity->group, identity->group, identity->group) < 0 ||
        syscall(SYS_setresuid, identity->user, identity->user, identity->user) < 0)
        return errno;
    return 0;
}
