/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* At the level fast, rows equal to the one above are known by a compare and cost no more. At the level small, matches are
   looked for in all of them, and of each row all is taken for the choice of its filter. */
#include "picture/png_band.h"

#include "picture/deflate_codes.h"
#include "picture/deflate_end.h"

#include <stdlib.h>
#include <string.h>

/* ---- pieces ---- */

bool png_piece_init(struct png_piece *piece, const struct png_raster *raster, uint32_t rows, bool small)
{
    size_t len = rows * (raster->row_len + 1);
    piece->memory = malloc(PNG_PIECE_HEAD + DEFLATE_ROOM(len) + PNG_PIECE_TAIL);
    piece->scratch = calloc(raster->bgrx ? 3 : 1, raster->row_len);
    return piece->memory && piece->scratch && deflate_band_init(&piece->band, piece->kernels, raster->step, len, small);
}

void png_piece_deinit(struct png_piece *piece)
{
    deflate_band_deinit(&piece->band);
    free(piece->scratch);
    free(piece->memory);
}

const uint8_t *png_piece_row(struct png_piece *piece, const struct png_raster *raster, int64_t y)
{
    if (y < 0)
        return piece->scratch;
    const uint8_t *row = raster->rows + (size_t)y * raster->stride;
    if (!raster->bgrx)
        return row;
    uint8_t *packed = piece->scratch + raster->row_len * (size_t)(1 + y % 2);
    piece->kernels->pack_bgrx(packed, row, raster->row_len / 3);
    return packed;
}

/* ---- rows ---- */

static bool is_less(uint32_t bits, uint32_t than)
{
    return bits < than - than / 16;
}

/* Chooses the filter under which the row seems smallest. Up stays where others gain little: its zeros make repeats. */
static enum png_filter choose_filter(const struct row_kernels *kernels, const uint8_t *row, const uint8_t *above,
                                     size_t len, unsigned step, size_t each)
{
    static const enum png_filter others[] = {PNG_SUB, PNG_PAETH, PNG_NONE};
    uint32_t bits[PNG_FILTER_COUNT];
    enum png_filter best = PNG_UP;
    kernels->estimate(bits, row, above, len, step, each);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_less(bits[others[i]], bits[best]))
            best = others[i];
    return best;
}

/* Adds up what was filtered since the last time, from `from` on. */
static const uint8_t *add_sum(struct png_piece *piece, const uint8_t *from)
{
    piece->adler = row_adler(piece->kernels, piece->adler, from, (size_t)(piece->band.end - from));
    return piece->band.end;
}

/* Tells whether a row that is equal to the one above is best sent as zeros. Short rows of numbers go on with the repeats
   that they are in. */
static bool zeros_pay(const struct png_raster *raster)
{
    size_t len = raster->row_len;
    return raster->numbers ? len >= DEFLATE_MATCH_MAX : len >= raster->step + DEFLATE_ZEROS_MIN;
}

/* Filters a row. Numbers of colours are left as they are, since their differences mean nothing, but for those that are
   equal to the one above and sent as zeros. */
static void add_row(struct png_piece *piece, const struct png_raster *raster, const uint8_t *row, const uint8_t *above)
{
    struct deflate_band *band = &piece->band;
    size_t len = raster->row_len, each = band->places ? ESTIMATE_BLOCK : row_estimate_step(len);
    enum png_filter filter = PNG_NONE;
    if (!raster->numbers)
        filter = choose_filter(piece->kernels, row, above, len, raster->step, each);
    else if (band->places && zeros_pay(raster) && piece->kernels->same(row, above, len))
        filter = PNG_UP;
    band->end[0] = (uint8_t)filter;
    piece->kernels->filter(filter, band->end + 1, row, above, len, raster->step);
    deflate_add(band, 1 + len);
}

/* Adds a row of zeros under Up, of which only the first pixel is written out. */
static const uint8_t *add_equal_row(struct png_piece *piece, const struct png_raster *raster, const uint8_t *summed)
{
    struct deflate_band *band = &piece->band;
    size_t rest = raster->row_len - raster->step;
    band->end[0] = PNG_UP;
    memset(band->end + 1, 0, raster->step);
    deflate_add(band, 1 + raster->step);
    deflate_add_zeros(band, rest);
    summed = add_sum(piece, summed);
    piece->adler = row_adler_zeros(piece->adler, rest);
    return summed;
}

void png_encode_band(struct png_piece *piece, const struct png_raster *raster, uint32_t first, uint32_t rows, bool last)
{
    const struct row_kernels *kernels = piece->kernels;
    struct deflate_band *band = &piece->band;
    size_t len = raster->row_len;
    bool may_skip = !band->places && zeros_pay(raster);
    deflate_begin(band);
    piece->adler = 1;
    const uint8_t *summed = band->end, *above = png_piece_row(piece, raster, (int64_t)first - 1);
    for (uint32_t y = first; y < first + rows; y++) {
        const uint8_t *row = png_piece_row(piece, raster, y);
        if (may_skip && kernels->same(row, above, len))
            summed = add_equal_row(piece, raster, summed);
        else
            add_row(piece, raster, row, above);
        above = row;
    }
    add_sum(piece, summed);
    piece->filtered_len = band->len;
    piece->len = deflate_end(band, png_piece_bytes(piece), last);
}
