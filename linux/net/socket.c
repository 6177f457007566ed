/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/transfer.h"
#include "platform/clock.h"
#include "linux/errno.h"
#include "linux/file/file.h"
#include "linux/net/socket.h"
#include "linux/waker.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEEPALIVE_IDLE_S 30
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES 3 /* a vanished host is noticed after a minute */

struct os_socket {
    int fd;              /* non-blocking */
    int64_t deadline_ms; /* of all waits */
};

static void socket_set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

struct os_socket *socket_allocate(void)
{
    return malloc(sizeof(struct os_socket));
}

void socket_begin(struct os_socket *s, int fd)
{
    s->fd = fd;
    s->deadline_ms = OS_FOREVER;
    socket_set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    socket_set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    socket_set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    socket_set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    socket_set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

struct os_socket *socket_from_fd(int fd, struct error *err)
{
    struct os_socket *s = socket_allocate();
    if (s) {
        socket_begin(s, fd);
        return s;
    }
    close(fd);
    error_set(err, ERR_NO_MEMORY, "no memory for a connection");
    return NULL;
}

int socket_fd(const struct os_socket *s)
{
    return s->fd;
}

int os_socket_try_recv(struct os_socket *s, void *bytes, size_t max, struct error *err)
{
    ssize_t got;
    while ((got = recv(s->fd, bytes, max, 0)) < 0 && errno == EINTR)
        ;
    if (got >= 0)
        return (int)got;
    if (errno != EAGAIN)
        return errno_error(err, errno, "could not receive");
    /* Acknowledges all that was read, before the wait for more: the peer writes field by field and waits for each
       acknowledgement. The kernel takes this back by itself. */
    socket_set_option(s->fd, IPPROTO_TCP, TCP_QUICKACK, 1);
    return OS_WOULD_BLOCK;
}

/* Returns what a send comes to. */
static int sent_or_status(ssize_t sent, struct error *err)
{
    if (sent >= 0)
        return (int)sent;
    return errno == EAGAIN || errno == EINTR ? OS_WOULD_BLOCK : errno_error(err, errno, "could not send");
}

int os_socket_try_send(struct os_socket *s, const void *bytes, size_t len, bool more, struct error *err)
{
    if (len > INT_MAX)
        len = INT_MAX;
    return sent_or_status(send(s->fd, bytes, len, MSG_NOSIGNAL | (more ? MSG_MORE : 0)), err);
}

int os_socket_send_some(struct os_socket *s, const void *bytes, size_t len, struct error *err)
{
    int sent = os_socket_try_send(s, bytes, len, true, err);
    return sent == OS_WOULD_BLOCK ? 0 : sent;
}

static bool pipe_signal_is_ignored;

void socket_ignore_pipe_signal(void)
{
    signal(SIGPIPE, SIG_IGN);
    pipe_signal_is_ignored = true;
}

/* Sends without the signal that ends the process whose peer has gone: sendfile(2) has no MSG_NOSIGNAL. One that was
   pending before stays so. */
static ssize_t send_file_quietly(int to, int from, size_t max)
{
    const struct timespec at_once = {0};
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t sent = sendfile(to, from, NULL, max);
    int code = errno;
    if (sent < 0 && code == EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe_signal, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = code;
    return sent;
}

int os_socket_try_send_file(struct os_socket *s, struct os_file *file, size_t max, struct error *err)
{
    return sent_or_status(
        pipe_signal_is_ignored ? sendfile(s->fd, file->fd, NULL, max) : send_file_quietly(s->fd, file->fd, max), err);
}

bool os_socket_await(struct os_socket *s, enum os_socket_event event, int64_t deadline_ms)
{
    if (deadline_ms > s->deadline_ms)
        deadline_ms = s->deadline_ms;
    return poll_until(s->fd, event == OS_SOCKET_READABLE ? POLLIN : POLLOUT, deadline_ms) != 0;
}

void os_socket_set_deadline(struct os_socket *s, int64_t deadline_ms)
{
    s->deadline_ms = deadline_ms;
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

void os_socket_end_input(struct os_socket *s)
{
    shutdown(s->fd, SHUT_RD);
}

void os_socket_shutdown(struct os_socket *s)
{
    shutdown(s->fd, SHUT_RDWR);
}

void os_socket_abort(struct os_socket *s)
{
    const struct linger drop = {.l_onoff = 1};
    setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &drop, sizeof drop);
    os_socket_shutdown(s);
}

void os_socket_close(struct os_socket *s)
{
    if (!s)
        return;
    close(s->fd);
    free(s);
}
