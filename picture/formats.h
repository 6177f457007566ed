/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pixel formats of scanned-out framebuffers (DRM's fourccs), read one pixel at a time. Memory in, values out.
 *
 * A format's name lists its bits from the most significant of a little-endian word down: XR24 is x8 r8 g8 b8.
 * Source of the names and layouts: the kernel's drm_fourcc.h.
 */
#ifndef PICTURE_FORMATS_H
#define PICTURE_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

#define FOURCC(a, b, c, d)                                                                                             \
    ((uint32_t)(uint8_t)(a) | (uint32_t)(uint8_t)(b) << 8 | (uint32_t)(uint8_t)(c) << 16 | (uint32_t)(uint8_t)(d) << 24)
#define FORMAT_PLANES_MAX 2

/* Each from 0 to 0xffff. Alpha is as stored: only the plane knows whether the others are premultiplied. */
struct color {
    uint16_t red, green, blue, alpha;
};

/* Rounds a value of 16 bits to the nearest of 8 bits: value / 257, which is never half-way between two. */
static inline uint8_t color_to_8_bits(uint16_t value)
{
    return (uint8_t)((value * 255u + 32895) >> 16);
}

enum yuv_encoding { YUV_BT601, YUV_BT709, YUV_BT2020 };

/* Linear pixels in memory. Only the rows from first_row on are present; first_row fits the subsampling of each
   plane. */
struct frame {
    const struct format *format; /* borrowed, like all below */
    uint32_t width, height;      /* pixels of the whole framebuffer */
    uint32_t first_row;
    const uint8_t *data[FORMAT_PLANES_MAX];
    uint32_t stride[FORMAT_PLANES_MAX]; /* bytes */
    enum yuv_encoding encoding;
    bool full_range;             /* of YUV */
    const struct color *palette; /* 256 entries, for formats with a palette */
};

/* The layout of a format's plane: blocks of `bytes` bytes for `width` x `height` pixels. */
struct format_plane {
    uint8_t bytes, width, height;
};

struct channel {
    uint8_t shift, bits; /* 0 bits: no such channel */
};

struct format {
    uint32_t fourcc;
    struct format_plane planes[FORMAT_PLANES_MAX]; /* 0 bytes: no such plane */
    struct channel red, green, blue, alpha;        /* of packed RGB */
    /* Reads one pixel. x and y lie within the frame; y is at least first_row. */
    struct color (*read)(const struct frame *frame, uint32_t x, uint32_t y);
    bool has_palette;
};

/* Returns the format, or NULL when it is not supported. */
const struct format *format_find(uint32_t fourcc);
unsigned format_plane_count(const struct format *format);

/* Returns the least number of bytes that one row of a plane takes. */
uint64_t format_row_bytes(const struct format *format, unsigned plane, uint32_t width);
/* Returns the number of rows that a plane has for `height` rows of pixels. */
uint32_t format_rows(const struct format *format, unsigned plane, uint32_t height);

#endif
