/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How listener and connect hand over a connected socket. Only for win32/. */
#ifndef WIN32_NET_SOCKET_H
#define WIN32_NET_SOCKET_H

#include "platform/socket.h"

#include <winsock2.h>

/* Takes the socket, in any case. NULL with *err set when memory runs out. */
struct os_socket *socket_from_handle(SOCKET handle, struct error *err);
SOCKET socket_handle(const struct os_socket *socket); /* borrowed from it */
void socket_not_inherited(SOCKET handle);

#endif
