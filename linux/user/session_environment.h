/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment of a user's session: looked for once, outside the caller's thread, and kept while the process that it
   is from lives. Only for linux/. */
#ifndef LINUX_USER_SESSION_ENVIRONMENT_H
#define LINUX_USER_SESSION_ENVIRONMENT_H

#include "linux/user/login.h"
#include "linux/user/rights.h"

#define SESSION_ENVIRONMENT_MAX 32768 /* bytes; variables that no longer fit are left out */
#define SESSION_ENVIRONMENT_MS 2000   /* that a program's start is delayed at most */
#define SESSION_ROOT_SIZE 64

struct session_question {
    bool has_session;
    struct login session;
    bool as_user; /* looks with the user's rights and no others */
    struct rights rights;
    char root[SESSION_ROOT_SIZE]; /* "" but in tests */
};

/* Adds the session's variables. Returns 0, or a status with the reason when they could not be found in time; what an
   earlier look has found is added all the same. `note` gets what people should know, once, or "". */
int session_environment(const struct session_question *question, struct strlist *out, char *note, size_t note_size,
                        struct error *err);

#endif
