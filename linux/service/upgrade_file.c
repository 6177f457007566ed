/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* By owners and permissions, from the root folder on: once a folder belongs to root alone, so do the names in it. */
#include "platform/upgrade_file.h"
#include "platform/identity.h"
#include "linux/user/account.h"
#include "linux/errno.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Returns whether a host's programs may do all that the agent may; false also when that can't be told. */
static bool programs_are_the_agents(const char *run_as)
{
    struct account account;
    if (geteuid() != 0 || strcmp(run_as, OS_IDENTITY_AGENT) == 0)
        return true;
    return strcmp(run_as, OS_IDENTITY_SESSION) != 0 && account_find(&account, run_as, 0, NULL) == 0 &&
           account.rights.user == 0;
}

/* An access list that lets others write shows in the group's bits. A sticky folder keeps others from a name only as long
   as it exists. */
static int check_one(const char *path, bool is_folder, struct error *err)
{
    struct stat info;
    if (lstat(path, &info) < 0) {
        int status = errno_error(err, errno, NULL);
        return error_prefix(err, status, "'%s'", path);
    }
    if (is_folder ? !S_ISDIR(info.st_mode) : !S_ISREG(info.st_mode))
        return error_set(err, ERR_DENIED, "'%s' has just been replaced", path);
    if (info.st_uid != 0)
        return error_set(err, ERR_DENIED, "'%s' belongs to the user with the number %lu, not to root", path,
                         (unsigned long)info.st_uid);
    if (info.st_mode & (S_IWGRP | S_IWOTH))
        return error_set(err, ERR_DENIED, "'%s' can be written by others than root", path);
    return 0;
}

/* Refuses what lies on a file system that a user may have made and mounted: the owners on it are that user's words. Such a
   one is always mounted nosuid. */
static int check_file_system(const char *path, struct error *err)
{
    struct statvfs info;
    if (statvfs(path, &info) < 0) {
        int status = errno_error(err, errno, NULL);
        return error_prefix(err, status, "'%s'", path);
    }
    return info.f_flag & ST_NOSUID ? error_set(err, ERR_DENIED, "'%s' is on a file system that is mounted nosuid", path)
                                   : 0;
}

/* Checks each folder of a real path, from the root folder to its last. */
static int check_folders(const char *path, struct error *err)
{
    char part[PATH_MAX];
    int status = check_one("/", true, err);
    for (const char *slash = path + 1; status == 0 && (slash = strchr(slash, '/')); slash++) {
        size_t len = (size_t)(slash - path);
        if (len >= sizeof part)
            return errno_error(err, ENAMETOOLONG, NULL);
        memcpy(part, path, len);
        part[len] = '\0';
        status = check_one(part, true, err);
    }
    return status;
}

int os_upgrade_check_folder(const char *path, const char *run_as, struct error *err)
{
    if (programs_are_the_agents(run_as))
        return 0;
    return path[0] == '/' ? check_folders(path, err) : errno_error(err, EINVAL, path);
}

static int check_real_path(const char *path, const char *run_as, struct error *err)
{
    struct stat info;
    if (stat(path, &info) < 0)
        return errno_error(err, errno, NULL);
    if (!S_ISREG(info.st_mode))
        return error_set(err, ERR_INVALID, S_ISDIR(info.st_mode) ? "Is a directory" : "Not a regular file");
    if (programs_are_the_agents(run_as))
        return 0;
    int status = check_folders(path, err);
    if (status == 0)
        status = check_one(path, false, err);
    return status ? status : check_file_system(path, err);
}

int os_upgrade_find(struct buffer *out, const char *path, const char *run_as, struct error *err)
{
    char *real = realpath(path, NULL);
    if (!real)
        return errno_error(err, errno, NULL);
    int status = check_real_path(real, run_as, err);
    if (status == 0 && !buffer_append(out, real, strlen(real) + 1))
        status = errno_error(err, ENOMEM, NULL);
    free(real);
    return status;
}
