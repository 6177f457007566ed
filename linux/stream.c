/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/stream.h"
#include "platform/clock.h"
#include "linux/errno.h"
#include "linux/waker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_MS 100           /* how often a stop is looked for */
#define READER_STEP_MS 20     /* how often a pipe without a reader is opened again */
#define LINKS_MAX 40          /* as the kernel follows */
#define UNSIZED_MAX (1 << 20) /* bytes of a file without a block that may really be shorter, as those of sysfs are */

/* ---- the standard ones ---- */

/* Opens them the wrong way round: reading and writing fails as if they were closed. Programs that are started get them
   too; of what stands in where there is no /dev, they must not. */
void os_stream_open_standard(void)
{
    for (int fd = OS_STREAM_INPUT; fd <= OS_STREAM_ERROR; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            (fd == OS_STREAM_INPUT ? open("/dev/null", O_WRONLY) : open("/dev/null", O_RDONLY)) < 0)
            (void)open("/", O_PATH | O_CLOEXEC);
}

/* ---- reading and writing ---- */

/* Waits until the next try may succeed. Returns 0, or why not. */
static int stream_await(int fd, short events, const struct os_patience *patience, struct error *err)
{
    for (;;) {
        int64_t step = patience->stop ? os_deadline(STEP_MS) : OS_FOREVER;
        if (patience->stop && atomic_load(patience->stop))
            return error_set(err, ERR_UNAVAILABLE, "interrupted");
        if (poll_until(fd, events, step < patience->deadline_ms ? step : patience->deadline_ms))
            return 0;
        if (os_time_left(patience->deadline_ms) == 0)
            return error_set(err, ERR_TIMEOUT, "the time is over");
    }
}

/* Returns whether it may take or give nothing for long, so that a wait with an end is needed before each call. */
static bool stream_may_block(int fd, const struct os_patience *patience)
{
    struct stat info;
    return (patience->stop || patience->deadline_ms != OS_FOREVER) && (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode));
}

int os_stream_read(int stream, void *bytes, size_t max, const struct os_patience *patience, struct error *err)
{
    bool waits = stream_may_block(stream, patience);
    if (max > INT_MAX)
        max = INT_MAX;
    for (;;) {
        int status = waits ? stream_await(stream, POLLIN, patience, err) : 0;
        if (status)
            return status;
        ssize_t got = read(stream, bytes, max);
        if (got >= 0)
            return (int)got;
        if (errno != EAGAIN && errno != EINTR)
            return errno_error(err, errno, NULL);
        waits |= errno == EAGAIN;
    }
}

/* A pipe that takes anything takes PIPE_BUF bytes. */
int os_stream_write(int stream, const void *bytes, size_t len, const struct os_patience *patience, struct error *err)
{
    bool bounded = stream_may_block(stream, patience), waits = bounded;
    for (const char *at = bytes; len > 0;) {
        int status = waits ? stream_await(stream, POLLOUT, patience, err) : 0;
        if (status)
            return status;
        ssize_t done = write(stream, at, bounded && len > PIPE_BUF ? PIPE_BUF : len);
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return errno_error(err, errno, NULL);
        waits = bounded || (done < 0 && errno == EAGAIN);
        at += done > 0 ? done : 0;
        len -= done > 0 ? (size_t)done : 0;
    }
    return 0;
}

/* ---- what a path is ---- */

/* Returns whether the folder, which ends with '/', has this process's descriptors. */
static bool stream_is_own_folder(const char *folder)
{
    char own[64], real[PATH_MAX];
    snprintf(own, sizeof own, "/proc/%ld/fd", (long)getpid());
    return realpath(*folder ? folder : ".", real) && strcmp(real, own) == 0;
}

/* Replaces a path by that to which it links. Returns false if it is no link. */
static bool stream_follow(char path[PATH_MAX], size_t folder_len)
{
    char target[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof target - 1);
    if (len < 0)
        return false;
    size_t at = target[0] == '/' ? 0 : folder_len;
    if (at + (size_t)len >= PATH_MAX)
        return false;
    memcpy(path + at, target, (size_t)len);
    path[at + (size_t)len] = '\0';
    return true;
}

/* Returns the descriptor of this process to which the path leads, as /dev/stdout does, or OS_STREAM_NONE. Such a link
   can't be followed by its text: that may name a file, or be none. */
static int stream_own_descriptor(const char *path)
{
    char at[PATH_MAX], folder[PATH_MAX], *end;
    if (strlen(path) >= sizeof at)
        return OS_STREAM_NONE;
    strcpy(at, path);
    for (int i = 0; i < LINKS_MAX; i++) {
        char *slash = strrchr(at, '/');
        size_t len = slash ? (size_t)(slash - at) + 1 : 0;
        memcpy(folder, at, len);
        folder[len] = '\0';
        if (at[len] >= '0' && at[len] <= '9' && stream_is_own_folder(folder)) {
            long fd = strtol(at + len, &end, 10);
            return *end || fd > INT_MAX ? OS_STREAM_NONE : (int)fd;
        }
        if (!stream_follow(at, len))
            return OS_STREAM_NONE;
    }
    return OS_STREAM_NONE;
}

static int stream_refuse(mode_t mode, struct error *err)
{
    return error_set(err, ERR_INVALID, S_ISDIR(mode) ? "Is a directory" : "Not a regular file");
}

/* A file of /proc has size 0, one of sysfs that of a page; neither has a block. */
static bool stream_has_size(const struct stat *info)
{
    return S_ISREG(info->st_mode) && (info->st_size > UNSIZED_MAX || (info->st_size > 0 && info->st_blocks > 0));
}

int os_stream_source(const char *path, int *stream, struct error *err)
{
    struct stat info;
    *stream = stream_own_descriptor(path);
    if (*stream >= 0)
        return 0;
    if (stat(path, &info) < 0)
        return errno_error(err, errno, NULL);
    if (S_ISDIR(info.st_mode) || S_ISSOCK(info.st_mode))
        return stream_refuse(info.st_mode, err);
    *stream = stream_has_size(&info) ? OS_STREAM_NONE : OS_STREAM_CLOSED;
    return 0;
}

int os_stream_target(const char *path, int *stream, struct error *err)
{
    struct stat info;
    *stream = stream_own_descriptor(path);
    if (*stream >= 0 || stat(path, &info) < 0 || S_ISREG(info.st_mode))
        return 0;
    if (!S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode))
        return stream_refuse(info.st_mode, err);
    *stream = OS_STREAM_CLOSED;
    return 0;
}

/* ---- opening ---- */

/* Does not wait for a writer: a read does, for which the kernel tells a pipe without one yet from one at its end. */
int os_stream_open_source(int *stream, const char *path, struct error *err)
{
    *stream = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return *stream < 0 ? errno_error(err, errno, NULL) : 0;
}

int os_stream_open_target(int *stream, const char *path, const struct os_patience *patience, struct error *err)
{
    while ((*stream = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) < 0) {
        if (errno != ENXIO && errno != EINTR)
            return errno_error(err, errno, NULL);
        if (patience->stop && atomic_load(patience->stop))
            return error_set(err, ERR_UNAVAILABLE, "interrupted");
        if (os_time_left(patience->deadline_ms) == 0)
            return error_set(err, ERR_TIMEOUT, "the time is over: nobody reads it");
        os_sleep_ms(READER_STEP_MS);
    }
    return 0;
}

int os_stream_close(int stream, struct error *err)
{
    return close(stream) < 0 ? errno_error(err, errno, NULL) : 0;
}

bool os_stream_is_terminal(int stream)
{
    return isatty(stream) == 1;
}
