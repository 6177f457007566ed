/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where two pictures of one size differ, as few rectangles. */
#ifndef PICTURE_DELTA_H
#define PICTURE_DELTA_H

#include "picture/image.h"

#include <stddef.h>

#define DELTA_TILE 64 /* pixels a side: what lies in one tile, or in tiles side by side, is one rectangle */
#define DELTA_RECTS_MAX 64

struct delta_rect {
    uint32_t x, y, width, height;
};

/* Finds rectangles that hold all pixels that differ, none within another, each as small as what differs in it allows. Both
   pictures are PIXEL_RGB24 of the same size. Returns their number, or DELTA_RECTS_MAX + 1 when more would be needed. */
size_t delta_find(const struct image_view *old, const struct image_view *new, struct delta_rect rects[DELTA_RECTS_MAX]);
/* The same of pictures that differ within these rectangles only. */
size_t delta_find_within(const struct image_view *old, const struct image_view *new, const struct delta_rect *within,
                         size_t within_count, struct delta_rect rects[DELTA_RECTS_MAX]);

#endif
