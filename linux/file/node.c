/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/file/node.h"
#include "linux/errno.h"
#include "linux/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

static enum os_node_type node_type(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return OS_NODE_FILE;
    case S_IFDIR:
        return OS_NODE_FOLDER;
    case S_IFLNK:
        return OS_NODE_LINK;
    case S_IFIFO:
        return OS_NODE_FIFO;
    case S_IFSOCK:
        return OS_NODE_SOCKET;
    case S_IFCHR:
    case S_IFBLK:
        return OS_NODE_DEVICE;
    }
    return OS_NODE_OTHER;
}

/* Keeps a time that a file system may have and nanoseconds in 64 bits can't express at their ends. */
static int64_t ns_of(const struct timespec *time)
{
    const int64_t most = INT64_MAX / OS_NS - 1;
    if (time->tv_sec > most)
        return most * OS_NS;
    if (time->tv_sec < -most)
        return -most * OS_NS;
    return (int64_t)time->tv_sec * OS_NS + time->tv_nsec;
}

void node_from_stat(struct os_node *node, const struct stat *info)
{
    *node = (struct os_node){
        .type = node_type(info->st_mode),
        .size = S_ISREG(info->st_mode) ? (uint64_t)info->st_size : 0,
        .mode = info->st_mode & 07777,
        .mtime_ns = ns_of(&info->st_mtim),
        .names = info->st_nlink,
        .owner = info->st_uid,
        .group = info->st_gid,
        .device = info->st_dev,
        .id = info->st_ino,
    };
}

int node_set(int fd, uint32_t mode, int64_t mtime_ns)
{
    int64_t seconds = mtime_ns / OS_NS - (mtime_ns % OS_NS < 0);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
    if (mtime_ns != OS_NODE_SAME_TIME)
        times[1] = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)(mtime_ns - seconds * OS_NS)};
    if (mode != OS_NODE_SAME && fchmod(fd, mode & 0777) < 0)
        return errno;
    return mtime_ns != OS_NODE_SAME_TIME && futimens(fd, times) < 0 ? errno : 0;
}

int os_node_look(struct os_node *node, const char *path, bool follow, struct error *err)
{
    struct stat info;
    int fd = file_open(path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
    int code = fd < 0 || fstat(fd, &info) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (code)
        return errno_error(err, code, NULL);
    node_from_stat(node, &info);
    return 0;
}

int os_node_of_file(struct os_node *node, struct os_file *file, struct error *err)
{
    struct stat info;
    if (fstat(file->fd, &info) < 0)
        return errno_error(err, errno, NULL);
    node_from_stat(node, &info);
    return 0;
}
