/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/socket.h"
#include "platform/clock.h"
#include "linux/errno.h"
#include "linux/file.h"
#include "linux/socket.h"
#include "linux/waker.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEEPALIVE_IDLE_S 30
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES 3       /* a vanished host is noticed after a minute */
#define SENDFILE_STEP (1u << 20) /* bytes: how often the deadline is looked at */

struct os_socket {
    int fd; /* non-blocking */
};

static void set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

struct os_socket *socket_from_fd(int fd, struct error *err)
{
    struct os_socket *s = malloc(sizeof *s);
    if (!s) {
        close(fd);
        error_set(err, ERR_NO_MEMORY, "no memory for a connection");
        return NULL;
    }
    s->fd = fd;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    return s;
}

int os_socket_recv(struct os_socket *s, void *bytes, size_t max, int64_t deadline_ms, struct error *err)
{
    if (max > INT_MAX)
        max = INT_MAX;
    for (;;) {
        /* The peer writes field by field and waits for each acknowledgement; the kernel takes this back by itself. */
        set_option(s->fd, IPPROTO_TCP, TCP_QUICKACK, 1);
        ssize_t got = recv(s->fd, bytes, max, 0);
        if (got >= 0)
            return (int)got;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return errno_error(err, errno, "could not receive");
        if (poll_until(s->fd, POLLIN, deadline_ms) == 0)
            return error_set(err, ERR_TIMEOUT, "nothing was received in time");
    }
}

/* After a send that would block: waits for room. */
static int wait_for_room(struct os_socket *s, int stall_ms, struct error *err)
{
    if (errno == EINTR)
        return 0;
    if (errno != EAGAIN)
        return errno_error(err, errno, "could not send");
    if (poll_until(s->fd, POLLOUT, os_deadline(stall_ms)) == 0)
        return error_set(err, ERR_TIMEOUT, "the peer took nothing for %d ms", stall_ms);
    return 0;
}

int os_socket_send(struct os_socket *s, const void *bytes, size_t len, int stall_ms, bool more, struct error *err)
{
    const char *next = bytes;
    while (len > 0) {
        ssize_t sent = send(s->fd, next, len, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (sent >= 0) {
            next += sent;
            len -= (size_t)sent;
            continue;
        }
        int status = wait_for_room(s, stall_ms, err);
        if (status)
            return status;
    }
    return 0;
}

int os_socket_send_file(struct os_socket *s, struct os_file *file, uint64_t len, int stall_ms, struct error *err)
{
    while (len > 0) {
        size_t step = len < SENDFILE_STEP ? (size_t)len : SENDFILE_STEP;
        ssize_t sent = sendfile(s->fd, file->fd, NULL, step);
        if (sent == 0)
            return error_set(err, ERR_INVALID, "the file became shorter by %llu bytes while it was sent",
                             (unsigned long long)len);
        if (sent > 0) {
            len -= (uint64_t)sent;
            continue;
        }
        int status = wait_for_room(s, stall_ms, err);
        if (status)
            return status;
    }
    return 0;
}

enum os_wait_result os_socket_wait(struct os_socket *s, struct os_waker *waker, int64_t deadline_ms)
{
    struct pollfd items[2] = {{.fd = waker->fd, .events = POLLIN}, {.fd = s->fd, .events = POLLRDHUP}};
    for (;;) {
        int64_t left = os_time_left(deadline_ms);
        int count = poll(items, 2, left == OS_FOREVER ? -1 : left > INT_MAX ? INT_MAX : (int)left);
        if (count > 0)
            return items[0].revents ? OS_WAIT_WOKEN : OS_WAIT_HANGUP;
        if (count == 0 && os_time_left(deadline_ms) == 0)
            return OS_WAIT_TIMEOUT;
        if (count < 0 && errno != EINTR)
            return OS_WAIT_HANGUP;
    }
}

void os_socket_shutdown(struct os_socket *s)
{
    shutdown(s->fd, SHUT_RDWR);
}

void os_socket_close(struct os_socket *s)
{
    if (!s)
        return;
    close(s->fd);
    free(s);
}
