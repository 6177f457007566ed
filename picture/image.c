/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/image.h"

#include <string.h>

int image_check_size(const char *what, uint64_t width, uint64_t height, struct error *err)
{
    if (width == 0 || height == 0)
        return error_set(err, ERR_LIMIT, "%s has %llux%llu pixels, which is no picture", what,
                         (unsigned long long)width, (unsigned long long)height);
    if (width > IMAGE_SIZE_MAX || height > IMAGE_SIZE_MAX)
        return error_set(err, ERR_LIMIT, "%s has %llux%llu pixels: the limit is %d a side", what,
                         (unsigned long long)width, (unsigned long long)height, IMAGE_SIZE_MAX);
    if (width * height > IMAGE_PIXELS_MAX)
        return error_set(err, ERR_LIMIT, "%s has %llux%llu pixels: the limit of a picture is %u in all", what,
                         (unsigned long long)width, (unsigned long long)height, IMAGE_PIXELS_MAX);
    return 0;
}

bool image_is_uniform(const struct image_view *image, uint32_t *colour)
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
