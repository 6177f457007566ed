/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws a mouse pointer into a picture. The kinds are those of DXGI_OUTDUPL_POINTER_SHAPE_TYPE, which can express all
   others. */
#ifndef PICTURE_CURSOR_H
#define PICTURE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cursor_kind {
    CURSOR_MONOCHROME = 1, /* one bit a pixel, most significant first: the rows of AND, then as many rows of XOR */
    CURSOR_COLOUR = 2,     /* bytes B, G, R, A, not premultiplied */
    CURSOR_MASKED = 4,     /* bytes B, G, R, M: RGB replaces the pixel where M is 0, else it is XORed into it */
};

struct cursor_shape {
    enum cursor_kind kind;
    uint32_t width, height; /* of the visible part */
    uint32_t pitch;         /* bytes of a row */
    const uint8_t *bytes;   /* borrowed */
    size_t len;
};

struct cursor_canvas {
    uint8_t *rgb; /* bytes R, G, B, rows without gaps */
    uint32_t width, height;
};

/* Draws a shape with its upper left corner at x, y, which may be outside. Returns false, and draws nothing, when the
   size is out of range, the bytes are too few for it, or the kind is unknown. */
bool cursor_draw(const struct cursor_canvas *canvas, const struct cursor_shape *shape, int32_t x, int32_t y);

#endif
