/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/file.h"
#include "linux/errno.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TRIES 100 /* leftovers of an earlier process with our pid */

struct os_upload {
    int fd;
    bool durable;             /* on the disk before it takes its name */
    char *target, *temporary; /* owned */
};

static void upload_free(struct os_upload *upload)
{
    if (upload->fd >= 0)
        close(upload->fd);
    free(upload->target);
    free(upload->temporary);
    free(upload);
}

/* The new file takes the name, so what has it must be something that a file may replace. */
static int check_target(const char *path, struct error *err)
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

/* Length of the folder's part of a path, its '/' included. */
static int folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) + 1 : 0;
}

static int open_temporary(struct os_upload *upload, mode_t mode, struct error *err)
{
    static atomic_uint counter;
    for (int i = 0; i < NAME_TRIES; i++) {
        free(upload->temporary);
        upload->temporary = NULL;
        if (asprintf(&upload->temporary, "%.*s.periscope-%ld-%u.tmp", folder_len(upload->target), upload->target,
                     (long)getpid(), atomic_fetch_add(&counter, 1)) < 0) {
            upload->temporary = NULL;
            return errno_error(err, ENOMEM, NULL);
        }
        upload->fd = open(upload->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (upload->fd >= 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    return errno_error(err, errno, NULL);
}

int os_upload_begin(struct os_upload **out, const char *path, enum os_upload_kind kind, struct error *err)
{
    static const mode_t modes[] = {
        [OS_UPLOAD_PRIVATE] = 0600, [OS_UPLOAD_EXECUTABLE] = 0700, [OS_UPLOAD_ORDINARY] = 0666};
    *out = NULL;
    int status = check_target(path, err);
    if (status)
        return status;
    struct os_upload *upload = calloc(1, sizeof *upload);
    if (!upload)
        return errno_error(err, ENOMEM, NULL);
    upload->fd = -1;
    upload->durable = kind != OS_UPLOAD_ORDINARY;
    upload->target = strdup(path);
    status = upload->target ? open_temporary(upload, modes[kind], err) : errno_error(err, ENOMEM, NULL);
    if (status)
        upload_free(upload);
    else
        *out = upload;
    return status;
}

int os_upload_write(struct os_upload *upload, const void *bytes, size_t len, struct error *err)
{
    const char *next = bytes;
    while (len > 0) {
        ssize_t done = write(upload->fd, next, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno_error(err, errno, NULL);
        next += done;
        len -= (size_t)done;
    }
    return 0;
}

/* So that the new name itself survives a crash. Not every file system can: the file is in place all the same. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    int len = folder_len(path);
    if (len >= PATH_MAX)
        return;
    memcpy(folder, path, (size_t)len);
    folder[len] = 0;
    int fd = open(len ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int os_upload_commit(struct os_upload *upload, struct error *err)
{
    int code = 0;
    if (upload->durable && fsync(upload->fd) < 0)
        code = errno;
    if (close(upload->fd) < 0 && !code)
        code = errno;
    upload->fd = -1;
    if (!code && rename(upload->temporary, upload->target) < 0)
        code = errno;
    if (code) {
        os_upload_abandon(upload);
        return errno_error(err, code, NULL);
    }
    if (upload->durable)
        sync_folder(upload->target);
    upload_free(upload);
    return 0;
}

void os_upload_abandon(struct os_upload *upload)
{
    if (!upload)
        return;
    unlink(upload->temporary);
    upload_free(upload);
}
