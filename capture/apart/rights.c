/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/apart/rights.h"
#include "platform/process.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Becomes the user. In a user namespace that does not have the id (EINVAL) the process stays what it is there, where its
   root is an ordinary user outside; its capabilities end all the same. Returns 0 or the errno. */
static int apart_become(uid_t uid, gid_t gid)
{
    int code = os_process_drop_protection();
    if (code)
        return code;
    if (setgroups(0, NULL) != 0 && errno != EPERM)
        return errno;
    if (setresgid(gid, gid, gid) != 0 && errno != EINVAL)
        return errno;
    if (setresuid(uid, uid, uid) != 0 && errno != EINVAL)
        return errno;
    return 0;
}

int apart_take_rights(const struct apart_rights *rights, struct error *err)
{
    int code = rights->changes_user ? apart_become(rights->uid, rights->gid) : 0;
    if (code == 0)
        code = os_process_keep_capabilities(rights->admin ? 1ull << CAP_SYS_ADMIN : 0);
    if (code == 0)
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* other programs of that user can't look into it, or trace it */
    if (code == 0)
        return 0;
    return error_set(err, ERR_DENIED, "could not give up the agent's rights (user %u, group %u): %s",
                     (unsigned)rights->uid, (unsigned)rights->gid, strerror(code));
}
