/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How listener and connect hand over a connected descriptor. Only for linux/. */
#ifndef LINUX_NET_SOCKET_H
#define LINUX_NET_SOCKET_H

#include "platform/socket.h"

/* Takes the non-blocking fd, in any case. NULL with *err set when memory runs out. */
struct os_socket *socket_from_fd(int fd, struct error *err);
/* The same in two steps, of which only the first can fail, with NULL: it comes before there is a connection. */
struct os_socket *socket_allocate(void);
void socket_begin(struct os_socket *socket, int fd);
/* Lets no write to a connection that has ended raise SIGPIPE in this process. Before it sockets see to that themselves. */
void socket_ignore_pipe_signal(void);
int socket_fd(const struct os_socket *socket); /* borrowed from it */

#endif
