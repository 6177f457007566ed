/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A band of rows on its way into a PNG: filtered and deflated by itself, as a piece of one zlib stream that ends at a
   whole byte. */
#ifndef PICTURE_PNG_BAND_H
#define PICTURE_PNG_BAND_H

#include "picture/deflate_band.h"
#include "picture/image.h"

/* What is written: the rows of an image, or those of its colours' numbers. */
struct png_raster {
    const uint8_t *rows; /* borrowed */
    size_t stride, row_len;
    uint32_t height;
    unsigned step; /* bytes of a pixel as the filters see it */
    bool bgrx;     /* pixels of 4 bytes, of which row_len counts three */
    bool numbers;  /* of a palette: differences between them mean nothing */
};

#define PNG_PIECE_HEAD 10 /* bytes before a piece's, for a chunk's head and zlib's */
#define PNG_PIECE_TAIL 8  /* behind them, for the sum and the chunk's CRC */

/* A place for one band at a time. */
struct png_piece {
    const struct row_kernels *kernels;
    struct deflate_band band;
    uint8_t *scratch; /* owned: three rows, the first of zeros */
    uint8_t *memory;  /* owned: head, deflated bytes, tail */
    size_t len;       /* of the deflated bytes */
    size_t filtered_len;
    uint32_t adler; /* of the filtered bytes */
};

bool png_piece_init(struct png_piece *piece, const struct png_raster *raster, uint32_t rows, bool small);
void png_piece_deinit(struct png_piece *piece);

static inline uint8_t *png_piece_bytes(const struct png_piece *piece)
{
    return piece->memory + PNG_PIECE_HEAD;
}

/* Returns a row as it is to be filtered; where it has to be converted, into the scratch, which keeps two in turn.
   Above the first one are zeros. */
const uint8_t *png_piece_row(struct png_piece *piece, const struct png_raster *raster, int64_t y);

/* Filters and deflates the rows from `first` on. */
void png_encode_band(struct png_piece *piece, const struct png_raster *raster, uint32_t first, uint32_t rows,
                     bool last);

#endif
