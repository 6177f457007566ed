/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/timeline/png_read.h"

#include "picture/png_filter.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SIGNATURE_LEN 8
#define CHUNK_OVERHEAD 12 /* bytes: length, type, CRC */
#define HEAD_LEN 13
#define INFLATE_MOST 1040 /* no byte of deflate stands for more */
#define COLOUR_RGB 2
#define COLOUR_PALETTE 3

struct reader {
    struct png_size size;
    unsigned depth, colour;
    size_t row_len, step; /* bytes of a row, and of what the filters call a pixel */
    uint8_t palette[256][3];
    size_t palette_count;
    struct buffer packed; /* the IDAT chunks' content */
    uint8_t *rows;        /* owned: with the filters' bytes */
    bool has_head, ended;
};

static uint32_t reader_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int reader_fail(struct error *err, const char *what)
{
    return error_set(err, ERR_INVALID, "the PNG is wrong: %s", what);
}

static int reader_head(struct reader *reader, const uint8_t *head, size_t len, struct error *err)
{
    if (reader->has_head || len != HEAD_LEN)
        return reader_fail(err, "its head");
    reader->has_head = true;
    reader->size = (struct png_size){reader_u32(head), reader_u32(head + 4)};
    reader->depth = head[8];
    reader->colour = head[9];
    bool rgb = reader->colour == COLOUR_RGB && reader->depth == 8;
    bool palette = reader->colour == COLOUR_PALETTE &&
                   (reader->depth == 1 || reader->depth == 2 || reader->depth == 4 || reader->depth == 8);
    if ((!rgb && !palette) || head[10] || head[11] || head[12])
        return reader_fail(err, "it is of a kind that no recorder writes");
    if (image_check_size("a picture", reader->size.width, reader->size.height, NULL))
        return reader_fail(err, "its size");
    reader->step = rgb ? PNG_PIXEL_SIZE : 1;
    reader->row_len =
        rgb ? (size_t)reader->size.width * PNG_PIXEL_SIZE : ((size_t)reader->size.width * reader->depth + 7) / 8;
    return 0;
}

static int reader_palette(struct reader *reader, const uint8_t *bytes, size_t len, struct error *err)
{
    if (len == 0 || len % 3 || len / 3 > 256 || reader->palette_count)
        return reader_fail(err, "its palette");
    reader->palette_count = len / 3;
    memcpy(reader->palette, bytes, len);
    return 0;
}

/* Takes one chunk. What may be left out of a PNG is passed over. */
static int reader_chunk(struct reader *reader, const uint8_t *type, const uint8_t *content, size_t len,
                        struct error *err)
{
    if (memcmp(type, "IHDR", 4) == 0)
        return reader_head(reader, content, len, err);
    if (!reader->has_head)
        return reader_fail(err, "it does not begin with its head");
    if (memcmp(type, "PLTE", 4) == 0)
        return reader_palette(reader, content, len, err);
    if (memcmp(type, "IEND", 4) == 0)
        reader->ended = true;
    else if (memcmp(type, "IDAT", 4) == 0)
        buffer_append(&reader->packed, content, len);
    else if (!(type[0] & 0x20))
        return reader_fail(err, "a chunk of unknown meaning");
    return 0;
}

static int reader_chunks(struct reader *reader, struct slice file, struct error *err)
{
    int status = 0;
    size_t at = SIGNATURE_LEN;
    while (!status && !reader->ended) {
        if (file.len - at < CHUNK_OVERHEAD)
            return reader_fail(err, "it is cut off");
        size_t len = reader_u32(file.data + at);
        if (len > file.len - at - CHUNK_OVERHEAD)
            return reader_fail(err, "it is cut off in a chunk");
        const uint8_t *type = file.data + at + 4;
        if (reader_u32(type + 4 + len) != crc32(0, type, (uInt)(len + 4)))
            return reader_fail(err, "a chunk's sum");
        status = reader_chunk(reader, type, type + 4, len, err);
        at += CHUNK_OVERHEAD + len;
    }
    if (!status && reader->packed.failed)
        status = error_set(err, ERR_NO_MEMORY, "no memory for a PNG");
    return status;
}

static int reader_inflate(struct reader *reader, struct error *err)
{
    size_t size = (reader->row_len + 1) * reader->size.height;
    uLongf len = (uLongf)size;
    if (size / INFLATE_MOST > reader->packed.len)
        return reader_fail(err, "its rows are missing");
    reader->rows = malloc(size);
    if (!reader->rows)
        return error_set(err, ERR_NO_MEMORY, "no memory for a picture of %ux%u pixels", reader->size.width,
                         reader->size.height);
    if (uncompress(reader->rows, &len, reader->packed.data, (uLong)reader->packed.len) != Z_OK || len != size)
        return reader_fail(err, "its rows");
    return 0;
}

/* Undoes the filter of a row in place. */
static void reader_unfilter(unsigned filter, uint8_t *row, const uint8_t *above, size_t len, size_t step)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t left = i < step ? 0 : row[i - step], up = above ? above[i] : 0;
        uint8_t up_left = i < step || !above ? 0 : above[i - step];
        if (filter == PNG_SUB)
            row[i] = (uint8_t)(row[i] + left);
        else if (filter == PNG_UP)
            row[i] = (uint8_t)(row[i] + up);
        else if (filter == PNG_AVERAGE)
            row[i] = (uint8_t)(row[i] + (left + up) / 2);
        else if (filter == PNG_PAETH)
            row[i] = (uint8_t)(row[i] + png_paeth(left, up, up_left));
    }
}

/* Writes a row of colours' numbers as their colours. Returns false for a number without a colour. */
static bool reader_colour_row(const struct reader *reader, uint8_t *out, const uint8_t *row)
{
    unsigned depth = reader->depth, mask = (1u << depth) - 1;
    for (size_t x = 0; x < reader->size.width; x++) {
        size_t bit = x * depth;
        unsigned number = row[bit / 8] >> (8 - depth - bit % 8) & mask;
        if (number >= reader->palette_count)
            return false;
        memcpy(out + x * 3, reader->palette[number], 3);
    }
    return true;
}

static int reader_rows(struct reader *reader, uint8_t *pixels, struct error *err)
{
    const uint8_t *above = NULL;
    size_t out_len = (size_t)reader->size.width * 3;
    for (uint32_t y = 0; y < reader->size.height; y++) {
        uint8_t *row = reader->rows + (reader->row_len + 1) * y;
        if (row[0] >= PNG_FILTER_COUNT)
            return reader_fail(err, "a row's filter");
        reader_unfilter(row[0], row + 1, above, reader->row_len, reader->step);
        if (reader->colour == COLOUR_RGB)
            memcpy(pixels + out_len * y, row + 1, out_len);
        else if (!reader_colour_row(reader, pixels + out_len * y, row + 1))
            return reader_fail(err, "a pixel without a colour");
        above = row + 1;
    }
    return 0;
}

static bool reader_is_png(struct slice file)
{
    return file.len >= SIGNATURE_LEN && memcmp(file.data, "\x89PNG\r\n\x1a\n", SIGNATURE_LEN) == 0;
}

int png_read_size(struct png_size *size, struct slice file, struct error *err)
{
    struct reader reader = {0};
    const uint8_t *head = file.data + SIGNATURE_LEN;
    if (!reader_is_png(file) || file.len < SIGNATURE_LEN + 8 + HEAD_LEN || reader_u32(head) != HEAD_LEN ||
        memcmp(head + 4, "IHDR", 4) != 0)
        return reader_fail(err, "it does not begin as one");
    int status = reader_head(&reader, head + 8, HEAD_LEN, err);
    *size = reader.size;
    return status;
}

int png_read(uint8_t **pixels, struct image_view *image, struct slice file, struct error *err)
{
    struct reader reader = {0};
    *pixels = NULL;
    if (!reader_is_png(file))
        return reader_fail(err, "it does not begin as one");
    buffer_init(&reader.packed, file.len);
    int status = reader_chunks(&reader, file, err);
    if (!status)
        status = reader_inflate(&reader, err);
    if (!status) {
        *pixels = malloc((size_t)reader.size.width * 3 * reader.size.height);
        status =
            *pixels ? reader_rows(&reader, *pixels, err) : error_set(err, ERR_NO_MEMORY, "no memory for a picture");
    }
    *image = (struct image_view){*pixels, reader.size.width, reader.size.height, reader.size.width * 3, PIXEL_RGB24};
    if (status) {
        free(*pixels);
        *pixels = NULL;
    }
    free(reader.rows);
    buffer_deinit(&reader.packed);
    return status;
}
