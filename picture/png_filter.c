/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loops are written so that a compiler can vectorise them: no branch, no carried value but the sum, which has 32
   bits over a stretch that can't overflow it. The Makefile asks for -O3 here. */
#include "picture/png_filter.h"

#define STRETCH 4096 /* bytes, each of which adds at most 128 to the sum */

/* Returns how far a byte is from zero, in either direction. */
static inline uint8_t distance(uint8_t byte)
{
    uint8_t negative = (uint8_t)-byte;
    return byte < negative ? byte : negative;
}

static inline uint8_t predict(enum png_filter filter, uint8_t left, uint8_t up, uint8_t up_left)
{
    switch (filter) {
    case PNG_SUB:
        return left;
    case PNG_UP:
        return up;
    case PNG_AVERAGE:
        return (uint8_t)((left + up) >> 1);
    case PNG_PAETH:
        return png_paeth(left, up, up_left);
    default:
        return 0;
    }
}

/* Filters a stretch of a row. It is inlined with a constant filter, so that each copy is one straight loop. The pixel
   to the left is read at negative offsets, so the first pixel of a row must not be in the stretch. */
static inline __attribute__((always_inline)) uint32_t filter_stretch(enum png_filter filter, uint8_t *restrict out,
                                                                     const uint8_t *restrict row,
                                                                     const uint8_t *restrict above, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        const uint8_t *left = row + i - PNG_PIXEL_SIZE, *up_left = above + i - PNG_PIXEL_SIZE;
        uint8_t byte = (uint8_t)(row[i] - predict(filter, *left, above[i], *up_left));
        out[i] = byte;
        sum += distance(byte);
    }
    return sum;
}

static uint32_t filter_any_stretch(enum png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *above,
                                   size_t len)
{
    switch (filter) {
    case PNG_SUB:
        return filter_stretch(PNG_SUB, out, row, above, len);
    case PNG_UP:
        return filter_stretch(PNG_UP, out, row, above, len);
    case PNG_AVERAGE:
        return filter_stretch(PNG_AVERAGE, out, row, above, len);
    case PNG_PAETH:
        return filter_stretch(PNG_PAETH, out, row, above, len);
    default:
        return filter_stretch(PNG_NONE, out, row, above, len);
    }
}

uint64_t png_filter_row(enum png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t len)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < PNG_PIXEL_SIZE; i++) {
        out[i] = (uint8_t)(row[i] - predict(filter, 0, above[i], 0));
        sum += distance(out[i]);
    }
    for (size_t i = PNG_PIXEL_SIZE; i < len; i += STRETCH) {
        size_t stretch = len - i < STRETCH ? len - i : STRETCH;
        sum += filter_any_stretch(filter, out + i, row + i, above + i, stretch);
    }
    return sum;
}

enum png_filter png_filter_choose(uint8_t *out, uint8_t *scratch, const uint8_t *row, const uint8_t *above, size_t len)
{
    /* In the order of preference among equals: a row like the one above it, most rows of a desktop, ends the search
       at once. */
    static const enum png_filter order[] = {PNG_UP, PNG_SUB, PNG_PAETH, PNG_NONE, PNG_AVERAGE};
    enum png_filter best = order[0];
    uint64_t best_sum = UINT64_MAX;
    for (size_t i = 0; i < sizeof order / sizeof *order && best_sum != 0; i++) {
        uint64_t sum = png_filter_row(order[i], scratch, row, above, len);
        if (sum < best_sum) {
            best_sum = sum;
            best = order[i];
        }
    }
    out[0] = (uint8_t)best;
    png_filter_row(best, out + 1, row, above, len);
    return best;
}

void png_filter_bytes(enum png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t len,
                      unsigned step)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t left = i >= step ? *(row + i - step) : 0, up_left = i >= step ? *(above + i - step) : 0;
        out[i] = (uint8_t)(row[i] - predict(filter, left, above[i], up_left));
    }
}
