/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills a band of filtered rows, which is deflated by itself: literals, and repeats at the distance of a pixel, or matches
   in the band. */
#ifndef PICTURE_DEFLATE_BAND_H
#define PICTURE_DEFLATE_BAND_H

#include "picture/rows.h"

#include <stdbool.h>

#define DEFLATE_BAND_MAX (256u * 1024)           /* bytes of a band */
#define DEFLATE_ROOM(len) ((len) / 2 * 3 + 2048) /* bytes that the block of a band may take, on the way */

#define DEFLATE_ZEROS_MIN 8 /* bytes, as any repeat has */

#define DEFLATE_HASH_BITS 13
#define DEFLATE_WAYS 2 /* places that are kept of those with one hash */
#define DEFLATE_PLACES (DEFLATE_WAYS << DEFLATE_HASH_BITS)

struct deflate_op;

/* A band while it is filled. Rows are written to `end`, then noted with deflate_add() or deflate_add_zeros(). */
struct deflate_band {
    const struct row_kernels *kernels; /* borrowed */
    unsigned distance;                 /* bytes of a pixel: 1 or 3 */
    uint8_t *start, *end;              /* of the bytes that are there */
    uint8_t *looked;                   /* up to here repeats were looked for */
    size_t len;                        /* with the repeats that are not written out */
    uint8_t *bits;                     /* whether a byte is equal to that of the pixel before */
    struct deflate_op *ops;
    size_t op_count;
    size_t literals;  /* since the last op */
    uint32_t *places; /* of matches; NULL: only repeats are looked for */
    void *memory;     /* owned */
};

/* Makes room for `size` bytes, at most DEFLATE_BAND_MAX. */
bool deflate_band_init(struct deflate_band *band, const struct row_kernels *kernels, unsigned distance, size_t size,
                       bool matches);
void deflate_band_deinit(struct deflate_band *band);

void deflate_begin(struct deflate_band *band);
void deflate_add(struct deflate_band *band, size_t len);
/* Adds zeros without writing them out; not where matches are looked for. The pixel before must be of zeros, and len at
   least DEFLATE_ZEROS_MIN: there is room for that many. */
void deflate_add_zeros(struct deflate_band *band, size_t len);

/* Looks for repeats in the bytes that were added since the last time. */
void deflate_find_repeats(struct deflate_band *band);
/* Adds a match behind so many literals: at most DEFLATE_MATCH_MAX bytes. */
void deflate_add_match(struct deflate_band *band, size_t literals, uint32_t len, uint32_t distance);

#endif
