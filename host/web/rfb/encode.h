/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels as bytes for a viewer of RFB, in the format that it has asked for. What there is no memory for makes `out` fail. */
#ifndef HOST_WEB_RFB_ENCODE_H
#define HOST_WEB_RFB_ENCODE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RFB_OUT_MAX (512u << 20) /* bytes of one update: the largest screen as Raw, and more */

struct rfb_format {
    uint8_t bits, depth; /* of a pixel */
    bool big_endian;
    uint16_t max[3]; /* of red, green and blue */
    uint8_t shift[3];
};

struct rfb_rect {
    uint32_t x, y, width, height;
};

/* A pointer's shape: bytes R, G, B, A, the alpha not multiplied in. */
struct rfb_shape {
    uint32_t width, height, hot_x, hot_y;
    const uint8_t *rgba; /* borrowed */
};

struct rfb_zlib; /* the stream that all rectangles of a viewer as ZRLE go through */

void rfb_put(struct buffer *out, uint64_t value, unsigned bytes); /* most significant first */
/* Writes rows of RGB, as many and as wide as the rectangle says. */
void rfb_put_raw(const struct rfb_format *format, const struct rfb_rect *rect, const uint8_t *pixels, size_t stride,
                 struct buffer *out);
/* Writes them as ZRLE. *stream: NULL at first; rfb_zlib_free() frees it. */
void rfb_put_zrle(struct rfb_zlib **stream, const struct rfb_format *format, const struct rfb_rect *rect,
                  const uint8_t *pixels, size_t stride, struct buffer *out);
void rfb_zlib_free(struct rfb_zlib *zlib); /* accepts NULL */
/* Writes a pointer's pixels, and a bit for each that is to be seen. */
void rfb_put_mask(const struct rfb_format *format, const struct rfb_shape *shape, struct buffer *out);

#endif
