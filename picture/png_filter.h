/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PNG's row filters (PNG specification, section 9) for RGB of 8 bits, and the choice between them. Pure functions. */
#ifndef PICTURE_PNG_FILTER_H
#define PICTURE_PNG_FILTER_H

#include <stddef.h>
#include <stdint.h>

enum png_filter { PNG_NONE, PNG_SUB, PNG_UP, PNG_AVERAGE, PNG_PAETH, PNG_FILTER_COUNT };

#define PNG_PIXEL_SIZE 3 /* bytes */

/* Filters the row of len bytes, a multiple of PNG_PIXEL_SIZE and at least one pixel, into out. `above` is the row
   before it, zeros for the first. Returns the sum of the results' distances from zero, which estimates their compressed
   size. */
uint64_t png_filter_row(enum png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t len);

/* Chooses the filter with the least sum, filters the row into out[1...], sets out[0] to the filter's number and returns
   it. `scratch` has room for len bytes. */
enum png_filter png_filter_choose(uint8_t *out, uint8_t *scratch, const uint8_t *row, const uint8_t *above, size_t len);

/* Filters a row whose pixels have `step` bytes, without a sum. */
void png_filter_bytes(enum png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t len,
                      unsigned step);

/* Predicts a byte as the Paeth filter does. */
static inline uint8_t png_paeth(uint8_t left, uint8_t up, uint8_t up_left)
{
    int16_t from_left = (int16_t)(up - up_left), from_up = (int16_t)(left - up_left);
    int16_t from_both = (int16_t)(from_left + from_up);
    from_left = (int16_t)(from_left < 0 ? -from_left : from_left);
    from_up = (int16_t)(from_up < 0 ? -from_up : from_up);
    from_both = (int16_t)(from_both < 0 ? -from_both : from_both);
    uint8_t second = from_up <= from_both ? up : up_left;
    return ((from_left <= from_up) & (from_left <= from_both)) ? left : second;
}

#endif
