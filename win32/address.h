/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as Winsock has them, and Winsock itself. Only for win32/. */
#ifndef WIN32_ADDRESS_H
#define WIN32_ADDRESS_H

#include "platform/socket.h"

#include <winsock2.h>
#include <ws2tcpip.h>

int winsock_start(struct error *err); /* before anything else of Winsock; any number of times */
void address_from_sockaddr(struct os_address *out, const struct sockaddr *from); /* AF_INET or AF_INET6 */
int resolve(const char *name, uint16_t port, bool passive, struct addrinfo **out, struct error *err);

#endif
