/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rights of a process that serves one source. */
#ifndef CAPTURE_APART_RIGHTS_H
#define CAPTURE_APART_RIGHTS_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define APART_NOBODY 65534 /* the user and group of what belongs to nobody: the kernel's overflow ids */

struct apart_rights {
    bool changes_user; /* else it stays the worker's */
    uid_t uid;
    gid_t gid;
    bool admin; /* keeps CAP_SYS_ADMIN where the worker has it; else no capability is kept */
};

/* Takes these rights for good: no capability but that one, no supplementary group of another user, and nothing that is
   executed can gain any. */
int apart_take_rights(const struct apart_rights *rights, struct error *err);

#endif
