/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/file/file.h"
#include "linux/errno.h"
#include "linux/user/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static int refuse_other_than_regular(mode_t mode, struct error *err)
{
    if (S_ISREG(mode))
        return 0;
    if (S_ISDIR(mode))
        return error_set(err, ERR_INVALID, "Is a directory");
    return error_set(err, ERR_INVALID, "Not a regular file");
}

/* ---- opening ---- */

/* Opens it without following a link of /proc/PID, which leads to what a process has open, past the folders' permissions;
   the kernel lets every thread of the agent follow the agent's. Kernels before 5.6 can't tell them from others. */
static int open_without_process_links(const char *path, int flags, mode_t mode)
{
    const struct {
        uint64_t flags, mode, resolve;
    } how = {(uint64_t)(flags | O_LARGEFILE), flags & O_CREAT ? mode : 0, 2 /* RESOLVE_NO_MAGICLINKS */};
    const long openat2 = 437;
    int fd = (int)syscall(openat2, AT_FDCWD, path, &how, sizeof how);
    return fd < 0 && (errno == ENOSYS || errno == EPERM) ? open(path, flags, mode) : fd;
}

/* Returns whether the first number in a path of /proc is that of a thread of this process: each of them has a folder of
   its own there. */
static bool names_own_thread(const char *target)
{
    char task[64];
    size_t digits = 0;
    const char *part = target;
    while (*part && digits == 0) {
        part += strspn(part, "/");
        size_t len = strcspn(part, "/");
        digits = len && strspn(part, "0123456789") == len ? len : 0;
        part += digits ? 0 : len;
    }
    snprintf(task, sizeof task, "/proc/self/task/%.*s", (int)(digits < 20 ? digits : 20), part);
    return digits > 0 && access(task, F_OK) == 0;
}

/* Returns whether the file is of those in which the kernel describes this process, or it can't be told. */
static bool is_of_this_process(int fd)
{
    char link[64], target[PATH_MAX];
    struct statfs system;
    if (fstatfs(fd, &system) < 0)
        return true;
    if (system.f_type != PROC_SUPER_MAGIC)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, target, sizeof target - 1);
    if (len < 0)
        return true;
    target[len] = '\0';
    return names_own_thread(target);
}

/* Closes what a thread with a user's rights may not have. */
static int keep_or_close(int fd)
{
    if (fd < 0 || !rights_are_taken() || !is_of_this_process(fd))
        return fd;
    close(fd);
    errno = EACCES;
    return -1;
}

int file_open(const char *path, int flags, mode_t mode)
{
    flags |= O_CLOEXEC;
    return keep_or_close(rights_are_taken() ? open_without_process_links(path, flags, mode) : open(path, flags, mode));
}

int file_open_in(int folder, const char *name, int flags)
{
    return keep_or_close(openat(folder, name, flags | O_CLOEXEC));
}

/* Opens a regular file. It is looked at before, since opening a device can do things; and again after, since it may have
   changed. */
static int open_regular(int *out, const char *path, struct stat *info, struct error *err)
{
    if (stat(path, info) < 0)
        return errno_error(err, errno, NULL);
    int status = refuse_other_than_regular(info->st_mode, err);
    if (status)
        return status;
    int fd = file_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return errno_error(err, errno, NULL);
    status = fstat(fd, info) < 0 ? errno_error(err, errno, NULL) : refuse_other_than_regular(info->st_mode, err);
    if (status)
        close(fd);
    else
        *out = fd;
    return status;
}

int os_file_open(struct os_file **out, const char *path, uint64_t *size, struct error *err)
{
    struct stat info;
    int fd;
    *out = NULL;
    int status = open_regular(&fd, path, &info, err);
    if (status)
        return status;
    struct os_file *file = malloc(sizeof *file);
    if (!file) {
        close(fd);
        return error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    }
    file->fd = fd;
    *size = (uint64_t)info.st_size;
    *out = file;
    return 0;
}

/* Refuses what others can have put there, or can change: a hard link may be another file of ours. */
static int refuse_others(const struct stat *info, struct error *err)
{
    if (info->st_uid != geteuid())
        return error_set(err, ERR_DENIED, "it belongs to another user (uid %lu)", (unsigned long)info->st_uid);
    if (info->st_nlink != 1)
        return error_set(err, ERR_DENIED, "it has other names too");
    if (info->st_mode & (S_IWGRP | S_IWOTH))
        return error_set(err, ERR_DENIED, "others may write to it");
    return 0;
}

int os_file_open_own(struct os_file **out, const char *path, uint64_t *size, struct error *err)
{
    struct stat info;
    *out = NULL;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno == ELOOP ? error_set(err, ERR_DENIED, "it is a link") : errno_error(err, errno, NULL);
    int status = fstat(fd, &info) < 0 ? errno_error(err, errno, NULL) : refuse_other_than_regular(info.st_mode, err);
    if (status == 0)
        status = refuse_others(&info, err);
    if (status == 0 && !(*out = malloc(sizeof **out)))
        status = error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    if (status) {
        close(fd);
        return status;
    }
    (*out)->fd = fd;
    *size = (uint64_t)info.st_size;
    return 0;
}

int os_file_read(struct os_file *file, void *bytes, size_t max, struct error *err)
{
    ssize_t got;
    if (max > INT_MAX)
        max = INT_MAX;
    while ((got = read(file->fd, bytes, max)) < 0 && errno == EINTR)
        ;
    return got < 0 ? errno_error(err, errno, NULL) : (int)got;
}

int os_file_seek(struct os_file *file, uint64_t offset, struct error *err)
{
    if (offset > INT64_MAX)
        return errno_error(err, EINVAL, NULL);
    return lseek(file->fd, (off_t)offset, SEEK_SET) < 0 ? errno_error(err, errno, NULL) : 0;
}

void os_file_close(struct os_file *file)
{
    if (!file)
        return;
    close(file->fd);
    free(file);
}

int os_file_remove(const char *path, struct error *err)
{
    return unlink(path) == 0 ? 0 : errno_error(err, errno, NULL);
}

/* Lets each be replaced: a program goes on with the file that had the name when it was started. */
int os_file_check_replaceable(const char *path, struct error *err)
{
    (void)path;
    (void)err;
    return 0;
}

int os_file_rename(const char *from, const char *to, struct error *err)
{
    return rename(from, to) == 0 ? 0 : errno_error(err, errno, NULL);
}

int os_file_sync(const char *path, uint64_t *size, struct error *err)
{
    struct stat info;
    int fd;
    int status = open_regular(&fd, path, &info, err);
    if (status)
        return status;
    bool same = size && *size == (uint64_t)info.st_size;
    int code = !same && fsync(fd) < 0 ? errno : 0;
    close(fd);
    if (size && !code)
        *size = (uint64_t)info.st_size;
    return code ? errno_error(err, code, NULL) : 0;
}

const char *os_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int make_one_folder(const char *path, struct error *err)
{
    struct stat info;
    if (mkdir(path, 0777) == 0)
        return 0;
    int reason = errno;
    /* What is there may be a folder where we must not make one: the reason would be EACCES or EROFS. */
    if (stat(path, &info) == 0)
        return S_ISDIR(info.st_mode) ? 0 : errno_error(err, ENOTDIR, NULL);
    return errno_error(err, reason, NULL);
}

int os_folder_make(const char *path, struct error *err)
{
    char *part = strdup(path);
    int status = part ? 0 : error_set(err, ERR_NO_MEMORY, "Cannot allocate memory");
    for (char *slash = part ? strchr(part + 1, '/') : NULL; slash && status == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        status = make_one_folder(part, err);
        *slash = '/';
    }
    if (status == 0)
        status = make_one_folder(path, err);
    free(part);
    return status;
}

int os_getcwd(struct buffer *out, struct error *err)
{
    char *cwd = getcwd(NULL, 0);
    if (!cwd)
        return errno_error(err, errno, NULL);
    buffer_append(out, cwd, strlen(cwd) + 1);
    free(cwd);
    return out->failed ? error_set(err, ERR_NO_MEMORY, "Cannot allocate memory") : 0;
}

int os_chdir(const char *path, struct error *err)
{
    return chdir(path) == 0 ? 0 : errno_error(err, errno, NULL);
}
