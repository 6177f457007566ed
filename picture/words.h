/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Little-endian words at any address. They are written out so that compilers make a single load or store of them. */
#ifndef PICTURE_WORDS_H
#define PICTURE_WORDS_H

#include <stdint.h>

#define WORDS_INLINE static inline __attribute__((always_inline)) /* into functions for other processors, too */

WORDS_INLINE uint64_t load_64(const uint8_t *bytes)
{
    return (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16 | (uint64_t)bytes[3] << 24 |
           (uint64_t)bytes[4] << 32 | (uint64_t)bytes[5] << 40 | (uint64_t)bytes[6] << 48 | (uint64_t)bytes[7] << 56;
}

WORDS_INLINE void store_64(uint8_t *bytes, uint64_t value)
{
    bytes[0] = (uint8_t)value, bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16), bytes[3] = (uint8_t)(value >> 24);
    bytes[4] = (uint8_t)(value >> 32), bytes[5] = (uint8_t)(value >> 40);
    bytes[6] = (uint8_t)(value >> 48), bytes[7] = (uint8_t)(value >> 56);
}

#endif
