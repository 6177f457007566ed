/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures of few colours, most screens of text: each pixel as the number of its colour, in as few bits as it needs. */
#ifndef PICTURE_PALETTE_H
#define PICTURE_PALETTE_H

#include "picture/image.h"
#include "picture/rows.h"

#define PALETTE_MAX 256 /* colours */
#define PALETTE_HASH_BITS 14

struct palette {
    uint32_t colours[PALETTE_MAX]; /* red, then green and blue above it */
    unsigned count, most;          /* colours that there are, and that there may be */
    unsigned depth;                /* bits of a pixel: 1, 2, 4 or 8 */
    size_t row_len;                /* bytes */
    uint8_t *rows;                 /* owned: without padding, the first pixel in the highest bits */
    uint32_t multiplier;           /* under which no two colours have the same place */
    uint8_t places[1 << PALETTE_HASH_BITS];
};

/* Finds out whether the picture has so few colours that their numbers are worth it, and then numbers its pixels.
   Returns NULL where it is not so, or there is no memory. The caller frees it. */
struct palette *palette_make(const struct image_view *image, const struct row_kernels *kernels);
void palette_free(struct palette *palette); /* accepts NULL */

#endif
