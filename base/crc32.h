/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CRC-32 of IEEE 802.3, as zlib and gzip have it, for short texts: what has no zlib needs it too. */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(const void *bytes, size_t len);

#endif
