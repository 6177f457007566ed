/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IPv4 addresses among IPv6 ones. For platform/, linux/ and win32/. */
#ifndef PLATFORM_ADDRESS_H
#define PLATFORM_ADDRESS_H

#include "platform/socket.h"

#define OS_ADDRESS_V4_AT 12 /* where the four bytes of an IPv4 address stand */

bool os_address_is_v4(const struct os_address *address);
/* Makes the address of four bytes. */
void os_address_set_v4(struct os_address *out, const void *ip);

#endif
