/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "linux/net/address.h"
#include "linux/errno.h"
#include "linux/net/socket.h"
#include "linux/waker.h"
#include "platform/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Waits until the attempt has ended. Returns 0, or why it was given up. */
static int connect_await(int fd, int64_t deadline_ms, const atomic_bool *cancel)
{
    for (;;) {
        int64_t slice = cancel ? os_deadline(OS_CANCEL_MS) : deadline_ms;
        if (poll_until(fd, POLLOUT, slice < deadline_ms ? slice : deadline_ms))
            return 0;
        if (cancel && atomic_load(cancel))
            return ECANCELED;
        if (os_time_left(deadline_ms) == 0)
            return ETIMEDOUT;
    }
}

/* Returns 0 and *out, or the errno of the failure. */
static int connect_one(int *out, const struct sockaddr *address, socklen_t address_len, int64_t deadline_ms,
                       const atomic_bool *cancel)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int code = 0;
    socklen_t size = sizeof code;
    if (connect(fd, address, address_len) < 0) {
        if (errno != EINPROGRESS)
            code = errno;
        else if ((code = connect_await(fd, deadline_ms, cancel)) == 0 &&
                 getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
            code = errno;
    }
    if (code) {
        close(fd);
        return code;
    }
    *out = fd;
    return 0;
}

int os_connect_to(struct os_socket **out, const struct os_endpoint *to, int64_t deadline_ms, const atomic_bool *cancel,
                  struct error *err)
{
    struct sockaddr_storage address;
    socklen_t size = endpoint_to_sockaddr(&address, to);
    int fd;
    *out = NULL;
    int code = connect_one(&fd, (const struct sockaddr *)&address, size, deadline_ms, cancel);
    if (code)
        return errno_error(err, code, NULL);
    *out = socket_from_fd(fd, err);
    return *out ? 0 : ERR_NO_MEMORY;
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
    int code = connect_one(&fd, (const struct sockaddr *)&address, sizeof address, deadline_ms, NULL);
    if (code)
        return errno_error(err, code, what);
    *out = socket_from_fd(fd, err);
    return *out ? 0 : ERR_NO_MEMORY;
}
