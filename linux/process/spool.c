/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/spool.h"
#include "platform/clock.h"
#include "platform/transfer.h"
#include "linux/errno.h"
#include "linux/file/file.h"
#include "linux/net/socket.h"
#include "linux/file/scratch.h"
#include "linux/waker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 1000 /* how often a file is looked at of which no event may come: of FUSE, of a network */

static int spool_from(struct os_file **out, int fd, struct error *err)
{
    *out = malloc(sizeof **out);
    if (!*out)
        return errno_error(err, ENOMEM, NULL);
    (*out)->fd = fd;
    return 0;
}

/* Prefers a folder on the disk: /tmp may be memory. */
int os_spool_open(struct os_file **out, struct error *err)
{
    const char *const folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    int fd = -1;
    *out = NULL;
    errno = ENOENT;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && fd < 0; i++)
        if (folders[i] && *folders[i] == '/')
            fd = scratch_open_descriptor(folders[i]);
    if (fd < 0)
        return errno_error(err, errno, NULL);
    int status = spool_from(out, fd, err);
    if (status)
        close(fd);
    return status;
}

void os_spool_empty(struct os_file *file)
{
    (void)!ftruncate(file->fd, 0);
}

int os_file_read_at(struct os_file *file, uint64_t offset, void *bytes, size_t max, struct error *err)
{
    ssize_t got;
    if (offset > INT64_MAX)
        return 0;
    if (max > INT_MAX)
        max = INT_MAX;
    while ((got = pread(file->fd, bytes, max, (off_t)offset)) < 0 && errno == EINTR)
        ;
    return got < 0 ? errno_error(err, errno, NULL) : (int)got;
}

int os_file_size(struct os_file *file, uint64_t *size, struct error *err)
{
    struct stat info;
    if (fstat(file->fd, &info) < 0)
        return errno_error(err, errno, NULL);
    *size = (uint64_t)info.st_size;
    return 0;
}

int os_socket_send_part(struct os_socket *socket, struct os_file *file, uint64_t offset, uint64_t len, int stall_ms,
                        struct error *err)
{
    off_t at = (off_t)offset;
    while (len > 0) {
        ssize_t sent = sendfile(socket_fd(socket), file->fd, &at, (size_t)len);
        if (sent > 0)
            len -= (uint64_t)sent;
        else if (sent == 0)
            return error_set(err, ERR_CLOSED, "the spool lacks %llu bytes", (unsigned long long)len);
        else if (errno != EAGAIN && errno != EINTR)
            return errno_error(err, errno, "could not send");
        else if (!os_socket_await(socket, OS_SOCKET_WRITABLE, os_deadline(stall_ms)))
            return error_set(err, ERR_TIMEOUT, "the peer took nothing for %d ms", stall_ms);
    }
    return 0;
}

bool os_file_await(struct os_file *file, struct os_socket *client, int64_t deadline_ms)
{
    char path[32];
    int64_t next = os_deadline(LOOK_MS);
    struct os_waker changed = {.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
    uint64_t before = 0, now = 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file->fd);
    bool sized = os_file_size(file, &before, NULL) == 0;
    if (changed.fd >= 0)
        (void)inotify_add_watch(changed.fd, path, IN_MODIFY);
    enum os_wait_result result = OS_WAIT_WOKEN;
    if (sized && os_file_size(file, &now, NULL) == 0 && now == before) /* not since the watch began */
        result = os_socket_wait(client, &changed, next < deadline_ms ? next : deadline_ms);
    if (changed.fd >= 0)
        close(changed.fd);
    return result != OS_WAIT_HANGUP;
}

void os_spool_save(struct os_file *file, struct buffer *out)
{
    fcntl(file->fd, F_SETFD, 0);
    buffer_printf(out, "%d", file->fd);
}

int os_spool_adopt(struct os_file **out, const char *saved)
{
    struct stat info;
    int fd = atoi(saved);
    *out = NULL;
    if (fd <= 2 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return ERR_INVALID;
    return spool_from(out, fd, NULL);
}

void os_spool_adopted(struct os_file *file)
{
    fcntl(file->fd, F_SETFD, FD_CLOEXEC);
}
