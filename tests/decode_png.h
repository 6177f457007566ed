/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A decoder of PNG that was written from its specification for the tests: own CRC, own filters; of zlib only inflate,
   which checks the Adler sum. It takes what the encoder may write, and its CHECKs fail for anything else. */
#ifndef TESTS_DECODE_PNG_H
#define TESTS_DECODE_PNG_H

#include "tests/unit/check.h"

#include "base/buffer.h"
#include "picture/image.h"

#include <zlib.h>

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t slow_crc(const uint8_t *bytes, size_t len)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

struct decoded {
    uint32_t width, height;
    uint8_t depth, colour_type;
    uint8_t palette[256 * 3];
    uint8_t *pixels;  /* owned */
    char types[4096]; /* the chunks' types in order, a blank after each, IDATs in a row as one */
    char texts[4096]; /* "keyword=text;" for each tEXt */
};

static void note_text(struct decoded *decoded, const uint8_t *data, size_t len)
{
    const uint8_t *nul = memchr(data, 0, len);
    CHECK(nul != NULL);
    if (nul)
        snprintf(decoded->texts + strlen(decoded->texts), sizeof decoded->texts - strlen(decoded->texts), "%s=%.*s;",
                 (const char *)data, (int)(data + len - nul - 1), (const char *)nul + 1);
}

static int reference_predict(int filter, int left, int up, int up_left)
{
    int p = left + up - up_left, pa = abs(p - left), pb = abs(p - up), pc = abs(p - up_left);
    switch (filter) {
    case 0:
        return 0;
    case 1:
        return left;
    case 2:
        return up;
    case 3:
        return (left + up) / 2;
    default:
        return pa <= pb && pa <= pc ? left : pb <= pc ? up : up_left;
    }
}

/* Undoes the filters in place; `step` is how far left the pixel before is. */
static void unfilter(uint8_t *rows, uint32_t height, size_t len, size_t step)
{
    for (uint32_t y = 0; y < height; y++) {
        uint8_t *row = rows + y * (len + 1), *out = row + 1, *above = out - (len + 1);
        CHECK(row[0] < 5);
        for (size_t i = 0; i < len; i++) {
            int left = i >= step ? out[i - step] : 0, up = y > 0 ? above[i] : 0;
            int up_left = i >= step && y > 0 ? above[i - step] : 0;
            out[i] = (uint8_t)(out[i] + reference_predict(row[0], left, up, up_left));
        }
    }
}

static const uint8_t *pixel_of(const struct decoded *decoded, const uint8_t *row, uint32_t x)
{
    if (decoded->colour_type == 2)
        return row + (size_t)x * 3;
    unsigned bit = x * decoded->depth;
    unsigned number = row[bit / 8] >> (8 - decoded->depth - bit % 8) & ((1u << decoded->depth) - 1);
    return decoded->palette + (size_t)number * 3;
}

static void inflate_rows(struct decoded *decoded, const struct buffer *stream)
{
    size_t bits = decoded->colour_type == 2 ? 24 : decoded->depth, row_len = (decoded->width * bits + 7) / 8;
    uLongf len = (uLong)(row_len + 1) * decoded->height, want = len;
    uint8_t *rows = malloc(len);
    uLong taken = (uLong)stream->len;
    CHECK_INT(uncompress2(rows, &len, stream->data, &taken), Z_OK);
    CHECK_INT(len, want);
    CHECK_INT(taken, stream->len);
    uint8_t *to = decoded->pixels = malloc((size_t)decoded->width * decoded->height * 3);
    unfilter(rows, decoded->height, row_len, bits == 24 ? 3 : 1);
    for (uint32_t y = 0; y < decoded->height; y++)
        for (uint32_t x = 0; x < decoded->width; x++, to += 3)
            memcpy(to, pixel_of(decoded, rows + y * (row_len + 1) + 1, x), 3);
    free(rows);
}

static void note_header(struct decoded *decoded, const uint8_t *data, uint32_t len)
{
    CHECK_INT(len, 13);
    decoded->width = get_u32(data);
    decoded->height = get_u32(data + 4);
    decoded->depth = data[8];
    decoded->colour_type = data[9];
    CHECK((data[9] == 2 && data[8] == 8) || (data[9] == 3 && data[8] <= 8));
    CHECK(memcmp(data + 10, "\0\0\0", 3) == 0);
}

static struct decoded decode_png(const struct buffer *file)
{
    struct decoded decoded = {0};
    struct buffer stream;
    char last[5] = "";
    buffer_init(&stream, SIZE_MAX / 2);
    CHECK(file->len > 8 && memcmp(file->data, "\x89PNG\r\n\x1a\n", 8) == 0);
    for (size_t at = 8; at + 12 <= file->len;) {
        const uint8_t *chunk = file->data + at;
        uint32_t len = get_u32(chunk);
        char type[5] = {0};
        memcpy(type, chunk + 4, 4);
        CHECK(len <= file->len - at - 12);
        CHECK_INT(get_u32(chunk + 8 + len), slow_crc(chunk + 4, len + 4));
        if (strcmp(type, "IHDR") == 0)
            note_header(&decoded, chunk + 8, len);
        if (strcmp(type, "PLTE") == 0 && len <= sizeof decoded.palette)
            memcpy(decoded.palette, chunk + 8, len);
        if (strcmp(type, "tEXt") == 0)
            note_text(&decoded, chunk + 8, len);
        if (strcmp(type, "IDAT") == 0)
            buffer_append(&stream, chunk + 8, len);
        if (strcmp(type, "IDAT") != 0 || strcmp(last, "IDAT") != 0)
            strcat(strcat(decoded.types, type), " ");
        memcpy(last, type, 5);
        at += len + 12;
        CHECK(strcmp(type, "IEND") != 0 || at == file->len);
    }
    inflate_rows(&decoded, &stream);
    buffer_deinit(&stream);
    return decoded;
}

static bool same_pixels(const struct decoded *decoded, const struct image_view *image)
{
    size_t len = (size_t)image->width * 3;
    if (decoded->width != image->width || decoded->height != image->height)
        return false;
    for (uint32_t y = 0; y < image->height; y++)
        if (memcmp(decoded->pixels + y * len, image->pixels + (size_t)y * image->stride, len) != 0)
            return false;
    return true;
}

#endif
