/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pixel formats of scanned-out framebuffers (DRM's fourccs), read one pixel at a time. Memory in, values out.
 *
 * A format's name tells its bits from the most significant of a little-endian word down: XR24 is x8 r8 g8 b8.
 * Source of the names and layouts: the kernel's drm_fourcc.h.
 */
#ifndef PICTURE_FORMATS_H
#define PICTURE_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

#define FOURCC(a, b, c, d)                                                                                             \
    ((uint32_t)(uint8_t)(a) | (uint32_t)(uint8_t)(b) << 8 | (uint32_t)(uint8_t)(c) << 16 | (uint32_t)(uint8_t)(d) << 24)
#define FOURCC_TEXT_SIZE 5 /* bytes, with the NUL */
#define FORMAT_PLANES_MAX 2

/* Each 0 to 0xffff. Alpha is as stored: whether the others are multiplied by it already, only the plane knows. */
struct color {
    uint16_t red, green, blue, alpha;
};

enum yuv_encoding { YUV_BT601, YUV_BT709, YUV_BT2020 };

/* Linear pixels in memory. Only the rows from first_row on are there, which fits the subsampling of each plane. */
struct frame {
    const struct format *format; /* borrowed, like all below */
    uint32_t width, height;      /* pixels of the whole framebuffer */
    uint32_t first_row;
    const uint8_t *data[FORMAT_PLANES_MAX];
    uint32_t stride[FORMAT_PLANES_MAX]; /* bytes */
    enum yuv_encoding encoding;
    bool full_range;             /* of YUV */
    const struct color *palette; /* 256; of formats with a palette */
};

/* Where a plane of a format has its pixels: blocks of `bytes` for `width` x `height` pixels. */
struct format_plane {
    uint8_t bytes, width, height;
};

struct channel {
    uint8_t shift, bits; /* no bits: the channel is not there */
};

struct format {
    uint32_t fourcc;
    struct format_plane planes[FORMAT_PLANES_MAX]; /* bytes 0: there is no such plane */
    struct channel red, green, blue, alpha;        /* of packed RGB */
    /* x and y lie within the frame, and y from its first row on. */
    struct color (*read)(const struct frame *frame, uint32_t x, uint32_t y);
    bool has_palette;
};

/* NULL: no format that is known here. */
const struct format *format_find(uint32_t fourcc);
unsigned format_plane_count(const struct format *format);

/* Bytes that one row of a plane takes at the least. */
uint64_t format_row_bytes(const struct format *format, unsigned plane, uint32_t width);
/* Rows that a plane has for `height` rows of pixels. */
uint32_t format_rows(const struct format *format, unsigned plane, uint32_t height);

/* The four letters, those that can't be printed as '?'. */
void fourcc_text(char text[FOURCC_TEXT_SIZE], uint32_t fourcc);

#endif
