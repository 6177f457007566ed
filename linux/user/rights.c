/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights are changed for one thread alone, by the system calls themselves: the C library's functions change those of all
   threads. */
#include "linux/user/rights.h"
#include "linux/errno.h"
#include "platform/process.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* On some systems the calls without the number take ids of 16 bits. */
#ifdef SYS_setresuid32
#define SET_USER SYS_setresuid32
#define SET_GROUP SYS_setresgid32
#define SET_GROUPS SYS_setgroups32
#else
#define SET_USER SYS_setresuid
#define SET_GROUP SYS_setresgid
#define SET_GROUPS SYS_setgroups
#endif
#define SAME (-1) /* leaves an id as it is */

struct thread_rights {
    uid_t user, files_user;
    gid_t group, files_group;
    struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3];
};

/* What the thread had before it took a user's. */
struct own_rights {
    struct thread_rights ids;
    gid_t groups[RIGHTS_GROUPS_MAX];
    int group_count;
};
/* NULL: it has its own. The model spares the agent a call into the dynamic linker. */
static _Thread_local struct own_rights *own __attribute__((tls_model("initial-exec")));

static struct __user_cap_header_struct this_thread(void)
{
    return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
}

static bool rights_read(struct thread_rights *out)
{
    struct __user_cap_header_struct header = this_thread();
    out->user = geteuid();
    out->group = getegid();
    /* An impossible id changes nothing, and the one in force is returned. */
    out->files_user = (uid_t)setfsuid((uid_t)-1);
    out->files_group = (gid_t)setfsgid((gid_t)-1);
    return syscall(SYS_capget, &header, out->capabilities) == 0;
}

static bool set_effective(const struct thread_rights *wanted)
{
    struct __user_cap_header_struct header = this_thread();
    struct thread_rights now;
    if (!rights_read(&now))
        return false;
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        now.capabilities[i].effective = wanted ? wanted->capabilities[i].effective : 0;
    return syscall(SYS_capset, &header, now.capabilities) == 0;
}

/* ---- for a while ---- */

static bool has_no_capability(const struct thread_rights *ids)
{
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (ids->capabilities[i].effective)
            return false;
    return true;
}

static bool is_the_user(const struct rights *rights)
{
    struct thread_rights now;
    return rights_read(&now) && now.user == rights->user && now.files_user == rights->user &&
           now.group == rights->group && now.files_group == rights->group && has_no_capability(&now);
}

static bool is_as_before(const struct thread_rights *before)
{
    struct thread_rights now;
    if (!rights_read(&now) || now.user != before->user || now.files_user != before->files_user ||
        now.group != before->group || now.files_group != before->files_group)
        return false;
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (now.capabilities[i].effective != before->capabilities[i].effective)
            return false;
    return true;
}

static int own_rights_keep(struct error *err)
{
    struct own_rights *mine = calloc(1, sizeof *mine);
    if (!mine)
        return error_set(err, ERR_NO_MEMORY, "no memory to become another user");
    mine->group_count = getgroups(RIGHTS_GROUPS_MAX, mine->groups);
    if (mine->group_count < 0 || !rights_read(&mine->ids)) {
        int code = errno;
        free(mine);
        return errno_error(err, code, "could not find the agent's own rights");
    }
    own = mine;
    return 0;
}

int rights_take(const struct rights *rights, const char *name, struct error *err)
{
    int status = own_rights_keep(err);
    if (status)
        return status;
    /* The user last: with the effective user go the capabilities that the rest needs. */
    if (syscall(SET_GROUPS, (size_t)rights->group_count, rights->groups) < 0 ||
        syscall(SET_GROUP, SAME, rights->group, SAME) < 0 || syscall(SET_USER, SAME, rights->user, SAME) < 0 ||
        !set_effective(NULL)) {
        int code = errno;
        rights_give_back();
        return errno_error(err, code, "could not become the user");
    }
    if (is_the_user(rights))
        return 0;
    rights_give_back();
    return error_set(err, ERR_DENIED, "could not become %s: the system left the agent some of its rights", name);
}

void rights_give_back(void)
{
    struct own_rights *mine = own;
    if (!mine)
        return;
    if (syscall(SET_USER, SAME, mine->ids.user, SAME) < 0 || !set_effective(&mine->ids) ||
        syscall(SET_GROUP, SAME, mine->ids.group, SAME) < 0 ||
        syscall(SET_GROUPS, (size_t)mine->group_count, mine->groups) < 0 || !is_as_before(&mine->ids))
        abort(); /* what follows would be done as somebody else */
    own = NULL;
    free(mine);
}

bool rights_are_taken(void)
{
    return own != NULL;
}

/* ---- for good ---- */

int rights_become(const struct rights *rights)
{
    struct __user_cap_header_struct header = this_thread();
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};
    if (syscall(SET_GROUPS, (size_t)rights->group_count, rights->groups) < 0 ||
        syscall(SET_GROUP, rights->group, rights->group, rights->group) < 0 ||
        syscall(SET_USER, rights->user, rights->user, rights->user) < 0 || syscall(SYS_capset, &header, none) < 0)
        return errno;
    return 0;
}

int os_process_keep_capabilities(uint64_t set)
{
    struct __user_cap_header_struct header = this_thread();
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &header, data) != 0)
        return errno;
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].permitted &= (uint32_t)(set >> 32 * i);
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &header, data) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return errno;
    return 0;
}
