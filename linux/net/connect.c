/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/net/address.h"
#include "linux/errno.h"
#include "linux/net/socket.h"
#include "linux/waker.h"
#include "platform/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ATTEMPTS_MAX 64 /* that are waited for at once; the others are looked at no later */

struct os_attempt {
    int fd; /* -1: it has become a connection */
};

/* Returns 0 and *out, a descriptor that is connected or is going to be, or the errno of the failure. */
static int connect_begin(int *out, const struct sockaddr *address, socklen_t address_len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    if (connect(fd, address, address_len) == 0 || errno == EINPROGRESS) {
        *out = fd;
        return 0;
    }
    int code = errno;
    close(fd);
    return code;
}

/* Returns how an attempt has ended: 0, or an errno. */
static int connect_end(int fd)
{
    int code = 0;
    socklen_t size = sizeof code;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0 ? errno : code;
}

int os_attempt_start(struct os_attempt **out, const struct os_endpoint *to, struct error *err)
{
    struct sockaddr_storage address;
    socklen_t size = endpoint_to_sockaddr(&address, to);
    *out = malloc(sizeof **out);
    if (!*out)
        return error_set(err, ERR_NO_MEMORY, "no memory to connect");
    int code = connect_begin(&(*out)->fd, (const struct sockaddr *)&address, size);
    if (code == 0)
        return 0;
    free(*out);
    *out = NULL;
    return errno_error(err, code, NULL);
}

void os_attempts_await(struct os_attempt *const *attempts, int count, int64_t deadline_ms)
{
    struct pollfd items[ATTEMPTS_MAX];
    int64_t left = os_time_left(deadline_ms);
    for (int i = 0; i < ATTEMPTS_MAX; i++)
        items[i] = (struct pollfd){.fd = i < count && attempts[i] ? attempts[i]->fd : -1, .events = POLLOUT};
    (void)poll(items, ATTEMPTS_MAX, left > INT_MAX ? INT_MAX : (int)left); /* a signal: the caller looks again */
}

int os_attempt_result(struct os_attempt *attempt, struct os_socket **out, struct error *err)
{
    if (!poll_until(attempt->fd, POLLOUT, 0))
        return 0;
    int code = connect_end(attempt->fd);
    if (code)
        return errno_error(err, code, NULL);
    *out = socket_from_fd(attempt->fd, err);
    attempt->fd = -1;
    return *out ? 1 : ERR_NO_MEMORY;
}

void os_attempt_free(struct os_attempt *attempt)
{
    if (!attempt)
        return;
    if (attempt->fd >= 0)
        close(attempt->fd);
    free(attempt);
}

int os_connect_local(struct os_socket **out, const char *path, int64_t deadline_ms, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char what[200];
    int fd = -1;
    *out = NULL;
    snprintf(what, sizeof what, "could not connect to %.120s", path);
    if (strlen(path) >= sizeof address.sun_path)
        return errno_error(err, ENAMETOOLONG, what);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int code = connect_begin(&fd, (const struct sockaddr *)&address, sizeof address);
    if (code)
        return errno_error(err, code, what);
    code = poll_until(fd, POLLOUT, deadline_ms) ? connect_end(fd) : ETIMEDOUT;
    if (code) {
        close(fd);
        return errno_error(err, code, what);
    }
    *out = socket_from_fd(fd, err);
    return *out ? 0 : ERR_NO_MEMORY;
}
