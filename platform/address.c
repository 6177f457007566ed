/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "platform/address.h"

#include <string.h>

static const uint8_t v4_mapped[OS_ADDRESS_V4_AT] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool os_address_is_v4(const struct os_address *address)
{
    return memcmp(address->ip, v4_mapped, sizeof v4_mapped) == 0;
}

void os_address_set_v4(struct os_address *out, const void *ip)
{
    memcpy(out->ip, v4_mapped, sizeof v4_mapped);
    memcpy(out->ip + OS_ADDRESS_V4_AT, ip, sizeof out->ip - OS_ADDRESS_V4_AT);
}
