/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/apart/rights.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sets the capabilities to those of the set that the process has. Returns 0 or the errno. */
static int apart_keep_capabilities(uint64_t set)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0)
        return errno;
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].permitted &= (uint32_t)(set >> 32 * i);
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    return syscall(SYS_capset, &header, data) != 0 ? errno : 0;
}

/* Becomes the user. In a user namespace that does not have the id (EINVAL) the process stays what it is there, where its
   root is an ordinary user outside; its capabilities end all the same. Returns 0 or the errno. */
static int apart_become(uid_t uid, gid_t gid)
{
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
        code = apart_keep_capabilities(rights->admin ? 1ull << CAP_SYS_ADMIN : 0);
    if (code == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        code = errno;
    if (code == 0)
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* other programs of that user can't look into it, or trace it */
    if (code == 0)
        return 0;
    return error_set(err, ERR_DENIED, "could not give up the agent's rights (user %u, group %u): %s",
                     (unsigned)rights->uid, (unsigned)rights->gid, strerror(code));
}
