/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash that tells two pictures apart: XXH64 (xxHash's 64-bit function) with seed 0, of the picture written as a P6
 * file (picture/ppm.h). A host that has the PPM can compute it with any xxHash tool. Pictures of different dimensions
 * never share it by having the same bytes.
 */
#ifndef PICTURE_HASH_H
#define PICTURE_HASH_H

#include "picture/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xxh64 {
    uint64_t lanes[4];
    uint64_t total_len; /* bytes */
    uint8_t pending[32];
    size_t pending_len;
};

void xxh64_begin(struct xxh64 *hash);
void xxh64_add(struct xxh64 *hash, const void *bytes, size_t len);
uint64_t xxh64_end(const struct xxh64 *hash);

#define PICTURE_HASH_SIZE 23 /* bytes with the NUL: "xxh64:" and 16 lower-case hexadecimal digits */

void picture_hash(char text[PICTURE_HASH_SIZE], const struct image_view *image);

#define PICTURE_HASH_STEP 64 /* rows */

/* Does the same, from a picture that is equal above a row: states[i] is the hash before row i * PICTURE_HASH_STEP, which it
   keeps for the next time. */
void picture_hash_from(char text[PICTURE_HASH_SIZE], const struct image_view *image, struct xxh64 *states,
                       uint32_t row);
bool picture_hash_is_valid(const char *text); /* is in the form that picture_hash gives */

#endif
