/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as the OS has them. Only for linux/. */
#ifndef LINUX_NET_ADDRESS_H
#define LINUX_NET_ADDRESS_H

#include "platform/endpoint.h"

#include <sys/socket.h>

/* Takes an AF_INET or AF_INET6 address. */
void endpoint_from_sockaddr(struct os_endpoint *out, const struct sockaddr *from);
/* Makes an AF_INET or AF_INET6 address and returns its length. */
socklen_t endpoint_to_sockaddr(struct sockaddr_storage *out, const struct os_endpoint *from);

#endif
