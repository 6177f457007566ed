/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user, groups and environment that a process is started with. Only for linux/. */
#ifndef LINUX_IDENTITY_H
#define LINUX_IDENTITY_H

#include "base/strlist.h"
#include "platform/identity.h"

#include <sys/types.h>

#define IDENTITY_GROUPS_MAX 1024

struct os_identity {
    bool is_agent; /* nothing below counts but the name */
    bool same;     /* the user is the agent's own: nothing to change but the environment */
    uid_t user;
    gid_t group;
    gid_t groups[IDENTITY_GROUPS_MAX];
    int group_count;
    gid_t own_groups[IDENTITY_GROUPS_MAX]; /* of the agent, for the way back */
    int own_group_count;
    struct strlist environment; /* all of it, "NAME=VALUE" */
    char name[200];
};

/* Becomes the user for good, in a child before exec, where only system calls are safe. Returns 0, or the errno. */
int identity_become(const struct os_identity *identity);

#endif
