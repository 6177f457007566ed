/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Composes planes on the CPU as display hardware does: scales, rotates and blends them into one picture.
 * Memory in, memory out. The model is that of DRM's plane properties (the kernel's drm_blend.c).
 */
#ifndef PICTURE_COMPOSE_H
#define PICTURE_COMPOSE_H

#include "base/error.h"
#include "picture/formats.h"

#include <stddef.h>

/* Rotations are counter-clockwise and come after the reflections. The values are DRM's. */
enum rotation {
    ROTATE_0 = 1 << 0,
    ROTATE_90 = 1 << 1,
    ROTATE_180 = 1 << 2,
    ROTATE_270 = 1 << 3,
    REFLECT_X = 1 << 4, /* left becomes right */
    REFLECT_Y = 1 << 5,
};

enum blend {
    BLEND_PREMULTIPLIED, /* the colours are multiplied by the pixel's alpha already */
    BLEND_COVERAGE,      /* they are not */
    BLEND_NONE,          /* the pixel's alpha is ignored */
};

enum layer_kind { LAYER_PRIMARY, LAYER_OVERLAY, LAYER_CURSOR }; /* bottom to top, when there is no zpos */

struct layer {
    struct frame frame;
    uint32_t src_x, src_y, src_width, src_height; /* the part of the frame that is shown, in 1/65536 pixel */
    int32_t x, y;                                 /* position on the screen; may lie beyond it */
    uint32_t width, height;
    unsigned rotation; /* enum rotation, one of ROTATE_ or 0, with or without the others */
    enum blend blend;
    uint16_t alpha; /* of the whole layer, 0xffff is opaque */
    enum layer_kind kind;
    bool has_zpos;
    uint64_t zpos;
    uint32_t id; /* decides between layers that are equal otherwise */
};

/* Sorts layers bottom to top: by zpos where every layer has one, else by kind; then by id. */
void compose_sort(struct layer *layers, size_t count);

struct compose_target {
    uint8_t *rgb; /* RGB24 rows */
    uint32_t stride, width, height;
    /* Is given each row with all its layers, from top to bottom, before it is rounded to 8 bits; may change it. NULL: none. */
    void (*finish)(void *context, uint32_t y, struct color *row);
    void *context;
};

/* Draws the layers (bottom to top) over black, in 16 bits a channel, of which the target gets the nearest 8. The pixels'
   alpha of the lowest layer is ignored, since nothing is behind it, unless that layer is a cursor. */
int compose(const struct compose_target *target, const struct layer *layers, size_t count, struct error *err);

#endif
