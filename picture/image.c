/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/image.h"

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
