/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/folder.h"
#include "platform/random.h"
#include "linux/errno.h"
#include "linux/file/file.h"
#include "linux/file/node.h"
#include "linux/fork_window.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY)
#define NAME_TRIES 16 /* nobody can guess a name of 64 random bits */
#define TEMPORARY_SIZE 40
#define DESCRIPTOR_PATH_SIZE 32

struct os_folder {
    int fd;
};

struct os_folder_file {
    int fd, folder;                 /* folder: borrowed */
    char *name;                     /* owned */
    char temporary[TEMPORARY_SIZE]; /* "": it has no name yet */
};

static int folder_from(struct os_folder **out, int fd, struct error *err)
{
    *out = NULL;
    if (fd < 0)
        return errno == ELOOP ? error_set(err, ERR_DENIED, "it is a link") : errno_error(err, errno, NULL);
    *out = malloc(sizeof **out);
    if (*out) {
        (*out)->fd = fd;
        return 0;
    }
    close(fd);
    return errno_error(err, ENOMEM, NULL);
}

int os_folder_open(struct os_folder **out, const char *path, struct error *err)
{
    return folder_from(out, file_open(path, FOLDER_FLAGS, 0), err);
}

int os_folder_enter(struct os_folder **out, struct os_folder *in, const char *name, struct error *err)
{
    int fd = file_open_in(in->fd, name, FOLDER_FLAGS | O_NOFOLLOW);
    if (fd < 0 && errno == ENOTDIR) {
        struct stat info;
        if (fstatat(in->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode))
            errno = ELOOP;
        else
            errno = ENOTDIR;
    }
    return folder_from(out, fd, err);
}

void os_folder_close(struct os_folder *folder)
{
    if (!folder)
        return;
    close(folder->fd);
    free(folder);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_names(DIR *list, struct strlist *names, struct error *err)
{
    struct dirent *entry;
    for (errno = 0; (entry = readdir(list)); errno = 0)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !strlist_add(names, entry->d_name))
            return names->count >= STRLIST_MAX_COUNT
                       ? error_set(err, ERR_LIMIT, "it has more than %d names", STRLIST_MAX_COUNT)
                       : errno_error(err, ENOMEM, NULL);
    if (errno)
        return errno_error(err, errno, NULL);
    if (names->count)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    return 0;
}

int os_folder_list(struct os_folder *folder, struct strlist *names, struct error *err)
{
    int fd = openat(folder->fd, ".", FOLDER_FLAGS);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    if (!list) {
        int code = errno;
        if (fd >= 0)
            close(fd);
        return errno_error(err, code, NULL);
    }
    int status = list_names(list, names, err);
    closedir(list);
    return status;
}

int os_folder_look(struct os_folder *folder, const char *name, struct os_node *node, struct error *err)
{
    struct stat info;
    if (fstatat(folder->fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return errno_error(err, errno, NULL);
    node_from_stat(node, &info);
    return 0;
}

/* Looks before it opens, since opening a device can do things, and again after: it may have been exchanged. */
int os_folder_open_file(struct os_folder *folder, const char *name, struct os_file **out, struct os_node *node,
                        struct error *err)
{
    *out = NULL;
    int status = os_folder_look(folder, name, node, err);
    if (status == 0 && node->type != OS_NODE_FILE)
        status = error_set(err, ERR_INVALID, "Not a regular file");
    if (status)
        return status;
    int fd = file_open_in(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno_error(err, errno, NULL);
    struct os_file *file = malloc(sizeof *file);
    if (!file) {
        close(fd);
        return errno_error(err, ENOMEM, NULL);
    }
    file->fd = fd;
    status = os_node_of_file(node, file, err);
    if (status == 0 && node->type != OS_NODE_FILE)
        status = error_set(err, ERR_INVALID, "Not a regular file");
    if (status)
        os_file_close(file);
    else
        *out = file;
    return status;
}

int os_folder_read_link(struct os_folder *folder, const char *name, struct buffer *target, struct error *err)
{
    char text[PATH_MAX];
    ssize_t len = readlinkat(folder->fd, name, text, sizeof text);
    if (len < 0)
        return errno_error(err, errno, NULL);
    buffer_append(target, text, (size_t)len);
    buffer_append(target, "", 1);
    return target->failed ? errno_error(err, ENOMEM, NULL) : 0;
}

int os_folder_make_folder(struct os_folder *folder, const char *name, struct error *err)
{
    struct stat info;
    if (mkdirat(folder->fd, name, 0777) == 0)
        return 0;
    int code = errno;
    if (code == EEXIST && fstatat(folder->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode))
        return 0;
    return errno_error(err, code, NULL);
}

/* ---- new files and links: under a temporary name first, for what has the name is replaced at once or not at all ---- */

static int folder_temporary(char name[TEMPORARY_SIZE], struct error *err)
{
    uint64_t number;
    int status = os_random(&number, err);
    if (status == 0)
        snprintf(name, TEMPORARY_SIZE, ".periscope-%016llx.tmp", (unsigned long long)number);
    return status;
}

static int folder_take_name(int folder, const char *temporary, const char *name, struct error *err)
{
    if (renameat(folder, temporary, folder, name) == 0)
        return 0;
    int code = errno;
    unlinkat(folder, temporary, 0);
    return errno_error(err, code, NULL);
}

int os_folder_make_link(struct os_folder *folder, const char *name, const char *target, struct error *err)
{
    char temporary[TEMPORARY_SIZE];
    if (symlinkat(target, folder->fd, name) == 0)
        return 0;
    int status = errno == EEXIST ? folder_temporary(temporary, err) : errno_error(err, errno, NULL);
    if (status)
        return status;
    if (symlinkat(target, folder->fd, temporary) < 0)
        return errno_error(err, errno, NULL);
    return folder_take_name(folder->fd, temporary, name, err);
}

/* Opens a file without a name where the file system can, else with a temporary one. */
static int folder_open_new(struct os_folder_file *file, struct error *err)
{
    file->fd = openat(file->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (file->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL))
        return file->fd < 0 ? errno_error(err, errno, NULL) : 0;
    int status = folder_temporary(file->temporary, err);
    if (status)
        return status;
    file->fd = openat(file->folder, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->fd >= 0)
        return 0;
    *file->temporary = 0;
    return errno_error(err, errno, NULL);
}

int os_folder_file_make(struct os_folder_file **out, struct os_folder *folder, const char *name, struct error *err)
{
    struct os_folder_file *file = *out = calloc(1, sizeof *file);
    if (!file)
        return errno_error(err, ENOMEM, NULL);
    file->fd = -1;
    file->folder = folder->fd;
    file->name = strdup(name);
    int status = file->name ? folder_open_new(file, err) : errno_error(err, ENOMEM, NULL);
    if (status) {
        os_folder_file_abandon(file);
        *out = NULL;
    }
    return status;
}

int os_folder_file_write(struct os_folder_file *file, const void *bytes, size_t len, struct error *err)
{
    const char *next = bytes;
    while (len > 0) {
        ssize_t done = write(file->fd, next, len < INT_MAX ? len : INT_MAX);
        if (done < 0 && errno != EINTR)
            return errno_error(err, errno, NULL);
        next += done > 0 ? done : 0;
        len -= done > 0 ? (size_t)done : 0;
    }
    return 0;
}

/* Gives the file its name, or if that is taken a temporary one that takes it then. */
static int folder_name_file(struct os_folder_file *file, struct error *err)
{
    char path[DESCRIPTOR_PATH_SIZE];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file->fd);
    if (!*file->temporary) {
        if (linkat(AT_FDCWD, path, file->folder, file->name, AT_SYMLINK_FOLLOW) == 0)
            return 0;
        int status = errno == EEXIST ? folder_temporary(file->temporary, err) : errno_error(err, errno, NULL);
        if (status)
            return status;
        if (linkat(AT_FDCWD, path, file->folder, file->temporary, AT_SYMLINK_FOLLOW) < 0) {
            *file->temporary = 0;
            return errno_error(err, errno, NULL);
        }
    }
    int status = folder_take_name(file->folder, file->temporary, file->name, err);
    *file->temporary = 0;
    return status;
}

int os_folder_file_keep(struct os_folder_file *file, uint32_t mode, int64_t mtime_ns, struct error *err)
{
    int code = node_set(file->fd, mode, mtime_ns);
    int status = code ? errno_error(err, code, NULL) : folder_name_file(file, err);
    if (close(file->fd) < 0 && status == 0)
        status = errno_error(err, errno, NULL);
    fork_settle(); /* it may be executed as soon as it has its name */
    file->fd = -1;
    os_folder_file_abandon(file);
    return status;
}

void os_folder_file_abandon(struct os_folder_file *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    if (*file->temporary)
        unlinkat(file->folder, file->temporary, 0);
    free(file->name);
    free(file);
}

int os_folder_describe(struct os_folder *folder, uint32_t mode, int64_t mtime_ns, struct error *err)
{
    int code = node_set(folder->fd, mode, mtime_ns);
    return code ? errno_error(err, code, NULL) : 0;
}

int os_folder_remove(struct os_folder *folder, const char *name, bool is_folder, struct error *err)
{
    return unlinkat(folder->fd, name, is_folder ? AT_REMOVEDIR : 0) == 0 ? 0 : errno_error(err, errno, NULL);
}

int os_folder_unmake(const char *path, struct error *err)
{
    return rmdir(path) == 0 ? 0 : errno_error(err, errno, NULL);
}

int os_folder_sync(struct os_folder *folder, struct error *err)
{
    return syncfs(folder->fd) == 0 ? 0 : errno_error(err, errno, NULL);
}

int os_space_look(struct os_space *space, const char *path, struct error *err)
{
    struct statvfs info;
    int fd = file_open(path, O_PATH, 0);
    int code = fd < 0 || fstatvfs(fd, &info) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (code)
        return errno_error(err, code, NULL);
    *space = (struct os_space){.total = (uint64_t)info.f_blocks * info.f_frsize,
                               .free = (uint64_t)info.f_bfree * info.f_frsize,
                               .available = (uint64_t)info.f_bavail * info.f_frsize,
                               .files = info.f_files,
                               .files_free = info.f_ffree};
    return 0;
}
