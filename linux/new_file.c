/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/new_file.h"
#include "linux/errno.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct os_new_file {
    int fd;
};

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

uint64_t os_own_pid(void)
{
    return (uint64_t)getpid();
}

int os_new_file_make(struct os_new_file **out, const char *path, enum os_upload_kind kind, struct error *err)
{
    static const mode_t modes[] = {
        [OS_UPLOAD_PRIVATE] = 0600, [OS_UPLOAD_EXECUTABLE] = 0700, [OS_UPLOAD_ORDINARY] = 0666};
    struct os_new_file *file = malloc(sizeof *file);
    *out = NULL;
    if (!file)
        return errno_error(err, ENOMEM, NULL);
    file->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, modes[kind]);
    if (file->fd < 0) {
        int code = errno;
        free(file);
        return code == EEXIST ? OS_FILE_EXISTS : errno_error(err, code, NULL);
    }
    *out = file;
    return 0;
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

int os_new_file_close(struct os_new_file *file, bool durable, struct error *err)
{
    int code = durable && fsync(file->fd) < 0 ? errno : 0;
    if (close(file->fd) < 0 && !code)
        code = errno;
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
