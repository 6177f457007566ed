/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/crc32.h"

#define POLYNOMIAL 0xedb88320u /* reflected */

uint32_t crc32_of(const void *bytes, size_t len)
{
    uint32_t crc = 0xffffffff;
    for (const uint8_t *at = bytes; len > 0; at++, len--) {
        crc ^= *at;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    }
    return ~crc;
}
