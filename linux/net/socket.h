/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How listener and connect hand over a connected descriptor. Only for linux/. */
#ifndef LINUX_NET_SOCKET_H
#define LINUX_NET_SOCKET_H

#include "platform/socket.h"

/* Takes the non-blocking fd, in any case. NULL with *err set when memory runs out. */
struct os_socket *socket_from_fd(int fd, struct error *err);
int socket_fd(const struct os_socket *socket); /* borrowed from it */

#endif
