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
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128
#define RETRY_MS 50 /* after accept() found no descriptor or memory */

struct os_listener {
    int fd;
    struct os_waker *stop;
};

int listener_fd(const struct os_listener *listener)
{
    return listener->fd;
}

int listener_adopt(struct os_listener **out, int fd, struct error *err)
{
    struct os_listener *listener = calloc(1, sizeof *listener);
    *out = NULL;
    if (!listener) {
        close(fd);
        return error_set(err, ERR_NO_MEMORY, "no memory to listen");
    }
    listener->fd = fd;
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

int os_listen_on(struct os_listener **out, const struct os_endpoint *on, struct error *err)
{
    struct sockaddr_storage address;
    socklen_t size = endpoint_to_sockaddr(&address, on);
    *out = NULL;
    int fd = listener_bind(address.ss_family, (const struct sockaddr *)&address, size);
    if (fd >= 0)
        return listener_adopt(out, fd, err);
    int status = errno_error(err, -fd, NULL);
    return fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL ? ERR_UNAVAILABLE : status;
}

uint16_t os_listener_port(const struct os_listener *listener)
{
    struct sockaddr_storage address;
    struct os_endpoint endpoint;
    socklen_t size = sizeof address;
    if (getsockname(listener->fd, (struct sockaddr *)&address, &size) < 0)
        return 0;
    endpoint_from_sockaddr(&endpoint, (const struct sockaddr *)&address);
    return endpoint.port;
}

/* Returns 1 when a connection is there, 0 when stopped. */
static int wait_for_connection(struct os_listener *listener)
{
    struct pollfd items[2] = {{.fd = listener->stop->fd, .events = POLLIN}, {.fd = listener->fd, .events = POLLIN}};
    while (poll(items, 2, -1) < 0 && errno == EINTR)
        ;
    return items[0].revents == 0;
}

int os_accept(struct os_listener *listener, struct os_socket **out, struct os_address *peer, struct error *err)
{
    struct sockaddr_storage address;
    *out = NULL;
    for (;;) {
        socklen_t size = sizeof address;
        if (!wait_for_connection(listener)) {
            os_waker_clear(listener->stop);
            return error_set(err, ERR_CLOSED, "stopped listening");
        }
        int fd = accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            struct os_endpoint endpoint;
            endpoint_from_sockaddr(&endpoint, (const struct sockaddr *)&address);
            *peer = endpoint.address;
            *out = socket_from_fd(fd, err);
            return *out ? 0 : ERR_NO_MEMORY;
        }
        if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)
            return errno_error(err, errno, "could not accept a connection");
        if (errno != EINTR && errno != EAGAIN && errno != ECONNABORTED)
            os_sleep_ms(RETRY_MS);
    }
}

void os_listener_stop(struct os_listener *listener)
{
    os_waker_set(listener->stop);
}

void os_listener_close(struct os_listener *listener)
{
    if (!listener)
        return;
    close(listener->fd);
    os_waker_free(listener->stop);
    free(listener);
}
