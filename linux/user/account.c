/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A name service may ask a server that does not answer, so it is asked in a thread of its own. */
#include "linux/user/account.h"
#include "linux/errno.h"
#include "linux/lookup.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_SIZE 16384 /* bytes of what is known of a user */
#define FRESH_MS 2000
#define PATIENCE_MS 2000

struct account_question {
    char name[ACCOUNT_NAME_SIZE]; /* "": by the number */
    uid_t user;
};

static int account_fail(struct account *account, const struct error *reason)
{
    account->status = reason->status;
    snprintf(account->reason, sizeof account->reason, "%.*s", (int)sizeof account->reason - 1, reason->text);
    return reason->status;
}

static int not_found(const struct account_question *question, int code, struct error *err)
{
    if (code)
        return errno_error(err, code, "could not look up the user to run as");
    return *question->name ? error_set(err, ERR_NOT_FOUND, "there is no user '%s'", question->name)
                           : error_set(err, ERR_NOT_FOUND, "the user with the number %lu has no name",
                                       (unsigned long)question->user);
}

static int copy_field(char *out, size_t size, const char *text, struct error *err)
{
    if (strlen(text) >= size)
        return error_set(err, ERR_LIMIT, "the user's entry '%.40s...' has more than %zu bytes", text, size - 1);
    memcpy(out, text, strlen(text) + 1);
    return 0;
}

static int account_fill(struct account *account, const struct passwd *entry, struct error *err)
{
    struct rights *rights = &account->rights;
    rights->user = entry->pw_uid;
    rights->group = entry->pw_gid;
    rights->group_count = RIGHTS_GROUPS_MAX;
    int status = copy_field(account->name, sizeof account->name, entry->pw_name, err);
    if (status == 0)
        status = copy_field(account->home, sizeof account->home, entry->pw_dir, err);
    if (status == 0)
        status = copy_field(account->shell, sizeof account->shell, *entry->pw_shell ? entry->pw_shell : "/bin/sh", err);
    if (status == 0 && getgrouplist(entry->pw_name, entry->pw_gid, rights->groups, &rights->group_count) < 0)
        status = error_set(err, ERR_LIMIT, "user '%s' is in more than %d groups", entry->pw_name, RIGHTS_GROUPS_MAX);
    return status;
}

static void account_look(const void *asked, void *answer)
{
    const struct account_question *question = asked;
    struct account *account = answer;
    struct passwd entry, *found = NULL;
    struct error reason;
    char *text = malloc(RECORD_SIZE);
    int code = ENOMEM;
    if (text)
        code = *question->name ? getpwnam_r(question->name, &entry, text, RECORD_SIZE, &found)
                               : getpwuid_r(question->user, &entry, text, RECORD_SIZE, &found);
    if ((found ? account_fill(account, found, &reason) : not_found(question, code, &reason)) != 0)
        account_fail(account, &reason);
    free(text);
}

static enum lookup_age account_age(const void *answer, int64_t age_ms)
{
    (void)answer;
    return age_ms < FRESH_MS ? LOOKUP_FRESH : LOOKUP_STALE;
}

int account_find(struct account *out, const char *name, uid_t user, struct error *err)
{
    static struct lookup_cache cache = {.question_size = sizeof(struct account_question),
                                        .size = sizeof(struct account),
                                        .look = account_look,
                                        .age = account_age,
                                        .patience_ms = PATIENCE_MS,
                                        .lock = PTHREAD_MUTEX_INITIALIZER};
    struct account_question question = {.user = user};
    char key[LOOKUP_KEY_SIZE];
    if (name && (!*name || strlen(name) >= LOOKUP_KEY_SIZE - sizeof "user ''"))
        return error_set(err, ERR_NOT_FOUND, "there is no user '%s'", name);
    if (name) {
        snprintf(question.name, sizeof question.name, "%s", name);
        snprintf(key, sizeof key, "user '%s'", name);
    } else {
        snprintf(key, sizeof key, "the user with the number %lu", (unsigned long)user);
    }
    int status = lookup_get(&cache, key, &question, out, err);
    if (status < 0)
        return status;
    return out->status ? error_set(err, out->status, "%s", out->reason) : 0;
}
