/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/pixels.h"

#include <string.h>

bool pixels_are_uniform(const struct image_view *image, uint32_t *colour)
{
    const uint8_t *first = image->pixels;
    size_t row_len = (size_t)image->width * 3;
    *colour = (uint32_t)first[0] << 16 | (uint32_t)first[1] << 8 | first[2];
    /* The first row has one colour when each pixel equals the one before it. The other rows are compared with it. */
    if (memcmp(first, first + 3, row_len - 3) != 0)
        return false;
    for (uint32_t y = 1; y < image->height; y++)
        if (memcmp(first, first + (size_t)y * image->stride, row_len) != 0)
            return false;
    return true;
}
