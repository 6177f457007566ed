/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares two pictures. Memory in, memory out. */
#ifndef HOST_CLI_DIFFERENCE_H
#define HOST_CLI_DIFFERENCE_H

#include "base/error.h"
#include "picture/image.h"

#include <stdbool.h>

struct difference {
    uint64_t pixels, total; /* that differ, and of the larger width and height; a pixel of one picture alone differs */
    uint32_t x, y;          /* of their bounding rectangle; 0 if there are none */
    uint32_t width, height;
    uint32_t most; /* the largest difference of a channel */
    bool same_size;
};

/* Finds how far the pictures differ. */
void difference_find(const struct image_view *one, const struct image_view *other, struct difference *out);

/* Draws the difference, of the larger width and height, into *pixels (owned by the caller), which *image describes.
   Equal pixels are dark grey, different ones red, those of one picture alone blue. Fails with ERR_NO_MEMORY, or
   as image_check_size does if two pictures of different shapes make one that is too large. */
int difference_draw(const struct image_view *one, const struct image_view *other, uint8_t **pixels,
                    struct image_view *image, struct error *err);

#endif
