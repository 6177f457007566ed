/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels in the format that a viewer has asked for: Raw, and ZRLE with all its forms of tiles. */
#include "host/web/rfb/encode.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define TILE 64
#define ZRLE_RAW 0
#define ZRLE_SOLID 1       /* from here on as many colours as the number says, packed */
#define ZRLE_PACKED_MAX 16 /* colours of that */
#define ZRLE_PLAIN 128     /* runs of colours */
#define ZRLE_INDEXED 128   /* plus the number of colours: runs of places in a palette */
#define ZRLE_COLOURS_MAX 127

void rfb_put(struct buffer *out, uint64_t value, unsigned bytes)
{
    uint8_t text[8] = {0};
    for (unsigned i = 0; i < bytes; i++)
        text[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    buffer_append(out, text, bytes);
}

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
                          uint8_t *to)
{
    for (uint32_t x = 0; x < width; x++, rgb += 3, to += bytes)
        rfb_write_pixel(format, rfb_pixel(format, rgb), to, bytes);
}

void rfb_put_raw(const struct rfb_format *format, const struct rfb_rect *rect, const uint8_t *pixels, size_t stride,
                 struct buffer *out)
{
    unsigned bytes = format->bits / 8u;
    for (uint32_t y = 0; y < rect->height; y++) {
        uint8_t *to = buffer_extend(out, (size_t)rect->width * bytes);
        if (!to)
            return;
        rfb_write_row(format, pixels + y * stride, rect->width, bytes, to);
    }
}

void rfb_put_mask(const struct rfb_format *format, const struct rfb_shape *shape, struct buffer *out)
{
    unsigned bytes = format->bits / 8u;
    uint32_t row = (shape->width + 7) / 8;
    uint8_t *to = buffer_extend(out, (size_t)shape->width * shape->height * bytes);
    for (size_t i = 0; to && i < (size_t)shape->width * shape->height; i++)
        rfb_write_pixel(format, rfb_pixel(format, shape->rgba + 4 * i), to + i * bytes, bytes);
    uint8_t *mask = to ? buffer_extend(out, (size_t)row * shape->height) : NULL;
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

/* A tile, as the values of its pixels in the viewer's format. */
struct rfb_tile {
    uint32_t values[TILE * TILE];
    uint32_t width, height, count;
    uint32_t palette[ZRLE_COLOURS_MAX]; /* in the order of their first pixel */
    unsigned colours;                   /* of it; ZRLE_COLOURS_MAX + 1: more */
    uint8_t places[256];                /* where a colour is in it, plus one; a colour looks from its own place on */
    uint32_t runs, singles;             /* of equal pixels, across rows; of these with one pixel */
};

struct rfb_zlib {
    z_stream stream;
    struct buffer plain;  /* of a rectangle, before it is compressed */
    struct rfb_tile tile; /* the one that is being written */
};

/* Finds a colour's place in the table, or the free one where it would be. */
static uint8_t *rfb_colour(struct rfb_tile *tile, uint32_t value)
{
    uint8_t at = (uint8_t)(value * 0x9e3779b1u >> 24);
    while (tile->places[at] && tile->palette[tile->places[at] - 1] != value)
        at++;
    return &tile->places[at];
}

static void rfb_add_colour(struct rfb_tile *tile, uint32_t value)
{
    uint8_t *place = tile->colours <= ZRLE_COLOURS_MAX ? rfb_colour(tile, value) : NULL;
    if (!place || *place)
        return;
    if (tile->colours < ZRLE_COLOURS_MAX) {
        tile->palette[tile->colours] = value;
        *place = (uint8_t)(tile->colours + 1);
    }
    tile->colours++;
}

/* Returns how many pixels from that one on are equal. */
static uint32_t rfb_run(const struct rfb_tile *tile, uint32_t from)
{
    uint32_t end = from + 1;
    while (end < tile->count && tile->values[end] == tile->values[from])
        end++;
    return end - from;
}

static void rfb_read_tile(struct rfb_tile *tile, const struct rfb_format *format, const uint8_t *pixels, size_t stride,
                          unsigned drop)
{
    tile->count = tile->width * tile->height;
    tile->colours = tile->runs = tile->singles = 0;
    memset(tile->places, 0, sizeof tile->places);
    for (uint32_t i = 0; i < tile->count; i++)
        tile->values[i] = rfb_pixel(format, pixels + i / tile->width * stride + (size_t)(i % tile->width) * 3) >> drop;
    for (uint32_t i = 0, run; i < tile->count; i += run) {
        run = rfb_run(tile, i);
        rfb_add_colour(tile, tile->values[i]);
        tile->runs++;
        tile->singles += run == 1;
    }
}

/* Returns how many bits the place of a colour has, packed. */
static unsigned rfb_packed_bits(unsigned colours)
{
    return colours <= 2 ? 1 : colours <= 4 ? 2 : 4;
}

/* Finds the form of a tile that is the shortest, before it is compressed. */
static unsigned rfb_choose(const struct rfb_tile *tile, unsigned bytes)
{
    size_t raw = (size_t)tile->count * bytes, plain = (size_t)tile->runs * (bytes + 1);
    size_t palette = (size_t)tile->colours * bytes;
    size_t indexed = palette + tile->runs * 2 - tile->singles;
    size_t packed = palette + ((size_t)tile->width * rfb_packed_bits(tile->colours) + 7) / 8 * tile->height;
    if (tile->colours == 1)
        return ZRLE_SOLID;
    if (tile->colours <= ZRLE_PACKED_MAX && packed <= indexed && packed < raw && packed <= plain)
        return tile->colours;
    if (tile->colours <= ZRLE_COLOURS_MAX && indexed <= plain && indexed < raw)
        return ZRLE_INDEXED + tile->colours;
    return plain < raw ? ZRLE_PLAIN : ZRLE_RAW;
}

static void rfb_put_values(const struct rfb_format *format, const uint32_t *values, size_t count, unsigned bytes,
                           struct buffer *out)
{
    uint8_t *to = buffer_extend(out, count * bytes);
    for (size_t i = 0; to && i < count; i++)
        rfb_write_pixel(format, values[i], to + i * bytes, bytes);
}

static void rfb_put_packed(struct rfb_tile *tile, struct buffer *out)
{
    unsigned bits = rfb_packed_bits(tile->colours);
    uint32_t row = (tile->width * bits + 7) / 8;
    uint8_t *to = buffer_extend(out, (size_t)row * tile->height);
    if (!to)
        return;
    memset(to, 0, (size_t)row * tile->height);
    for (uint32_t i = 0; i < tile->count; i++) {
        uint32_t bit = i % tile->width * bits;
        unsigned place = *rfb_colour(tile, tile->values[i]) - 1u;
        to[i / tile->width * row + bit / 8] |= (uint8_t)(place << (8 - bits - bit % 8));
    }
}

/* Writes a length as ones of 255, and what is left. */
static void rfb_put_run(struct buffer *out, uint32_t run)
{
    for (run--; run >= 255; run -= 255)
        rfb_put(out, 255, 1);
    rfb_put(out, run, 1);
}

static void rfb_put_runs(const struct rfb_format *format, struct rfb_tile *tile, unsigned bytes, bool indexed,
                         struct buffer *out)
{
    for (uint32_t i = 0, run; i < tile->count; i += run) {
        run = rfb_run(tile, i);
        if (indexed)
            rfb_put(out, (*rfb_colour(tile, tile->values[i]) - 1u) | (run > 1 ? 128u : 0), 1);
        else
            rfb_put_values(format, &tile->values[i], 1, bytes, out);
        if (run > 1 || !indexed)
            rfb_put_run(out, run);
    }
}

static void rfb_put_tile(const struct rfb_format *format, struct rfb_tile *tile, unsigned bytes, struct buffer *out)
{
    unsigned kind = rfb_choose(tile, bytes);
    rfb_put(out, kind, 1);
    if (kind == ZRLE_RAW)
        rfb_put_values(format, tile->values, tile->count, bytes, out);
    if (kind == ZRLE_RAW || kind == ZRLE_PLAIN) {
        if (kind == ZRLE_PLAIN)
            rfb_put_runs(format, tile, bytes, false, out);
        return;
    }
    rfb_put_values(format, tile->palette, tile->colours, bytes, out);
    if (kind > ZRLE_INDEXED)
        rfb_put_runs(format, tile, bytes, true, out);
    else if (kind > ZRLE_SOLID)
        rfb_put_packed(tile, out);
}

static struct rfb_zlib *rfb_zlib_new(void)
{
    struct rfb_zlib *zlib = calloc(1, sizeof *zlib);
    if (!zlib)
        return NULL;
    buffer_init(&zlib->plain, RFB_OUT_MAX);
    if (deflateInit(&zlib->stream, Z_BEST_SPEED) == Z_OK)
        return zlib;
    free(zlib);
    return NULL;
}

void rfb_zlib_free(struct rfb_zlib *zlib)
{
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

void rfb_put_zrle(struct rfb_zlib **stream, const struct rfb_format *format, const struct rfb_rect *rect,
                  const uint8_t *pixels, size_t stride, struct buffer *out)
{
    struct rfb_zlib *zlib = *stream ? *stream : rfb_zlib_new();
    *stream = zlib;
    if (!zlib) {
        out->failed = true;
        return;
    }
    buffer_clear(&zlib->plain);
    unsigned drop, bytes = rfb_compact_size(format, &drop);
    for (uint32_t y = 0; y < rect->height; y += TILE)
        for (uint32_t x = 0; x < rect->width; x += TILE) {
            zlib->tile.width = rect->width - x < TILE ? rect->width - x : TILE;
            zlib->tile.height = rect->height - y < TILE ? rect->height - y : TILE;
            rfb_read_tile(&zlib->tile, format, pixels + y * stride + (size_t)x * 3, stride, drop);
            rfb_put_tile(format, &zlib->tile, bytes, &zlib->plain);
        }
    rfb_deflate(zlib, out);
}
