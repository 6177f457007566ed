/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as Winsock has them, and Winsock itself. Only for win32/. */
#ifndef WIN32_NET_ADDRESS_H
#define WIN32_NET_ADDRESS_H

#include "platform/endpoint.h"

#include <winsock2.h>
#include <ws2tcpip.h>

int winsock_start(struct error *err); /* before anything else of Winsock; any number of times */
/* Takes an AF_INET or AF_INET6 address. */
void endpoint_from_sockaddr(struct os_endpoint *out, const struct sockaddr *from);
/* Makes an AF_INET or AF_INET6 address and returns its length. */
int endpoint_to_sockaddr(struct sockaddr_storage *out, const struct os_endpoint *from);

#endif
