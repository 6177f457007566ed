/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file has besides its content, and how another one gets it. */
#include "platform/new_file.h"
#include "linux/errno.h"
#include "linux/file/new_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LIST_NAME "system.posix_acl_access"
#define LIST_SIZE 65536 /* bytes; more than the kernel keeps */

void os_file_look(const char *path, struct os_file_facts *facts)
{
    struct stat info;
    *facts = (struct os_file_facts){0};
    if (lstat(path, &info) < 0 || !S_ISREG(info.st_mode))
        return;
    facts->exists = true;
    facts->read_only = !(info.st_mode & 0222) || access(path, W_OK) < 0;
    facts->has_list = lgetxattr(path, LIST_NAME, NULL, 0) > 0;
    facts->names = info.st_nlink;
    facts->owner = info.st_uid;
    facts->group = info.st_gid;
}

/* Copies the access control list. Returns false if there is one that could not be copied. */
static bool resemble_list(int fd, const char *path)
{
    char list[LIST_SIZE];
    ssize_t len = lgetxattr(path, LIST_NAME, list, sizeof list);
    if (len < 0)
        return errno == ENODATA || errno == EOPNOTSUPP;
    return fsetxattr(fd, LIST_NAME, list, (size_t)len, 0) == 0;
}

/* Sets no bit that runs a program as somebody else: the content is another's. The group's bits are for the group, or if
   there is a list, its mask: where neither is kept they become those of all others. */
int os_new_file_resemble(struct os_new_file *file, const char *path, struct error *err)
{
    struct stat old;
    if (lstat(path, &old) < 0 || !S_ISREG(old.st_mode))
        return 0;
    mode_t mode = old.st_mode & 0777, open_to_all = (mode & 0707) | (mode & (mode << 3) & 0070);
    bool grouped = fchown(file->fd, old.st_uid, old.st_gid) == 0 || fchown(file->fd, (uid_t)-1, old.st_gid) == 0;
    if (fchmod(file->fd, grouped ? mode : open_to_all) < 0)
        return errno_error(err, errno, NULL);
    if (resemble_list(file->fd, path) || fchmod(file->fd, open_to_all) == 0)
        return 0;
    return errno_error(err, errno, NULL);
}
