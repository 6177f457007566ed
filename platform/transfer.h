/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What platform/transfer.c needs of a system's sockets, which never block. Only for platform/, linux/ and win32/. */
#ifndef PLATFORM_TRANSFER_H
#define PLATFORM_TRANSFER_H

#include "platform/socket.h"

#include <limits.h>

#define OS_WOULD_BLOCK INT_MIN /* nothing could be done now; no error is set */

/* Receives what can be had at once, as the two below send. Each returns the number of bytes, OS_WOULD_BLOCK, or a
   negative status. */
int os_socket_try_recv(struct os_socket *socket, void *bytes, size_t max, struct error *err); /* 0 at the end */
int os_socket_try_send(struct os_socket *socket, const void *bytes, size_t len, bool more, struct error *err);
int os_socket_try_send_file(struct os_socket *socket, struct os_file *file, size_t max,
                            struct error *err); /* 0 at the file's end */

enum os_socket_event { OS_SOCKET_READABLE, OS_SOCKET_WRITABLE };
/* Waits until another try may succeed; returns false at the deadline. */
bool os_socket_await(struct os_socket *socket, enum os_socket_event event, int64_t deadline_ms);

#endif
