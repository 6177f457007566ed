/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/png.h"

#include "picture/palette.h"
#include "picture/png_band.h"
#include "platform/parallel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CHUNK_OVERHEAD 12 /* bytes: length, type, CRC */
#define COLOUR_RGB 2      /* IHDR colour types */
#define COLOUR_PALETTE 3

struct encoder {
    const struct png_options *options; /* borrowed */
    const struct png_sink *sink;       /* borrowed */
    struct png_raster raster;
    const struct row_kernels *kernels;
    struct palette *palette; /* owned; NULL where there are too many colours */
    uint32_t band_rows;
    size_t band_count;
    struct png_piece *pieces; /* owned: one for each lane */
    unsigned piece_count;
    uint32_t adler;    /* of the bands that were sent */
    atomic_int status; /* of those, and then no more are encoded */
    struct error *err; /* borrowed */
};

static void put_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Completes a chunk around len bytes that are already at chunk + 8. */
static void seal_chunk(uint8_t *chunk, const char *type, uint32_t len, const struct row_kernels *kernels)
{
    put_u32(chunk, len);
    memcpy(chunk + 4, type, 4);
    put_u32(chunk + 8 + len, kernels->crc(0, chunk + 4, len + 4));
}

static void append_chunk(struct buffer *out, const char *type, const void *data, uint32_t len)
{
    uint8_t *chunk = buffer_extend(out, (size_t)len + CHUNK_OVERHEAD);
    if (!chunk)
        return;
    if (len > 0)
        memcpy(chunk + 8, data, len);
    seal_chunk(chunk, type, len, &rows_plain);
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

static void append_palette(struct buffer *out, const struct palette *palette)
{
    uint8_t rgb[PALETTE_MAX * 3] = {0};
    for (unsigned i = 0; i < palette->count; i++)
        for (unsigned k = 0; k < 3; k++)
            rgb[i * 3 + k] = (uint8_t)(palette->colours[i] >> 8 * k);
    append_chunk(out, "PLTE", rgb, palette->count * 3);
}

static void append_head(struct buffer *out, const struct image_view *image, const struct encoder *encoder)
{
    const struct png_options *options = encoder->options;
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uint8_t header[13] = {0};
    put_u32(header, image->width);
    put_u32(header + 4, image->height);
    header[8] = encoder->palette ? (uint8_t)encoder->palette->depth : 8; /* bits a sample */
    header[9] = encoder->palette ? COLOUR_PALETTE : COLOUR_RGB;
    buffer_append(out, signature, sizeof signature);
    append_chunk(out, "IHDR", header, sizeof header);
    for (size_t i = 0; i < options->text_count; i++)
        png_append_text(out, &options->texts[i]);
    if (encoder->palette)
        append_palette(out, encoder->palette);
}

/* ---- pieces ---- */

static void encode_band(void *context, unsigned lane, size_t band)
{
    struct encoder *encoder = context;
    uint32_t first = (uint32_t)band * encoder->band_rows, rows = encoder->raster.height - first;
    bool last = band + 1 == encoder->band_count;
    if (atomic_load(&encoder->status) == 0)
        png_encode_band(&encoder->pieces[lane], &encoder->raster, first,
                        rows < encoder->band_rows ? rows : encoder->band_rows, last);
}

/* Sends a band as an IDAT chunk; the first one has zlib's head before it, the last one the sum behind it. */
static int send_piece(struct encoder *encoder, const struct png_piece *piece, size_t band)
{
    static const uint8_t zlib_header[2] = {0x78, 0x01}; /* deflate, 32 KiB window, quickest */
    uint8_t *chunk = piece->memory + (band > 0 ? sizeof zlib_header : 0);
    size_t len = piece->len + (band > 0 ? 0 : sizeof zlib_header);
    if (band == 0)
        memcpy(chunk + 8, zlib_header, sizeof zlib_header);
    encoder->adler = (uint32_t)adler32_combine(encoder->adler, piece->adler, (z_off_t)piece->filtered_len);
    if (band + 1 == encoder->band_count) {
        put_u32(chunk + 8 + len, encoder->adler);
        len += 4;
    }
    seal_chunk(chunk, "IDAT", (uint32_t)len, encoder->kernels);
    return encoder->sink->write(encoder->sink->context, chunk, len + CHUNK_OVERHEAD, encoder->err);
}

static void finish_band(void *context, unsigned lane, size_t band)
{
    struct encoder *encoder = context;
    if (atomic_load(&encoder->status) == 0)
        atomic_store(&encoder->status, send_piece(encoder, &encoder->pieces[lane], band));
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

/* Takes rows for a band of about the size, and a piece for each lane. */
static bool prepare_pieces(struct encoder *encoder)
{
    bool small = encoder->options->level == PNG_SMALL;
    size_t most = DEFLATE_BAND_MAX / (encoder->raster.row_len + 1);
    uint32_t height = encoder->raster.height;
    encoder->band_rows = most < 1 ? 1 : most < height ? (uint32_t)most : height;
    encoder->band_count = (height + encoder->band_rows - 1) / encoder->band_rows;
    encoder->piece_count = os_parallel_lanes(encoder->options->threads, encoder->band_count);
    encoder->pieces = calloc(encoder->piece_count, sizeof *encoder->pieces);
    for (unsigned i = 0; i < encoder->piece_count && encoder->pieces; i++) {
        encoder->pieces[i].kernels = encoder->kernels;
        if (!png_piece_init(&encoder->pieces[i], &encoder->raster, encoder->band_rows, small))
            return false;
    }
    return encoder->pieces;
}

static int send_bands(struct encoder *encoder, struct error *err)
{
    encoder->adler = 1;
    encoder->err = err;
    os_parallel(encoder->piece_count, encoder->band_count, &(struct os_work){encode_band, finish_band, encoder});
    return atomic_load(&encoder->status);
}

static int send_chunks(struct encoder *encoder, const struct image_view *image, struct error *err)
{
    const struct png_sink *sink = encoder->sink;
    struct buffer chunks;
    buffer_init(&chunks, SIZE_MAX / 2);
    append_head(&chunks, image, encoder);
    int status = chunks.failed ? error_set(err, ERR_NO_MEMORY, "no memory for the head of a PNG") : 0;
    if (status == 0 && sink->begin)
        status = sink->begin(sink->context, encoder->band_count + 2, err);
    if (status == 0)
        status = sink->write(sink->context, chunks.data, chunks.len, err);
    if (status == 0)
        status = send_bands(encoder, err);
    buffer_clear(&chunks);
    append_chunk(&chunks, "IEND", NULL, 0);
    if (status == 0)
        status = sink->write(sink->context, chunks.data, chunks.len, err);
    buffer_deinit(&chunks);
    return status;
}

int png_write(const struct png_sink *sink, const struct image_view *image, const struct png_options *options,
              struct error *err)
{
    int status = check_arguments(image, options, err);
    if (status < 0)
        return status;
    struct encoder encoder = {.options = options, .sink = sink, .kernels = row_kernels_get(options->kernels)};
    encoder.raster = (struct png_raster){.rows = image->pixels,
                                         .stride = image->stride,
                                         .row_len = (size_t)image->width * PNG_PIXEL_SIZE,
                                         .height = image->height,
                                         .step = PNG_PIXEL_SIZE,
                                         .bgrx = image->format == PIXEL_BGRX32};
    encoder.palette = palette_make(image, encoder.kernels);
    if (encoder.palette)
        encoder.raster = (struct png_raster){.rows = encoder.palette->rows,
                                             .stride = encoder.palette->row_len,
                                             .row_len = encoder.palette->row_len,
                                             .height = image->height,
                                             .step = 1,
                                             .numbers = true};
    if (prepare_pieces(&encoder))
        status = send_chunks(&encoder, image, err);
    else
        status = error_set(err, ERR_NO_MEMORY, "no memory to write a picture of %ux%u pixels as PNG", image->width,
                           image->height);
    for (unsigned i = 0; i < encoder.piece_count && encoder.pieces; i++)
        png_piece_deinit(&encoder.pieces[i]);
    free(encoder.pieces);
    palette_free(encoder.palette);
    return status;
}

static int write_to_buffer(void *context, const uint8_t *bytes, size_t len, struct error *err)
{
    struct buffer *out = context;
    if (buffer_append(out, bytes, len))
        return 0;
    return error_set(err, ERR_LIMIT, "the PNG exceeds the %zu bytes it may have, or memory", out->limit);
}

int png_encode(struct buffer *out, const struct image_view *image, const struct png_options *options, struct error *err)
{
    return png_write(&(struct png_sink){.write = write_to_buffer, .context = out}, image, options, err);
}
