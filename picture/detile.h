/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Framebuffers whose pixels do not lie row by row (DRM's format modifiers): puts the pixels in rows where a formula
 * exists. Memory in, memory out.
 *
 * A tiled plane is rows of tiles of equal size. The bytes of each tile are contiguous; only their order within the
 * tile differs. Source of the numbers and layouts: the kernel's drm_fourcc.h; for AMD, DirectX's standard swizzle,
 * which is the same.
 */
#ifndef PICTURE_DETILE_H
#define PICTURE_DETILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODIFIER_LINEAR UINT64_C(0)
#define MODIFIER_UNKNOWN UINT64_C(0x00ffffffffffffff) /* no modifier is reported: only the driver knows the layout */

struct tiling {
    uint32_t width;  /* of a tile, bytes; 1: linear */
    uint32_t height; /* rows */
    uint32_t run;    /* contiguous bytes of a row; divides the width */
    /* Returns the offset in its tile of the run that begins at byte x of row y of the tile. */
    uint32_t (*offset)(uint32_t x, uint32_t y);
};

/* Finds the layout of a modifier and returns whether it can be undone here. pixel_size: bytes of a pixel, 0 where they
   have no size of their own (several planes, or pixels that share bytes); some layouts depend on it. */
bool tiling_find(struct tiling *tiling, uint64_t modifier, unsigned pixel_size);

/* Returns the bytes that `rows` rows take from the start of a row of tiles. The stride, in bytes, is that of one row of
   pixels. */
uint64_t tiling_size(const struct tiling *tiling, uint32_t stride, uint32_t rows);

/* Copies the first row_bytes of each row. The stride must be of whole tiles; row_bytes is at most either stride. The
   first row must be the first of a row of tiles. */
void detile(const struct tiling *tiling, const uint8_t *tiled, uint32_t stride, uint8_t *linear, uint32_t linear_stride,
            uint32_t row_bytes, uint32_t rows);

#endif
