/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels in the format that a viewer has asked for: Raw, and ZRLE with tiles of one colour and raw ones. */
#include "host/web/rfb/rfb.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define TILE 64
#define ZRLE_RAW 0
#define ZRLE_SOLID 1

struct rfb_zlib {
    z_stream stream;
    struct buffer plain; /* of a rectangle, before it is compressed */
};

/* ---- a pixel ---- */

static uint32_t rfb_pixel(const struct rfb_format *format, const uint8_t *rgb)
{
    uint32_t value = 0;
    for (int i = 0; i < 3; i++)
        value |= (rgb[i] * (uint32_t)format->max[i] + 127) / 255 << format->shift[i];
    return value;
}

/* Writes the bytes of a pixel from byte `first` on: of its least significant one when it is not big-endian. */
static void rfb_write_pixel(const struct rfb_format *format, uint32_t value, uint8_t *to, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * (format->big_endian ? bytes - 1 - i : i));
}

static void rfb_write_row(const struct rfb_format *format, const uint8_t *rgb, uint32_t width, unsigned bytes,
                          unsigned drop, uint8_t *to)
{
    for (uint32_t x = 0; x < width; x++, rgb += 3, to += bytes)
        rfb_write_pixel(format, rfb_pixel(format, rgb) >> drop, to, bytes);
}

void rfb_put_raw(struct rfb *rfb, const struct rfb_rect *rect, const uint8_t *pixels, size_t stride)
{
    unsigned bytes = rfb->format.bits / 8u;
    for (uint32_t y = 0; y < rect->height; y++) {
        uint8_t *to = buffer_extend(&rfb->out, (size_t)rect->width * bytes);
        if (!to)
            return;
        rfb_write_row(&rfb->format, pixels + y * stride, rect->width, bytes, 0, to);
    }
}

/* Writes a pointer's pixels in the viewer's format, and a bit for each that is to be seen. */
void rfb_put_mask(struct rfb *rfb, const struct rfb_shape *shape)
{
    unsigned bytes = rfb->format.bits / 8u;
    uint32_t row = (shape->width + 7) / 8;
    uint8_t *to = buffer_extend(&rfb->out, (size_t)shape->width * shape->height * bytes);
    for (size_t i = 0; to && i < (size_t)shape->width * shape->height; i++)
        rfb_write_pixel(&rfb->format, rfb_pixel(&rfb->format, shape->rgba + 4 * i), to + i * bytes, bytes);
    uint8_t *mask = to ? buffer_extend(&rfb->out, (size_t)row * shape->height) : NULL;
    if (!mask)
        return;
    memset(mask, 0, (size_t)row * shape->height);
    for (size_t i = 0; i < (size_t)shape->width * shape->height; i++)
        if (shape->rgba[4 * i + 3] >= 128)
            mask[i / shape->width * row + i % shape->width / 8] |= (uint8_t)(0x80 >> i % shape->width % 8);
}

/* ---- ZRLE ---- */

/* Finds how many bytes a pixel has there: three where the colours lie in three of four, else as in Raw. *drop: how many of
   the lowest bits are left out. */
static unsigned rfb_compact_size(const struct rfb_format *format, unsigned *drop)
{
    uint32_t used = 0;
    *drop = 0;
    for (int i = 0; i < 3; i++)
        used |= (uint32_t)format->max[i] << format->shift[i];
    if (format->bits != 32 || format->depth > 24 || ((used & 0xff000000u) && (used & 0xffu)))
        return format->bits / 8u;
    *drop = used & 0xff000000u ? 8 : 0;
    return 3;
}

static bool rfb_is_solid(const uint8_t *pixels, size_t stride, uint32_t width, uint32_t height)
{
    for (uint32_t x = 1; x < width; x++)
        if (memcmp(pixels, pixels + 3 * x, 3) != 0)
            return false;
    for (uint32_t y = 1; y < height; y++)
        if (memcmp(pixels, pixels + y * stride, (size_t)width * 3) != 0)
            return false;
    return true;
}

static void rfb_put_tile(const struct rfb_format *format, const uint8_t *pixels, size_t stride, uint32_t width,
                         uint32_t height, struct buffer *out)
{
    unsigned drop, bytes = rfb_compact_size(format, &drop);
    bool solid = rfb_is_solid(pixels, stride, width, height);
    rfb_put(out, solid ? ZRLE_SOLID : ZRLE_RAW, 1);
    width = solid ? 1 : width;
    for (uint32_t y = 0; y < (solid ? 1 : height); y++) {
        uint8_t *to = buffer_extend(out, (size_t)width * bytes);
        if (!to)
            return;
        rfb_write_row(format, pixels + y * stride, width, bytes, drop, to);
    }
}

static struct rfb_zlib *rfb_zlib(struct rfb *rfb)
{
    struct rfb_zlib *zlib = rfb->zlib ? rfb->zlib : calloc(1, sizeof *zlib);
    if (rfb->zlib || !zlib)
        return zlib;
    buffer_init(&zlib->plain, RFB_OUT_MAX);
    if (deflateInit(&zlib->stream, Z_BEST_SPEED) != Z_OK) {
        free(zlib);
        return NULL;
    }
    return rfb->zlib = zlib;
}

void rfb_zrle_free(struct rfb *rfb)
{
    struct rfb_zlib *zlib = rfb->zlib;
    if (!zlib)
        return;
    deflateEnd(&zlib->stream);
    buffer_deinit(&zlib->plain);
    free(zlib);
}

/* Compresses what the rectangle has, up to a whole byte: the stream goes on with the next one. */
static void rfb_deflate(struct rfb_zlib *zlib, struct buffer *out)
{
    uLong bound = deflateBound(&zlib->stream, zlib->plain.len) + 16;
    rfb_put(out, 0, 4);
    size_t begin = out->len;
    uint8_t *to = zlib->plain.failed ? NULL : buffer_extend(out, bound);
    if (!to) {
        out->failed = true;
        return;
    }
    zlib->stream.next_in = zlib->plain.data;
    zlib->stream.avail_in = (uInt)zlib->plain.len;
    zlib->stream.next_out = to;
    zlib->stream.avail_out = (uInt)bound;
    out->failed =
        deflate(&zlib->stream, Z_SYNC_FLUSH) != Z_OK || zlib->stream.avail_in > 0 || zlib->stream.avail_out == 0;
    out->len = begin + bound - zlib->stream.avail_out;
    for (unsigned i = 0; i < 4; i++)
        out->data[begin - 4 + i] = (uint8_t)((out->len - begin) >> 8 * (3 - i));
}

void rfb_put_zrle(struct rfb *rfb, const struct rfb_rect *rect, const uint8_t *pixels, size_t stride)
{
    struct rfb_zlib *zlib = rfb_zlib(rfb);
    if (!zlib) {
        rfb->out.failed = true;
        return;
    }
    buffer_clear(&zlib->plain);
    for (uint32_t y = 0; y < rect->height; y += TILE)
        for (uint32_t x = 0; x < rect->width; x += TILE) {
            uint32_t width = rect->width - x < TILE ? rect->width - x : TILE;
            uint32_t height = rect->height - y < TILE ? rect->height - y : TILE;
            rfb_put_tile(&rfb->format, pixels + y * stride + (size_t)x * 3, stride, width, height, &zlib->plain);
        }
    rfb_deflate(zlib, &rfb->out);
}
