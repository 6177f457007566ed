/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 (FIPS 180-4): whether a file that was transferred in parts is the one that it should be. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK 64     /* bytes */
#define SHA256_TEXT_SIZE 65 /* 64 digits and the NUL */

struct sha256 {
    uint32_t state[8];
    uint64_t len; /* bytes so far */
    uint8_t block[SHA256_BLOCK];
};

void sha256_init(struct sha256 *sum);
void sha256_add(struct sha256 *sum, const void *bytes, size_t len);
/* Ends it: the sum as 64 lower-case digits. */
void sha256_text(struct sha256 *sum, char text[SHA256_TEXT_SIZE]);

#endif
