/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loops around sockets that never block: they give the calls of platform/socket.h their deadlines. */
#include "platform/transfer.h"
#include "platform/clock.h"

#define SEND_STEP (1u << 20) /* bytes of a file: how often the peer's stall is looked at */

int os_socket_recv(struct os_socket *socket, void *bytes, size_t max, int64_t deadline_ms, struct error *err)
{
    if (max > INT_MAX)
        max = INT_MAX;
    for (;;) {
        int got = os_socket_try_recv(socket, bytes, max, err);
        if (got != OS_WOULD_BLOCK)
            return got;
        if (!os_socket_await(socket, OS_SOCKET_READABLE, deadline_ms))
            return error_set(err, ERR_TIMEOUT, "nothing was received in time");
    }
}

/* Returns 0 when the next send may be tried; waits for room first after one that would have blocked. */
static int transfer_go_on(struct os_socket *socket, int sent, int stall_ms, struct error *err)
{
    if (sent != OS_WOULD_BLOCK)
        return sent < 0 ? sent : 0;
    if (!os_socket_await(socket, OS_SOCKET_WRITABLE, os_deadline(stall_ms)))
        return error_set(err, ERR_TIMEOUT, "the peer took nothing for %d ms", stall_ms);
    return 0;
}

int os_socket_send(struct os_socket *socket, const void *bytes, size_t len, int stall_ms, bool more, struct error *err)
{
    const char *next = bytes;
    while (len > 0) {
        int sent = os_socket_try_send(socket, next, len, more, err);
        int status = transfer_go_on(socket, sent, stall_ms, err);
        if (status)
            return status;
        if (sent > 0) {
            next += sent;
            len -= (size_t)sent;
        }
    }
    return 0;
}

int os_socket_send_file(struct os_socket *socket, struct os_file *file, uint64_t len, int stall_ms, struct error *err)
{
    while (len > 0) {
        int sent = os_socket_try_send_file(socket, file, len < SEND_STEP ? (size_t)len : SEND_STEP, err);
        if (sent == 0)
            return error_set(err, ERR_INVALID, "the file became shorter by %llu bytes while it was sent",
                             (unsigned long long)len);
        int status = transfer_go_on(socket, sent, stall_ms, err);
        if (status)
            return status;
        if (sent > 0)
            len -= (uint64_t)sent;
    }
    return 0;
}
