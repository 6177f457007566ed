/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/png.h"

#include "picture/png_filter.h"
#include "platform/parallel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CHUNK_OVERHEAD 12 /* bytes: length, type, CRC */
#define EMPTY_BLOCK_ROOM 16
#define COLOUR_RGB 2 /* IHDR colour type */

#define RAW_DEFLATE (-15) /* window bits, negative: no zlib header */
#define DEFLATE_MEMORY 9

struct effort {
    int level, strategy;
};

/* Runs only, no search for repeated strings. On the filtered rows of most pictures it is both faster and smaller than
   zlib's quick levels. A band needs nothing of the band before it. */
static const struct effort runs = {1, Z_RLE};
/* Far smaller where strings repeat (dithered colours, drawn patterns), and far slower on photographs. */
static const struct effort strings = {4, Z_DEFAULT_STRATEGY};
/* Shows on a sample whether strings repeat. */
static const struct effort quick_strings = {1, Z_DEFAULT_STRATEGY};

#define SAMPLE_SIZE (16u * 1024) /* bytes from the middle of a band */
#define RUNS_ENOUGH 64           /* a band that shrinks this much with runs alone needs no more */
#define STRINGS_GAIN 2           /* how much smaller the sample must be to be worth the time */

struct band {
    uint8_t *chunk; /* owned: a whole IDAT chunk */
    size_t chunk_len;
    size_t filtered_len; /* bytes */
    uint32_t adler;      /* of the filtered bytes */
};

struct encoder {
    const struct image_view *image; /* borrowed */
    size_t row_len;                 /* bytes of pixels */
    uint32_t band_rows;
    size_t band_count;
    struct band *bands; /* owned */
};

static void put_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Completes a chunk around len bytes that are already at chunk + 8. */
static void seal_chunk(uint8_t *chunk, const char *type, uint32_t len)
{
    put_u32(chunk, len);
    memcpy(chunk + 4, type, 4);
    put_u32(chunk + 8 + len, (uint32_t)crc32(crc32(0, NULL, 0), chunk + 4, len + 4));
}

static void append_chunk(struct buffer *out, const char *type, const void *data, uint32_t len)
{
    uint8_t *chunk = buffer_extend(out, (size_t)len + CHUNK_OVERHEAD);
    if (!chunk)
        return;
    if (len > 0)
        memcpy(chunk + 8, data, len);
    seal_chunk(chunk, type, len);
}

static void png_append_text(struct buffer *out, const struct png_text *text)
{
    uint8_t data[PNG_KEYWORD_MAX + 1 + PNG_TEXT_MAX];
    size_t keyword_len = strlen(text->keyword), text_len = strlen(text->text);
    memcpy(data, text->keyword, keyword_len + 1);
    memcpy(data + keyword_len + 1, text->text, text_len);
    for (size_t i = 0; i < keyword_len + 1 + text_len; i++)
        if (i != keyword_len && (data[i] < 0x20 || data[i] > 0x7e))
            data[i] = '?';
    append_chunk(out, "tEXt", data, (uint32_t)(keyword_len + 1 + text_len));
}

static void append_head(struct buffer *out, const struct image_view *image, const struct png_options *options)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uint8_t header[13] = {0};
    put_u32(header, image->width);
    put_u32(header + 4, image->height);
    header[8] = 8; /* bits a sample */
    header[9] = COLOUR_RGB;
    buffer_append(out, signature, sizeof signature);
    append_chunk(out, "IHDR", header, sizeof header);
    for (size_t i = 0; i < options->text_count; i++)
        png_append_text(out, &options->texts[i]);
}

/* ---- one band, in any thread ---- */

static void filter_rows(const struct encoder *encoder, uint32_t first, uint32_t rows, uint8_t *out, uint8_t *scratch)
{
    const struct image_view *image = encoder->image;
    size_t row_len = encoder->row_len;
    uint8_t *zeros = scratch + row_len; /* what the specification puts above the first row */
    for (uint32_t y = first; y < first + rows; y++) {
        const uint8_t *row = image->pixels + (size_t)y * image->stride;
        png_filter_choose(out, scratch, row, y > 0 ? row - image->stride : zeros, row_len);
        out += 1 + row_len;
    }
}

/* Compresses a band into a chunk, which the caller frees. Returns NULL when there is no memory. Every band but the last
   ends at a byte boundary (with an empty stored block), so that the next one can follow it. */
static uint8_t *deflate_chunk(const uint8_t *bytes, size_t len, const struct effort *effort, bool last,
                              size_t *chunk_len)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, effort->level, Z_DEFLATED, RAW_DEFLATE, DEFLATE_MEMORY, effort->strategy) != Z_OK)
        return NULL;
    size_t room = deflateBound(&stream, (uLong)len) + EMPTY_BLOCK_ROOM;
    uint8_t *chunk = malloc(room + CHUNK_OVERHEAD);
    if (chunk) {
        stream.next_in = (Bytef *)(uintptr_t)bytes; /* zlib only reads it */
        stream.avail_in = (uInt)len;
        stream.next_out = chunk + 8;
        stream.avail_out = (uInt)room;
        int status = deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH);
        assert(status == (last ? Z_STREAM_END : Z_OK) && stream.avail_in == 0 && stream.avail_out > 0);
        (void)status;
        seal_chunk(chunk, "IDAT", (uint32_t)stream.total_out);
        *chunk_len = stream.total_out + CHUNK_OVERHEAD;
    }
    deflateEnd(&stream);
    return chunk;
}

static bool strings_pay(const uint8_t *bytes, size_t len, size_t runs_len)
{
    size_t sample_len, size = len < SAMPLE_SIZE ? len : SAMPLE_SIZE;
    if (runs_len < len / RUNS_ENOUGH)
        return false;
    uint8_t *sample = deflate_chunk(bytes + (len - size) / 2, size, &quick_strings, true, &sample_len);
    free(sample);
    return sample && (uint64_t)sample_len * len * STRINGS_GAIN < (uint64_t)runs_len * size;
}

static uint8_t *deflate_band(const uint8_t *filtered, size_t len, bool last, size_t *chunk_len)
{
    uint8_t *chunk = deflate_chunk(filtered, len, &runs, last, chunk_len);
    if (chunk && strings_pay(filtered, len, *chunk_len)) {
        free(chunk);
        chunk = deflate_chunk(filtered, len, &strings, last, chunk_len);
    }
    return chunk;
}

static void encode_band(void *context, size_t index)
{
    struct encoder *encoder = context;
    struct band *band = &encoder->bands[index];
    uint32_t first = (uint32_t)index * encoder->band_rows;
    uint32_t rows = encoder->image->height - first;
    if (rows > encoder->band_rows)
        rows = encoder->band_rows;
    band->filtered_len = rows * (encoder->row_len + 1);
    uint8_t *filtered = malloc(band->filtered_len), *scratch = calloc(2, encoder->row_len);
    if (filtered && scratch) {
        filter_rows(encoder, first, rows, filtered, scratch);
        band->adler = (uint32_t)adler32(adler32(0, NULL, 0), filtered, (uInt)band->filtered_len);
        bool last = index + 1 == encoder->band_count;
        band->chunk = deflate_band(filtered, band->filtered_len, last, &band->chunk_len);
    }
    free(scratch);
    free(filtered);
}

/* ---- the file ---- */

static int check_arguments(const struct image_view *image, const struct png_options *options, struct error *err)
{
    int status = image_check_size("the picture to be written as PNG", image->width, image->height, err);
    if (status)
        return status;
    for (size_t i = 0; i < options->text_count; i++) {
        size_t keyword_len = strlen(options->texts[i].keyword);
        if (keyword_len < 1 || keyword_len > PNG_KEYWORD_MAX || strlen(options->texts[i].text) > PNG_TEXT_MAX)
            return error_set(err, ERR_INVALID, "the PNG text '%.80s' is too long, or has no keyword",
                             options->texts[i].keyword);
    }
    return 0;
}

static int append_bands(struct buffer *out, const struct encoder *encoder, struct error *err)
{
    static const uint8_t zlib_header[2] = {0x78, 0x01}; /* deflate, 32 KiB window, quickest */
    uint32_t adler = (uint32_t)adler32(0, NULL, 0);
    uint8_t adler_bytes[4];
    append_chunk(out, "IDAT", zlib_header, sizeof zlib_header);
    for (size_t i = 0; i < encoder->band_count; i++) {
        const struct band *band = &encoder->bands[i];
        if (!band->chunk)
            return error_set(err, ERR_NO_MEMORY, "no memory to write a picture of %ux%u pixels as PNG",
                             encoder->image->width, encoder->image->height);
        buffer_append(out, band->chunk, band->chunk_len);
        adler = (uint32_t)adler32_combine(adler, band->adler, (z_off_t)band->filtered_len);
    }
    put_u32(adler_bytes, adler);
    append_chunk(out, "IDAT", adler_bytes, sizeof adler_bytes);
    append_chunk(out, "IEND", NULL, 0);
    if (out->failed)
        return error_set(err, ERR_LIMIT, "the PNG of %ux%u pixels exceeds the %zu bytes it may have, or memory",
                         encoder->image->width, encoder->image->height, out->limit);
    return 0;
}

int png_encode(struct buffer *out, const struct image_view *image, const struct png_options *options, struct error *err)
{
    int status = check_arguments(image, options, err);
    if (status < 0)
        return status;
    struct encoder encoder = {.image = image, .row_len = (size_t)image->width * PNG_PIXEL_SIZE};
    size_t band_rows = PNG_BAND_SIZE / (encoder.row_len + 1);
    encoder.band_rows = band_rows > 0 ? (uint32_t)band_rows : 1;
    encoder.band_count = (image->height + encoder.band_rows - 1) / encoder.band_rows;
    encoder.bands = calloc(encoder.band_count, sizeof *encoder.bands);
    if (!encoder.bands)
        return error_set(err, ERR_NO_MEMORY, "no memory for %zu bands of a PNG", encoder.band_count);
    os_parallel(options->threads, encoder.band_count, encode_band, &encoder);
    append_head(out, image, options);
    status = append_bands(out, &encoder, err);
    for (size_t i = 0; i < encoder.band_count; i++)
        free(encoder.bands[i].chunk);
    free(encoder.bands);
    return status;
}
