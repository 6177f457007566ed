/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/clock.h"
#include "linux/net/address.h"
#include "linux/errno.h"
#include "linux/net/listener.h"
#include "linux/net/socket.h"
#include "linux/waker.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128
#define RETRY_MS 50 /* after accept() found no descriptor or memory */

struct os_listener {
    int fds[OS_LISTEN_MAX];
    int count, ready; /* ready: the one that a connection waits on */
    int reserve;      /* a descriptor that is given up to accept a connection without another one; -1: it is given up */
    struct os_waker *stop;
    int interval_ms; /* how long os_accept blocks at most; negative: for ever */
};

int listener_fds(const struct os_listener *listener, int fds[OS_LISTEN_MAX])
{
    memcpy(fds, listener->fds, sizeof listener->fds);
    return listener->count;
}

static void listener_keep_reserve(struct os_listener *listener)
{
    listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int listener_adopt(struct os_listener **out, const int *fds, int count, struct error *err)
{
    struct os_listener *listener = calloc(1, sizeof *listener);
    *out = NULL;
    if (!listener) {
        for (int i = 0; i < count; i++)
            close(fds[i]);
        return error_set(err, ERR_NO_MEMORY, "no memory to listen");
    }
    memcpy(listener->fds, fds, (size_t)count * sizeof *fds);
    listener->count = count;
    listener->interval_ms = -1;
    listener_keep_reserve(listener);
    int status = os_waker_new(&listener->stop, err);
    if (status) {
        os_listener_close(listener);
        return status;
    }
    *out = listener;
    return 0;
}

/* Returns the listening descriptor, or -errno. */
static int listener_bind(int family, const struct sockaddr *address, socklen_t size)
{
    int on = 1, off = 0;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, address, size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int code = errno;
    close(fd);
    return -code;
}

static int listener_open(int *fd, const struct os_endpoint *on, struct error *err)
{
    struct sockaddr_storage address;
    socklen_t size = endpoint_to_sockaddr(&address, on);
    *fd = listener_bind(address.ss_family, (const struct sockaddr *)&address, size);
    if (*fd >= 0)
        return 0;
    int status = errno_error(err, -*fd, NULL);
    return *fd == -EAFNOSUPPORT || *fd == -EADDRNOTAVAIL ? ERR_UNAVAILABLE : status;
}

int os_listen_on(struct os_listener **out, const struct os_endpoint *on, struct error *err)
{
    int fd;
    *out = NULL;
    int status = listener_open(&fd, on, err);
    return status ? status : listener_adopt(out, &fd, 1, err);
}

int os_listener_add(struct os_listener *listener, const struct os_endpoint *on, struct error *err)
{
    int status = listener_open(&listener->fds[listener->count], on, err);
    if (status == 0)
        listener->count++;
    return status;
}

uint16_t os_listener_port(const struct os_listener *listener)
{
    struct sockaddr_storage address;
    struct os_endpoint endpoint;
    socklen_t size = sizeof address;
    if (getsockname(listener->fds[0], (struct sockaddr *)&address, &size) < 0)
        return 0;
    endpoint_from_sockaddr(&endpoint, (const struct sockaddr *)&address);
    return endpoint.port;
}

/* Returns 0 when a connection is there, ERR_CLOSED when stopped, ERR_TIMEOUT after the interval. The descriptors take
   turns: connections to one must not keep those to another waiting. */
static int wait_for_connection(struct os_listener *listener, struct error *err)
{
    struct pollfd items[1 + OS_LISTEN_MAX] = {{.fd = listener->stop->fd, .events = POLLIN}};
    int count, all = listener->count;
    for (int i = 0; i < OS_LISTEN_MAX; i++)
        items[1 + i] = (struct pollfd){.fd = i < all ? listener->fds[i] : -1, .events = POLLIN};
    while ((count = poll(items, 1 + OS_LISTEN_MAX, listener->interval_ms)) < 0 && errno == EINTR)
        ;
    if (count == 0)
        return error_set(err, ERR_TIMEOUT, "no connection came");
    for (int i = 1; i <= all && !items[0].revents; i++) {
        int next = (listener->ready + i) % all;
        if (items[1 + next].revents == 0)
            continue;
        listener->ready = next;
        return 0;
    }
    if (items[0].revents == 0)
        return 0; /* poll() had no memory: accept() tells */
    os_waker_clear(listener->stop);
    return error_set(err, ERR_CLOSED, "stopped listening");
}

static int listener_accept(struct os_listener *listener, struct os_address *peer)
{
    struct sockaddr_storage address;
    struct os_endpoint endpoint;
    socklen_t size = sizeof address;
    int fd = accept4(listener->fds[listener->ready], (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return fd;
    endpoint_from_sockaddr(&endpoint, (const struct sockaddr *)&address);
    *peer = endpoint.address;
    return fd;
}

/* Accepts a connection with the descriptor in reserve. The next call takes one back, when the connection is closed. */
static int accept_with_reserve(struct os_listener *listener, struct os_address *peer)
{
    int code = errno;
    if ((code != EMFILE && code != ENFILE) || listener->reserve < 0)
        return -1;
    close(listener->reserve);
    listener->reserve = -1;
    int fd = listener_accept(listener, peer);
    if (fd < 0)
        listener_keep_reserve(listener);
    errno = code;
    return fd;
}

/* Accepts the next connection for `socket`, which is left alone where that fails but for ERR_LIMIT. */
static int accept_for(struct os_listener *listener, struct os_socket *socket, struct os_address *peer,
                      struct error *err)
{
    for (;;) {
        int status = wait_for_connection(listener, err);
        if (status)
            return status;
        int fd = listener_accept(listener, peer);
        if (fd >= 0) {
            socket_begin(socket, fd);
            return 0;
        }
        fd = accept_with_reserve(listener, peer);
        if (fd >= 0) {
            errno_error(err, errno, "the agent can serve no more clients");
            socket_begin(socket, fd);
            return ERR_LIMIT;
        }
        if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)
            return errno_error(err, errno, "could not accept a connection");
        if (errno != EINTR && errno != EAGAIN && errno != ECONNABORTED)
            os_sleep_ms(RETRY_MS);
    }
}

/* Allocates the socket first: without memory the client is left in the queue, since once it is accepted it could only be
   refused without a word. */
int os_accept(struct os_listener *listener, struct os_socket **out, struct os_address *peer, struct error *err)
{
    *out = NULL;
    if (listener->reserve < 0)
        listener_keep_reserve(listener);
    int status = wait_for_connection(listener, err);
    if (status)
        return status;
    *out = socket_allocate();
    if (!*out) {
        os_sleep_ms(RETRY_MS);
        return error_set(err, ERR_TIMEOUT, "no memory for a connection");
    }
    status = accept_for(listener, *out, peer, err);
    if (status && status != ERR_LIMIT) {
        free(*out);
        *out = NULL;
    }
    return status;
}

void os_listener_wake_every(struct os_listener *listener, int interval_ms)
{
    listener->interval_ms = interval_ms;
}

void os_listener_stop(struct os_listener *listener)
{
    os_waker_set(listener->stop);
}

void os_listener_close(struct os_listener *listener)
{
    if (!listener)
        return;
    for (int i = 0; i < listener->count; i++)
        close(listener->fds[i]);
    if (listener->reserve >= 0)
        close(listener->reserve);
    os_waker_free(listener->stop);
    free(listener);
}
