/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mouse pointer drawn into a picture. The kinds are those of DXGI_OUTDUPL_POINTER_SHAPE_TYPE, which all others can be
   told in. */
#ifndef PICTURE_CURSOR_H
#define PICTURE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cursor_kind {
    CURSOR_MONOCHROME = 1, /* one bit a pixel, the first at the top of a byte: rows of AND, below them as many of XOR */
    CURSOR_COLOUR = 2,     /* bytes B, G, R, A, not multiplied by A */
    CURSOR_MASKED = 4, /* bytes B, G, R, M: M 0 replaces the picture's pixel, else it is inverted where RGB says so */
};

struct cursor_shape {
    enum cursor_kind kind;
    uint32_t width, height; /* of what is seen */
    uint32_t pitch;         /* bytes of a row */
    const uint8_t *bytes;   /* borrowed */
    size_t len;
};

struct cursor_canvas {
    uint8_t *rgb; /* bytes R, G, B, rows without gaps */
    uint32_t width, height;
};

/* With its upper left corner at x, y, which may be outside. False when the shape's bytes are too few for its size, or its
   kind is unknown; nothing is drawn then. */
bool cursor_draw(const struct cursor_canvas *canvas, const struct cursor_shape *shape, int32_t x, int32_t y);

#endif
