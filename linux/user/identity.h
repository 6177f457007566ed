/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user, groups and environment that a process is started with. Only for linux/. */
#ifndef LINUX_USER_IDENTITY_H
#define LINUX_USER_IDENTITY_H

#include "base/strlist.h"
#include "linux/user/account.h"
#include "linux/user/login.h"
#include "platform/identity.h"

struct os_identity {
    bool is_agent;    /* nothing below counts but the name */
    bool same;        /* the user is the agent's own: nothing to change but the environment */
    bool has_session; /* the user is the one who is logged on, in this session */
    struct login session;
    struct account account;
    struct strlist environment; /* all of it, "NAME=VALUE"; empty before os_identity_add_environment() */
    char name[200];
};

/* Becomes the user for good, in a child before exec, where only system calls are safe. Returns 0, or the errno. */
int identity_become(const struct os_identity *identity);

#endif
