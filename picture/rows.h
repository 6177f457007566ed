/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done with each byte of a row: in plain C, and with the vectors that this processor has. All of them give the
   same results. */
#ifndef PICTURE_ROWS_H
#define PICTURE_ROWS_H

#include "picture/png_filter.h"

#include <stdbool.h>

struct row_sums { /* Adler-32, without its reduction modulo 65521 */
    uint32_t a, b;
};

struct row_kernels {
    const char *name;
    bool (*usable)(void);
    /* Filters a row of len bytes; a pixel has `step` of them, 1 or 3, and len is a multiple. Not for PNG_AVERAGE. */
    void (*filter)(enum png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t len,
                   unsigned step);
    /* Estimates the bits of a row under the filters, from ESTIMATE_BLOCK bytes of each `each`, a multiple. Rows shorter
       than a block are taken whole. */
    void (*estimate)(uint32_t bits[PNG_FILTER_COUNT], const uint8_t *row, const uint8_t *above, size_t len,
                     unsigned step, size_t each);
    /* Sets a bit for each byte that is equal to the one `distance` before. Up to 64 bytes before and behind are read,
       and up to 8 bytes of bits behind the last are written. */
    void (*repeats)(uint8_t *bits, const uint8_t *bytes, size_t len, unsigned distance);
    /* Adds up to ADLER_STRETCH bytes to the sums. */
    void (*adler)(struct row_sums *sums, const uint8_t *bytes, size_t len);
    /* Continues zlib's crc32(). */
    uint32_t (*crc)(uint32_t crc, const uint8_t *bytes, size_t len);
    /* Takes the fourth byte away and changes blue with red. */
    void (*pack_bgrx)(uint8_t *rgb, const uint8_t *bgrx, size_t pixels);
    bool (*same)(const uint8_t *row, const uint8_t *above, size_t len);
    bool bmi2; /* there are the shifts of BMI2, too */
};

#define VECTOR_MAX 32      /* bytes: of a length that is a multiple, nothing behind it is read */
#define ADLER_STRETCH 4096 /* bytes, over which the sums do not overflow */
#define ADLER_BASE 65521u

/* Returns the kernels of that name, or the quickest where it is NULL. Returns NULL for those that this processor has not,
   or that are not known. */
const struct row_kernels *row_kernels_get(const char *name);

extern const struct row_kernels rows_plain, rows_sse4, rows_avx2;

#define ESTIMATE_BLOCK 32
/* A sample that is enough. */
static inline size_t row_estimate_step(size_t len)
{
    return len < 1024 ? ESTIMATE_BLOCK : len < 4096 ? 8 * ESTIMATE_BLOCK : 16 * ESTIMATE_BLOCK;
}

/* About the bits of a byte by its distance from zero, up to 15. */
#define ESTIMATE_BITS 1, 5, 6, 7, 8, 8, 9, 9, 10, 10, 10, 10, 11, 11, 11, 13

/* Adds bytes to an Adler-32 (RFC 1950), of any length. */
uint32_t row_adler(const struct row_kernels *kernels, uint32_t adler, const uint8_t *bytes, size_t len);
/* Adds zeros, which have not to be read for it. */
uint32_t row_adler_zeros(uint32_t adler, size_t len);

#endif
