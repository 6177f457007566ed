/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small level: zlib's search, over rows filtered by the least sum. */
#include "picture/png_band.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define RAW_DEFLATE (-15) /* window bits, negative: no zlib header */
#define DEFLATE_MEMORY 9
#define EMPTY_BLOCK_ROOM 16

struct effort {
    int level, strategy;
};

/* Runs only, no search for repeated strings. On the filtered rows of most pictures it is both faster and smaller than
   zlib's quick levels. A band needs nothing of the band before it. */
static const struct effort runs = {1, Z_RLE};
/* Far smaller where strings repeat (dithered colours, drawn patterns), and far slower on photographs. */
static const struct effort strings = {4, Z_DEFAULT_STRATEGY};
/* Numbers of colours are few bytes, where strings repeat, and differences mean nothing. */
static const struct effort numbers = {4, Z_DEFAULT_STRATEGY};
/* Shows on a sample whether strings repeat. */
static const struct effort quick_strings = {1, Z_DEFAULT_STRATEGY};

#define SAMPLE_SIZE (16u * 1024) /* bytes from the middle of a band */
#define RUNS_ENOUGH 64           /* a band that shrinks this much with runs alone needs no more */
#define STRINGS_GAIN 2           /* how much smaller the sample must be to be worth the time */

/* Compresses into the piece. Returns the length, or 0 where there is no memory. Every band but the last ends at a byte
   boundary (with an empty stored block), so that the next one can follow it. */
static size_t deflate_into(struct png_piece *piece, const uint8_t *bytes, size_t len, const struct effort *effort,
                           bool last)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, effort->level, Z_DEFLATED, RAW_DEFLATE, DEFLATE_MEMORY, effort->strategy) != Z_OK)
        return 0;
    assert(deflateBound(&stream, (uLong)len) + EMPTY_BLOCK_ROOM <= piece->room);
    stream.next_in = (Bytef *)(uintptr_t)bytes; /* zlib only reads it */
    stream.avail_in = (uInt)len;
    stream.next_out = png_piece_bytes(piece);
    stream.avail_out = (uInt)piece->room;
    int status = deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH);
    assert(status == (last ? Z_STREAM_END : Z_OK) && stream.avail_in == 0 && stream.avail_out > 0);
    (void)status;
    deflateEnd(&stream);
    return stream.total_out;
}

/* Tries a sample, whose bytes are overwritten later. */
static bool strings_pay(struct png_piece *piece, const uint8_t *bytes, size_t len)
{
    size_t size = len < SAMPLE_SIZE ? len : SAMPLE_SIZE;
    size_t runs_len = deflate_into(piece, bytes, len, &runs, false);
    if (runs_len < len / RUNS_ENOUGH)
        return false;
    size_t sample_len = deflate_into(piece, bytes + (len - size) / 2, size, &quick_strings, true);
    return sample_len && (uint64_t)sample_len * len * STRINGS_GAIN < (uint64_t)runs_len * size;
}

static const struct effort *choose_effort(struct png_piece *piece, const struct png_raster *raster,
                                          const uint8_t *filtered)
{
    if (raster->numbers)
        return &numbers;
    return strings_pay(piece, filtered, piece->filtered_len) ? &strings : &runs;
}

static void filter_rows(struct png_piece *piece, const struct png_raster *raster, uint32_t first, uint32_t rows,
                        uint8_t *out, uint8_t *scratch)
{
    const uint8_t *above = png_piece_row(piece, raster, (int64_t)first - 1);
    for (uint32_t y = first; y < first + rows; y++, out += 1 + raster->row_len) {
        const uint8_t *row = png_piece_row(piece, raster, y);
        if (raster->numbers) {
            out[0] = PNG_NONE;
            memcpy(out + 1, row, raster->row_len);
        } else {
            png_filter_choose(out, scratch, row, above, raster->row_len);
        }
        above = row;
    }
}

void png_small_band(struct png_piece *piece, const struct png_raster *raster, uint32_t first, uint32_t rows, bool last)
{
    piece->filtered_len = rows * (raster->row_len + 1);
    uint8_t *filtered = malloc(piece->filtered_len), *scratch = malloc(raster->row_len);
    piece->len = 0;
    if (filtered && scratch) {
        filter_rows(piece, raster, first, rows, filtered, scratch);
        const struct effort *effort = choose_effort(piece, raster, filtered);
        piece->adler = row_adler(piece->kernels, 1, filtered, piece->filtered_len);
        piece->len = deflate_into(piece, filtered, piece->filtered_len, effort, last);
    }
    piece->failed = piece->len == 0;
    free(scratch);
    free(filtered);
}
