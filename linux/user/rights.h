/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rights of one thread: a user's for a while, or for good. Only for linux/.
 *
 * Facts: credentials(7), capabilities(7) "Effect of user ID changes on capabilities", ptrace(2) "Ptrace access mode
 * checking".
 */
#ifndef LINUX_USER_RIGHTS_H
#define LINUX_USER_RIGHTS_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

#define RIGHTS_GROUPS_MAX 1024

struct rights {
    uid_t user;
    gid_t group;
    gid_t groups[RIGHTS_GROUPS_MAX];
    int group_count;
};

/* Gives the calling thread the user's ids and groups, and takes all capabilities, until rights_give_back(). Its real and
   saved ids stay root's: so the user can neither signal nor trace it, and it can return. `name` is for errors. */
int rights_take(const struct rights *rights, const char *name, struct error *err);
/* Takes back what the thread had. Ends the process when that is impossible. */
void rights_give_back(void);
bool rights_are_taken(void);
/* Becomes the user for good, in a child before exec, where only system calls are safe. Returns 0, or the errno. */
int rights_become(const struct rights *rights);

#endif
