/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as the OS has them. Only for linux/. */
#ifndef LINUX_ADDRESS_H
#define LINUX_ADDRESS_H

#include "platform/socket.h"

struct addrinfo;
struct sockaddr;

void address_from_sockaddr(struct os_address *out, const struct sockaddr *from); /* AF_INET or AF_INET6 */
int resolve(const char *name, uint16_t port, bool passive, struct addrinfo **out, struct error *err);

#endif
