/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IPv4 addresses among IPv6 ones. For platform/, linux/ and win32/. */
#ifndef PLATFORM_ADDRESS_H
#define PLATFORM_ADDRESS_H

#include "platform/socket.h"

#define OS_ADDRESS_V4_AT 12 /* where the four bytes of an IPv4 address stand */

bool os_address_is_v4(const struct os_address *address);
bool os_address_is_loopback(const struct os_address *address); /* 127.0.0.0/8 or ::1 */
/* Makes the address of four bytes. */
void os_address_set_v4(struct os_address *out, const void *ip);
/* Parses an address in numbers: four decimal numbers without leading zeros, or RFC 4291's forms of IPv6 without a scope.
   The system's functions also take "010.0.0.1" (8.0.0.1) and "10.1" (10.0.0.1). Returns false for anything else. */
bool os_address_parse(const char *text, struct os_address *out);

#endif
