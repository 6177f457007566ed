/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels in memory. */
#ifndef PICTURE_IMAGE_H
#define PICTURE_IMAGE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define IMAGE_SIZE_MAX 32767        /* pixels a side: what a screen of the X protocol can have */
#define IMAGE_PIXELS_MAX (1u << 28) /* in all: 16 384 x 16 384, or a wall of 32 767 x 8 192 */

enum pixel_format {
    PIXEL_RGB24,  /* bytes R, G, B: the format of every finished picture */
    PIXEL_BGRX32, /* bytes B, G, R and an undefined one, as screens have them: only png_encode() takes them */
};

struct image_view {
    const uint8_t *pixels; /* borrowed */
    uint32_t width, height;
    uint32_t stride; /* bytes */
    enum pixel_format format;
};

/* Returns 0 or, with a text that names `what` and the limit, ERR_LIMIT. No side may be 0. */
int image_check_size(const char *what, uint64_t width, uint64_t height, struct error *err);

/* Returns whether all pixels have one colour. Sets *colour to that of the first, as 0xRRGGBB. */
bool image_is_uniform(const struct image_view *image, uint32_t *colour);

#endif
