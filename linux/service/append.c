/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/append.h"
#include "platform/new_file.h"
#include "platform/service.h"
#include "platform/upgrade_file.h"
#include "linux/errno.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_FOLDER_END "d" /* beside the service's state folder, in which everybody may write: /var/lib/periscoped */

struct os_append {
    int fd;
};

void os_own_folder_find(struct buffer *out)
{
    const char *state = getenv("STATE_DIRECTORY"); /* of systemd, from 240 on */
    if (!os_service_is_one() || !state || !*state || strchr(state, ':'))
        return;
    buffer_append(out, state, strlen(state));
    buffer_append(out, OWN_FOLDER_END, sizeof OWN_FOLDER_END);
}

static int check_own_folder(const char *path, struct error *err)
{
    struct stat info;
    if (lstat(path, &info) < 0)
        return errno_error(err, errno, NULL);
    if (!S_ISDIR(info.st_mode))
        return errno_error(err, ENOTDIR, NULL);
    if (info.st_uid != geteuid())
        return error_set(err, ERR_DENIED, "it belongs to another user (uid %lu)", (unsigned long)info.st_uid);
    if (info.st_mode & (S_IRWXG | S_IRWXO))
        return error_set(err, ERR_DENIED, "others may read or write it (mode %03o instead of 700)",
                         (unsigned)(info.st_mode & 0777));
    return 0;
}

/* Checks the real path, on which there is no link, as a file's in that folder. */
static int check_way(const char *path, const char *run_as, struct error *err)
{
    char file[PATH_MAX + 2], *real = realpath(path, NULL);
    if (!real)
        return errno_error(err, errno, NULL);
    size_t len = strlen(real);
    int status = len < PATH_MAX ? 0 : errno_error(err, ENAMETOOLONG, NULL);
    if (status == 0) {
        memcpy(file, real, len);
        memcpy(file + len, "/", 2);
        status = os_upgrade_check_folder(file, run_as, err);
    }
    free(real);
    return status;
}

int os_own_folder_make(const char *path, const char *run_as, struct error *err)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return errno_error(err, errno, NULL);
    int status = check_own_folder(path, err);
    return status ? status : check_way(path, run_as, err);
}

/* Locks it for this process: unlike flock(2)'s, no child that is just starting has this lock still when the agent was
   killed. */
static int lock_alone(int fd, struct error *err)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &all) == 0)
        return 0;
    return errno == EAGAIN || errno == EACCES ? error_set(err, ERR_UNAVAILABLE, "another agent has it")
                                              : errno_error(err, errno, NULL);
}

int os_append_open(struct os_append **out, const char *path, uint64_t size, struct error *err)
{
    *out = malloc(sizeof **out);
    if (!*out)
        return errno_error(err, ENOMEM, NULL);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    int status = fd < 0 ? errno_error(err, errno, NULL) : lock_alone(fd, err);
    if (status == 0 && ftruncate(fd, (off_t)size) < 0)
        status = errno_error(err, errno, NULL);
    if (status == 0) {
        (*out)->fd = fd;
        return 0;
    }
    if (fd >= 0)
        close(fd);
    free(*out);
    *out = NULL;
    return status;
}

int os_append_write(struct os_append *file, const void *bytes, size_t len, struct error *err)
{
    for (const char *at = bytes; len > 0;) {
        ssize_t done = write(file->fd, at, len);
        if (done < 0 && errno != EINTR)
            return errno_error(err, errno, NULL);
        at += done < 0 ? 0 : done;
        len -= done < 0 ? 0 : (size_t)done;
    }
    return 0;
}

int os_append_sync(struct os_append *file, struct error *err)
{
    return fdatasync(file->fd) < 0 ? errno_error(err, errno, NULL) : 0;
}

int os_append_rename(const char *from, const char *to, struct error *err)
{
    if (rename(from, to) < 0)
        return errno_error(err, errno, NULL);
    os_new_file_sync_name(to);
    return 0;
}

void os_append_close(struct os_append *file)
{
    if (!file)
        return;
    close(file->fd);
    free(file);
}
