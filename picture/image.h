/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels in memory. */
#ifndef PICTURE_IMAGE_H
#define PICTURE_IMAGE_H

#include <stdint.h>

#define IMAGE_SIZE_MAX 16384 /* pixels, width or height */

enum pixel_format {
    PIXEL_RGB24, /* bytes R, G, B: what every picture is in the end */
};

struct image_view {
    const uint8_t *pixels; /* borrowed */
    uint32_t width, height;
    uint32_t stride; /* bytes */
    enum pixel_format format;
};

#endif
