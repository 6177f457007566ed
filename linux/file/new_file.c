/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/file/new_file.h"
#include "linux/errno.h"
#include "linux/file/node.h"
#include "linux/fork_window.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESCRIPTOR_PATH_SIZE 32 /* bytes */
#define SWEEP_MAX 100000        /* files of the folder that are looked at: a start must not take long */

int os_new_file_check(const char *path, struct error *err)
{
    struct stat info;
    size_t len = strlen(path);
    if (len == 0 || path[len - 1] == '/')
        return errno_error(err, len ? EISDIR : ENOENT, NULL);
    if (lstat(path, &info) < 0)
        return errno == ENOENT ? 0 : errno_error(err, errno, NULL);
    if (S_ISDIR(info.st_mode))
        return errno_error(err, EISDIR, NULL);
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
        return error_set(err, ERR_INVALID, "Not a regular file");
    return 0;
}

size_t os_path_folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static const mode_t modes[] = {
    [OS_UPLOAD_PRIVATE] = 0600, [OS_UPLOAD_EXECUTABLE] = 0700, [OS_UPLOAD_PROGRAM] = 0755, [OS_UPLOAD_ORDINARY] = 0666};

/* Owns fd then, or closes it. */
static int new_file_from(struct os_new_file **out, int fd, bool unnamed, struct error *err)
{
    *out = malloc(sizeof **out);
    if (!*out) {
        close(fd);
        return errno_error(err, ENOMEM, NULL);
    }
    **out = (struct os_new_file){.fd = fd, .unnamed = unnamed};
    return 0;
}

static void descriptor_path(char path[DESCRIPTOR_PATH_SIZE], int fd)
{
    snprintf(path, DESCRIPTOR_PATH_SIZE, "/proc/self/fd/%d", fd);
}

/* Returns the folder's part of a path, a new text, or NULL without memory. */
static char *folder_of(const char *path)
{
    size_t len = os_path_folder_len(path);
    return len ? strndup(path, len) : strdup(".");
}

/* Lets all execute what the agent becomes, as they could before. */
static void ignore_umask(int fd, enum os_upload_kind kind)
{
    if (kind == OS_UPLOAD_PROGRAM)
        (void)fchmod(fd, modes[kind]);
}

/* The name is given by /proc (linkat(2)); where that is not there the file needs one from the start. */
int os_new_file_make_unnamed(struct os_new_file **out, const char *path, enum os_upload_kind kind, struct error *err)
{
    char name[DESCRIPTOR_PATH_SIZE], *folder = folder_of(path);
    *out = NULL;
    if (!folder)
        return errno_error(err, ENOMEM, NULL);
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, modes[kind]);
    int code = errno;
    free(folder);
    if (fd < 0) /* EISDIR: a kernel before 3.11; ENOENT too: then the other way tells the reason */
        return code == EOPNOTSUPP || code == EISDIR || code == ENOENT || code == EINVAL ? OS_FILE_NEEDS_NAME
                                                                                        : errno_error(err, code, NULL);
    ignore_umask(fd, kind);
    descriptor_path(name, fd);
    if (access(name, F_OK) == 0)
        return new_file_from(out, fd, true, err);
    close(fd);
    return OS_FILE_NEEDS_NAME;
}

int os_new_file_make(struct os_new_file **out, const char *path, enum os_upload_kind kind, struct error *err)
{
    *out = NULL;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, modes[kind]);
    if (fd < 0)
        return errno == EEXIST ? OS_FILE_EXISTS : errno_error(err, errno, NULL);
    ignore_umask(fd, kind);
    (void)flock(fd, LOCK_SH | LOCK_NB); /* it is in use: os_new_file_sweep, of this process or another */
    int status = new_file_from(out, fd, false, err);
    if (status)
        unlink(path);
    return status;
}

int os_new_file_write(struct os_new_file *file, const void *bytes, size_t len, struct error *err)
{
    ssize_t done;
    if (len > INT_MAX)
        len = INT_MAX;
    while ((done = write(file->fd, bytes, len)) < 0 && errno == EINTR)
        ;
    return done < 0 ? errno_error(err, errno, NULL) : (int)done;
}

int os_new_file_read(struct os_new_file *file, uint64_t offset, void *bytes, size_t max, struct error *err)
{
    ssize_t got;
    if (max > INT_MAX)
        max = INT_MAX;
    while ((got = pread(file->fd, bytes, max, (off_t)offset)) < 0 && errno == EINTR)
        ;
    return got < 0 ? errno_error(err, errno, NULL) : (int)got;
}

int os_new_file_describe(struct os_new_file *file, uint32_t mode, int64_t mtime_ns, struct error *err)
{
    int code = node_set(file->fd, mode, mtime_ns);
    return code ? errno_error(err, code, NULL) : 0;
}

int os_new_file_keep(struct os_new_file *file, const char *path, bool durable, struct error *err)
{
    char name[DESCRIPTOR_PATH_SIZE];
    if (durable && fsync(file->fd) < 0)
        return errno_error(err, errno, NULL);
    descriptor_path(name, file->fd);
    if (!file->unnamed || linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    return errno == EEXIST ? OS_FILE_EXISTS : errno_error(err, errno, NULL);
}

int os_new_file_close(struct os_new_file *file, struct error *err)
{
    int code = close(file->fd) < 0 ? errno : 0;
    fork_settle(); /* it may be executed as soon as it is in place */
    free(file);
    return code ? errno_error(err, code, NULL) : 0;
}

void os_new_file_sync_name(const char *path)
{
    char folder[PATH_MAX];
    size_t len = os_path_folder_len(path);
    if (len >= PATH_MAX)
        return;
    memcpy(folder, path, len);
    folder[len] = 0;
    int fd = open(len ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

/* ---- what a killed process has left ---- */

/* Returns whether that is a file of whom uploads are written as, and not in use: the lock of who writes it ended with
   its process. Root writes for everybody. */
static bool is_left_behind(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_uid == geteuid() || geteuid() == 0) &&
           flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool sweep_one(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool removed = is_left_behind(fd) && unlinkat(folder, name, 0) == 0;
    close(fd);
    return removed;
}

unsigned os_new_file_sweep(bool (*is_ours)(const char *name))
{
    unsigned removed = 0, looked_at = 0;
    struct dirent *entry;
    DIR *list = opendir(".");
    while (list && looked_at++ < SWEEP_MAX && (entry = readdir(list)))
        removed += is_ours(entry->d_name) && sweep_one(dirfd(list), entry->d_name);
    if (list)
        closedir(list);
    return removed;
}
